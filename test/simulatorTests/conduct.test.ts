import { startSimulator } from '../simulator';
import type { FaultSpec, Operation, Simulator } from '../simulator';
import { createCaller } from '../simulator/caller';
import type { Called, Caller } from '../simulator/caller';

/** How the account itself may treat a request where Cloudflare's documents leave it open. */

let simulator: Simulator;
let caller: Caller;
let id: string;
let other: string;

beforeEach(async () => {
	simulator = await startSimulator({ tunnels: 4, seed: 21, ageDays: [10, 20, 30, null] });
	caller = createCaller(simulator);
	[id, other] = simulator.tunnels().map((tunnel) => tunnel.id) as [string, string];
});
afterEach(() => simulator.close());

const NEW_SITE = {
	name: 'site-new',
	cloudflare_endpoint: '162.159.64.41',
	interface_address: '10.250.0.0/31',
};

const set = (psks: { id: string; psk: string }[], query = ''): Promise<Called> =>
	caller.magic('POST', `/psk${query}`, { body: { psks } });

describe('validate_only that is not known', () => {
	const VALIDATE = '?validate_only=true';
	const writes: [Operation, () => Promise<Called>, () => unknown][] = [
		[
			'create',
			() => caller.magic('POST', VALIDATE, { body: NEW_SITE }),
			() => simulator.tunnel('site-new') !== undefined,
		],
		[
			'update',
			() => caller.magic('PUT', `/${id}${VALIDATE}`, { body: { description: 'changed' } }),
			() => simulator.tunnel(id)?.description === 'changed',
		],
		[
			'bulkUpdate',
			() =>
				caller.magic('PUT', VALIDATE, {
					body: { ipsec_tunnels: [{ id, description: 'changed' }] },
				}),
			() => simulator.tunnel(id)?.description === 'changed',
		],
		[
			'delete',
			() => caller.magic('DELETE', `/${id}${VALIDATE}`),
			() => simulator.tunnel(id) === undefined,
		],
		[
			'pskGenerate',
			() => caller.magic('POST', `/${id}/psk_generate${VALIDATE}`),
			() => simulator.keyHistory(id).length === 2,
		],
		[
			'pskSet',
			() => set([{ id, psk: 'new key' }], VALIDATE),
			() => simulator.liveKey(id) === 'new key',
		],
	];

	it.each(writes)('%s is applied', async (operation, write, isApplied) => {
		const fault = simulator.faults.add({ kind: 'ignoreValidateOnly', operation });
		expect((await write()).status).toBe(200);
		expect([isApplied(), simulator.requests[0]?.applied, fault.hits]).toEqual([true, true, 1]);
		// The request is on record as it was sent.
		expect(simulator.requests[0]?.query).toEqual({ validate_only: 'true' });
	});

	it.each(writes)('%s is applied and answered as a check', async (operation, write, isApplied) => {
		simulator.faults.add({ kind: 'ignoreValidateOnly', operation, answer: 'validated' });
		const { status, body } = await write();
		expect([status, body.success, isApplied()]).toEqual([200, true, true]);
	});

	it.each(writes)('%s is only checked otherwise', async (operation, write, isApplied) => {
		simulator.faults.add({
			kind: 'ignoreValidateOnly',
			operation: operation === 'create' ? 'delete' : 'create',
		});
		expect((await write()).status).toBe(200);
		expect([isApplied(), simulator.requests[0]?.applied]).toEqual([false, false]);
	});

	it('answers the key that is live, or as a check one that never was', async () => {
		const generate = async (answer: 'applied' | 'validated'): Promise<unknown> => {
			simulator.faults.add({ kind: 'ignoreValidateOnly', answer });
			const { body } = await caller.magic('POST', `/${id}/psk_generate${VALIDATE}`);
			return (body.result as { psk: string }).psk;
		};
		expect(await generate('applied')).toBe(simulator.liveKey(id));
		const shown = await generate('validated');
		expect(simulator.keyHistory(id).map(({ psk }) => psk)).not.toContain(shown);
		expect(simulator.keyHistory(id)).toHaveLength(3);
	});

	it('answers the id that is there, or as a check one that is not', async () => {
		const create = async (answer: 'applied' | 'validated', name: string): Promise<string> => {
			simulator.faults.add({ kind: 'ignoreValidateOnly', answer });
			const { body } = await caller.magic('POST', VALIDATE, {
				body: { ...NEW_SITE, name, interface_address: `10.250.0.${2 * name.length}/31` },
			});
			return (body.result as { id: string }).id;
		};
		expect(await create('applied', 'one')).toBe(simulator.tunnel('one')?.id);
		const shown = await create('validated', 'second');
		expect(simulator.tunnel('second')).toBeDefined();
		expect(simulator.tunnel(shown)).toBeUndefined();
	});

	it('leaves requests without the parameter alone, and refusals as they are', async () => {
		const fault = simulator.faults.add({ kind: 'ignoreValidateOnly' });
		await set([{ id, psk: 'new key' }]);
		expect(fault.hits).toBe(0);
		const refused = await caller.magic('POST', VALIDATE, { body: {} });
		expect([refused.status, fault.hits]).toEqual([400, 1]);
	});
});

