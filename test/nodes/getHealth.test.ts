import type { IDataObject } from 'n8n-workflow';
import { credentialsOf } from '../helpers/account';
import { byId, byName, runTunnel } from '../helpers/tunnelRun';
import { runNode } from '../helpers/node';
import { useVirtualClock } from '../helpers/virtualClock';
import type { HealthOptions, Simulator } from '../simulator';
import { startSimulator } from '../simulator';

/** Get Health on n8n's engine, against the simulated account. */

const MINUTE = 60_000;

const virtual = useVirtualClock();

/** Milliseconds by which the account's clock is ahead. */
let passed = 0;
let account: Simulator;

const start = async (health: HealthOptions = {}, tunnels = 3) => {
	await account?.close();
	passed = 0;
	account = await startSimulator({ now: () => virtual.now() + passed, tunnels, seed: 1, health });
};

beforeEach(async () => await start({ delayMs: 0 }));
afterAll(async () => await account.close());

/** What happened some minutes ago, on a clock that the node shares afterwards. */
const minutesAgo = (minutes: number, act: () => void) => {
	passed = -minutes * MINUTE;
	act();
	passed = 0;
};

const names = () => account.tunnels().map(({ name }) => name);

const run = async (parameters: IDataObject = {}, items?: IDataObject[]) => {
	const { jsons, ...rest } = await runTunnel(account, 'getHealth', {
		tunnelId: byName('={{ $json.name }}'),
		items: items ?? account.tunnels().map(({ name }) => ({ name })),
		...parameters,
	});
	return { ...rest, items: (jsons[0] ?? []) as IDataObject[] };
};

const healths = (items: IDataObject[]) => items.map(({ health }) => health);

const queries = () => account.requests.filter(({ operation }) => operation === 'graphql');

describe('Get Health', () => {
	it('gives an item for each, with the data centres behind its verdict', async () => {
		const [first, second] = names() as [string, string];
		minutesAgo(4, () => {
			account.health.setLoss(first, 1);
			account.health.setLoss(second, 0.5, 'ams02');
		});
		const { items, outputs } = await run();
		expect(healths(items)).toEqual(['down', 'degraded', 'healthy']);
		expect(items[0]).toEqual({
			tunnel_id: account.tunnel(first)!.id,
			tunnel_name: first,
			account_id: account.accountId,
			health: 'down',
			data_centers: [
				{
					name: 'ams02',
					city: 'Amsterdam',
					state: 'down',
					active: true,
					results: expect.any(Number),
					newest_result_at: expect.stringMatching(/:00\.000Z$/),
				},
				expect.objectContaining({ name: 'fra01', city: 'Frankfurt' }),
			],
			newest_result_at: expect.stringMatching(/:00\.000Z$/),
			window_minutes: 15,
			since: null,
		});
		expect(items[1]!.data_centers).toMatchObject([
			{ name: 'ams02', state: 'degraded' },
			{ name: 'fra01', state: 'healthy' },
		]);
		expect(outputs[0]!.map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 1 },
			{ item: 2 },
		]);
	});

	it('asks once for all items of an account, also of hundreds', async () => {
		await start({ delayMs: 0 }, 200);
		const { items } = await run();
		expect(items).toHaveLength(200);
		expect(account.requests.map(({ operation }) => operation)).toEqual(['list', 'graphql']);
	});

	it('asks once for each window that the items give', async () => {
		const items = names().map((name, index) => ({ name, window: index === 0 ? 5 : 30 }));
		const answer = await run({ windowMinutes: '={{ $json.window }}' }, items);
		expect(answer.items.map(({ window_minutes: minutes }) => minutes)).toEqual([5, 30, 30]);
		expect(queries()).toHaveLength(2);
	});

	it('takes a tunnel by its ID, twice if two items name it', async () => {
		const { id, name } = account.tunnels()[0]!;
		const { items } = await run({ tunnelId: byId('={{ $json.id }}') }, [{ id }, { id }]);
		expect(items.map(({ tunnel_name: of }) => of)).toEqual([name, name]);
	});

	it('is unknown, never healthy, where there are no results', async () => {
		await start({ delayMs: 20 * MINUTE });
		const { items } = await run();
		expect(healths(items)).toEqual(['unknown', 'unknown', 'unknown']);
		expect(items[0]).toMatchObject({ data_centers: [], newest_result_at: null });
	});

	it('is unknown where the health check is off, and says so', async () => {
		const first = account.tunnels()[0]!;
		account.updateTunnel(first.id, {
			health_check: { ...first.health_check, enabled: false, target: '' },
		});
		const { items, hints } = await run();
		expect(healths(items)).toEqual(['unknown', 'healthy', 'healthy']);
		expect(items[0]!.data_centers).toMatchObject([{ state: 'down' }, { state: 'down' }]);
		expect(hints.map(({ message }) => message)).toEqual([
			`The health of these tunnels is unknown, because their health checks are off: '${first.name}'`,
		]);
	});

	it('judges each data centre by its newest result', async () => {
		const [first] = names() as [string];
		minutesAgo(13, () => account.health.setLoss(first, 1));
		minutesAgo(12, () => account.health.setLoss(first, 0));
		expect(healths((await run()).items)[0]).toBe('healthy');
	});
});

