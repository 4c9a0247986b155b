import { omit } from 'lodash';
import type { IDataObject } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { answerWith } from '../helpers/answer';
import { PACKAGE_NAME } from '../helpers/engine';
import { byId, byName, runTunnel } from '../helpers/tunnelRun';
import { useVirtualClock } from '../helpers/virtualClock';

/** What the tunnel operations answer: no BGP key unless a person asks for it, and nothing untrue. */

const account = useAccount({ tunnels: 3, seed: 1 });
useVirtualClock();

const MD5 = 'the-bgp-md5-key';

const AGENT = { type: `${PACKAGE_NAME}.cloudflareMagicIpsecTool` };

function withBgp(): string {
	const { id } = account().tunnels()[0]!;
	account().updateTunnel(id, { bgp: { customer_asn: 65000, md5_key: MD5 } });
	return id;
}

describe("the key of a tunnel's BGP session", () => {
	const ask = async (operation: string, change: IDataObject = {}) =>
		await runTunnel(account(), operation, {
			tunnelId: byId(withBgp()),
			simplify: false,
			returnAll: true,
			filters: {},
			mode: 'merge',
			updateFields: { description: 'x' },
			...change,
		});

	it.each(['get', 'getAll', 'update', 'updateMany', 'delete'])(
		'is in no answer of %s, and the rest of bgp is',
		async (operation) => {
			for (const node of [{}, AGENT]) {
				for (const options of [{}, { validateOnly: true }]) {
					const { jsons, error } = await ask(operation, { node, options });
					expect(error).toBeUndefined();
					expect(JSON.stringify(jsons)).not.toContain(MD5);
					expect(jsons[0]![0]!.bgp).toEqual({ customer_asn: 65000 });
					if (operation === 'delete') return;
				}
			}
		},
	);

	it('is in no answer of Create, given by an expression or typed in', async () => {
		for (const bgpMd5Key of [MD5, '={{ $json.md5 }}']) {
			const { jsons } = await runTunnel(account(), 'create', {
				name: `site-${bgpMd5Key.length}`,
				cloudflareEndpoint: account().tunnels()[0]!.cloudflare_endpoint,
				interfaceAddress: `10.99.0.${bgpMd5Key.length * 2}/31`,
				additionalFields: { bgpMd5Key, bgpCustomerAsn: 65000 },
				items: [{ md5: MD5 }],
			});
			expect(account().tunnels().at(-1)!.bgp!.md5_key).toBe(MD5);
			expect(jsons[0]![0]!.bgp).toEqual({ customer_asn: 65000 });
			expect(JSON.stringify(jsons)).not.toContain(MD5);
		}
	});

	it.each(['get', 'getAll'])(
		'is in the answer of %s where a person asks for it',
		async (operation) => {
			const { jsons } = await ask(operation, { options: { includeMd5Key: true } });
			expect(jsons[0]![0]!.bgp).toMatchObject({ md5_key: MD5 });
		},
	);

	it.each(['get', 'getAll'])(
		'is not given to an AI agent that asks %s for it',
		async (operation) => {
			const { error } = await ask(operation, { options: { includeMd5Key: true }, node: AGENT });
			expect(error?.message).toContain("'Include BGP MD5 Key' is not for AI agents");
			expect(account().requests).toHaveLength(0);
		},
	);

	it.each(['update', 'updateMany'])('is kept by %s in what it sends', async (operation) => {
		const id = withBgp();
		account().faults.add({ kind: 'replaceFields' });
		await ask(operation);
		expect(account().tunnel(id)!.bgp).toMatchObject({ md5_key: MD5 });
	});

	it.each(['update', 'updateMany'])(
		'an input that holds one is not copied to the error output (%s)',
		async (operation) => {
			const { jsons } = await ask(operation, {
				tunnelId: byId('={{ "none" }}'),
				updateFields: { bgpMd5Key: '={{ $json.md5 }}' },
				items: [{ md5: MD5 }],
				node: { onError: 'continueErrorOutput' },
			});
			expect(jsons[1]).toEqual([{ error: expect.any(String), details: expect.any(Object) }]);
		},
	);
});

