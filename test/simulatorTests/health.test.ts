import { startAccounts } from '../simulator';
import type { HealthOptions } from '../simulator';
import { bearer, createCaller } from '../simulator/caller';
import { GRAPHQL_ERRORS } from '../simulator/health/errors';
import { useScene } from './scene';

/** Tunnels' health, as the GraphQL Analytics API tells it. */

const MINUTE = 60_000;
const NOON = Date.parse('2026-11-21T12:00:00Z');

const QUERY = `query ($account: string!, $filter: AccountMagicTransitTunnelHealthChecksAdaptiveGroupsFilter_InputObject!) {
	viewer { accounts(filter: {accountTag: $account}) {
		magicTransitTunnelHealthChecksAdaptiveGroups(filter: $filter, limit: 10000, orderBy: [datetimeMinute_DESC]) {
			count avg { tunnelState sampleInterval }
			dimensions { tunnelName active edgeColoName edgeColoCity datetimeMinute }
		}
	} }
}`;

interface Row {
	count: number;
	avg: { tunnelState: number; sampleInterval: number };
	dimensions: Record<string, string | number>;
}

interface Body {
	data: { viewer: { accounts: Array<Record<string, Row[]>> } } | null;
	errors: Array<{ message: string; path: string[]; extensions: Record<string, unknown> }> | null;
}

const scene = useScene();

let now = NOON;

/** Lets time pass. */
const pass = (minutes: number): void => {
	now += minutes * MINUTE;
};

const start = async (health: HealthOptions = {}) => {
	now = NOON;
	await scene.start({ now: () => now, health });
};

beforeEach(async () => await start());

const iso = (ms: number) => new Date(ms).toISOString();

const ask = async (body: unknown, token = scene.simulator.apiToken) => {
	const called = await scene.caller.call('POST', '/graphql', { body, auth: bearer(token) });
	return { ...called, body: called.body as unknown as Body };
};

const filterOf = (minutes: number, more: object = {}) => ({
	datetime_geq: iso(now - minutes * MINUTE),
	datetime_lt: iso(now),
	...more,
});

const rows = async (filter: object = filterOf(30), account = scene.simulator.accountId) => {
	const { body, status } = await ask({ query: QUERY, variables: { account, filter } });
	expect([status, body.errors]).toEqual([200, null]);
	return Object.values(body.data!.viewer.accounts[0]!)[0]!;
};

const first = () => scene.first().name;

/** States of the first tunnel in a data centre, oldest first. */
const states = async (dataCentre = 'fra01', minutes = 30) => {
	const found = await rows(
		filterOf(minutes, { tunnelName: first(), edgeColoName_in: [dataCentre] }),
	);
	return found.map(({ avg }) => Number(avg.tunnelState.toFixed(2))).reverse();
};