describe('Since', () => {
	it('leaves out the results before it, whole minutes of them', async () => {
		const [first] = names() as [string];
		minutesAgo(8, () => account.health.setLoss(first, 1));
		minutesAgo(7, () => account.health.setLoss(first, 0));
		const since = new Date(virtual.now() - 2 * MINUTE - 30_000);
		const { items } = await run({ since: since.toISOString() });
		const [{ data_centers: places }] = items as [IDataObject];
		const minutes = (places as IDataObject[]).map(({ newest_result_at: at }) => String(at));
		expect(minutes.every((at) => Date.parse(at) >= since.getTime())).toBe(true);
		expect(items[0]!.since).toBe(since.toISOString());
		const { body } = queries()[0]!;
		const { datetime_geq: from } = (body as { variables: { filter: IDataObject } }).variables
			.filter;
		expect(Date.parse(String(from))).toBe(Math.ceil(since.getTime() / MINUTE) * MINUTE);
	});

	it('makes unknown what has no result after it, and asks for nothing that can be', async () => {
		const { items } = await run({ since: new Date(virtual.now() - 5_000).toISOString() });
		expect(healths(items)).toEqual(['unknown', 'unknown', 'unknown']);
		expect(queries()).toEqual([]);
	});

	it.each([
		[
			'of Cloudflare, with nanoseconds',
			'2022-02-01T18:09:47.054317925Z',
			'2022-02-01T18:09:47.054Z',
		],
		['with another zone', '2022-02-01T18:09:47+02:00', '2022-02-01T16:09:47.000Z'],
		[
			'of an expression',
			'={{ DateTime.fromISO("2022-02-01T18:09:47Z") }}',
			'2022-02-01T18:09:47.000Z',
		],
		['of a Date', '={{ new Date("2022-02-01T18:09:47Z") }}', '2022-02-01T18:09:47.000Z'],
	])('may be a time %s', async (_, since, expected) => {
		expect((await run({ since })).items[0]!.since).toBe(expected);
	});

	it("without a zone is a time of the workflow's", async () => {
		const { jsons } = await runNode({
			credentials: credentialsOf(account),
			parameters: {
				resource: 'tunnel',
				operation: 'getHealth',
				tunnelId: byName(names()[0]!),
				since: '2022-02-01T18:09:47',
			},
			settings: { timezone: 'Asia/Tokyo' },
		});
		expect(jsons[0]![0]!.since).toBe('2022-02-01T09:09:47.000Z');
	});
});

describe('Only Active', () => {
	it('counts the data centres that carried traffic', async () => {
		const [first] = names() as [string];
		minutesAgo(4, () => account.health.setLoss(first, 1, 'lhr01'));
		const { items } = await run();
		expect(healths(items)[0]).toBe('healthy');
		expect(items[0]!.data_centers).toHaveLength(2);
		const off = await run({ onlyActive: false });
		expect(healths(off.items)[0]).toBe('degraded');
		expect(off.items[0]!.data_centers).toHaveLength(5);
	});

	it('counts all for a tunnel that no data centre carried traffic of, in one more query', async () => {
		const [first] = names() as [string];
		minutesAgo(20, () => {
			for (const place of ['fra01', 'ams02']) account.health.setActive(first, place, false);
		});
		const { items } = await run();
		expect(items.map(({ data_centers: all }) => (all as unknown[]).length)).toEqual([5, 2, 2]);
		expect(healths(items)).toEqual(['healthy', 'healthy', 'healthy']);
		expect(queries()).toHaveLength(2);
	});
});

describe('what is wrong', () => {
	it.each([
		[{ windowMinutes: 0 }, "The parameter 'Window (Minutes)' can't be used", /from 1 to 10080/],
		[{ windowMinutes: 1.5 }, "The parameter 'Window (Minutes)' can't be used", /whole number/],
		[{ since: 'yesterday' }, "The parameter 'Since' can't be used", /date and time/],
		[{ since: '={{ 7 }}' }, "The parameter 'Since' can't be used", /date and time/],
		[{ onlyActive: '={{ "no" }}' }, "The parameter 'Only Active' can't be used", /true or false/],
		[{ tunnelId: byName('nobody') }, "The parameter 'Tunnel' names no single tunnel", /no tunnel/],
	])(
		'with %j is told before anything is asked of the data centres',
		async (parameters, message, words) => {
			const { error } = await run(parameters as IDataObject);
			expect(error?.message).toBe(message);
			expect(error?.description).toMatch(words);
			expect(queries()).toEqual([]);
		},
	);

	it('stops the run by default, with the missing permission named', async () => {
		const { error } = await runNode({
			credentials: credentialsOf(account, { apiToken: account.noAnalyticsToken }),
			parameters: { resource: 'tunnel', operation: 'getHealth', tunnelId: byName(names()[0]!) },
		});
		expect(error?.message).toMatch(/^Could not read the tunnels' health: /);
		expect(error?.description).toContain('Account Analytics Read');
	});

	it('becomes items where On Error says so, and only those that it is about', async () => {
		account.faults.add({ kind: 'graphqlError', message: 'unknown field "x"' });
		const items = [
			...names().map((name) => ({ name, window: 15 })),
			{ name: names()[0]!, window: 20 },
		];
		const answer = await run(
			{ windowMinutes: '={{ $json.window }}', node: { onError: 'continueRegularOutput' } },
			[...items, { name: 'nobody', window: 15 }],
		);
		expect(answer.error).toBeUndefined();
		expect(answer.items.map(({ error, health }) => health ?? String(error).slice(0, 30))).toEqual([
			"Could not read the tunnels' he",
			"Could not read the tunnels' he",
			"Could not read the tunnels' he",
			'healthy',
			"The parameter 'Tunnel' names n",
		]);
	});
});