describe('Merge', () => {
	it.each(['update', 'updateMany'])(
		'%s carries over what Cloudflare adds one day, and sends no null',
		async (operation) => {
			const simulator = account();
			const [known] = simulator.tunnels();
			const future = {
				...known,
				allow_null_cipher: true,
				brand_new: { a: [1, null, { b: null, c: 2 }], d: null, e: {} },
				health_check: {
					...known!.health_check,
					target: { saved: '1.2.3.4', effective: '5.6.7.8' },
				},
			};
			simulator.faults.add({
				kind: 'rewrite',
				operation: ['get', 'list'],
				change: () =>
					JSON.parse(answerWith({ ipsec_tunnel: future, ipsec_tunnels: [future] })) as unknown,
			});
			await runTunnel(simulator, operation, {
				tunnelId: byId(known!.id),
				mode: 'merge',
				updateFields: { healthCheckRate: 'high', description: '' },
			});
			const put = simulator.requests.find(({ method }) => method === 'PUT');
			const body = put!.body as { ipsec_tunnels?: IDataObject[] } & IDataObject;
			expect(omit(body.ipsec_tunnels?.[0] ?? body, 'id')).toEqual({
				name: known!.name,
				cloudflare_endpoint: known!.cloudflare_endpoint,
				interface_address: known!.interface_address,
				...(known!.customer_endpoint === undefined
					? {}
					: { customer_endpoint: known!.customer_endpoint }),
				description: '',
				allow_null_cipher: true,
				brand_new: { a: [1, { c: 2 }] },
				health_check: { ...known!.health_check, rate: 'high', target: { saved: '1.2.3.4' } },
			});
		},
	);
});

describe('an answer that is about another tunnel', () => {
	it('of Get is none', async () => {
		const [first, second] = account().tunnels();
		account().faults.add({ kind: 'otherId', operation: 'get' });
		const { error } = await runTunnel(account(), 'get', {
			tunnelId: byId(first!.id),
			simplify: true,
		});
		expect(error?.message).toContain(`it is about the tunnel ${second!.id}`);
	});

	it.each(['update', 'delete'])(
		'of %s says that the change may have been made',
		async (operation) => {
			const [first, second] = account().tunnels();
			account().faults.add({ kind: 'otherId', operation: operation as 'update' });
			const { jsons } = await runTunnel(account(), operation, {
				tunnelId: byId(first!.id),
				mode: 'merge',
				updateFields: { description: 'new' },
			});
			expect(jsons[0]![0]).toMatchObject({ id: first!.id, may_have_changed: true });
			expect(jsons[0]![0]!.error).toContain(`it is about the tunnel ${second!.id}`);
			expect(jsons[0]![0]!.error).toMatch(/have changed: description|The tunnel is gone/);
		},
	);

	it('ids in capitals are the same', async () => {
		const [first] = account().tunnels();
		account().faults.add({ kind: 'capitalIds', times: Infinity });
		for (const operation of ['get', 'update', 'updateMany', 'delete']) {
			const { jsons, error } = await runTunnel(account(), operation, {
				tunnelId: byId(first!.id),
				mode: 'merge',
				simplify: true,
				updateFields: { description: operation },
			});
			expect(error).toBeUndefined();
			expect(jsons[0]![0]!.error).toBeUndefined();
		}
	});
});

describe('an update that Cloudflare says was none', () => {
	it.each(['update', 'updateMany'])('%s says so', async (operation) => {
		account().faults.add({
			kind: 'rewrite',
			operation: ['update', 'bulkUpdate'],
			change: (body) => {
				(body as { result: IDataObject }).result.modified = false;
				return body;
			},
		});
		const { jsons } = await runTunnel(account(), operation, {
			tunnelId: byId(account().tunnels()[0]!.id),
			mode: 'merge',
			updateFields: { description: 'new' },
		});
		expect(jsons[0]![0]).toMatchObject({
			modified: false,
			message: 'Cloudflare says that it modified nothing.',
		});
	});
});

