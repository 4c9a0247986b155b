import type { Policy } from '../simulator';
import { notificationSchema } from '../simulator/alerting/schemas';
import { failureSchema } from '../simulator/schemas';
import {
	failureOf,
	idOf,
	SECRET,
	TRANSIT,
	UNKNOWN_ID,
	useAlertingScene,
	WAN,
} from './alertingScene';
import { expectSchema } from './scene';

const scene = useAlertingScene();

describe('policies', () => {
	let webhookId: string;
	beforeEach(async () => {
		webhookId = idOf(await scene.createHook());
	});

	it('creates, and answers what was asked for', async () => {
		const asked = scene.policy(webhookId, {
			description: 'Somebody is called at night',
			alert_interval: '1h30m',
			filters: { slo: ['99.9'], tunnel_name: [scene.first().name], pop_names: ['AMS'] },
		});
		const id = idOf(await scene.caller.alerting('POST', '/policies', { body: asked }));
		const stored = (await scene.caller.alerting('GET', `/policies/${id}`)).body.result as Policy;
		expect(stored).toMatchObject({ ...asked, id });
		expect(stored.created).toBe(stored.modified);
		expect((await scene.caller.alerting('GET', '/policies')).body.result).toEqual([stored]);
	});

	it('keeps what a PUT does not name, and takes back what it answered', async () => {
		const id = idOf(await scene.createPolicy(webhookId));
		const [before] = scene.simulator.alerts.policies();
		const disabled = { enabled: false };
		await scene.caller.alerting('PUT', `/policies/${id}`, { body: disabled });
		const [after] = scene.simulator.alerts.policies();
		expect(after).toEqual({ ...before, ...disabled, modified: after!.modified });
		expect(after!.modified).not.toBe(before!.modified);
		const again = await scene.caller.alerting('PUT', `/policies/${id}`, { body: after });
		expect([again.status, idOf(again)]).toEqual([200, id]);
	});

	it('deletes', async () => {
		const id = idOf(await scene.createPolicy(webhookId));
		expect(idOf(await scene.caller.alerting('DELETE', `/policies/${id}`))).toBe(id);
		expect(scene.simulator.alerts.policies()).toEqual([]);
	});

	it.each([
		['GET', ''],
		['PUT', ''],
		['DELETE', ''],
		['POST', '/test'],
	] as const)('refuses %s of an unknown policy%s', async (method, suffix) => {
		for (const id of [UNKNOWN_ID, 'nothing']) {
			const answer = await scene.caller.alerting(method, `/policies/${id}${suffix}`, { body: {} });
			expect(failureOf(answer)).toEqual([404, 0, 'Policy not found']);
			expectSchema(failureSchema, answer.body);
		}
	});

	const broken: [string, object, number][] = [
		['an unknown alert type', { alert_type: 'tunnel_is_down' }, 17004],
		['no mechanisms', { mechanisms: undefined }, 17102],
		['empty mechanisms', { mechanisms: {} }, 17102],
		['no webhook', { mechanisms: { webhooks: [] } }, 17102],
		['an unknown webhook', { mechanisms: { webhooks: [{ id: UNKNOWN_ID }] } }, 17102],
		['a webhook without an id', { mechanisms: { webhooks: [{}] } }, 17102],
		['a bad e-mail address', { mechanisms: { email: [{ id: 'noc' }] } }, 17102],
		['a PagerDuty service', { mechanisms: { pagerduty: [{ id: UNKNOWN_ID }] } }, 17102],
		['an unknown mechanism', { mechanisms: { pigeon: [] } }, 0],
		['no filters', { filters: undefined }, 17103],
		['no SLO', { filters: {} }, 17103],
		['a filter by tunnel id', { filters: { slo: ['99.9'], tunnel_id: ['x'] } }, 17003],
		['a filter of another product', { filters: { slo: ['99.9'], zones: ['x'] } }, 17003],
		['two SLOs', { filters: { slo: ['99.9', '98'] } }, 17003],
		['no value of an SLO', { filters: { slo: [] } }, 17003],
		['an SLO of 100', { filters: { slo: ['100'] } }, 17003],
		['an SLO with three digits behind the dot', { filters: { slo: ['99.999'] } }, 17003],
		['an SLO that is no number', { filters: { slo: ['high'] } }, 17003],
		['a filter that is no list', { filters: { slo: '99.9' } }, 0],
		['a filter of numbers', { filters: { slo: [99.9] } }, 0],
		['no name', { name: undefined }, 0],
		['an empty name', { name: '' }, 0],
		['no alert type', { alert_type: undefined }, 0],
		['no word on enabled', { enabled: undefined }, 0],
		['an enabled that is no boolean', { enabled: 'yes' }, 0],
		['a null', { description: null }, 0],
		['an unknown field', { alert_typ: WAN }, 0],
		['an interval under 5 minutes', { alert_interval: '4m59s' }, 0],
		['an interval over 7 days', { alert_interval: '168h1s' }, 0],
		['an interval in days', { alert_interval: '7d' }, 0],
		['an interval without a unit', { alert_interval: '30' }, 0],
	];

	it.each(broken)('creates none with %s', async (_name, more, code) => {
		const answer = await scene.createPolicy(webhookId, more);
		expect(failureOf(answer).slice(0, 2)).toEqual([400, code]);
		expectSchema(failureSchema, answer.body);
		expect(scene.simulator.alerts.policies()).toEqual([]);
	});

	it('says "Invalid object selections" to a tunnel id', async () => {
		const answer = await scene.createPolicy(webhookId, {
			filters: { slo: ['99.9'], tunnel_id: ['x'] },
		});
		expect(failureOf(answer)).toEqual([400, 17003, 'Invalid object selections']);
	});

	it('holds an update to the same rules', async () => {
		const id = idOf(await scene.createPolicy(webhookId));
		const before = scene.simulator.alerts.policies();
		for (const body of [{ alert_type: 'x' }, { mechanisms: {} }, { filters: {} }, { name: '' }]) {
			expect((await scene.caller.alerting('PUT', `/policies/${id}`, { body })).status).toBe(400);
		}
		expect(scene.simulator.alerts.policies()).toEqual(before);
	});

	it.each([
		['the shortest interval', { alert_interval: '5m' }],
		['the longest interval', { alert_interval: '168h' }],
		['the lowest SLO', { filters: { slo: ['0'] } }],
		['the highest SLO', { filters: { slo: ['99.99'] } }],
		['the other product', { alert_type: TRANSIT }],
		['another alert', { alert_type: 'universal_ssl_event_type', filters: undefined }],
		['an alert with filters of its own', { alert_type: 'incident_alert', filters: { a: ['b'] } }],
		['e-mail alone', { mechanisms: { email: [{ id: 'noc@example.com' }] } }],
	])('creates one with %s', async (_name, more) => {
		expect((await scene.createPolicy(webhookId, more)).status).toBe(200);
	});
});

