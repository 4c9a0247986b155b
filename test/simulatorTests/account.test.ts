import { omit } from 'lodash';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { request } from 'undici';
import { startSimulator } from '../simulator';
import type { Simulator, SimulatorOptions, Tunnel } from '../simulator';
import { bearer, createCaller, keyPair } from '../simulator/caller';
import type { CallOptions, Called, Caller } from '../simulator/caller';
import type { Envelope } from '../simulator/envelope';
import { startReceiver } from '../simulator/receiver';
import {
	answerSchemas,
	failureSchema,
	legacyTunnelSchema,
	tunnelSchema,
} from '../simulator/schemas';
import { toMicroseconds, toNanoseconds } from '../simulator/time';

const HEX = 'f'.repeat(32);
const SITE = {
	name: 'branch-bru-01',
	cloudflare_endpoint: '162.159.64.41',
	customer_endpoint: '203.0.113.77',
	interface_address: '10.10.0.2/31',
};

const ajv = new Ajv({ allErrors: true });
addFormats(ajv);

const expectSchema = (schema: object, value: unknown): void => {
	ajv.validate(schema, value);
	expect(ajv.errors ?? []).toEqual([]);
};

const error = ({ status, body }: Called): [number, number | undefined] => [
	status,
	body.errors[0]?.code,
];

let simulator: Simulator;
let caller: Caller;

const start = async (options: SimulatorOptions = {}): Promise<void> => {
	await simulator?.close();
	simulator = await startSimulator({ tunnels: 3, seed: 7, ...options });
	caller = createCaller(simulator);
};

const first = (): Tunnel => simulator.tunnels()[0]!;

beforeEach(() => start());
afterAll(() => simulator.close());

describe('answers of the eight endpoints', () => {
	const create = { ...SITE, health_check: { type: 'request', direction: 'bidirectional' } };
	const calls: [keyof ReturnType<typeof answerSchemas>, () => Promise<Called>][] = [];
	const add = (name: keyof ReturnType<typeof answerSchemas>, call: () => Promise<Called>): void => {
		calls.push([name, call]);
	};
	const both = (options: CallOptions = {}) => ({ ...options, objectTarget: target });
	let target = true;
	add('list', () => caller.magic('GET', '', both()));
	add('get', () => caller.magic('GET', `/${first().id}`, both()));
	add('create', () => caller.magic('POST', '', both({ body: create })));
	add('legacyCreate', () => caller.magic('POST', '', both({ body: { ipsec_tunnels: [create] } })));
	add('update', () =>
		caller.magic('PUT', `/${first().id}`, both({ body: { description: 'new' } })),
	);
	add('bulkUpdate', () =>
		caller.magic('PUT', '', both({ body: { ipsec_tunnels: [{ id: first().id, name: 'hub' }] } })),
	);
	add('delete', () => caller.magic('DELETE', `/${first().id}`, both()));
	add('pskGenerate', () => caller.magic('POST', `/${first().id}/psk_generate`, both()));
	add('pskSet', () =>
		caller.magic('POST', '/psk', both({ body: { psks: [{ id: first().id, psk: 'abcde' }] } })),
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
			simulator.setKey(first().id, 'the-live-key');
			const call = calls.find(([known]) => known === name)![1];
			expect(JSON.stringify((await call()).body)).not.toContain('the-live-key');
		});
	});

	it('carries the headers of every answer', async () => {
		const { headers } = await caller.magic('GET');
		expect(headers).toMatchObject({
			'content-type': 'application/json',
			'cf-ray': expect.stringMatching(/^[0-9a-f]{16}-[A-Z]{3}$/) as string,
			ratelimit: '"default";r=1199;t=300',
			'ratelimit-policy': '"default";q=1200;w=300',
		});
	});

	it('lists all tunnels in one answer, also 10,000 of them', async () => {
		await start({ tunnels: 10_000 });
		const { body } = await caller.magic('GET');
		const { ipsec_tunnels: tunnels } = body.result as { ipsec_tunnels: Tunnel[] };
		expect(tunnels).toHaveLength(10_000);
		expect(new Set(tunnels.map(({ name }) => name)).size).toBe(10_000);
		expect(new Set(tunnels.map(({ interface_address: address }) => address)).size).toBe(10_000);
		const psks = tunnels.map(({ id }) => ({ id, psk: id.repeat(8) }));
		const set = await caller.magic('POST', '/psk', { body: { psks } });
		expect(set.status).toBe(200);
		expect(psks.every(({ id, psk }) => simulator.liveKey(id) === psk)).toBe(true);
	});
});

