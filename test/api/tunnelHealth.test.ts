import type { HealthQuestion } from '../../nodes/api/tunnelHealth';
import { readTunnelHealth } from '../../nodes/api/tunnelHealth';
import { Pacer } from '../../nodes/api/pacer';
import { clientOf, failing } from '../helpers/client';
import { credentialsOf } from '../helpers/account';
import { useVirtualClock } from '../helpers/virtualClock';
import type { HealthOptions, Simulator, SimulatorOptions } from '../simulator';
import { startSimulator } from '../simulator';
import { GRAPHQL_ERRORS } from '../simulator/health/errors';

/** Reading tunnels' health: what is asked, what counts as an answer, and what an error says. */

const MINUTE = 60_000;
const virtual = useVirtualClock();

let account: Simulator;

const start = async (options: SimulatorOptions = { tunnels: 3, seed: 9 }) => {
	await account?.close();
	account = await startSimulator({ now: virtual.now, ...options });
};

beforeEach(async () => await start());
afterAll(async () => await account.close());

const names = () => account.tunnels().map(({ name }) => name);

const minute = (ms: number) => Math.floor(ms / MINUTE) * MINUTE;

const question = (more: Partial<HealthQuestion> = {}): HealthQuestion => ({
	names: names(),
	from: minute(virtual.now()) - 15 * MINUTE,
	to: virtual.now(),
	bucket: 'datetimeMinute',
	activeOnly: false,
	byName: true,
	...more,
});

const read = async (more: Partial<HealthQuestion> = {}) =>
	await readTunnelHealth(clientOf(account), question(more));

interface Variables {
	limit: number;
	filter: { datetime_geq: string; datetime_lt: string; tunnelName_in?: string[]; active?: number };
}

const queries = () =>
	account.requests
		.filter(({ operation }) => operation === 'graphql')
		.map(({ body }) => body as { query: string; variables: Variables });

const keyOf = ({
	tunnelName,
	dataCenter,
	at,
}: {
	tunnelName: string;
	dataCenter: string;
	at: number;
}) => `${tunnelName} ${dataCenter} ${at}`;

