import { omit } from 'lodash';
import type { Tunnel } from '../simulator';
import type { Called, Caller, CallOptions } from '../simulator/caller';
import { answerSchemas, legacyTunnelSchema, tunnelSchema } from '../simulator/schemas';
import { errorOf, expectSchema, HEX, SITE, useScene } from './scene';

/** The endpoints of tunnels: what they answer, and what becomes of the account. */

const scene = useScene();

describe('answers of the eight endpoints', () => {
	const create = { ...SITE, health_check: { type: 'request', direction: 'bidirectional' } };
	const calls: [keyof ReturnType<typeof answerSchemas>, () => Promise<Called>][] = [];
	const add = (name: keyof ReturnType<typeof answerSchemas>, call: () => Promise<Called>): void => {
		calls.push([name, call]);
	};
	const both = (options: CallOptions = {}) => ({ ...options, objectTarget: target });
	let target = true;
	add('list', () => scene.caller.magic('GET', '', both()));
	add('get', () => scene.caller.magic('GET', `/${scene.first().id}`, both()));
	add('create', () => scene.caller.magic('POST', '', both({ body: create })));
	add('legacyCreate', () =>
		scene.caller.magic('POST', '', both({ body: { ipsec_tunnels: [create] } })),
	);
	add('update', () =>
		scene.caller.magic('PUT', `/${scene.first().id}`, both({ body: { description: 'new' } })),
	);
	add('bulkUpdate', () =>
		scene.caller.magic(
			'PUT',
			'',
			both({ body: { ipsec_tunnels: [{ id: scene.first().id, name: 'hub' }] } }),
		),
	);
	add('delete', () => scene.caller.magic('DELETE', `/${scene.first().id}`, both()));
	add('pskGenerate', () => scene.caller.magic('POST', `/${scene.first().id}/psk_generate`, both()));
	add('pskSet', () =>
		scene.caller.magic(
			'POST',
			'/psk',
			both({ body: { psks: [{ id: scene.first().id, psk: 'abcde' }] } }),
		),
	);

	describe.each([true, false])('x-magic-new-hc-target: %s', (objectTarget) => {
		const schemas = answerSchemas(objectTarget ? tunnelSchema : legacyTunnelSchema);
		it.each(calls)('%s fits its schema', async (name, call) => {
			target = objectTarget;
			const answer = await call();
			expect(answer.status).toBe(200);
			expectSchema(schemas[name], answer.body);
		});
	});

	describe.each([
		'list',
		'create',
		'update',
		'delete',
		'pskGenerate',
		'pskSet',
		'bulkUpdate',
		'get',
	])('%s', (name) => {
		it('never tells a live key in a tunnel', async () => {
			scene.simulator.setKey(scene.first().id, 'the-live-key');
			const call = calls.find(([known]) => known === name)![1];
			expect(JSON.stringify((await call()).body)).not.toContain('the-live-key');
		});
	});

	it('carries the headers of every answer', async () => {
		const { headers } = await scene.caller.magic('GET');
		expect(headers).toMatchObject({
			'content-type': 'application/json',
			'cf-ray': expect.stringMatching(/^[0-9a-f]{16}-[A-Z]{3}$/) as string,
			ratelimit: '"default";r=1199;t=300',
			'ratelimit-policy': '"default";q=1200;w=300',
		});
	});

	it('lists all tunnels in one answer, also 10,000 of them', async () => {
		await scene.start({ tunnels: 10_000 });
		const { body } = await scene.caller.magic('GET');
		const { ipsec_tunnels: tunnels } = body.result as { ipsec_tunnels: Tunnel[] };
		expect(tunnels).toHaveLength(10_000);
		expect(new Set(tunnels.map(({ name }) => name)).size).toBe(10_000);
		expect(new Set(tunnels.map(({ interface_address: address }) => address)).size).toBe(10_000);
		const psks = tunnels.map(({ id }) => ({ id, psk: id.repeat(8) }));
		const set = await scene.caller.magic('POST', '/psk', { body: { psks } });
		expect(set.status).toBe(200);
		expect(psks.every(({ id, psk }) => scene.simulator.liveKey(id) === psk)).toBe(true);
	});
});