describe('results', () => {
	it('come in a row for each tunnel, data centre and minute, five minutes late, newest first', async () => {
		const found = await rows(filterOf(10));
		expect(found).toHaveLength(3 * 5 * 5);
		expect(found[0]!.dimensions.datetimeMinute).toBe('2026-11-21T11:54:00Z');
		expect(found.at(-1)!.dimensions.datetimeMinute).toBe('2026-11-21T11:50:00Z');
		expect(new Set(found.map(({ dimensions }) => dimensions.tunnelName))).toEqual(
			new Set(scene.simulator.tunnels().map(({ name }) => name)),
		);
	});

	it('count those of the asked time only, also within a minute', async () => {
		const [whole] = await rows({ ...filterOf(10), tunnelName: first(), edgeColoName: 'fra01' });
		const [half] = await rows({
			datetime_geq: iso(NOON - 6 * MINUTE + 30_000),
			datetime_lt: iso(NOON - 5 * MINUTE),
			tunnelName: first(),
			edgeColoName: 'fra01',
		});
		expect(half!.count).toBe(whole!.count / 2);
		expect(half!.dimensions.datetimeMinute).toBe('2026-11-21T11:54:00Z');
	});

	it('tell active data centres from idle ones', async () => {
		const active = await rows(filterOf(10, { active: 1 }));
		expect(new Set(active.map(({ dimensions }) => dimensions.edgeColoName))).toEqual(
			new Set(['fra01', 'ams02']),
		);
		scene.simulator.health.setActive(first(), 'fra01', false);
		pass(10);
		const later = await rows(filterOf(10, { active: 1, tunnelName: first() }));
		expect(new Set(later.map(({ dimensions }) => dimensions.edgeColoName))).toEqual(
			new Set(['ams02']),
		);
	});

	it('are none before the tunnel was made', async () => {
		scene.simulator.addTunnel({ name: 'young', psk: 'k' });
		expect(await rows(filterOf(30, { tunnelName: 'young' }))).toEqual([]);
		pass(7);
		expect((await rows(filterOf(30, { tunnelName: 'young' }))).length).toBe(2 * 5);
	});

	it('are sampled, if asked so', async () => {
		await start({ sampleInterval: 4, delayMs: 0 });
		for (const { count, avg } of await rows(filterOf(5))) {
			expect(avg.sampleInterval).toBe(4);
			expect(count % 4).toBe(0);
		}
	});

	it('are bad while the health check is off', async () => {
		scene.simulator.updateTunnel(first(), {
			health_check: { ...scene.first().health_check, enabled: false, target: '' },
		});
		expect(new Set(await states())).toEqual(new Set([0]));
	});

	it('are those of the account that the query names', async () => {
		const accounts = await startAccounts([
			{ tunnels: 1, seed: 1 },
			{ tunnels: 2, seed: 2 },
		]);
		try {
			const caller = createCaller({ ...accounts.accounts[0]!, ...accounts } as never);
			for (const [index, { accountId }] of accounts.accounts.entries()) {
				const filter = {
					datetime_geq: iso(Date.now() - 10 * MINUTE),
					datetime_lt: iso(Date.now()),
				};
				const { body } = await caller.call('POST', '/graphql', {
					body: { query: QUERY, variables: { account: accountId, filter } },
				});
				const [found = []] = Object.values((body as unknown as Body).data!.viewer.accounts[0]!);
				expect(new Set(found.map(({ dimensions }) => dimensions.tunnelName)).size).toBe(index + 1);
			}
		} finally {
			await accounts.close();
		}
	});
});

describe('the state machine', () => {
	it('stays down for five minutes at least, then degraded for five, then healthy', async () => {
		const { health } = scene.simulator;
		health.setLoss(first(), 1);
		pass(1);
		health.setLoss(first(), 0);
		pass(14);
		await start({ delayMs: 0 });
		scene.simulator.health.setLoss(first(), 1);
		pass(1);
		scene.simulator.health.setLoss(first(), 0);
		pass(12);
		expect(await states('fra01', 13)).toEqual([0, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 1, 1]);
	});

	it('takes up to thirty minutes from degraded to healthy', async () => {
		await start({ delayMs: 0, recoveryMs: 30 * MINUTE });
		scene.simulator.health.setLoss(first(), 0.01);
		pass(2);
		scene.simulator.health.setLoss(first(), 0);
		pass(29);
		expect(scene.simulator.health.stateNow(first())).toBe(0.5);
		pass(2);
		expect(scene.simulator.health.stateNow(first())).toBe(1);
	});

	it('is degraded from one lost probe in a thousand on, and not by a single one', async () => {
		const { health } = scene.simulator;
		health.setLoss(first(), 0.0009);
		expect(health.stateNow(first())).toBe(1);
		health.loseProbes(first(), 1);
		expect(health.stateNow(first())).toBe(1);
		health.setLoss(first(), 0.001);
		expect(health.stateNow(first())).toBe(0.5);
	});

	it('runs on each server alone', async () => {
		const { health } = scene.simulator;
		health.loseProbes(first(), 2);
		expect(health.stateNow(first(), 'fra01')).toBe(0.875);
		expect(health.stateNow(first(), 'ams02')).toBe(1);
		pass(4);
		expect(health.stateNow(first(), 'fra01')).toBe(0.875);
		pass(2);
		expect(health.stateNow(first(), 'fra01')).toBe(1);
	});

	it('may differ from city to city, and down wins', async () => {
		const { health } = scene.simulator;
		health.setLoss(first(), 0.5);
		health.setLoss(first(), 1, 'ams02');
		expect(['fra01', 'ams02'].map((place) => health.stateNow(first(), place))).toEqual([0.5, 0]);
		expect(() => health.setLoss(first(), 1, 'xyz01')).toThrow('no data centre');
	});
});