describe('a key whose date does not move', () => {
	it.each(['create', 'update', 'update in the mode Replace', 'updateMany'])(
		'%s says that it is not certain that the key was set',
		async (what) => {
			const [operation = ''] = what.split(' ');
			const [first] = account().tunnels();
			const fields = {
				name: 'new-site',
				cloudflareEndpoint: first!.cloudflare_endpoint,
				interfaceAddress: '10.99.0.0/31',
			};
			const psk = '={{ $json.psk }}';
			const run = async () =>
				await runTunnel(account(), operation, {
					...fields,
					tunnelId: byId(first!.id),
					mode: what === operation ? 'merge' : 'replace',
					additionalFields: { psk },
					updateFields: what === operation ? { psk } : { ...fields, psk },
					items: [{ psk: 'the-key-of-the-tunnel' }],
				});
			const { psk_metadata: before } = first!;
			account().faults.add({
				kind: 'rewrite',
				operation: ['create', 'update', 'bulkUpdate'],
				change: (body) => {
					const { result } = body as { result: IDataObject };
					const [many] = (result.modified_ipsec_tunnels ?? []) as IDataObject[];
					const tunnel = (result.modified_ipsec_tunnel ?? many ?? result) as IDataObject;
					tunnel.psk_metadata = operation === 'create' ? {} : before;
					return body;
				},
			});
			const { jsons } = await run();
			expect(jsons[0]![0]!.message).toContain('not certain that the key was set');
			if (operation === 'create') return;
			const again = await run();
			expect(again.error).toBeUndefined();
			expect(again.jsons[0]![0]!.message).toBeUndefined();
		},
	);
});

describe('a tunnel whose name is not told', () => {
	it.each(['update', 'updateMany'])('is not renamed to its id by %s', async (operation) => {
		const [first] = account().tunnels();
		account().faults.add({
			kind: 'missingFields',
			operation: ['get', 'list'],
			times: Infinity,
			fields: ['ipsec_tunnel.name', 'ipsec_tunnels.*.name'],
		});
		const run = async (updateFields: IDataObject) =>
			await runTunnel(account(), operation, {
				tunnelId: byId(first!.id),
				mode: 'merge',
				updateFields,
			});
		const { error } = await run({ description: 'x' });
		expect(error?.message).toContain("'Name' is missing");
		expect(account().tunnel(first!.id)).toEqual(first);
		await run({ description: 'x', name: first!.name });
		expect(account().tunnel(first!.id)).toMatchObject({ name: first!.name, description: 'x' });
	});
});

describe('a tunnel that is named twice', () => {
	it('is refused by Update Many, also if it is to be changed once and checked once', async () => {
		const [first] = account().tunnels();
		const { error } = await runTunnel(account(), 'updateMany', {
			tunnelId: byId(first!.id),
			updateFields: { description: 'x' },
			options: { validateOnly: '={{ $itemIndex === 0 }}' },
			items: [{}, {}],
		});
		expect(error?.message).toContain('in more than one item');
		expect(account().requests.some(({ method }) => method === 'PUT')).toBe(false);
	});
});

describe('what a failed item tells of its tunnel', () => {
	it('is its name too, where it was found by that', async () => {
		const [first] = account().tunnels();
		account().faults.add({ kind: 'reset', when: 'before', operation: 'delete' });
		const { jsons } = await runTunnel(account(), 'delete', { tunnelId: byName(first!.name) });
		expect(jsons[0]![0]).toMatchObject({ id: first!.id, name: first!.name, exists: true });
	});
});

describe('a field that is given as a number', () => {
	it('is its text, and one of spaces is none', async () => {
		const { jsons, error } = await runTunnel(account(), 'create', {
			name: '={{ 4711 }}',
			cloudflareEndpoint: account().tunnels()[0]!.cloudflare_endpoint,
			interfaceAddress: '10.99.0.0/31',
			additionalFields: { bgpCustomerAsn: '={{ "  " }}' },
		});
		expect(error).toBeUndefined();
		expect(jsons[0]![0]!.name).toBe('4711');
		expect(jsons[0]![0]!.bgp).toBeUndefined();
	});
});
