import { printed } from '../helpers/printed';
import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { alertOfEntry, eventOf, itemOf } from '../../nodes/CloudflareMagicAlert/alert';
import { withoutSecret } from '../../nodes/CloudflareMagicAlert/echo';
import type { JsonRecord } from '../../nodes/http/json';
import { leaksIn } from '../helpers/scanner';
import type { WebhookHost } from '../helpers/webhook';
import { startAccountFor, startWebhookHost } from '../helpers/webhook';
import type { Simulator } from '../simulator';

/** Alerts of every form: no page of Cloudflare's shows one of Magic's, so that any may come. */

const FIELDS = [
	'event',
	'tunnel_id',
	'tunnel_name',
	'status',
	'previous_status',
	'slo',
	'observed_slo',
	'pops',
	'alert_type',
	'account_id',
	'policy_id',
	'occurred_at',
	'text',
	'raw',
];

const known = (values: unknown[]) => fc.oneof(fc.constantFrom(...values), fc.jsonValue());

const data = fc.record(
	{
		tunnel_name: known(['site-ams-01', '', null]),
		tunnel_id: known(['a'.repeat(32)]),
		new_status: known(['MAGIC_TUNNEL_STATUS_DOWN', 'MAGIC_TUNNEL_STATUS_UP', 'DEGRADED', '']),
		previous_status: known(['MAGIC_TUNNEL_STATUS_UP']),
		pop_names: known(['ZRH, MXP', ['ZRH', 7], ' , ']),
		slo: known(['99.9', 99.9, '99.9 %', 'NaN', '']),
		observed_slo: known(['85.5', -1, Number.MAX_VALUE]),
		mwan_site_name: known(['Zurich']),
		event_ts: known(['2026-02-01T10:00:00Z', '2026-02-30', 1e20, -1]),
		severity: known(['HIGH']),
	},
	{ requiredKeys: [] },
);

const alertWith = (policy: string) =>
	fc.record(
		{
			name: known(['x']),
			text: known(['A tunnel is down']),
			data: fc.oneof({ weight: 4, arbitrary: data }, { weight: 1, arbitrary: fc.jsonValue() }),
			ts: known([1_790_000_000, '1790000000', 1_790_000_000_000, 1e300, -5, null]),
			account_id: known(['b'.repeat(32)]),
			policy_id: known([policy]),
			alert_type: known(['magic_wan_tunnel_health', 'other']),
			alert_correlation_id: known(['c1', 'c2', '']),
			alert_event: known(['ALERT_STATE_EVENT_START', 'ALERT_STATE_EVENT_END', 'ALERT_STATE_X']),
		},
		{ requiredKeys: [] },
	);

/** What must be true of an item, whatever it was made of. */
function expectItem(item: IDataObject, alert: unknown): void {
	expect(Object.keys(item)).toEqual(expect.arrayContaining(FIELDS));
	for (const name of ['tunnel_id', 'tunnel_name', 'status', 'alert_type', 'text', 'policy_id']) {
		expect(item[name] === null || typeof item[name] === 'string').toBe(true);
	}
	for (const name of ['slo', 'observed_slo']) {
		expect(item[name] === null || Number.isFinite(item[name])).toBe(true);
	}
	expect([null, 'start', 'end']).toContain(item.event);
	expect(Array.isArray(item.pops) && item.pops.every((pop) => typeof pop === 'string')).toBe(true);
	if (item.occurred_at !== null) {
		expect(new Date(item.occurred_at as string).toISOString()).toBe(item.occurred_at);
	}
	expect(item.raw).toEqual(alert);
}