describe('a router', () => {
	it('keeps its SA when the key changes, and loses it by authenticating with the old key', async () => {
		const { simulator } = scene;
		const { health } = simulator;
		simulator.setKey(first(), 'the new key');
		pass(60);
		expect(health.stateNow(first())).toBe(1);
		expect(health.authenticate(first())).toBe(false);
		expect(health.stateNow(first())).toBe(0);
		expect(health.authenticatedAt(first())).toBeUndefined();
		pass(20);
		expect(health.stateNow(first())).toBe(0);
		health.loadKey(first(), 'the new key');
		expect(health.authenticate(first())).toBe(true);
		expect(health.authenticatedAt(first())).toBe(now);
		pass(4);
		expect(health.stateNow(first())).toBe(0.5);
		pass(10);
		expect(health.stateNow(first())).toBe(1);
	});

	it('with the new key stays healthy', async () => {
		const { simulator } = scene;
		simulator.setKey(first(), 'the new key');
		simulator.health.loadKey(first(), 'the new key');
		expect(simulator.health.authenticate(first())).toBe(true);
		expect(simulator.health.stateNow(first())).toBe(1);
	});

	it('is down until its new SA has spread', async () => {
		await start({ spreadMs: 120_000 });
		const { health } = scene.simulator;
		expect(health.authenticate(first())).toBe(true);
		expect(health.stateNow(first())).toBe(0);
		pass(20);
		expect(health.stateNow(first())).toBe(1);
	});

	it('of a tunnel without a key has no SA', async () => {
		const { simulator } = scene;
		simulator.addTunnel({ name: 'new' });
		expect(simulator.health.stateNow('new')).toBe(0);
		simulator.setKey('new', 'a key');
		expect(simulator.health.authenticate('new')).toBe(false);
		simulator.health.loadKey('new', 'a key');
		expect(simulator.health.authenticate('new')).toBe(true);
	});

	it('stays down by its line whatever it authenticates with', async () => {
		const { health } = scene.simulator;
		health.setLoss(first(), 1);
		expect(health.authenticate(first())).toBe(true);
		expect(health.stateNow(first())).toBe(0);
	});

	it('can be told of from another process', async () => {
		const { simulator, caller } = scene;
		const control = async (name: string, body: object) => {
			const answer = await fetch(`${simulator.origin}/__sim/${name}`, {
				method: 'POST',
				body: JSON.stringify(body),
			});
			return (await answer.json()) as unknown;
		};
		expect(caller).toBeDefined();
		const tunnel = first();
		expect(await control('health', { tunnel, loss: 1, data_centre: 'fra01' })).toEqual({
			state: 0,
		});
		expect(await control('health', { tunnel, active: false, data_centre: 'fra01' })).toEqual({
			state: 0,
		});
		expect(await control('routers', { tunnel, psk: 'x', authenticate: true })).toEqual({
			authenticated: false,
			authenticated_at: null,
		});
		expect(await control('health', {})).toEqual({ error: 'tunnel must be an id or a name' });
		expect(await control('routers', {})).toEqual({ error: 'tunnel must be an id or a name' });
	});
});

const DATASET = 'magicTransitTunnelHealthChecksAdaptiveGroups';

const query = (inner: string) => ({
	query: `{ viewer { accounts(filter: {accountTag: "${scene.simulator.accountId}"}) { ${inner} } } }`,
});

const range = () => `datetime_geq: "${iso(now - 10 * MINUTE)}", datetime_lt: "${iso(now)}"`;