describe('tunnels', () => {
	it('starts as a company has them, the same for the same seed', async () => {
		const before = simulator.tunnels();
		const secrets = [simulator.apiToken, simulator.accountId, simulator.liveKey(first().id)];
		await start({ now: () => Date.parse('2026-03-01T00:00:00Z'), ageDays: [1, null, 90] });
		expect(simulator.tunnels().map(({ id, name }) => [id, name])).toEqual(
			before.map(({ id, name }) => [id, name]),
		);
		expect([simulator.apiToken, simulator.accountId]).toEqual(secrets.slice(0, 2));
		expect(first().name).toBe('site-ams-01');
		expect(simulator.tunnels().map(({ psk_metadata: { last_generated_on: at } }) => at)).toEqual([
			expect.stringContaining('2026-02-28T00:00:00'),
			undefined,
			expect.stringContaining('2025-12-01T00:00:00'),
		]);
		await start({ seed: undefined });
		expect(simulator.apiToken).not.toBe(secrets[0]);
	});

	it('takes ages from a function', async () => {
		await start({ ageDays: (index) => (index === 1 ? null : 10) });
		expect(simulator.tunnels().map(({ id }) => simulator.liveKey(id) !== undefined)).toEqual([
			true,
			false,
			true,
		]);
	});

	it('creates with the defaults of the spec', async () => {
		const { body } = await caller.magic('POST', '', { body: SITE });
		const made = body.result as Tunnel;
		expect(made).toMatchObject({
			...SITE,
			health_check: { enabled: true, rate: 'mid', type: 'reply', direction: 'unidirectional' },
			psk_metadata: {},
		});
		expect(made).not.toHaveProperty('psk');
		expect(made).not.toHaveProperty('replay_protection');
		expect(made).not.toHaveProperty('automatic_return_routing');
		expect(simulator.tunnel(made.id)).toEqual(made);
		expect(simulator.tunnel('branch-bru-01')?.id).toBe(made.id);
		expect(simulator.liveKey(made.id)).toBeUndefined();
		const number = simulator.accountNumber;
		expect(made.remote_identities).toEqual({
			hex_id: `${number}_${made.id}`,
			fqdn_id: `${made.id}.${number}.ipsec.cloudflare.com`,
			user_id: `ipsec@${made.id}.${number}.ipsec.cloudflare.com`,
		});
	});

	it('creates several by the legacy list, all or none', async () => {
		const second = { ...SITE, name: 'branch-bru-02', interface_address: '10.10.0.4/31' };
		const refused = await caller.magic('POST', '', { body: { ipsec_tunnels: [second, second] } });
		expect(error(refused)).toEqual([400, 1022]);
		expect(simulator.tunnels()).toHaveLength(3);
		await caller.magic('POST', '', { body: { ipsec_tunnels: [SITE, second] } });
		expect(simulator.tunnels()).toHaveLength(5);
	});

	it('keeps what a PUT does not name, also inside the health check', async () => {
		const before = omit(first(), 'psk_metadata', 'modified_on');
		const key = simulator.liveKey(before.id);
		await caller.magic('PUT', `/${before.id}`, { body: { health_check: { rate: 'high' } } });
		expect(first()).toMatchObject({
			...before,
			health_check: { ...before.health_check, rate: 'high' },
		});
		expect(simulator.liveKey(before.id)).toBe(key);
	});

	it('renames by PUT and frees the old name', async () => {
		const { id, name } = first();
		await caller.magic('PUT', `/${id}`, { body: { name: 'renamed' } });
		const { status } = await caller.magic('POST', '', { body: { ...SITE, name } });
		expect(status).toBe(200);
		expect(simulator.tunnel('renamed')?.id).toBe(id);
	});

	it('takes back what it answered', async () => {
		await start({ tunnels: 30 });
		for (const tunnel of simulator.tunnels()) {
			const { status } = await caller.magic('PUT', `/${tunnel.id}`, { body: tunnel });
			expect(status).toBe(200);
		}
	});

	it('swaps two names in one bulk update', async () => {
		const [one, two] = simulator.tunnels() as [Tunnel, Tunnel];
		const { status } = await caller.magic('PUT', '', {
			body: {
				ipsec_tunnels: [
					{ id: one.id, name: two.name },
					{ id: two.id, name: one.name },
				],
			},
		});
		expect(status).toBe(200);
		expect(simulator.tunnel(two.name)?.id).toBe(one.id);
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
		const before = simulator.tunnels();
		const answer = await caller.magic('PUT', '', { body: { ipsec_tunnels: items(first().id) } });
		expect(error(answer)).toEqual(expected);
		expect(simulator.tunnels()).toEqual(before);
		expect(simulator.requests[0]?.applied).toBe(false);
	});

	it('refuses a bulk update without ipsec_tunnels', async () => {
		expect(error(await caller.magic('PUT', '', { body: {} }))).toEqual([400, 1022]);
	});

	it.each([
		['unidirectional', '', '203.0.113.77'],
		['unidirectional', '192.0.2.9', '192.0.2.9'],
		['bidirectional', '', '10.10.0.3'],
		['bidirectional', '192.0.2.9', '10.10.0.3'],
	])(
		'shows the effective target of a %s check with target "%s"',
		async (direction, saved, effective) => {
			const { body } = await caller.magic('POST', '', {
				body: { ...SITE, health_check: { direction, target: { saved, effective: 'ignored' } } },
			});
			const { id, health_check: check } = body.result as Tunnel;
			expect(check.target).toEqual({ saved, effective });
			const legacy = await caller.magic('GET', `/${id}`, { objectTarget: false });
			const { ipsec_tunnel: tunnel } = legacy.body.result as { ipsec_tunnel: Tunnel };
			expect(tunnel.health_check.target).toBe(saved);
		},
	);

	it('has a session state only with BGP', async () => {
		const { body } = await caller.magic('POST', '', {
			body: { ...SITE, bgp: { customer_asn: 65001 } },
		});
		expect(body.result).toMatchObject({
			bgp: { customer_asn: 65001 },
			bgp_status: { state: 'BGP_DOWN' },
		});
		expect(simulator.tunnels()[0]).not.toHaveProperty('bgp_status');
	});

	it.each([
		['GET', ''],
		['PUT', ''],
		['DELETE', ''],
		['POST', '/psk_generate'],
	] as const)('answers 1032 to %s of an unknown tunnel%s', async (method, rest) => {
		const body = method === 'PUT' ? { name: 'x' } : undefined;
		const answer = await caller.magic(method, `/${HEX}${rest}`, { body });
		expect(error(answer)).toEqual([404, 1032]);
		expect(answer.body.errors[0]?.message).toBe('IPsec tunnel not found');
	});

	it('deletes', async () => {
		const { id } = first();
		const { body } = await caller.magic('DELETE', `/${id}`);
		expect(body.result).toMatchObject({ deleted: true, deleted_ipsec_tunnel: { id } });
		expect(simulator.tunnel(id)).toBeUndefined();
		expect(simulator.keyHistory(id)).toHaveLength(1);
	});
});