describe('a test of a policy', () => {
	it('sends an alert to its webhooks, with or without a body', async () => {
		const { policyId } = await scene.subscribe();
		expect((await scene.caller.alerting('POST', `/policies/${policyId}/test`)).status).toBe(200);
		const body = {
			severity: 3,
			source: 'n8n',
			state_event: 1,
			state_correlation_id: 'incident-1',
		};
		await scene.caller.alerting('POST', `/policies/${policyId}/test`, { body });
		expect(scene.receiver.received).toMatchObject([
			{ headers: { 'cf-webhook-auth': SECRET }, body: { data: { severity: 1 } } },
			{
				body: {
					policy_id: policyId,
					data: { severity: 3, source: 'n8n' },
					alert_correlation_id: 'incident-1',
					alert_event: 'ALERT_STATE_EVENT_START',
				},
			},
		]);
		for (const { body: sent } of scene.receiver.received) expectSchema(notificationSchema, sent);
		expect(await scene.history()).toHaveLength(2);
	});

	it.each([
		[{ severity: 5 }],
		[{ severity: -1 }],
		[{ severity: 'high' }],
		[{ source: 1 }],
		[{ state_event: 1 }],
		[{ state_event: 3, state_correlation_id: 'x' }],
		[{ nothing: 1 }],
	])('refuses %j', async (body) => {
		const { policyId } = await scene.subscribe();
		const answer = await scene.caller.alerting('POST', `/policies/${policyId}/test`, { body });
		expect(failureOf(answer).slice(0, 2)).toEqual([400, 0]);
		expect(scene.receiver.received).toEqual([]);
	});
});