describe('tunnels', () => {
	it('starts as a company has them, the same for the same seed', async () => {
		const before = scene.simulator.tunnels();
		const secrets = [
			scene.simulator.apiToken,
			scene.simulator.accountId,
			scene.simulator.liveKey(scene.first().id),
		];
		await scene.start({ now: () => Date.parse('2026-03-01T00:00:00Z'), ageDays: [1, null, 90] });
		expect(scene.simulator.tunnels().map(({ id, name }) => [id, name])).toEqual(
			before.map(({ id, name }) => [id, name]),
		);
		expect([scene.simulator.apiToken, scene.simulator.accountId]).toEqual(secrets.slice(0, 2));
		expect(scene.first().name).toBe('site-ams-01');
		expect(
			scene.simulator.tunnels().map(({ psk_metadata: { last_generated_on: at } }) => at),
		).toEqual([
			expect.stringContaining('2026-02-28T00:00:00'),
			undefined,
			expect.stringContaining('2025-12-01T00:00:00'),
		]);
		await scene.start({ seed: undefined });
		expect(scene.simulator.apiToken).not.toBe(secrets[0]);
	});

	it('takes ages from a function', async () => {
		await scene.start({ ageDays: (index) => (index === 1 ? null : 10) });
		expect(
			scene.simulator.tunnels().map(({ id }) => scene.simulator.liveKey(id) !== undefined),
		).toEqual([true, false, true]);
	});

	it('creates with the defaults of the spec', async () => {
		const { body } = await scene.caller.magic('POST', '', { body: SITE });
		const made = body.result as Tunnel;
		expect(made).toMatchObject({
			...SITE,
			health_check: { enabled: true, rate: 'mid', type: 'reply', direction: 'unidirectional' },
			psk_metadata: {},
		});
		expect(made).not.toHaveProperty('psk');
		expect(made).not.toHaveProperty('replay_protection');
		expect(made).not.toHaveProperty('automatic_return_routing');
		expect(scene.simulator.tunnel(made.id)).toEqual(made);
		expect(scene.simulator.tunnel('branch-bru-01')?.id).toBe(made.id);
		expect(scene.simulator.liveKey(made.id)).toBeUndefined();
		const number = scene.simulator.accountNumber;
		expect(made.remote_identities).toEqual({
			hex_id: `${number}_${made.id}`,
			fqdn_id: `${made.id}.${number}.ipsec.cloudflare.com`,
			user_id: `ipsec@${made.id}.${number}.ipsec.cloudflare.com`,
		});
	});

	it('creates several by the legacy list, all or none', async () => {
		const second = { ...SITE, name: 'branch-bru-02', interface_address: '10.10.0.4/31' };
		const refused = await scene.caller.magic('POST', '', {
			body: { ipsec_tunnels: [second, second] },
		});
		expect(errorOf(refused)).toEqual([400, 1022]);
		expect(scene.simulator.tunnels()).toHaveLength(3);
		await scene.caller.magic('POST', '', { body: { ipsec_tunnels: [SITE, second] } });
		expect(scene.simulator.tunnels()).toHaveLength(5);
	});

	it('keeps what a PUT does not name, also inside the health check', async () => {
		const before = omit(scene.first(), 'psk_metadata', 'modified_on');
		const key = scene.simulator.liveKey(before.id);
		await scene.caller.magic('PUT', `/${before.id}`, { body: { health_check: { rate: 'high' } } });
		expect(scene.first()).toMatchObject({
			...before,
			health_check: { ...before.health_check, rate: 'high' },
		});
		expect(scene.simulator.liveKey(before.id)).toBe(key);
	});

	it('renames by PUT and frees the old name', async () => {
		const { id, name } = scene.first();
		await scene.caller.magic('PUT', `/${id}`, { body: { name: 'renamed' } });
		const { status } = await scene.caller.magic('POST', '', { body: { ...SITE, name } });
		expect(status).toBe(200);
		expect(scene.simulator.tunnel('renamed')?.id).toBe(id);
	});

	it('takes back what it answered', async () => {
		await scene.start({ tunnels: 30 });
		for (const tunnel of scene.simulator.tunnels()) {
			const { status } = await scene.caller.magic('PUT', `/${tunnel.id}`, { body: tunnel });
			expect(status).toBe(200);
		}
	});

	it('swaps two names in one bulk update', async () => {
		const [one, two] = scene.simulator.tunnels() as [Tunnel, Tunnel];
		const { status } = await scene.caller.magic('PUT', '', {
			body: {
				ipsec_tunnels: [
					{ id: one.id, name: two.name },
					{ id: two.id, name: one.name },
				],
			},
		});
		expect(status).toBe(200);
		expect(scene.simulator.tunnel(two.name)?.id).toBe(one.id);
	});

	it.each([
		['an unknown id', (id: string) => [{ id, description: 'x' }, { id: HEX }], [404, 1032]],
		['an id twice', (id: string) => [{ id, description: 'x' }, { id }], [400, 1022]],
		['no id', (id: string) => [{ id, description: 'x' }, { name: 'x' }], [400, 1022]],
		[
			'a broken rule',
			(id: string) => [
				{ id, description: 'x' },
				{ id, name: ' ' },
			],
			[400, 1022],
		],
		['no tunnels', () => [], [400, 1022]],
	])('changes nothing by a bulk update with %s', async (_name, items, expected) => {
		const before = scene.simulator.tunnels();
		const answer = await scene.caller.magic('PUT', '', {
			body: { ipsec_tunnels: items(scene.first().id) },
		});
		expect(errorOf(answer)).toEqual(expected);
		expect(scene.simulator.tunnels()).toEqual(before);
		expect(scene.simulator.requests[0]?.applied).toBe(false);
	});

	it('refuses a bulk update without ipsec_tunnels', async () => {
		expect(errorOf(await scene.caller.magic('PUT', '', { body: {} }))).toEqual([400, 1022]);
	});

	it.each([
		['unidirectional', '', '203.0.113.77'],
		['unidirectional', '192.0.2.9', '192.0.2.9'],
		['bidirectional', '', '10.10.0.3'],
		['bidirectional', '192.0.2.9', '10.10.0.3'],
	])(
		'shows the effective target of a %s check with target "%s"',
		async (direction, saved, effective) => {
			const { body } = await scene.caller.magic('POST', '', {
				body: { ...SITE, health_check: { direction, target: { saved, effective: 'ignored' } } },
			});
			const { id, health_check: check } = body.result as Tunnel;
			expect(check.target).toEqual({ saved, effective });
			const legacy = await scene.caller.magic('GET', `/${id}`, { objectTarget: false });
			const { ipsec_tunnel: tunnel } = legacy.body.result as { ipsec_tunnel: Tunnel };
			expect(tunnel.health_check.target).toBe(saved);
		},
	);

	it('has a session state only with BGP', async () => {
		const { body } = await scene.caller.magic('POST', '', {
			body: { ...SITE, bgp: { customer_asn: 65001 } },
		});
		expect(body.result).toMatchObject({
			bgp: { customer_asn: 65001 },
			bgp_status: { state: 'BGP_DOWN' },
		});
		expect(scene.simulator.tunnels()[0]).not.toHaveProperty('bgp_status');
	});

	it.each([
		['GET', ''],
		['PUT', ''],
		['DELETE', ''],
		['POST', '/psk_generate'],
	] as const)('answers 1032 to %s of an unknown tunnel%s', async (method, rest) => {
		const body = method === 'PUT' ? { name: 'x' } : undefined;
		const answer = await scene.caller.magic(method, `/${HEX}${rest}`, { body });
		expect(errorOf(answer)).toEqual([404, 1032]);
		expect(answer.body.errors[0]?.message).toBe('IPsec tunnel not found');
	});

	it('deletes', async () => {
		const { id } = scene.first();
		const { body } = await scene.caller.magic('DELETE', `/${id}`);
		expect(body.result).toMatchObject({ deleted: true, deleted_ipsec_tunnel: { id } });
		expect(scene.simulator.tunnel(id)).toBeUndefined();
		expect(scene.simulator.keyHistory(id)).toHaveLength(1);
	});
});