describe('pre-shared keys', () => {
	it('generates one, tells nanoseconds once and microseconds afterwards', async () => {
		const { id } = first();
		const { body } = await caller.magic('POST', `/${id}/psk_generate`, { body: {} });
		const result = body.result as {
			psk: string;
			ipsec_id: string;
			psk_metadata: { last_generated_on: string };
		};
		expect(result.psk).toMatch(/^[\w-]{43}$/);
		expect(result.ipsec_id).toBe(`${simulator.accountNumber}_${id}`);
		expect(simulator.liveKey(id)).toBe(result.psk);
		const precise = result.psk_metadata.last_generated_on;
		const shown = simulator.tunnel(id)?.psk_metadata.last_generated_on;
		expect(precise).toMatch(/\.\d{9}Z$/);
		expect(shown).toMatch(/\.\d{6}Z$/);
		expect(Date.parse(shown!)).toBe(Date.parse(precise));
		expect(simulator.keyHistory(id).at(-1)).toEqual({
			psk: result.psk,
			at: precise,
			by: 'pskGenerate',
		});
	});

	it('rounds to the nearest microsecond', () => {
		const instant = BigInt(Date.parse('2022-02-01T18:09:47Z')) * 1_000_000n + 54_317_925n;
		expect(toNanoseconds(instant)).toBe('2022-02-01T18:09:47.054317925Z');
		expect(toMicroseconds(instant)).toBe('2022-02-01T18:09:47.054318Z');
		expect(toMicroseconds(999_999_500n)).toBe('1970-01-01T00:00:01.000000Z');
	});

	it('moves last_generated_on with each key, also while the clock stands still', async () => {
		await start({ now: () => 1_700_000_000_000 });
		const { id } = first();
		const seen = new Set<string | undefined>();
		const look = () => seen.add(simulator.tunnel(id)?.psk_metadata.last_generated_on);
		look();
		await caller.magic('POST', `/${id}/psk_generate`);
		look();
		await caller.magic('PUT', `/${id}`, { body: { psk: 'by-put' } });
		look();
		expect(simulator.liveKey(id)).toBe('by-put');
		await caller.magic('POST', '/psk', { body: { psks: [{ id, psk: 'by-set' }] } });
		look();
		expect(seen.size).toBe(4);
		expect(simulator.keyHistory(id).map(({ by }) => by)).toEqual([
			'seed',
			'pskGenerate',
			'update',
			'pskSet',
		]);
	});

	it('sets a key at creation and by bulk update', async () => {
		const { body } = await caller.magic('POST', '', { body: { ...SITE, psk: 'at-creation' } });
		const { id, psk_metadata: metadata } = body.result as Tunnel;
		expect(metadata).toHaveProperty('last_generated_on');
		expect(simulator.liveKey(id)).toBe('at-creation');
		await caller.magic('PUT', '', { body: { ipsec_tunnels: [{ id, psk: 'by-bulk' }] } });
		expect(simulator.keyHistory(id).map(({ psk, by }) => [psk, by])).toEqual([
			['at-creation', 'create'],
			['by-bulk', 'bulkUpdate'],
		]);
	});

	it('sets many, and reports an unknown tunnel with a reason', async () => {
		const [one, two] = simulator.tunnels() as [Tunnel, Tunnel];
		const psks = [
			{ id: one.id, psk: 'key one' },
			{ id: HEX, psk: 'nobody' },
			{ id: two.id, psk: 'key two' },
		];
		const { status, body } = await caller.magic('POST', '/psk', { body: { psks } });
		expect(status).toBe(200);
		expect(body.result).toMatchObject({
			successfully_applied_psks: {
				[one.id]: { psk: 'key one', ipsec_tunnel_id: one.id },
				[two.id]: { psk: 'key two', ipsec_id: `${simulator.accountNumber}_${two.id}` },
			},
			unapplied_psks: { [HEX]: 'IPsec tunnel not found' },
		});
		expect(simulator.liveKey(one.id)).toBe('key one');
	});

	it.each([
		['no psks', {}],
		['an empty list', { psks: [] }],
		['no list', { psks: {} }],
		['null', { psks: null }],
		['a null key', { psks: [{ id: HEX, psk: null }] }],
		['an empty key', { psks: [{ id: HEX, psk: '' }] }],
		['a number as key', { psks: [{ id: HEX, psk: 1 }] }],
		['no key', { psks: [{ id: HEX }] }],
		['no id', { psks: [{ psk: 'x' }] }],
		['a null id', { psks: [{ id: null, psk: 'x' }] }],
		[
			'an id twice',
			{
				psks: [
					{ id: HEX, psk: 'x' },
					{ id: HEX, psk: 'y' },
				],
			},
		],
		['an unknown field', { psks: [{ id: HEX, psk: 'x', name: 'y' }] }],
		['an unknown field beside', { psks: [{ id: HEX, psk: 'x' }], force: true }],
		['a bare list', [{ id: HEX, psk: 'x' }]],
	])('refuses a set with %s', async (_name, body) => {
		const answer = await caller.magic('POST', '/psk', { body });
		expect(error(answer)).toEqual([400, 1022]);
		expectSchema(failureSchema, answer.body);
	});

	it('refuses a set without a body and with a validate_only that is no boolean', async () => {
		expect(error(await caller.magic('POST', '/psk'))).toEqual([400, 1022]);
		const body = { psks: [{ id: first().id, psk: 'x' }] };
		const answer = await caller.magic('POST', '/psk?validate_only=yes', { body });
		expect(error(answer)).toEqual([400, 1022]);
		expect((await caller.magic('POST', '/psk?validate_only=false', { body })).status).toBe(200);
		expect(simulator.liveKey(first().id)).toBe('x');
	});
});

describe('validate_only', () => {
	const writes: [string, () => [Parameters<Caller['magic']>[0], string, unknown], string][] = [
		['create', () => ['POST', '', { ...SITE, psk: 'x' }], 'id'],
		['legacy create', () => ['POST', '', { ipsec_tunnels: [SITE] }], 'ipsec_tunnels'],
		['update', () => ['PUT', `/${first().id}`, { psk: 'x' }], 'modified_ipsec_tunnel'],
		[
			'bulk update',
			() => ['PUT', '', { ipsec_tunnels: [{ id: first().id, name: 'x', psk: 'x' }] }],
			'modified_ipsec_tunnels',
		],
		['delete', () => ['DELETE', `/${first().id}`, undefined], 'deleted_ipsec_tunnel'],
		['psk generate', () => ['POST', `/${first().id}/psk_generate`, undefined], 'psk'],
		[
			'psk set',
			() => ['POST', '/psk', { psks: [{ id: first().id, psk: 'x' }] }],
			'successfully_applied_psks',
		],
	];

	it.each(writes)('%s answers the normal shape and changes nothing', async (_name, make, field) => {
		const account = () => [
			simulator.tunnels(),
			simulator.tunnels().map(({ id }) => [simulator.liveKey(id), simulator.keyHistory(id)]),
		];
		const before = account();
		const [method, path, body] = make();
		const answer = await caller.magic(method, `${path}?validate_only=true`, { body });
		expect(answer.status).toBe(200);
		expect(answer.body.result).toHaveProperty(field);
		expect(account()).toEqual(before);
		expect(simulator.requests[0]?.applied).toBe(false);
		expect((await caller.magic(method, path, { body })).status).toBe(200);
		expect(simulator.requests[1]?.applied).toBe(true);
	});

	it('answers keys that are not live: the trap of psk_generate', async () => {
		const { id } = first();
		const { body } = await caller.magic('POST', `/${id}/psk_generate?validate_only=true`);
		const { psk } = body.result as { psk: string };
		expect(psk).toHaveLength(43);
		expect(simulator.liveKey(id)).not.toBe(psk);
	});

	it('still refuses', async () => {
		const answer = await caller.magic('POST', '?validate_only=true', { body: { name: 'x' } });
		expect(error(answer)).toEqual([400, 1022]);
	});
});