describe('one query', () => {
	it('asks one dataset, without aliases, and not for settings', async () => {
		await start({ tunnels: 3, seed: 9, health: { settings: false } });
		await read();
		expect(queries()).toHaveLength(1);
		const [{ query, variables }] = queries() as [ReturnType<typeof queries>[0]];
		expect(query.match(/AdaptiveGroups\(/g)).toHaveLength(1);
		expect(query).not.toMatch(/settings|\w+\s*:\s*magicTransit/);
		expect(variables.limit).toBe(10_000);
		expect(variables.filter.tunnelName_in).toEqual(names());
		expect(variables.filter.active).toBeUndefined();
	});

	it('gives the results of each tunnel in each data centre and minute', async () => {
		const [name] = names() as [string];
		account.health.setLoss(name, 1, 'ams02');
		await start({ tunnels: 3, seed: 9, health: { delayMs: 0 } });
		account.health.setLoss(name, 1, 'ams02');
		const results = await read({ to: virtual.now() + MINUTE });
		const places = new Set(results.map(({ dataCenter }) => dataCenter));
		expect(places).toEqual(new Set(['fra01', 'ams02', 'lhr01', 'iad02', 'sin02']));
		expect(results.find((one) => one.tunnelName === name && one.dataCenter === 'fra01')).toEqual({
			tunnelName: name,
			dataCenter: 'fra01',
			city: 'Frankfurt',
			active: true,
			at: expect.any(Number),
			results: expect.any(Number),
			state: 1,
		});
		for (const { at } of results) expect(at % MINUTE).toBe(0);
	});

	it('asks for active data centres alone', async () => {
		const results = await read({ activeOnly: true });
		expect(new Set(results.map(({ dataCenter }) => dataCenter))).toEqual(
			new Set(['fra01', 'ams02']),
		);
		expect(queries()[0]!.variables.filter.active).toBe(1);
	});

	it('is for all tunnels where none are to be named', async () => {
		const results = await read({ byName: false, names: [names()[0]!] });
		expect(new Set(results.map(({ tunnelName }) => tunnelName)).size).toBe(3);
		expect(queries()[0]!.variables.filter.tunnelName_in).toBeUndefined();
	});

	it('is not sent for no tunnel, and not for no time', async () => {
		expect(await read({ names: [] })).toEqual([]);
		expect(await read({ from: virtual.now() })).toEqual([]);
		expect(queries()).toEqual([]);
	});

	it('names 200 tunnels at most', async () => {
		await start({ tunnels: 401, seed: 9, health: { dataCentres: [] } });
		await read();
		expect(queries().map(({ variables }) => variables.filter.tunnelName_in!.length)).toEqual([
			1, 200, 200,
		]);
	});
});

describe('a full page', () => {
	const everything = async (health: HealthOptions, more: Partial<HealthQuestion> = {}) => {
		const before = await read(more);
		await start({ tunnels: 3, seed: 9, health });
		const after = await read(more);
		expect(after.map(keyOf).sort()).toEqual(before.map(keyOf).sort());
		expect(new Set(after.map(keyOf)).size).toBe(after.length);
		return queries();
	};

	it('counts as truncated: what is older is asked again, from the last minute on', async () => {
		// 3 tunnels, 5 data centres, some 10 minutes.
		const asked = await everything({ maxPageSize: 40 });
		expect(asked.length).toBeLessThan(12);
		expect(asked[1]!.variables.limit).toBe(40);
		const until = asked.slice(1).map(({ variables }) => variables.filter.datetime_lt);
		expect(until).toEqual([...until].sort().reverse());
	});

	it('of one minute is asked again for fewer tunnels', async () => {
		const asked = await everything({ maxPageSize: 11 });
		expect(Math.min(...asked.map(({ variables }) => variables.filter.tunnelName_in!.length))).toBe(
			1,
		);
	});

	it('of all tunnels is asked again by name', async () => {
		const asked = await everything({ maxPageSize: 12 }, { byName: false });
		expect(asked[0]!.variables.filter.tunnelName_in).toBeUndefined();
		expect(asked.at(-1)!.variables.filter.tunnelName_in).toBeDefined();
	});

	it('that is not sorted is believed in nothing', async () => {
		account.faults.add({
			kind: 'rewrite',
			operation: 'graphql',
			times: Infinity,
			change(body, request) {
				const { limit } = (request.body as { variables: Variables }).variables;
				const rows = rowsIn(body);
				if (rows.length < limit) rows.reverse();
				else rows.push(rows.shift());
				return body;
			},
		});
		const asked = await everything({ maxPageSize: 40 });
		expect(asked.length).toBeGreaterThan(3);
	});

	it('of one tunnel in one minute is an error, not a guess', async () => {
		await start({ tunnels: 3, seed: 9, health: { maxPageSize: 5 } });
		const error = await failing(read());
		expect(error.message).toContain('a page holds too little for the results of a moment');
	});
});

/** The rows of a good answer, to be changed. */
const rowsIn = (body: unknown): unknown[] => {
	const { data } = body as { data: { viewer: { accounts: Array<Record<string, unknown[]>> } } };
	return Object.values(data.viewer.accounts[0]!)[0]!;
};

const ANALYTICS = /Account Analytics Read/;

describe('a refusal', () => {
	type Case = [name: keyof typeof GRAPHQL_ERRORS, rest: string, words: RegExp];

	const CASES: Case[] = [
		['unknownField', '"x"', /unknown field/],
		['badArguments', '"x"', /error parsing args/],
		['notParsed', '', /contains error/],
		['tooOld', '7862400s', /cannot request data older/],
		['tooManyFields', '30', /number of fields/],
		['unauthorized', '', ANALYTICS],
		['notForAccount', '', ANALYTICS],
		['noAccess', '"x"', ANALYTICS],
		['tooManyNodes', '', /too many nodes/],
	];

	describe.each([
		['with the status that is documented', (documented: number) => documented],
		['with HTTP 200', () => 200],
	])('%s', (_, statusOf) => {
		it.each(CASES)('%s is told once, in its own words', async (name, rest, words) => {
			const [documented, text] = GRAPHQL_ERRORS[name];
			account.faults.add({
				kind: 'graphqlError',
				message: `${text} ${rest}`.trim(),
				status: statusOf(documented),
				times: Infinity,
			});
			const error = await failing(read());
			expect(error.message).toMatch(/^Could not read the tunnels' health: /);
			expect(`${error.message} ${error.description}`).toMatch(words);
			expect(error.effect).toBe('none');
			expect(queries()).toHaveLength(1);
		});

		it.each(['internal', 'unable', 'inProgress'] as const)('%s is tried again', async (name) => {
			const [documented, message] = GRAPHQL_ERRORS[name];
			account.faults.add({
				kind: 'graphqlError',
				message,
				status: statusOf(documented),
				times: 2,
			});
			expect((await read()).length).toBeGreaterThan(0);
			expect(queries()).toHaveLength(3);
			expect(virtual.slept()).toBeLessThan(10_000);
		});

		it('for too many queries is waited out for five minutes', async () => {
			const [documented, message] = GRAPHQL_ERRORS.budget;
			account.faults.add({ kind: 'graphqlError', message, status: statusOf(documented) });
			expect((await read()).length).toBeGreaterThan(0);
			expect(virtual.slept()).toBe(300_000);
		});

		it.each([
			['tooWide', 'the range'],
			['excessive', ''],
		] as const)('%s is asked again in smaller pieces', async (name, rest) => {
			const [documented, text] = GRAPHQL_ERRORS[name];
			const whole = (await read()).map(keyOf).sort();
			account.resetRequests();
			account.faults.add({
				kind: 'graphqlError',
				message: `${text} ${rest}`.trim(),
				status: statusOf(documented),
			});
			expect((await read()).map(keyOf).sort()).toEqual(whole);
			expect(queries().map(({ variables }) => variables.filter.tunnelName_in!.length)).toEqual([
				3, 1, 2,
			]);
		});
	});

	it.each([
		'limit reached, please try again later',
		'Account 0123 has exceeded its rate limit. Please try again after 5 minutes',
	])("'%s' is one for too many queries", async (message) => {
		account.faults.add({ kind: 'graphqlError', message });
		expect((await read()).length).toBeGreaterThan(0);
		expect(virtual.slept()).toBe(300_000);
	});

	it('by the code budget is one for too many queries, and Retry-After counts', async () => {
		account.faults.add({ kind: 'graphqlError', message: 'no', code: 'budget' });
		account.faults.add({ kind: 'headers', headers: { 'retry-after': '20' } });
		expect((await read()).length).toBeGreaterThan(0);
		expect(virtual.slept()).toBe(20_000);
	});

	it("of a time range 'wider than' ends in single minutes, and then in the error", async () => {
		account.faults.add({
			kind: 'graphqlError',
			message: 'cannot request a time range wider than 1s',
			times: Infinity,
		});
		const error = await failing(read({ names: [names()[0]!] }));
		expect(error.description).toContain('wider than 1s');
		expect(queries().length).toBeLessThan(10);
	});

	it.each([
		[9109, ANALYTICS],
		['10000', ANALYTICS],
		[10000, ANALYTICS],
	])('by the code %j among the extensions names the permission', async (code, words) => {
		account.faults.add({ kind: 'graphqlError', message: 'Authentication error', code });
		const error = await failing(read());
		expect(error.description).toMatch(words);
		expect(error.description).toContain(`(code ${code})`);
	});

	it('in the form of the REST API is understood', async () => {
		const body = JSON.stringify({
			success: false,
			errors: [
				{
					code: 6003,
					message: 'Invalid request headers',
					error_chain: [{ code: 6103, message: 'Invalid format for X-Auth-Key header' }],
				},
			],
			messages: [],
			result: null,
		});
		account.faults.add({ kind: 'body', status: 400, body });
		const error = await failing(read());
		expect(error.description).toContain('Invalid format for X-Auth-Key header');
		expect(error.description).toContain('token, key or email is malformed');
	});

	it('of a token without the permission names the permission', async () => {
		const { cloudflareMagicTokenApi } = credentialsOf(account);
		expect(cloudflareMagicTokenApi).toBeDefined();
		const client = clientOf(
			Object.assign(Object.create(account) as Simulator, { apiToken: account.noAnalyticsToken }),
		);
		const error = await failing(readTunnelHealth(client, question()));
		expect(error.httpCode).toBe('403');
		expect(error.description).toMatch(ANALYTICS);
	});

	it('counts although data came with it', async () => {
		account.faults.add({
			kind: 'rewrite',
			operation: 'graphql',
			change: (body) => ({ ...(body as object), errors: [{ message: 'something failed' }] }),
		});
		const error = await failing(read());
		expect(error.description).toContain('something failed');
	});

	it('that repeats the token shows nothing of it', async () => {
		account.faults.add({ kind: 'graphqlError', message: `bad token ${account.apiToken}` });
		const error = await failing(read());
		expect(JSON.stringify([error, error.message, error.description])).not.toContain(
			account.apiToken,
		);
	});
});

describe('what is no answer of GraphQL', () => {
	it.each([
		['html', { kind: 'html' }, /not Cloudflare's JSON/],
		['nothing', { kind: 'empty' }, /empty/],
		['a redirect', { kind: 'redirect', location: 'http://127.0.0.1:9/' }, /not followed/],
		['half an answer', { kind: 'truncatedJson' }, /not Cloudflare's JSON/],
		['a page with 403', { kind: 'html', status: 403 }, ANALYTICS],
		[
			'an envelope of REST',
			{ kind: 'body', body: '{"success":true,"result":{}}' },
			/not Cloudflare's JSON/,
		],
		['no data', { kind: 'body', body: '{"data":null,"errors":null}' }, /not Cloudflare's JSON/],
		['no viewer', { kind: 'body', body: '{"data":{}}' }, /no list of results/],
		[
			'no account',
			{ kind: 'body', body: '{"data":{"viewer":{"accounts":[]}}}' },
			/shows nothing of the account[\s\S]*Account Analytics Read/,
		],
		[
			'no dataset',
			{ kind: 'body', body: '{"data":{"viewer":{"accounts":[{}]}}}' },
			/no list of results/,
		],
	] as const)('%s is told', async (_, fault, words) => {
		account.faults.add({ ...fault, operation: 'graphql', times: Infinity } as never);
		const error = await failing(read());
		expect(`${error.message} ${error.description}`).toMatch(words);
		expect(error.effect).toBe('none');
	});

	it.each([
		['no name', { dimensions: { tunnelName: '' } }],
		['no data centre', { dimensions: { edgeColoName: null } }],
		['no time', { dimensions: { datetimeMinute: 'now' } }],
		['no state', { avg: null }],
		['no count', { count: '12' }],
		['no dimensions', { dimensions: null }],
	])('a row with %s is told, and never left out', async (_, change) => {
		account.faults.add({
			kind: 'rewrite',
			operation: 'graphql',
			change(body) {
				const [first] = rowsIn(body) as Array<Record<string, object>>;
				const { dimensions } = change as { dimensions?: object | null };
				Object.assign(
					first!,
					change,
					dimensions ? { dimensions: { ...first!.dimensions, ...dimensions } } : {},
				);
				return body;
			},
		});
		const error = await failing(read());
		expect(error.message).toContain('a result is not whole');
	});

	it.each([
		['reset', { kind: 'reset' }],
		['truncated', { kind: 'truncate' }],
		['503', { kind: 'status', status: 503 }],
	] as const)('a connection that was %s is tried again', async (_, fault) => {
		account.faults.add({ ...fault, operation: 'graphql', times: 2 } as never);
		expect((await read()).length).toBeGreaterThan(0);
		expect(queries()).toHaveLength(3);
	});
});

describe('the limit of 300 queries in five minutes', () => {
	it('is kept by waiting, whatever the server would allow', async () => {
		await start({ tunnels: 1, seed: 9, health: { dataCentres: [] } });
		const client = clientOf(account);
		for (let count = 0; count < 300; count++) await readTunnelHealth(client, question());
		expect(virtual.slept()).toBe(0);
		await readTunnelHealth(client, question());
		expect(virtual.slept()).toBe(300_000);
		for (const { status } of account.requests) expect(status).toBe(200);
	});

	it('holds up no other request', async () => {
		const pacer = new Pacer();
		for (let count = 0; count < 300; count++) {
			expect(await pacer.enter(Infinity, undefined, true)).toBe('now');
			pacer.leave(undefined);
		}
		expect(await pacer.enter(0, undefined, true)).toEqual({ waitMs: 300_000 });
		expect(await pacer.enter(0)).toBe('now');
	});
});