describe('a query that the real schema refuses', () => {
	it.each<[string, () => unknown, keyof typeof GRAPHQL_ERRORS]>([
		['an unknown dataset', () => query('magicTunnels { count }'), 'unknownField'],
		[
			'tunnelState as a dimension',
			() => query(`${DATASET}(filter: {${range()}}, limit: 1) { dimensions { tunnelState } }`),
			'unknownField',
		],
		['no filter', () => query(`${DATASET}(limit: 1) { count }`), 'badArguments'],
		['no limit', () => query(`${DATASET}(filter: {${range()}}) { count }`), 'badArguments'],
		[
			'a filter that there is not',
			() => query(`${DATASET}(filter: {${range()}, tunnelId: "x"}, limit: 1) { count }`),
			'badArguments',
		],
		[
			'an order that there is not',
			() => query(`${DATASET}(filter: {${range()}}, limit: 1, orderBy: [name_ASC]) { count }`),
			'badArguments',
		],
		[
			'a time that is none',
			() => query(`${DATASET}(filter: {datetime_geq: "yesterday"}, limit: 1) { count }`),
			'badArguments',
		],
		[
			'selections of a scalar',
			() => query(`${DATASET}(filter: {${range()}}, limit: 1) { count { x } }`),
			'selectionsOnScalar',
		],
		[
			'an object without selections',
			() => query(`${DATASET}(filter: {${range()}}, limit: 1) { avg }`),
			'noSelections',
		],
		['no GraphQL', () => ({ query: 'SELECT 1' }), 'notParsed'],
		['no query', () => ({}), 'notParsed'],
		['a mutation', () => ({ query: 'mutation { cost }' }), 'badArguments'],
		[
			'a page that is too large',
			() => query(`${DATASET}(filter: {${range()}}, limit: 10001) { count }`),
			'limitTooHigh',
		],
		[
			'no page at all',
			() => query(`${DATASET}(filter: {${range()}}, limit: 0) { count }`),
			'limitTooHigh',
		],
		[
			'more than a week',
			() =>
				query(
					`${DATASET}(filter: {datetime_geq: "${iso(now - 8 * 1440 * MINUTE)}"}, limit: 1) { count }`,
				),
			'tooWide',
		],
		[
			'what is too long ago',
			() =>
				query(
					`${DATASET}(filter: {datetime_geq: "2026-01-01T00:00:00Z", datetime_lt: "2026-01-02T00:00:00Z"}, limit: 1) { count }`,
				),
			'tooOld',
		],
	])('%s', async (_, body, name) => {
		const [expected, text] = GRAPHQL_ERRORS[name];
		const { status, body: answer } = await ask(body());
		expect(status).toBe(expected);
		expect(answer.data).toBeNull();
		expect(answer.errors![0]!.message.startsWith(text)).toBe(true);
		expect(answer.errors![0]!.extensions.timestamp).toBe(iso(now));
	});
});