describe('rules for a tunnel', () => {
	const bgp = (more: object) => ({ bgp: { customer_asn: 65001, ...more } });
	const check = (health: unknown) => ({ health_check: health });
	const refused: [string, object, string][] = [
		['name: a number', { name: 5 }, '/name'],
		['name: empty', { name: '' }, '/name'],
		['name: a space', { name: 'branch 1' }, '/name'],
		['name: a special character', { name: 'branch#1' }, '/name'],
		['name: null', { name: null }, '/name'],
		['cloudflare_endpoint: no address', { cloudflare_endpoint: 'edge' }, '/cloudflare_endpoint'],
		[
			'cloudflare_endpoint: a prefix',
			{ cloudflare_endpoint: '162.159.64.0/24' },
			'/cloudflare_endpoint',
		],
		[
			'customer_endpoint: a host name',
			{ customer_endpoint: 'vpn.example.com' },
			'/customer_endpoint',
		],
		['customer_endpoint: too high', { customer_endpoint: '192.0.2.256' }, '/customer_endpoint'],
		['interface_address: no prefix', { interface_address: '10.0.0.1' }, '/interface_address'],
		['interface_address: /29', { interface_address: '10.0.0.1/29' }, '/interface_address'],
		['interface_address: /32', { interface_address: '10.0.0.1/32' }, '/interface_address'],
		['interface_address: public', { interface_address: '192.0.2.0/31' }, '/interface_address'],
		['interface_address: 172.32', { interface_address: '172.32.0.0/31' }, '/interface_address'],
		[
			'interface_address: link-local',
			{ interface_address: '169.254.1.0/31' },
			'/interface_address',
		],
		['interface_address: IPv6', { interface_address: 'fd00::/31' }, '/interface_address'],
		[
			'interface_address: network of a /30',
			{ interface_address: '10.0.0.4/30' },
			'/interface_address',
		],
		[
			'interface_address: broadcast of a /30',
			{ interface_address: '10.0.0.7/30' },
			'/interface_address',
		],
		['interface_address6: /126', { interface_address6: '2606:54c1::/126' }, '/interface_address6'],
		[
			'interface_address6: second host',
			{ interface_address6: '2606:54c1::1/127' },
			'/interface_address6',
		],
		['interface_address6: IPv4', { interface_address6: '10.0.0.0/31' }, '/interface_address6'],
		['description: a number', { description: 1 }, '/description'],
		['description: null', { description: null }, '/description'],
		['replay_protection: text', { replay_protection: 'true' }, '/replay_protection'],
		['allow_null_cipher: null', { allow_null_cipher: null }, '/allow_null_cipher'],
		[
			'automatic_return_routing: no flag',
			{ automatic_return_routing: true },
			'/automatic_return_routing',
		],
		['health_check: text', check('on'), '/health_check'],
		['health_check: null', check(null), '/health_check'],
		['health_check: unknown field', check({ interval: 5 }), '/health_check/interval'],
		['health_check.enabled: text', check({ enabled: 'yes' }), '/health_check/enabled'],
		['health_check.rate: unknown', check({ rate: 'medium' }), '/health_check/rate'],
		['health_check.type: unknown', check({ type: 'ping' }), '/health_check/type'],
		['health_check.direction: unknown', check({ direction: 'both' }), '/health_check/direction'],
		['health_check.target: string form', check({ target: '192.0.2.1' }), '/health_check/target'],
		['health_check.target: null', check({ target: null }), '/health_check/target'],
		[
			'health_check.target.saved: no address',
			check({ target: { saved: 'x' } }),
			'/health_check/target/saved',
		],
		[
			'health_check.target: unknown field',
			check({ target: { other: '' } }),
			'/health_check/target/other',
		],
		['bgp: no ASN', { bgp: {} }, '/bgp/customer_asn'],
		['bgp: a list', { bgp: [] }, '/bgp'],
		['bgp: null', { bgp: null }, '/bgp'],
		['bgp.customer_asn: negative', bgp({ customer_asn: -1 }), '/bgp/customer_asn'],
		['bgp.customer_asn: beyond int32', bgp({ customer_asn: 2 ** 31 }), '/bgp/customer_asn'],
		['bgp.customer_asn: a fraction', bgp({ customer_asn: 1.5 }), '/bgp/customer_asn'],
		[
			'bgp.extra_prefixes: no prefix',
			bgp({ extra_prefixes: ['10.0.0.0'] }),
			'/bgp/extra_prefixes/0',
		],
		[
			'bgp.extra_prefixes: too long',
			bgp({ extra_prefixes: ['10.0.0.0/33'] }),
			'/bgp/extra_prefixes/0',
		],
		['bgp.md5_key: empty', bgp({ md5_key: '' }), '/bgp/md5_key'],
		['bgp.md5_key: a quotation mark', bgp({ md5_key: 'a"b' }), '/bgp/md5_key'],
		['bgp.md5_key: a question mark', bgp({ md5_key: 'a?b' }), '/bgp/md5_key'],
		['bgp.md5_key: a tab', bgp({ md5_key: 'a\tb' }), '/bgp/md5_key'],
		['bgp.md5_key: not ASCII', bgp({ md5_key: 'ä' }), '/bgp/md5_key'],
		['bgp.import_filter_id: a number', bgp({ import_filter_id: 1 }), '/bgp/import_filter_id'],
		['bgp: unknown field', bgp({ hold_time: 9 }), '/bgp/hold_time'],
		[
			'custom_remote_identities: another domain',
			{ custom_remote_identities: { fqdn_id: 'bru.example.com' } },
			'/custom_remote_identities/fqdn_id',
		],
		[
			'custom_remote_identities: another account',
			{ custom_remote_identities: { fqdn_id: `bru.${HEX}.custom.ipsec.cloudflare.com` } },
			'/custom_remote_identities/fqdn_id',
		],
		['psk: empty', { psk: '' }, '/psk'],
		['psk: null', { psk: null }, '/psk'],
		['psk: a number', { psk: 12345 }, '/psk'],
		['an unknown field', { nmae: 'x' }, '/nmae'],
		['a name that is taken', { name: 'site-ams-01' }, '/name'],
		[
			'an inside prefix that is taken',
			{ interface_address: '10.212.0.1/31' },
			'/interface_address',
		],
		[
			'a /30 over a /31 that is taken',
			{ interface_address: '10.212.0.1/30' },
			'/interface_address',
		],
	];

	it.each(refused)('refuses %s', async (_name, change, pointer) => {
		const before = simulator.tunnels();
		const created = await caller.magic('POST', '', { body: { ...SITE, ...change } });
		const updated = await caller.magic('PUT', `/${simulator.tunnels()[2]!.id}`, { body: change });
		const legacy = await caller.magic('POST', '', {
			body: { ipsec_tunnels: [{ ...SITE, ...change }] },
		});
		for (const answer of [created, updated, legacy]) {
			expect(error(answer)).toEqual([400, 1022]);
			expect(answer.body.errors[0]?.message).toMatch(/^Invalid Request: /);
			expectSchema(failureSchema, answer.body);
		}
		expect(created.body.errors[0]?.source?.pointer).toBe(pointer);
		expect(simulator.tunnels()).toEqual(before);
	});

	it.each(['name', 'cloudflare_endpoint', 'interface_address'])('requires %s', async (name) => {
		const body = Object.fromEntries(Object.entries(SITE).filter(([field]) => field !== name));
		const answer = await caller.magic('POST', '', { body });
		expect(error(answer)).toEqual([400, 1022]);
		expect(answer.body.errors[0]?.source?.pointer).toBe(`/${name}`);
	});

	it('words null as Cloudflare does', async () => {
		const { body } = await caller.magic('PUT', `/${first().id}`, { body: { description: null } });
		expect(body.errors[0]?.message).toBe(
			'Invalid Request: error parsing request body while updating IPsec Tunnel: type "string" is not permitted to be null',
		);
	});

	const accepted: [string, object][] = [
		['a long name', { name: 'b'.repeat(200) }],
		['an underscore', { name: 'IPsec_1' }],
		['IPv6 endpoints', { cloudflare_endpoint: '2606:54c1::1', customer_endpoint: '2001:db8::1' }],
		['no customer endpoint', { customer_endpoint: '' }],
		['a /30', { interface_address: '172.16.9.2/30' }],
		['the 192.168 range', { interface_address: '192.168.255.255/31' }],
		['the link-local range', { interface_address: '169.254.255.1/31' }],
		['interface_address6', { interface_address6: '2606:54c1:7:0:a9fe:12d2:1:200/127' }],
		['interface_address6 with a dotted end', { interface_address6: '::ffff:10.0.0.2/127' }],
		['an empty description', { description: '' }],
		['replay protection', { replay_protection: true }],
		['routing off', { automatic_return_routing: false }],
		['a null cipher', { allow_null_cipher: true }],
		['a target', { health_check: { target: { saved: '192.0.2.1' } } }],
		['a whole BGP', bgp({ md5_key: "~`= \\|'", extra_prefixes: ['10.0.0.0/8', '::/0'] })],
		['a short key', { psk: 'abcde' }],
		['a key of any characters', { psk: 'schlüssel 🔑' }],
		['read-only fields', { id: HEX, created_on: 'x', psk_metadata: {}, remote_identities: {} }],
	];

	it.each(accepted)('accepts %s', async (_name, change) => {
		const { status, body } = await caller.magic('POST', '', { body: { ...SITE, ...change } });
		expect([status, body.errors]).toEqual([200, []]);
		expectSchema(tunnelSchema, body.result);
	});

	it('wants the string form of the target without the header, and a boolean header', async () => {
		const send = (target: unknown, headers: Record<string, string>) =>
			caller.magic('POST', '?validate_only=true', {
				body: { ...SITE, health_check: { target } },
				headers,
				objectTarget: false,
			});
		const header = 'x-magic-new-hc-target';
		expect((await send('192.0.2.1', {})).status).toBe(200);
		expect((await send('192.0.2.1', { [header]: 'false' })).status).toBe(200);
		expect(error(await send({ saved: '' }, {}))).toEqual([400, 1022]);
		expect(error(await send('192.0.2.1', { [header]: 'true' }))).toEqual([400, 1022]);
		expect(error(await send('192.0.2.1', { [header]: '1' }))).toEqual([400, 1022]);
	});

	it('allows one custom identity twice, but not on one Cloudflare endpoint', async () => {
		const identity = {
			custom_remote_identities: {
				fqdn_id: `bru.${simulator.accountId}.custom.ipsec.cloudflare.com`,
			},
		};
		const one = { ...SITE, ...identity };
		const two = { ...one, name: 'branch-bru-02', interface_address: '10.10.0.4/31' };
		expect((await caller.magic('POST', '', { body: one })).body.result).toMatchObject(identity);
		expect(error(await caller.magic('POST', '', { body: two }))).toEqual([400, 1022]);
		const elsewhere = { ...two, cloudflare_endpoint: '162.159.66.41' };
		expect((await caller.magic('POST', '', { body: elsewhere })).status).toBe(200);
		const cleared = { custom_remote_identities: { fqdn_id: '' } };
		const id = simulator.tunnel(one.name)!.id;
		await caller.magic('PUT', `/${id}`, { body: cleared });
		expect(simulator.tunnel(id)).not.toHaveProperty('custom_remote_identities');
	});

	it('obeys the account: its flags and its leased addresses', async () => {
		await start({ flags: { couplerIntegration: true }, leasedEndpoints: ['162.159.64.41'] });
		const routed = { ...SITE, automatic_return_routing: true };
		expect((await caller.magic('POST', '', { body: routed })).body.result).toMatchObject(routed);
		const foreign = { ...SITE, name: 'x', cloudflare_endpoint: '162.159.1.1' };
		expect(error(await caller.magic('POST', '', { body: foreign }))).toEqual([400, 1022]);
	});

	it.each([
		['no JSON', '{"name":', 'application/json', [400, 1022]],
		['a list', '[]', 'application/json', [400, 1022]],
		['another type', 'name=x', 'application/x-www-form-urlencoded', [415, 1022]],
		['no body', undefined, 'application/json', [400, 1022]],
	])('refuses %s', async (_name, body, type, expected) => {
		const answer = await caller.magic('POST', '', { body, headers: { 'content-type': type } });
		expect(error(answer)).toEqual(expected);
	});
});