describe('an alert of any form', () => {
	it('gives an item, and never throws', () => {
		fc.assert(
			fc.property(fc.oneof(alertWith('p'), fc.dictionary(fc.string(), fc.jsonValue())), (alert) => {
				const one = alert as JsonRecord;
				expectItem(itemOf(one), one);
			}),
			{ numRuns: 1000 },
		);
	});

	it('is read from the history in any form, and keeps the entry of its policy', () => {
		const body = fc.oneof(
			alertWith('p').map((alert) => JSON.stringify(alert)),
			fc.record({ data, metadata: fc.oneof(fc.record({ event: fc.jsonValue() }), fc.jsonValue()) }),
			fc.jsonValue(),
		);
		fc.assert(
			fc.property(body, fc.jsonValue(), (alert_body, sent) => {
				const alert = alertOfEntry({ alert_body, sent, alert_type: 't' }, 'account');
				expectItem(itemOf(alert), alert);
				expect(alert.alert_type).toBeDefined();
			}),
			{ numRuns: 1000 },
		);
	});

	it.each<[unknown, unknown, string | null]>([
		['ALERT_STATE_EVENT_START', 'MAGIC_TUNNEL_STATUS_UP', 'start'],
		['ALERT_STATE_EVENT_END', undefined, 'end'],
		[undefined, 'MAGIC_TUNNEL_STATUS_UP', 'end'],
		[undefined, 'MAGIC_TUNNEL_STATUS_HEALTHY', 'end'],
		['ALERT_STATE_EVENT_UNSPECIFIED', 'MAGIC_TUNNEL_STATUS_DEGRADED', 'start'],
		[7, undefined, null],
	])('of event %j and status %j is %j', (alert_event, new_status, event) => {
		expect(eventOf({ alert_event, data: { new_status } })).toBe(event);
	});

	it('is read as Cloudflare writes it', () => {
		const item = itemOf({
			ts: 1_790_000_000,
			data: {
				new_status: 'MAGIC_TUNNEL_STATUS_Half_Open',
				pop_names: 'ZRH, MXP',
				slo: '99.9',
				observed_slo: 42,
				severity: 'HIGH',
				mwan_site_name: 'Zurich',
			},
		});
		expect(item).toMatchObject({
			status: 'half_open',
			pops: ['ZRH', 'MXP'],
			slo: 99.9,
			observed_slo: 42,
			occurred_at: '2026-09-21T14:13:20.000Z',
			severity: 'HIGH',
			site_name: 'Zurich',
		});
		expect(itemOf({ ts: 1, data: { event_ts: '2026-02-01T10:00:00Z' } }).occurred_at).toBe(
			'2026-02-01T10:00:00.000Z',
		);
		expect(itemOf({ ts: 1_790_000_000_000 }).occurred_at).toBe('2026-09-21T14:13:20.000Z');
	});
});

/** Texts on which a careless pattern takes a time that grows with the square of their length. */
const hostile = fc
	.tuple(
		fc.constantFrom('', '1', '9.5', 'MAGIC_TUNNEL_STATUS_', '2026-', 'ALERT_STATE_EVENT_'),
		fc.constantFrom(' ', '\t', '%', ' %', '1', '0', ',', ', ', '-', '(', 'e1', '%%20', '\\', '['),
		fc.integer({ min: 20_000, max: 200_000 }),
		fc.constantFrom('', 'x', '%', ')', '1'),
	)
	.map(([head, piece, length, tail]) => head + piece.repeat(length / piece.length) + tail);

const nested = (depth: number, inner = '') => '['.repeat(depth) + inner + ']'.repeat(depth);