describe('PUT', () => {
	const full = {
		description: 'a site',
		customer_endpoint: '203.0.113.9',
		replay_protection: true,
		allow_null_cipher: true,
		health_check: { rate: 'high', direction: 'bidirectional' },
		bgp: { customer_asn: 65001 },
	} as const;
	const required = (tunnel: { name: string }) => ({
		name: tunnel.name,
		cloudflare_endpoint: '162.159.64.41',
		interface_address: '10.251.0.0/31',
	});
	const DEFAULTS = {
		allow_null_cipher: false,
		health_check: { enabled: true, rate: 'mid', type: 'reply', direction: 'unidirectional' },
	};
	let name: string;

	const put = (bulk: boolean, body: object): Promise<Called> =>
		bulk
			? caller.magic('PUT', '', { body: { ipsec_tunnels: [{ id, ...body }] } })
			: caller.magic('PUT', `/${id}`, { body });

	beforeEach(() => {
		({ name } = simulator.updateTunnel(id, {
			...full,
			health_check: { ...DEFAULTS.health_check, ...full.health_check, type: 'request', target: '' },
		}));
	});

	it.each([false, true])('keeps what the body lacks (bulk: %s)', async (bulk) => {
		await put(bulk, { health_check: { rate: 'low' } });
		expect(simulator.tunnel(id)).toMatchObject({
			...full,
			health_check: { rate: 'low', type: 'request', direction: 'bidirectional' },
		});
	});

	it.each([false, true])('replaces the tunnel when told to (bulk: %s)', async (bulk) => {
		const before = { key: simulator.liveKey(id), created: simulator.tunnel(id)?.created_on };
		const fault = simulator.faults.add({ kind: 'replaceFields', times: 'always' });
		const { status } = await put(bulk, {
			...required({ name }),
			health_check: { rate: 'low' },
		});
		const after = simulator.tunnel(id);
		expect([status, fault.hits]).toEqual([200, 1]);
		expect(after).toMatchObject({
			...DEFAULTS,
			...required({ name }),
			health_check: { ...DEFAULTS.health_check, rate: 'low' },
		});
		for (const field of ['description', 'customer_endpoint', 'replay_protection', 'bgp']) {
			expect(after).not.toHaveProperty(field);
		}
		// The tunnel is the same one, and its key is nothing that a body could repeat.
		expect({ key: simulator.liveKey(id), created: after?.created_on }).toEqual(before);
	});

	it.each([false, true])('keeps what is sent when it replaces (bulk: %s)', async (bulk) => {
		simulator.faults.add({ kind: 'replaceFields', times: 'always' });
		await put(bulk, { ...required({ name }), ...full });
		expect(simulator.tunnel(id)).toMatchObject(full);
	});

	it.each([false, true])('wants the whole body when it replaces (bulk: %s)', async (bulk) => {
		simulator.faults.add({ kind: 'replaceFields', times: 'always' });
		const { status, body } = await put(bulk, { description: 'partial' });
		expect([status, body.errors[0]?.message]).toEqual([400, 'Invalid Request: name is required']);
		expect(simulator.tunnel(id)).toMatchObject(full);
	});

	it('can replace by one of the two ways only', async () => {
		simulator.faults.add({ kind: 'replaceFields', operation: 'bulkUpdate', times: 'always' });
		await put(false, { description: 'kept' });
		expect(simulator.tunnel(id)).toMatchObject({ ...full, description: 'kept' });
		expect((await put(true, { description: 'partial' })).status).toBe(400);
	});
});