describe('validate_only', () => {
	const writes: [string, () => [Parameters<Caller['magic']>[0], string, unknown], string][] = [
		['create', () => ['POST', '', { ...SITE, psk: 'x' }], 'id'],
		['legacy create', () => ['POST', '', { ipsec_tunnels: [SITE] }], 'ipsec_tunnels'],
		['update', () => ['PUT', `/${scene.first().id}`, { psk: 'x' }], 'modified_ipsec_tunnel'],
		[
			'bulk update',
			() => ['PUT', '', { ipsec_tunnels: [{ id: scene.first().id, name: 'x', psk: 'x' }] }],
			'modified_ipsec_tunnels',
		],
		['delete', () => ['DELETE', `/${scene.first().id}`, undefined], 'deleted_ipsec_tunnel'],
		['psk generate', () => ['POST', `/${scene.first().id}/psk_generate`, undefined], 'psk'],
		[
			'psk set',
			() => ['POST', '/psk', { psks: [{ id: scene.first().id, psk: 'x' }] }],
			'successfully_applied_psks',
		],
	];

	it.each(writes)('%s answers the normal shape and changes nothing', async (_name, make, field) => {
		const account = () => [
			scene.simulator.tunnels(),
			scene.simulator
				.tunnels()
				.map(({ id }) => [scene.simulator.liveKey(id), scene.simulator.keyHistory(id)]),
		];
		const before = account();
		const [method, path, body] = make();
		const answer = await scene.caller.magic(method, `${path}?validate_only=true`, { body });
		expect(answer.status).toBe(200);
		expect(answer.body.result).toHaveProperty(field);
		expect(account()).toEqual(before);
		expect(scene.simulator.requests[0]?.applied).toBe(false);
		expect((await scene.caller.magic(method, path, { body })).status).toBe(200);
		expect(scene.simulator.requests[1]?.applied).toBe(true);
	});

	it('answers keys that are not live: the trap of psk_generate', async () => {
		const { id } = scene.first();
		const { body } = await scene.caller.magic('POST', `/${id}/psk_generate?validate_only=true`);
		const { psk } = body.result as { psk: string };
		expect(psk).toHaveLength(43);
		expect(scene.simulator.liveKey(id)).not.toBe(psk);
	});

	it('still refuses', async () => {
		const answer = await scene.caller.magic('POST', '?validate_only=true', { body: { name: 'x' } });
		expect(errorOf(answer)).toEqual([400, 1022]);
	});
});