describe('the time that an alert takes', () => {
	const NAMES = ['new_status', 'slo', 'observed_slo', 'pop_names', 'event_ts', 'tunnel_name'];
	/** Milliseconds; a square takes some thousands. */
	const LONGEST = 1000;

	const timed = (work: () => unknown): number => {
		const start = performance.now();
		work();
		return performance.now() - start;
	};

	it('does not grow with the square of its texts', () => {
		const slowest = fc.record({
			text: hostile,
			name: fc.constantFrom(...NAMES),
			all: fc.boolean(),
		});
		fc.assert(
			fc.property(slowest, ({ text, name, all }) => {
				const fields = all ? Object.fromEntries(NAMES.map((one) => [one, text])) : { [name]: text };
				const alert = { ts: text, alert_event: text, text, data: fields };
				expect(timed(() => itemOf(alert))).toBeLessThan(LONGEST);
				const entry = { alert_body: JSON.stringify(alert), sent: text };
				expect(timed(() => itemOf(alertOfEntry(entry, 'a')))).toBeLessThan(LONGEST);
				expect(timed(() => withoutSecret(alert, 'ab'.repeat(32)))).toBeLessThan(LONGEST);
			}),
			{ numRuns: 100 },
		);
	}, 120_000);

	it('is short for 80,000 spaces in a number', () => {
		const slo = `1${' '.repeat(80_000)}x`;
		expect(timed(() => itemOf({ data: { slo } }))).toBeLessThan(200);
	});

	it.each<[unknown, number | null]>([
		['99.9 %', 99.9],
		[' 5% ', 5],
		['%', null],
		['', null],
		['5 %%', null],
		['1e3', 1000],
		[' '.repeat(200), null],
		[NaN, null],
		[true, null],
	])('and %j is still the number %j', (slo, number) => {
		expect(itemOf({ data: { slo } }).slo).toBe(number);
	});

	it('is bounded for a million data centers', () => {
		const { pops } = itemOf({ data: { pop_names: 'A,'.repeat(500_000) } });
		expect(pops).toHaveLength(1000);
	});

	it('is bounded for entries of the history of any depth', () => {
		const deep = JSON.parse(nested(5000)) as unknown;
		for (const alert_body of [nested(100_000), ' '.repeat(2_000_000), deep]) {
			const alert = alertOfEntry({ alert_body, policy_id: 'p', name: deep, alert_type: deep }, 'a');
			expect(itemOf(alert).policy_id).toBe('p');
			expect(JSON.stringify(withoutSecret(alert, 'ab'.repeat(32)))).toBeDefined();
		}
	});
});

describe('a request of any form', () => {
	let host: WebhookHost;
	let simulator: Simulator;

	beforeAll(async () => {
		host = await startWebhookHost();
		simulator = await startAccountFor(host, { tunnels: 1, seed: 3 });
		await host.activate();
		printed.length = 0;
	});

	afterAll(async () => {
		await simulator.close();
		await host.close();
	});

	it('is answered, never with a failure, and never shows a secret', async () => {
		const known = simulator.alerts.webhooks()[0]!.secret!;
		const policy = simulator.alerts.policies()[0]!.id;
		const secrets = [known, simulator.apiToken];
		const body = fc.oneof(
			{ weight: 8, arbitrary: alertWith(policy).map((alert) => JSON.stringify(alert)) },
			{ weight: 1, arbitrary: fc.string() },
			{ weight: 1, arbitrary: fc.jsonValue().map((value) => JSON.stringify(value)) },
			{
				weight: 1,
				arbitrary: alertWith(policy).map((alert) => JSON.stringify({ ...alert, text: known })),
			},
		);
		await fc.assert(
			fc.asyncProperty(body, fc.boolean(), async (text, isAuthentic) => {
				const before = host.started.length;
				const status = await host.post(text, isAuthentic ? { 'cf-webhook-auth': known } : {});
				expect(isAuthentic ? [200, 400] : [401]).toContain(status);
				const begun = host.started.slice(before);
				if (status !== 200) expect(begun).toEqual([]);
				expect(begun.length).toBeLessThanOrEqual(1);
				expect(leaksIn([begun, host.answers.slice(-1)], secrets)).toEqual([]);
			}),
			{ numRuns: 500 },
		);
		expect(host.started.length).toBeGreaterThan(100);
		expect(leaksIn(printed, secrets)).toEqual([]);
	}, 120_000);

	it('is refused beyond a depth, with and without an id, and never fails', async () => {
		const headers = { 'cf-webhook-auth': simulator.alerts.webhooks()[0]!.secret! };
		const around = (value: string, id: string) =>
			`{"alert_type":"magic_wan_tunnel_health",${id}"data":{"x":${value}}}`;
		const depths = fc.oneof(fc.nat(100), fc.nat(100_000));
		const ids = fc.constantFrom('', '"alert_correlation_id":"deep",');
		await fc.assert(
			fc.asyncProperty(depths, ids, fc.boolean(), async (depth, id, isObject) => {
				const value = isObject
					? '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)
					: nested(depth, '1');
				const before = host.started.length;
				const status = await host.post(around(value, id), headers);
				expect(status).toBe(depth <= 30 ? 200 : 400);
				if (status !== 200) expect(host.started).toHaveLength(before);
			}),
			{ numRuns: 60 },
		);
	}, 60_000);

	it('without the secret is answered before it is read', async () => {
		expect(await host.post(nested(500_000))).toBe(401);
	});
});
