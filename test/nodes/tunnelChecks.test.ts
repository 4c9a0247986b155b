import type { IDataObject } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { leaksIn } from '../helpers/scanner';
import { byId, runTunnel } from '../helpers/tunnelRun';
import { useVirtualClock } from '../helpers/virtualClock';

/**
 * Validate Only: for all but psk set Cloudflare names it in prose alone, and a gateway may drop it. What
 * the answer says of a change is what a look at the account shows.
 */

const account = useAccount({ tunnels: 3, seed: 1 });
useVirtualClock();

const KEY = 'a-key-that-is-only-checked';

const items = (): IDataObject[] =>
	account()
		.tunnels()
		.map(({ id }, index) => ({ id, site: `site-${index}`, inside: `10.99.0.${index * 2}/31` }));

/** What each operation changes, where it changes anything. */
const OPERATIONS: Array<[string, string, () => IDataObject]> = [
	[
		'create',
		'create',
		() => ({
			name: '={{ $json.site }}',
			cloudflareEndpoint: account().tunnels()[0]!.cloudflare_endpoint,
			interfaceAddress: '={{ $json.inside }}',
			additionalFields: {},
		}),
	],
	[
		'update',
		'update',
		() => ({
			tunnelId: byId('={{ $json.id }}'),
			mode: 'merge',
			updateFields: { description: 'x' },
		}),
	],
	[
		'update in the mode Replace',
		'update',
		() => ({
			tunnelId: byId('={{ $json.id }}'),
			mode: 'replace',
			updateFields: {
				name: '={{ $json.site }}',
				cloudflareEndpoint: account().tunnels()[0]!.cloudflare_endpoint,
				interfaceAddress: '={{ $json.inside }}',
			},
		}),
	],
	[
		'updateMany',
		'updateMany',
		() => ({ tunnelId: byId('={{ $json.id }}'), updateFields: { description: 'x' } }),
	],
	['delete', 'delete', () => ({ tunnelId: byId('={{ $json.id }}') })],
];

const SENT: Record<string, string> = { updateMany: 'bulkUpdate' };

describe.each(OPERATIONS)('%s with Validate Only', (_, operation, parameters) => {
	const sent = (SENT[operation] ?? operation) as 'create';
	const run = async (change: IDataObject = {}) =>
		await runTunnel(account(), operation, {
			...parameters(),
			options: { validateOnly: true },
			items: items(),
			...change,
		});

	it('says that nothing was changed where a look shows that', async () => {
		const before = account().tunnels();
		const { jsons, error, hints } = await run();
		expect(error).toBeUndefined();
		expect(jsons[0]!.map(({ validate_only, changed }) => [validate_only, changed])).toEqual(
			before.map(() => [true, false]),
		);
		expect(account().tunnels()).toEqual(before);
		expect(hints).toEqual([]);
	});

	it.each(['applied', 'validated'] as const)(
		'says that something was changed, at a server that does not know it (%s)',
		async (answer) => {
			account().faults.add({ kind: 'ignoreValidateOnly', answer, times: Infinity });
			const before = account().tunnels();
			const { jsons, error, hints } = await run({ items: items().slice(0, 1) });
			expect(error).toBeUndefined();
			expect(account().tunnels()).not.toEqual(before);
			expect(hints.map(({ message }) => message)).toEqual([
				expect.stringContaining('of 1 of 1 items it is not certain that nothing was changed'),
			]);
			expect(jsons[0]).toEqual([
				expect.objectContaining({
					validate_only: true,
					changed: true,
					message: expect.stringContaining('Cloudflare was asked only to check, but') as string,
				}),
			]);
			const [{ id, deleted }] = jsons[0] as [IDataObject];
			if (operation === 'create') expect(id).toBe(account().tunnels()[3]!.id);
			if (operation === 'delete') expect(deleted).toBe(true);
		},
	);

	it('holds back the other items once one was changed, and ends all of them as items', async () => {
		account().faults.add({ kind: 'ignoreValidateOnly', times: Infinity });
		const { jsons, error } = await run();
		expect(error).toBeUndefined();
		const told = jsons[0]!.map(({ changed, error: why }) => changed ?? why);
		if (operation === 'updateMany') {
			// They went in one request.
			expect(told).toEqual([true, true, true]);
			return;
		}
		expect(told).toEqual([
			true,
			expect.stringContaining('The item was not sent'),
			expect.stringContaining('The item was not sent'),
		]);
		expect(jsons[0]![1]).toMatchObject({ may_have_changed: false });
		const writes = account().requests.filter(({ method }) => method !== 'GET');
		expect(writes).toHaveLength(1);
	});

	it('does not know, if nobody can look', async () => {
		account().faults.add({
			kind: 'hook',
			operation: sent,
			after: (simulator) => {
				simulator.faults.add({
					kind: 'status',
					operation: ['list', 'get'],
					status: 403,
					code: 10000,
					times: Infinity,
				});
			},
		});
		const { jsons } = await run({ items: items().slice(0, 1) });
		expect(jsons[0]![0]).toMatchObject({
			validate_only: true,
			changed: null,
			message: expect.stringContaining('the look afterwards failed') as string,
		});
	});

	it('says so of a check whose answer is lost, too', async () => {
		account().faults.add({ kind: 'ignoreValidateOnly', times: Infinity });
		account().faults.add({ kind: 'reset', when: 'after', operation: sent });
		const { jsons } = await run({ items: items().slice(0, 1) });
		expect(jsons[0]![0]).toMatchObject({ may_have_changed: true });
		expect(jsons[0]![0]!.error).toMatch(/with the ID|have changed|is gone/);
	});

	it('a check that is refused stops the run: nothing was changed', async () => {
		account().faults.add({ kind: 'status', operation: sent, status: 400, code: 1022, skip: 1 });
		const { error } = await run();
		if (operation === 'updateMany') expect(error).toBeUndefined();
		else expect(error?.description).toContain('code 1022');
	});
});