describe('credentials', () => {
	const get = (auth: Record<string, string>) => caller.magic('GET', '', { auth });
	const generate = (auth: Record<string, string>) =>
		caller.magic('POST', `/${first().id}/psk_generate`, { auth });

	it('accepts both schemes, read-only ones for reading', async () => {
		const { apiToken, readToken, email, apiKey, readEmail, readApiKey, accountOwnedToken } =
			simulator;
		const writers = [bearer(apiToken), bearer(accountOwnedToken), keyPair(email, apiKey)];
		const readers = [bearer(readToken), keyPair(readEmail, readApiKey)];
		for (const auth of [...writers, ...readers]) expect((await get(auth)).status).toBe(200);
		for (const auth of writers) expect((await generate(auth)).status).toBe(200);
		for (const auth of readers) expect(error(await generate(auth))).toEqual([403, 10000]);
	});

	const unknown = 'x'.repeat(40);
	it.each<[string, () => Record<string, string>, number, number, string]>([
		['nothing', () => ({}), 400, 9106, 'Missing X-Auth-Key, X-Auth-Email or Authorization headers'],
		['only an email', () => ({ 'x-auth-email': simulator.email }), 400, 9106, 'Missing'],
		['only a key', () => ({ 'x-auth-key': simulator.apiKey }), 400, 9106, 'Missing'],
		[
			'a token without Bearer',
			() => ({ authorization: simulator.apiToken }),
			400,
			6003,
			'Invalid request headers',
		],
		['a malformed token', () => bearer('a b'), 400, 6003, 'Invalid request headers'],
		[
			'a malformed key',
			() => keyPair(simulator.email, 'short'),
			400,
			6003,
			'Invalid request headers',
		],
		[
			'a malformed email',
			() => keyPair('nobody', simulator.apiKey),
			400,
			6003,
			'Invalid request headers',
		],
		['a wrong token', () => bearer(unknown), 403, 9109, 'Invalid access token'],
		[
			'a wrong key',
			() => keyPair(simulator.email, unknown),
			403,
			9103,
			'Unknown X-Auth-Key or X-Auth-Email',
		],
		[
			'a wrong email',
			() => keyPair('a@b.example', simulator.apiKey),
			403,
			9103,
			'Unknown X-Auth-Key',
		],
		['an expired token', () => bearer(simulator.expiredToken), 403, 9109, 'Invalid access token'],
		['a disabled token', () => bearer(simulator.disabledToken), 403, 9109, 'Invalid access token'],
		[
			'no permission',
			() => bearer(simulator.noPermissionToken),
			403,
			10000,
			'Authentication error',
		],
	])('refuses %s', async (_name, auth, status, code, message) => {
		const answer = await get(auth());
		expect(error(answer)).toEqual([status, code]);
		expect(answer.body.errors[0]?.message).toContain(message);
		expectSchema(failureSchema, answer.body);
	});

	it.each([
		[6111, () => bearer('a b')],
		[6103, () => keyPair(simulator.email, 'short')],
		[6102, () => keyPair('nobody', simulator.apiKey)],
	])('names the malformed header with %i', async (code, auth) => {
		const { body } = await get(auth());
		expect(body.errors[0]?.error_chain?.[0]?.code).toBe(code);
	});

	it.each([
		['a foreign account', () => HEX, [403, 9109], 'Unauthorized to access requested resource'],
		['an account without Magic', () => simulator.notOnboardedAccountId, [403, 1012], 'onboarded'],
		[
			'a malformed account id',
			() => 'me',
			[404, 7003],
			'Could not route to /client/v4/accounts/me/',
		],
	])('refuses %s', async (_name, id, expected, message) => {
		const answer = await caller.call('GET', `/accounts/${id()}/magic/ipsec_tunnels`);
		expect(error(answer)).toEqual(expected);
		expect(answer.body.errors[0]?.message).toContain(message);
	});

	it('can be told that its own account has no Magic', async () => {
		await start({ onboarded: false });
		expect(error(await caller.magic('GET'))).toEqual([403, 1012]);
	});

	it('lists accounts, but not for account-owned tokens', async () => {
		const { body } = await caller.call('GET', '/accounts?page=1&per_page=5');
		const accounts = body.result as { id: string; name: string }[];
		expect(accounts.map(({ id }) => id)).toEqual([
			simulator.accountId,
			simulator.notOnboardedAccountId,
		]);
		expect(body.result_info).toMatchObject({ page: 1, per_page: 5, total_count: 2 });
		const named = await caller.call('GET', '/accounts?name=nobody&direction=desc');
		expect(named.body.result).toEqual([]);
		expect((await caller.call('GET', '/accounts?page=2')).body.result).toEqual([]);
		expect(error(await caller.call('GET', '/accounts?per_page=4'))).toEqual([400, 1022]);
		const key = keyPair(simulator.email, simulator.apiKey);
		expect((await caller.call('GET', '/accounts', { auth: key })).status).toBe(200);
		const owned = await caller.call('GET', '/accounts', {
			auth: bearer(simulator.accountOwnedToken),
		});
		expect(error(owned)).toEqual([400, 1001]);
		expect(owned.body.errors[0]?.message).toBe(
			'List accounts endpoint does not support account owned tokens.',
		);
	});

	it('verifies tokens', async () => {
		const own = `/accounts/${simulator.accountId}/tokens/verify`;
		const verify = (path: string, token: string) =>
			caller.call('GET', path, { auth: bearer(token) });
		const active = [{ code: 10000, message: 'This API Token is valid and active', type: null }];
		const user = await verify('/user/tokens/verify', simulator.apiToken);
		expect(user.body).toMatchObject({
			success: true,
			messages: active,
			result: { status: 'active' },
		});
		expect((await verify(own, simulator.accountOwnedToken)).body.messages).toEqual(active);
		const { body: expired } = await verify('/user/tokens/verify', simulator.expiredToken);
		expect(expired).toMatchObject({ result: { status: 'expired' }, messages: [] });
		const wrong: [string, string][] = [
			['/user/tokens/verify', simulator.accountOwnedToken],
			['/user/tokens/verify', unknown],
			[own, simulator.apiToken],
		];
		for (const [path, token] of wrong)
			expect(error(await verify(path, token))).toEqual([401, 1000]);
		const auth = keyPair(simulator.email, simulator.apiKey);
		expect(error(await caller.call('GET', '/user/tokens/verify', { auth }))).toEqual([400, 9106]);
		const foreign = `/accounts/${HEX}/tokens/verify`;
		expect(error(await verify(foreign, simulator.accountOwnedToken))).toEqual([403, 9109]);
	});

	it('lets an account-owned token see only its account', async () => {
		const path = `/accounts/${simulator.notOnboardedAccountId}/magic/ipsec_tunnels`;
		const answer = await caller.call('GET', path, { auth: bearer(simulator.accountOwnedToken) });
		expect(error(answer)).toEqual([403, 9109]);
	});
});