describe('fields that Cloudflare adds tomorrow', () => {
	let account: Simulator;
	let calls: Caller;
	let first: string;

	beforeEach(async () => {
		account = await startSimulator({ tunnels: 2, seed: 4, extraFields: { mtu: 1436, site: null } });
		calls = createCaller(account);
		first = account.tunnels()[0]!.id;
		account.updateTunnel(first, { extra: { mtu: 1400, site: { name: 'north' } } });
	});
	afterEach(() => account.close());

	const read = async (tunnelId = first): Promise<unknown> =>
		((await calls.magic('GET', `/${tunnelId}`)).body.result as { ipsec_tunnel: unknown })
			.ipsec_tunnel;

	it('are answered, with a default or only where they are set', async () => {
		expect(await read()).toMatchObject({ mtu: 1400, site: { name: 'north' } });
		const second = await read(account.tunnels()[1]!.id);
		expect(second).toMatchObject({ mtu: 1436 });
		expect(second).not.toHaveProperty('site');
		expect(account.tunnel(first)).toEqual(await read());
	});

	it('are taken by create and PUT', async () => {
		const made = await calls.magic('POST', '', { body: { ...NEW_SITE, mtu: 1300 } });
		expect(made.body.result).toMatchObject({ mtu: 1300 });
		await calls.magic('PUT', `/${first}`, { body: { mtu: 1200 } });
		expect(await read()).toMatchObject({ mtu: 1200, site: { name: 'north' } });
	});

	it('are kept by a PUT without them', async () => {
		await calls.magic('PUT', `/${first}`, { body: { description: 'x' } });
		expect(await read()).toMatchObject({ mtu: 1400, site: { name: 'north' } });
	});

	it('go back to their defaults by a PUT that replaces, unless they are sent', async () => {
		account.faults.add({ kind: 'replaceFields', times: 'always' });
		const { name, cloudflare_endpoint, interface_address } = account.tunnel(first)!;
		const body = { name, cloudflare_endpoint, interface_address };
		await calls.magic('PUT', `/${first}`, { body: { ...body, site: { name: 'south' } } });
		expect(await read()).toMatchObject({ mtu: 1436, site: { name: 'south' } });
		await calls.magic('PUT', '', { body: { ipsec_tunnels: [{ id: first, ...body }] } });
		expect(await read()).not.toHaveProperty('site');
	});

	it('are unknown to every other account, and refused as null', async () => {
		const unknown = await caller.magic('PUT', `/${id}`, { body: { mtu: 1200 } });
		expect([unknown.status, unknown.body.errors[0]?.message]).toEqual([
			400,
			expect.stringContaining('unknown field "mtu"'),
		]);
		const empty = await calls.magic('PUT', `/${first}`, { body: { mtu: null } });
		expect(empty.status).toBe(400);
	});

	it.each(['name', 'psk', 'id'])('cannot be called %s', async (field) => {
		await expect(startSimulator({ extraFields: { [field]: 1 } })).rejects.toThrow(field);
	});
});

describe('one faulty key in a psk set', () => {
	const batch = (...keys: [string, string]) => [
		{ id, psk: keys[0] },
		{ id: other, psk: keys[1] },
	];
	const live = () => [simulator.liveKey(id), simulator.liveKey(other)];

	const rules: [string, () => object][] = [
		['a function', () => ({ isFaulty: ({ psk }: { psk: string }) => psk.includes('é') })],
		['a pattern', () => ({ pattern: '[^ -~]' })],
		['ids', () => ({ ids: [other] })],
	];

	it.each(rules)('spoils the whole request, by %s', async (_name, rule) => {
		simulator.faults.add({ kind: 'refuseBatch', times: 'always', ...rule() } as FaultSpec);
		const before = live();
		const { status, body } = await set(batch('a good key', 'bad kéy'));
		expect([status, body.result]).toEqual([400, null]);
		expect(body.errors).toEqual([
			{
				code: 1022,
				message: 'Invalid Request: psk is not acceptable',
				source: { pointer: '/psks/1/psk' },
			},
		]);
		expect(live()).toEqual(before);
		expect(simulator.requests[0]?.applied).toBe(false);
		expect((await set([{ id, psk: 'a good key' }])).status).toBe(200);
		expect(simulator.liveKey(id)).toBe('a good key');
	});

	it('also when it is only checked, and with a text of the test', async () => {
		simulator.faults.add({
			kind: 'refuseBatch',
			pattern: '^bad',
			status: 422,
			code: 1999,
			message: ({ psk }) => `the key ${psk} is too weak`,
		});
		const { status, body } = await set(batch('good', 'bad one'), '?validate_only=true');
		expect([status, body.errors[0]]).toMatchObject([
			422,
			{ code: 1999, message: 'the key bad one is too weak' },
		]);
	});

	it.each([400, 409])('is a refusal; %i may also come after the keys were set', async (status) => {
		simulator.faults.add({
			kind: 'status',
			operation: 'pskSet',
			when: 'after',
			status,
			code: 1000 + status,
		});
		const answer = await set(batch('one', 'two'));
		expect([answer.status, answer.body.success]).toEqual([status, false]);
		expect(live()).toEqual(['one', 'two']);
		expect(simulator.requests[0]).toMatchObject({ status, applied: true });
	});
});