describe.each(['update', 'updateMany'])('a key that %s was only to check', (operation) => {
	it('and that was set: the date of the key tells it', async () => {
		account().faults.add({ kind: 'ignoreValidateOnly' });
		const [first] = account().tunnels();
		const { jsons } = await runTunnel(account(), operation, {
			tunnelId: byId(first!.id),
			mode: 'merge',
			updateFields: { psk: '={{ $json.psk }}' },
			options: { validateOnly: true },
			items: [{ psk: KEY }],
		});
		expect(account().liveKey(first!.id)).toBe(KEY);
		expect(jsons[0]![0]).toMatchObject({ changed: true });
		expect(jsons[0]![0]!.message).toContain('psk_metadata');
		expect(leaksIn(jsons, [KEY])).toEqual([]);
	});
});

describe('what changes by itself', () => {
	it('is no change: the state of BGP', async () => {
		const simulator = account();
		const bgp = { customer_asn: 65000 };
		const { id } = simulator.tunnels()[0]!;
		simulator.updateTunnel(id, { bgp });
		simulator.faults.add({
			kind: 'rewrite',
			operation: 'get',
			skip: 1,
			change: (body) => {
				const { result } = body as { result: { ipsec_tunnel: IDataObject } };
				result.ipsec_tunnel.bgp_status = { state: 'BGP_UP', updated_at: 'just now' };
				return body;
			},
		});
		const { jsons } = await runTunnel(simulator, 'delete', {
			tunnelId: byId(id),
			options: { validateOnly: true },
		});
		expect(jsons[0]![0]).toMatchObject({ changed: false, deleted: false });
	});

	it('the order of members is none either', async () => {
		const simulator = account();
		const { id } = simulator.tunnels()[0]!;
		simulator.faults.add({
			kind: 'rewrite',
			operation: 'get',
			skip: 1,
			change: (body) => {
				const { result } = body as { result: { ipsec_tunnel: IDataObject } };
				const turned = (value: object) => Object.fromEntries(Object.entries(value).reverse());
				const check = turned(result.ipsec_tunnel.health_check as object);
				result.ipsec_tunnel = turned({ ...result.ipsec_tunnel, health_check: check });
				return body;
			},
		});
		const { jsons } = await runTunnel(simulator, 'delete', {
			tunnelId: byId(id),
			options: { validateOnly: true },
		});
		expect(jsons[0]![0]).toMatchObject({ changed: false });
	});
});