describe('routes', () => {
	it.each([
		['GET', '/zones', [404, 7003]],
		['GET', '/accounts/%ZZ/magic/ipsec_tunnels', [404, 7003]],
		['GET', `/accounts/${HEX}/magic/gre_tunnels`, [404, 7003]],
		['PATCH', `/accounts/${HEX}/magic/ipsec_tunnels/${HEX}`, [405, 10405]],
		['GET', `/accounts/${HEX}/magic/ipsec_tunnels/psk`, [405, 10405]],
		['GET', `/accounts/${HEX}/magic/ipsec_tunnels/psk/psk_generate`, [405, 10405]],
		['GET', `/accounts/${HEX}/magic/ipsec_tunnels/branch`, [404, 7003]],
	] as const)('refuses %s %s', async (method, path, expected) => {
		expect(error(await caller.call(method, path))).toEqual(expected);
	});

	it('knows nothing outside its base path', async () => {
		expect((await request(`${simulator.origin}/other`)).statusCode).toBe(404);
	});

	it('records what it was sent', async () => {
		await caller.magic('PUT', `/${first().id}?validate_only=true`, { body: { name: 'x' } });
		await caller.magic('POST', '', { body: 'oops' });
		expect(simulator.requests).toMatchObject([
			{
				operation: 'update',
				method: 'PUT',
				path: `/client/v4${caller.tunnels}/${first().id}`,
				query: { validate_only: 'true' },
				headers: bearer(simulator.apiToken),
				body: { name: 'x' },
				status: 200,
				applied: false,
			},
			{ operation: 'create', body: 'oops', status: 400 },
		]);
		simulator.resetRequests();
		expect(simulator.requests).toEqual([]);
	});
});

