import type { HistoryEntry, NotificationBody } from '../simulator';
import { alertingSchemas } from '../simulator/alerting/schemas';
import { failureSchema } from '../simulator/schemas';
import { parseInstant } from '../simulator/time';
import { failureOf, useAlertingScene, UUID, WAN } from './alertingScene';
import { expectSchema } from './scene';

const scene = useAlertingScene();

describe('the history', () => {
	const DAY = 86_400_000;
	let time: number;

	beforeEach(async () => {
		time = Date.parse('2026-03-01T00:00:00Z');
		await scene.start({ now: () => time });
		await scene.subscribe({ description: 'Offices' });
		for (let fired = 0; fired < 7; fired++) {
			await scene.fire({ correlationId: String(fired) });
			time += DAY;
		}
	});

	const correlations = (entries: HistoryEntry[]): string =>
		entries
			.map(
				({ alert_body: body }) =>
					(JSON.parse(String(body)) as NotificationBody).alert_correlation_id,
			)
			.join('');

	it('tells the newest first, and all that is known of each', async () => {
		const entries = await scene.history();
		expect(correlations(entries)).toBe('6543210');
		expect(entries[0]).toMatchObject({
			id: expect.stringMatching(UUID) as string,
			name: 'Tunnels of the offices',
			description: 'Offices',
			alert_type: WAN,
			mechanism: scene.simulator.alerts.webhooks()[0]!.id,
			mechanism_type: 'webhook',
			policy_id: scene.simulator.alerts.policies()[0]!.id,
			sent: expect.stringMatching(/^2026-03-07T00:00:00\.\d{6}Z$/) as string,
		});
		expect(new Set(entries.map(({ id }) => id)).size).toBe(7);
		expect(scene.simulator.alerts.history()).toEqual(entries);
	});

	it.each([
		['', '6543210', { page: 1, per_page: 25, count: 7, total_count: 7 }],
		['?per_page=5', '65432', { page: 1, per_page: 5, count: 5, total_count: 7 }],
		['?per_page=5&page=2', '10', { page: 2, per_page: 5, count: 2, total_count: 7 }],
		['?per_page=5&page=3', '', { page: 3, per_page: 5, count: 0, total_count: 7 }],
		['?since=2026-03-05T00:00:00Z', '654', { count: 3, total_count: 3 }],
		['?before=2026-03-03T00:00:00%2B00:00', '10', { count: 2, total_count: 2 }],
		['?since=2026-03-02T12:00:00.5Z&before=2026-03-03T12:00:00Z', '2', { count: 1 }],
		['?since=2026-03-05T01:00:00%2B02:00', '654', { count: 3 }],
	])('answers %s', async (query, expected, info) => {
		const { body } = await scene.caller.alerting('GET', `/history${query}`);
		expectSchema(alertingSchemas.listAlertHistory, body);
		expect(correlations(body.result as HistoryEntry[])).toBe(expected);
		expect(body.result_info).toMatchObject(info);
	});

	it('excludes the very instants of since and before', async () => {
		const { sent } = (await scene.history())[3]!;
		expect(correlations(await scene.history(`?since=${sent}`))).toBe('654');
		expect(correlations(await scene.history(`?before=${sent}`))).toBe('210');
	});

	it('forgets after 90 days', async () => {
		time = Date.parse('2026-03-01T00:00:00Z') + 92.5 * DAY;
		expect(correlations(await scene.history())).toBe('6543');
	});

	it.each([
		'page=0',
		'page=x',
		'per_page=4',
		'per_page=1001',
		'since=yesterday',
		'before=2026-03-01',
		'since=2026-13-01T00:00:00Z',
	])('refuses %s', async (query) => {
		const answer = await scene.caller.alerting('GET', `/history?${query}`);
		expect(failureOf(answer).slice(0, 2)).toEqual([400, 0]);
		expectSchema(failureSchema, answer.body);
	});

	it('can show bodies as the example of the spec does', async () => {
		await scene.start({ alerting: { allowLoopback: true, historyBody: 'object' } });
		await scene.subscribe();
		const [delivery] = await scene.fire();
		const { body } = await scene.caller.alerting('GET', '/history');
		expectSchema(alertingSchemas.historyWithObjects, body);
		expect(body.result).toMatchObject([
			{ alert_body: { data: delivery!.body.data, metadata: { event: { type: WAN } } } },
		]);
	});
});

it.each([
	['2026-03-01T00:00:00Z', 1_772_323_200_000_000_000n],
	['2026-03-01t01:00:00.000001+01:00', 1_772_323_200_000_001_000n],
	['2026-03-01T00:00:00.1234567891Z', 1_772_323_200_123_456_789n],
	['2026-03-01T00:00:00', undefined],
	['2026-03-01', undefined],
	['', undefined],
])('reads the instant %s', (text, expected) => {
	expect(parseInstant(text)).toBe(expected);
});