describe('a query', () => {
	it('may name its variables by the types of others', async () => {
		const { body } = await ask({
			query: `query ($a: String!, $n: Int!, $from: Time!) { viewer { accounts(filter: {accountTag: $a}) {
				${DATASET}(filter: {datetime_geq: $from}, limit: $n) { count } } } }`,
			variables: { a: scene.simulator.accountId, n: 5, from: iso(now - 10 * MINUTE) },
		});
		expect(Object.values(body.data!.viewer.accounts[0]!)[0]).toEqual([
			{ count: expect.any(Number) },
		]);
	});

	it('may ask for the limits, unless that is not allowed', async () => {
		const body = () =>
			query(`settings { ${DATASET} { maxPageSize maxDuration notOlderThan enabled } }`);
		expect((await ask(body())).body.data!.viewer.accounts[0]).toMatchObject({
			settings: { [DATASET]: { maxPageSize: 10_000, maxDuration: 604_800, enabled: true } },
		});
		await start({ settings: false });
		expect((await ask(body())).status).toBe(403);
	});

	it('filters by lists, patterns, comparisons, AND and OR, and sorts', async () => {
		const { body } = await ask(
			query(`${DATASET}(filter: {${range()}, AND: [{edgeColoName_like: "%01"}, {OR: [{edgeColoCode: "FRA"}, {edgeColoCity: "London"}]}],
				edgeColoName_notin: ["x"], edgeColoName_notlike: "a%", active_geq: 0, active_lt: 2, edgeColoRegion_neq: "Asia"},
				limit: 100, orderBy: [edgeColoCode_DESC, count_ASC]) { dimensions { edgeColoCode edgeColoCountry edgeColoRegion edgePopName siteName remoteTunnelIPv4 resultStatus datetimeFiveMinutes } }`),
		);
		const [found = []] = Object.values(body.data!.viewer.accounts[0]!);
		expect([...new Set(found.map(({ dimensions }) => dimensions.edgeColoCode))]).toEqual([
			'LHR',
			'FRA',
		]);
		expect(found[0]!.dimensions).toMatchObject({
			edgeColoCountry: 'GB',
			edgePopName: 'lhr01',
			resultStatus: 'healthy',
			siteName: '',
			datetimeFiveMinutes: '2026-11-21T11:50:00Z',
		});
	});

	it('may use fragments', async () => {
		const { body } = await ask({
			query: `${query(`${DATASET}(filter: {${range()}}, limit: 1) { dimensions { ...place ... { tunnelName } } }`).query}
				fragment place on AccountMagicTransitTunnelHealthChecksAdaptiveGroupsDimensions { edgeColoName }`,
		});
		const [found = []] = Object.values(body.data!.viewer.accounts[0]!);
		expect(Object.keys(found[0]!.dimensions)).toEqual(['edgeColoName', 'tunnelName']);
	});

	it('needs the permission for analytics, which none for Magic implies', async () => {
		const { noAnalyticsToken, noPermissionToken, noNotificationsToken, accountId } =
			scene.simulator;
		const body = { query: QUERY, variables: { account: accountId, filter: filterOf(10) } };
		for (const token of [noAnalyticsToken, noPermissionToken]) {
			const { status, body: answer } = await ask(body, token);
			expect([status, answer.errors![0]!.message]).toEqual([
				403,
				'not authorized for that account',
			]);
		}
		expect((await ask(body, noNotificationsToken)).status).toBe(200);
		expect((await scene.caller.magic('GET', '', { auth: bearer(noAnalyticsToken) })).status).toBe(
			200,
		);
	});

	it('sees no other account, and none without a filter', async () => {
		const variables = { account: 'f'.repeat(32), filter: filterOf(10) };
		expect((await ask({ query: QUERY, variables })).status).toBe(403);
		expect((await ask({ query: '{ viewer { accounts { accountTag } } }' })).body.data).toEqual({
			viewer: { accounts: [] },
		});
	});

	it('with malformed headers is refused in the form of the REST API', async () => {
		const { status, body } = await ask({ query: '{ cost }' }, 'short');
		expect(status).toBe(400);
		expect(body).toMatchObject({ success: false, errors: [{ code: 6003 }] });
	});

	it('is one of 300 in five minutes', async () => {
		await start({ queryLimit: 2 });
		for (let index = 0; index < 2; index++) {
			expect((await ask({ query: '{ cost }' })).status).toBe(200);
		}
		const { status, body, headers } = await ask({ query: '{ cost }' });
		expect(status).toBe(429);
		expect(headers['retry-after']).toBeUndefined();
		expect(body.errors![0]!.message).toBe(GRAPHQL_ERRORS.budget[1]);
		pass(6);
		expect((await ask({ query: '{ cost }' })).status).toBe(200);
	});

	it('may be limited by the account, which says so otherwise', async () => {
		await start({ queryLimit: 0, queryLimitForm: 'account' });
		const { status, body, headers } = await ask({ query: '{ cost }' });
		expect(status).toBe(200);
		expect(headers['x-rate-limit-type']).toBe('account-based');
		expect(body.errors![0]!.extensions.code).toBe('budget');
		scene.simulator.resetRateLimit();
	});

	it('can be made to fail in any form', async () => {
		scene.simulator.faults.add({ kind: 'graphqlError', message: 'Unauthorized', code: 10000 });
		const { status, body } = await ask({ query: '{ cost }' });
		expect([status, body.errors![0]!.extensions.code]).toEqual([200, 10000]);
	});

	it('is sent by POST only', async () => {
		expect((await scene.caller.call('GET', '/graphql')).status).toBe(405);
	});
});