describe('rate limit', () => {
	let time: number;
	const code = async (auth = bearer(simulator.apiToken)) =>
		error(await caller.magic('GET', '', { auth }));

	beforeEach(() => {
		time = 1_700_000_000_000;
		return start({ now: () => time, rateLimit: { limit: 3 } });
	});

	it('blocks a credential for five minutes once it is over', async () => {
		for (let sent = 0; sent < 3; sent++) expect(await code()).toEqual([200, undefined]);
		const blocked = await caller.magic('GET');
		expect(error(blocked)).toEqual([429, 971]);
		expect(blocked.headers).toMatchObject({
			'retry-after': '300',
			ratelimit: '"default";r=0;t=300',
		});
		expect(await code(bearer(simulator.readToken))).toEqual([200, undefined]);
		time += 299_000;
		expect((await caller.magic('GET')).headers['retry-after']).toBe('1');
		time += 1_000;
		expect(await code()).toEqual([200, undefined]);
	});

	it('forgets after its window', async () => {
		for (let round = 0; round < 3; round++) {
			for (let sent = 0; sent < 3; sent++) expect(await code()).toEqual([200, undefined]);
			time += 300_000;
		}
	});

	it('counts down in the headers, and can be reset', async () => {
		await code();
		time += 100_500;
		expect((await caller.magic('GET')).headers.ratelimit).toBe('"default";r=1;t=200');
		simulator.resetRateLimit();
		expect((await caller.magic('GET')).headers.ratelimit).toBe('"default";r=2;t=300');
	});

	it('can be configured', async () => {
		const rateLimit = { limit: 0, windowSeconds: 10, blockSeconds: 5, code: 10429 } as const;
		await start({ now: () => time, rateLimit });
		const { headers, body } = await caller.magic('GET');
		expect(body.errors[0]?.code).toBe(10429);
		expect(headers).toMatchObject({ 'retry-after': '5', 'ratelimit-policy': '"default";q=0;w=10' });
	});
});

describe('the account beside its API', () => {
	it('adds, changes and removes tunnels and keys', () => {
		const made = simulator.addTunnel({ psk: 'old', ageDays: 100, description: 'by hand' });
		expect(made).toMatchObject({ name: 'site-added-01', description: 'by hand' });
		expect(Date.parse(made.psk_metadata.last_generated_on!)).toBeLessThan(
			Date.now() - 99 * 86_400_000,
		);
		expect(simulator.updateTunnel(made.name, { description: 'x' }).description).toBe('x');
		simulator.setKey(made.id, 'new');
		expect(simulator.keyHistory(made.id).map(({ psk, by }) => [psk, by])).toEqual([
			['old', 'outside'],
			['new', 'outside'],
		]);
		expect(() => simulator.addTunnel({ id: made.id })).toThrow('already has');
		expect(simulator.removeTunnel(made.name)).toBe(true);
		expect(simulator.removeTunnel(made.name)).toBe(false);
		expect(() => simulator.setKey(made.id, 'x')).toThrow('no tunnel');
		expect(simulator.liveKey(made.id)).toBeUndefined();
	});

	it('moves the BGP state of a tunnel, and when it moved, but not modified_on', async () => {
		let time = Date.parse('2026-03-01T00:00:00Z');
		await start({ now: () => time });
		const { id, modified_on: modified } = simulator.addTunnel({ bgp: { customer_asn: 65001 } });
		time += 60_000;
		const up = simulator.setBgpUp(id, true);
		expect(up).toMatchObject({
			modified_on: modified,
			bgp_status: { state: 'BGP_UP', tcp_established: true },
		});
		expect(up.bgp_status?.updated_at).toContain('2026-03-01T00:01');
		time += 60_000;
		expect(simulator.setBgpUp(id, true)).toEqual(up);
		await caller.magic('PUT', `/${id}`, { body: { description: 'x' } });
		expect(simulator.tunnel(id)?.bgp_status).toEqual(up.bgp_status);
		expect(simulator.setBgpUp(id, false).bgp_status).toMatchObject({
			state: 'BGP_DOWN',
			tcp_established: false,
			updated_at: expect.stringContaining('2026-03-01T00:02') as string,
		});
		expect(() => simulator.setBgpUp(first().id, true)).toThrow('no BGP');
	});

	it('hands out copies', () => {
		first().name = 'changed';
		expect(first().name).toBe('site-ams-01');
	});
});

describe('control over HTTP', () => {
	const control = async (
		method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
		path: string,
		body?: unknown,
	) => {
		const answer = await request(`${simulator.origin}/__sim/${path}`, {
			method,
			...(body !== undefined && { body: JSON.stringify(body) }),
		});
		return {
			status: answer.statusCode,
			body: (await answer.body.json()) as Record<string, unknown>,
		};
	};

	it('tells tunnels with live keys and their history', async () => {
		const { body } = await control('GET', 'state');
		const { id } = first();
		expect(body).toMatchObject({
			tunnels: [
				{ tunnel: { id }, live_key: simulator.liveKey(id), history: simulator.keyHistory(id) },
				{},
				{},
			],
		});
	});

	it('adds, lists and removes faults', async () => {
		const one = { kind: 'status', status: 503, operation: 'list', times: 'always' };
		expect((await control('POST', 'faults', [one, { kind: 'reset' }])).body).toEqual({
			ids: [1, 2],
		});
		expect((await caller.send('GET', caller.tunnels)).statusCode).toBe(503);
		expect((await control('GET', 'faults')).body).toEqual([
			{ id: 1, kind: 'status', hits: 1 },
			{ id: 2, kind: 'reset', hits: 0 },
		]);
		await control('DELETE', 'faults');
		expect((await caller.magic('GET')).status).toBe(200);
		expect((await control('POST', 'faults', { kind: 'hook' })).status).toBe(400);
		expect((await control('POST', 'faults', null)).status).toBe(400);
	});

	it('tells and forgets requests, and is not one itself', async () => {
		await caller.magic('GET');
		expect((await control('GET', 'requests')).body).toMatchObject([{ operation: 'list' }]);
		await control('DELETE', 'requests');
		expect((await control('GET', 'requests')).body).toEqual([]);
	});

	it('adds and changes tunnels, but no key in passing', async () => {
		const made = await control('POST', 'tunnels', { name: 'branch 7', psk: 'old', ageDays: 400 });
		expect(made.body).toEqual(simulator.tunnel('branch 7'));
		expect(simulator.liveKey('branch 7')).toBe('old');
		const changed = await control('PATCH', 'tunnels/branch%207', { description: 'new' });
		expect(changed.body).toMatchObject({ id: made.body.id, description: 'new' });
		for (const [path, body] of [
			['tunnels/branch%207', { psk: 'x' }],
			['tunnels/branch%207', null],
			['tunnels/nowhere', {}],
		] as const) {
			expect((await control('PATCH', path, body)).status).toBe(400);
		}
		expect(simulator.liveKey('branch 7')).toBe('old');
		expect((await control('POST', 'tunnels', { id: made.body.id })).status).toBe(400);
	});

	it('lets a BGP session go up and down', async () => {
		const { id } = simulator.addTunnel({ bgp: { customer_asn: 65001 } });
		expect((await control('POST', 'bgp', { id, up: true })).body).toMatchObject({
			bgp_status: { state: 'BGP_UP' },
		});
		expect(simulator.tunnel(id)?.bgp_status?.state).toBe('BGP_UP');
		expect((await control('POST', 'bgp', { id, up: 'yes' })).status).toBe(400);
		expect((await control('POST', 'bgp', { id: first().id, up: true })).status).toBe(400);
	});

	it('changes a key, removes a tunnel, and closes', async () => {
		const { id, name } = first();
		await control('POST', 'key', { id, psk: 'from outside' });
		expect(simulator.liveKey(id)).toBe('from outside');
		expect((await control('DELETE', `tunnels/${name}`)).body).toEqual({ removed: true });
		expect((await control('GET', 'nothing')).status).toBe(404);
		expect((await control('GET', 'constructor')).status).toBe(404);
		expect((await control('POST', 'close')).status).toBe(200);
		await simulator.closed;
	});
});

describe('the command', () => {
	const run = (...flags: string[]) =>
		spawn(
			process.execPath,
			['--import', 'tsx', join(__dirname, '..', 'simulator', 'cli.ts'), ...flags],
			{
				cwd: join(__dirname, '..', '..'),
				stdio: ['ignore', 'pipe', 'pipe'],
			},
		);

	it.each(['SIGTERM', 'SIGINT'] as const)('prints one line and serves until %s', async (signal) => {
		const child = run('--port', '0', '--tunnels', '4', '--seed', '9');
		let output = '';
		child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
		while (!output.includes('\n')) await once(child.stdout, 'data');
		const { url, accountId, apiToken, email, apiKey, ...rest } = JSON.parse(output) as Record<
			string,
			string
		>;
		expect(rest).toEqual({});
		expect([email, apiKey]).toEqual([expect.any(String), expect.any(String)]);
		const answer = await request(`${url}/accounts/${accountId}/magic/ipsec_tunnels`, {
			headers: bearer(apiToken!),
		});
		const { result } = (await answer.body.json()) as { result: { ipsec_tunnels: unknown[] } };
		expect(result.ipsec_tunnels).toHaveLength(4);
		child.kill(signal);
		const [exitCode] = (await once(child, 'exit')) as [number | null];
		expect(exitCode).toBe(0);
		expect(output.trim().split('\n')).toHaveLength(1);
	});

	it('takes ages, and webhooks on loopback', async () => {
		const receiver = await startReceiver();
		const child = run(
			...['--tunnels', '4', '--age-days', '400,null,7', '--allow-loopback-webhooks'],
			...['--public-origin', `https://n8n.example.com=${receiver.origin}`],
		);
		const [line] = (await once(child.stdout, 'data')) as [Buffer];
		const { url, accountId, apiToken } = JSON.parse(line.toString()) as Record<string, string>;
		const call = async (path: string, body?: object) => {
			const answer = await request(`${url}/accounts/${accountId}/${path}`, {
				method: body ? 'POST' : 'GET',
				headers: { ...bearer(apiToken!), 'content-type': 'application/json' },
				...(body && { body: JSON.stringify(body) }),
			});
			return { status: answer.statusCode, body: (await answer.body.json()) as Envelope };
		};
		const { result } = (await call('magic/ipsec_tunnels')).body;
		const { ipsec_tunnels: tunnels } = result as { ipsec_tunnels: Tunnel[] };
		const days = tunnels.map(({ psk_metadata: { last_generated_on: at } }) =>
			at === undefined ? null : Math.round((Date.now() - Date.parse(at)) / 86_400_000),
		);
		expect(days).toEqual([400, null, 7, 400]);
		for (const origin of [receiver.origin, 'https://n8n.example.com']) {
			const hook = { name: 'n8n', url: `${origin}/1` };
			expect((await call('alerting/v3/destinations/webhooks', hook)).status).toBe(201);
		}
		expect(receiver.received).toHaveLength(2);
		child.kill('SIGTERM');
		await once(child, 'exit');
		await receiver.close();
	});

	it.each([
		[['--tunnels', 'many'], '--tunnels must be a whole number'],
		[['--port', '70000'], '--port must be a whole number'],
		[['--seed', '-1'], '--seed'],
		[['--nonsense'], '--nonsense'],
		[['--age-days', '4,,5'], '--age-days'],
		[['--age-days', 'old'], '--age-days'],
		[['--public-origin', 'https://n8n.example.com'], '--public-origin'],
		[['--public-origin', 'https://n8n.example.com=http://192.0.2.1'], 'on loopback'],
	])('refuses %j', async (flags, message) => {
		const child = run(...flags);
		let errors = '';
		child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
		const [exitCode] = (await once(child, 'close')) as [number | null];
		expect(exitCode).toBe(2);
		expect(errors).toContain(message);
		expect(errors).toContain('Usage');
	});
});
