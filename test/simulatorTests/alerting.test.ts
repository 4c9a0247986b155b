import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { request } from 'undici';
import { startSimulator } from '../simulator';
import type {
	Alert,
	Delivery,
	FaultSpec,
	HistoryEntry,
	NotificationBody,
	Operation,
	Policy,
	Simulator,
	SimulatorOptions,
	Webhook,
} from '../simulator';
import { alertingSchemas, notificationSchema } from '../simulator/alerting/schemas';
import { bearer, createCaller, keyPair } from '../simulator/caller';
import type { CallOptions, Called, Caller } from '../simulator/caller';
import { startReceiver } from '../simulator/receiver';
import type { Receiver } from '../simulator/receiver';
import { failureSchema } from '../simulator/schemas';
import { parseInstant } from '../simulator/time';

/** Notifications of the simulated account, with a receiver of webhooks on loopback. */

const UNKNOWN_ID = '0da2b59e-f118-439d-8097-bdfb215203c9';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const SECRET = 'a secret of the receiver';
const TEST_TEXT =
	'Hello World! This is a test message sent from https://cloudflare.com. If you can see this, your webhook is configured properly.';
const WAN = 'magic_wan_tunnel_health';
const TRANSIT = 'magic_tunnel_health_check_event';

const ajv = new Ajv({ allErrors: true });
addFormats(ajv);

const expectSchema = (schema: object, value: unknown): void => {
	ajv.validate(schema, value);
	expect(ajv.errors ?? []).toEqual([]);
};

const error = ({ status, body }: Called): [number, number | undefined, string | undefined] => [
	status,
	body.errors[0]?.code,
	body.errors[0]?.message,
];

let simulator: Simulator;
let caller: Caller;
let receiver: Receiver;

const start = async (options: SimulatorOptions = {}): Promise<void> => {
	await simulator?.close();
	simulator = await startSimulator({
		tunnels: 3,
		seed: 13,
		alerting: { allowLoopback: true },
		...options,
	});
	caller = createCaller(simulator);
};

beforeEach(async () => {
	receiver = await startReceiver();
	await start();
});
afterEach(() => receiver.close());
afterAll(() => simulator.close());

const WEBHOOKS = '/destinations/webhooks';
const hook = (more: object = {}) => ({
	name: 'n8n',
	url: `${receiver.origin}/webhook/1`,
	secret: SECRET,
	...more,
});
const createHook = (more?: object, options?: CallOptions): Promise<Called> =>
	caller.alerting('POST', WEBHOOKS, { body: hook(more), ...options });

const idOf = ({ body }: Called): string => (body.result as { id: string }).id;

const policy = (webhookId: string, more: object = {}) => ({
	name: 'Tunnels of the offices',
	alert_type: WAN,
	enabled: true,
	filters: { slo: ['99.9'] },
	mechanisms: { webhooks: [{ id: webhookId }] },
	...more,
});
const createPolicy = (webhookId: string, more?: object): Promise<Called> =>
	caller.alerting('POST', '/policies', { body: policy(webhookId, more) });

/** A webhook and a policy; the receiver has forgotten the test message. */
const subscribe = async (more?: object): Promise<{ webhookId: string; policyId: string }> => {
	const webhookId = idOf(await createHook());
	const policyId = idOf(await createPolicy(webhookId, more));
	receiver.received.length = 0;
	return { webhookId, policyId };
};

const firstName = (): string => simulator.tunnels()[0]!.name;
const fire = (more: Partial<Alert> = {}): Promise<Delivery[]> =>
	simulator.alerts.fire({ tunnel: firstName(), status: 'down', ...more });

const history = async (query = ''): Promise<HistoryEntry[]> =>
	(await caller.alerting('GET', `/history${query}`)).body.result as HistoryEntry[];

/** Every operation of the API, on a webhook and a policy that are there. */
const operations: [Operation, (webhookId: string, policyId: string) => Promise<Called>][] = [
	['availableAlerts', () => caller.alerting('GET', '/available_alerts')],
	['listWebhooks', () => caller.alerting('GET', WEBHOOKS)],
	['createWebhook', () => createHook()],
	['getWebhook', (id) => caller.alerting('GET', `${WEBHOOKS}/${id}`)],
	['updateWebhook', (id) => caller.alerting('PUT', `${WEBHOOKS}/${id}`, { body: hook() })],
	['listPolicies', () => caller.alerting('GET', '/policies')],
	['createPolicy', (id) => createPolicy(id)],
	['getPolicy', (_, id) => caller.alerting('GET', `/policies/${id}`)],
	['updatePolicy', (_, id) => caller.alerting('PUT', `/policies/${id}`, { body: { name: 'x' } })],
	['testPolicy', (_, id) => caller.alerting('POST', `/policies/${id}/test`)],
	['deletePolicy', (_, id) => caller.alerting('DELETE', `/policies/${id}`)],
	['listAlertHistory', () => caller.alerting('GET', '/history')],
	[
		'deleteWebhook',
		(id) => {
			for (const { id: policyId } of simulator.alerts.policies()) {
				simulator.alerts.removePolicy(policyId);
			}
			return caller.alerting('DELETE', `${WEBHOOKS}/${id}`);
		},
	],
];

describe('answers of the thirteen endpoints', () => {
	it.each(operations)('%s fits its schema', async (name, call) => {
		const { webhookId, policyId } = await subscribe({
			description: 'Somebody is called at night',
			alert_interval: '30m',
			mechanisms: { webhooks: [], email: [{ id: 'noc@example.com' }] },
		});
		await fire();
		const answer = await call(webhookId, policyId);
		expect(answer.status).toBe(name === 'createWebhook' ? 201 : 200);
		expectSchema(alertingSchemas[name as keyof typeof alertingSchemas], answer.body);
		expect(simulator.requests.at(-1)?.operation).toBe(name);
		expect(JSON.stringify(answer.body)).not.toContain(SECRET);
	});

	it('tells what Magic alerts there are, with their filters', async () => {
		const { body } = await caller.alerting('GET', '/available_alerts');
		const byProduct = body.result as Record<string, { type: string; filter_options: object[] }[]>;
		const types = Object.values(byProduct).flat();
		expect(types.map(({ type }) => type).sort()).toEqual([TRANSIT, WAN]);
		for (const { filter_options: options } of types) {
			expect(options.map((option) => Reflect.get(option, 'Key') as string).sort()).toEqual([
				'pop_names',
				'slo',
				'tunnel_name',
			]);
		}
	});

	it('offers no Magic alert to an account without Magic', async () => {
		const path = `/accounts/${simulator.notOnboardedAccountId}/alerting/v3`;
		const { body } = await caller.call('GET', `${path}/available_alerts`);
		expect(body.result).toEqual({});
		const answer = await caller.call('POST', `${path}/policies`, { body: policy(UNKNOWN_ID) });
		expect(error(answer).slice(0, 2)).toEqual([400, 17004]);
	});

	it('keeps the accounts apart', async () => {
		await createHook();
		const path = `/accounts/${simulator.notOnboardedAccountId}/alerting/v3${WEBHOOKS}`;
		expect((await caller.call('GET', path)).body.result).toEqual([]);
	});
});

describe('credentials', () => {
	const attempts = (): Record<string, Record<string, string>> => ({
		write: bearer(simulator.apiToken),
		owned: bearer(simulator.accountOwnedToken),
		key: keyPair(simulator.email, simulator.apiKey),
		read: bearer(simulator.readToken),
		readKey: keyPair(simulator.readEmail, simulator.readApiKey),
		none: bearer(simulator.noPermissionToken),
		noNotifications: bearer(simulator.noNotificationsToken),
	});

	it.each([
		['write', 200, 201],
		['owned', 200, 201],
		['key', 200, 201],
		['read', 200, 403],
		['readKey', 200, 403],
		['none', 403, 403],
		['noNotifications', 403, 403],
	])('%s: reading %i, writing %i', async (name, reading, writing) => {
		const auth = attempts()[name]!;
		const read = await caller.alerting('GET', WEBHOOKS, { auth });
		const written = await createHook({}, { auth });
		expect([read.status, written.status]).toEqual([reading, writing]);
		for (const answer of [read, written]) {
			if (answer.status === 403) {
				expect(error(answer)).toEqual([403, 10000, 'Authentication error']);
				expectSchema(failureSchema, answer.body);
			}
		}
		expect(receiver.received).toHaveLength(writing === 201 ? 1 : 0);
	});

	it('has a token for tunnels that knows no notifications', async () => {
		const auth = bearer(simulator.noNotificationsToken);
		const { id } = simulator.tunnels()[0]!;
		expect((await caller.magic('POST', `/${id}/psk_generate`, { auth })).status).toBe(200);
	});

	it('refuses a test of a policy to a reader', async () => {
		const { policyId } = await subscribe();
		const auth = bearer(simulator.readToken);
		const answer = await caller.alerting('POST', `/policies/${policyId}/test`, { auth });
		expect(error(answer).slice(0, 2)).toEqual([403, 10000]);
		expect(receiver.received).toEqual([]);
	});
});

describe('webhook destinations', () => {
	it('answers 201 after the test message has arrived', async () => {
		let wasStored: boolean | undefined;
		let wasAnswered = false;
		receiver.answerWith(() => {
			wasStored = simulator.alerts.webhooks().length > 0 || wasAnswered;
			return 204;
		});
		const answer = await createHook().then((called) => {
			wasAnswered = true;
			return called;
		});
		expect(wasStored).toBe(false);
		expect(answer.status).toBe(201);
		expect(answer.body.result).toEqual({ id: expect.stringMatching(UUID) as string });
		expect(receiver.received).toMatchObject([
			{
				method: 'POST',
				path: '/webhook/1',
				headers: {
					'content-type': 'application/json',
					'user-agent': 'Go-http-client/2.0',
					'cf-webhook-auth': SECRET,
				},
				body: { text: TEST_TEXT },
			},
		]);
		expect(receiver.received[0]?.body).toEqual({ text: TEST_TEXT });
		expect(simulator.alerts.webhooks()).toMatchObject([{ id: idOf(answer), secret: SECRET }]);
		expect(simulator.requests[0]?.applied).toBe(true);
	});

	it.each([[undefined], ['']])('sends no auth header with the secret %j', async (secret) => {
		await createHook({ secret });
		expect(receiver.received).toHaveLength(1);
		expect(receiver.received[0]?.headers).not.toHaveProperty('cf-webhook-auth');
	});

	it.each([
		['an error', 500],
		['a refusal', 401],
		['a redirect', 302],
		['nothing', 'hang'],
	] as const)('creates none when the receiver answers %s', async (_name, reply) => {
		await start({ alerting: { allowLoopback: true, timeoutMs: 100 } });
		receiver.answerWith(reply);
		const answer = await createHook();
		expect(error(answer)).toEqual([
			400,
			0,
			expect.stringMatching(/^Webhook test failed/) as string,
		]);
		expectSchema(failureSchema, answer.body);
		expect(receiver.received).toHaveLength(1);
		expect(simulator.alerts.webhooks()).toEqual([]);
		expect(simulator.requests[0]?.applied).toBe(false);
	});

	it('creates none when nobody listens', async () => {
		await receiver.close();
		expect(error(await createHook()).slice(0, 2)).toEqual([400, 0]);
		expect(simulator.alerts.webhooks()).toEqual([]);
	});

	it('tests again on update, with the new address and secret', async () => {
		const id = idOf(await createHook());
		const before = simulator.alerts.webhooks()[0]!;
		const changed = hook({ name: 'other', url: `${receiver.origin}/2`, secret: 'new' });
		const answer = await caller.alerting('PUT', `${WEBHOOKS}/${id}`, { body: changed });
		expect([answer.status, idOf(answer)]).toEqual([200, id]);
		expect(receiver.received[1]).toMatchObject({
			path: '/2',
			headers: { 'cf-webhook-auth': 'new' },
			body: { text: TEST_TEXT },
		});
		expect(simulator.alerts.webhooks()).toMatchObject([
			{ id, name: 'other', secret: 'new', created_at: before.created_at },
		]);
	});

	it('takes the secret away by an update without one', async () => {
		const id = idOf(await createHook());
		await caller.alerting('PUT', `${WEBHOOKS}/${id}`, { body: hook({ secret: undefined }) });
		expect(receiver.received[1]?.headers).not.toHaveProperty('cf-webhook-auth');
		expect(simulator.alerts.webhooks()[0]).not.toHaveProperty('secret');
	});

	it('changes nothing when the receiver refuses the update', async () => {
		const id = idOf(await createHook());
		const before = simulator.alerts.webhooks();
		receiver.answerWith(503);
		const body = hook({ name: 'other' });
		const answer = await caller.alerting('PUT', `${WEBHOOKS}/${id}`, { body });
		expect(error(answer).slice(0, 2)).toEqual([400, 0]);
		expect(simulator.alerts.webhooks()).toEqual(before);
	});

	it('does not bring back one that went while its receiver was asked', async () => {
		const id = idOf(await createHook());
		receiver.answerWith(() => {
			simulator.alerts.removeWebhook(id);
			return 200;
		});
		const answer = await caller.alerting('PUT', `${WEBHOOKS}/${id}`, { body: hook() });
		expect(error(answer)).toEqual([404, 0, 'Webhook not found']);
		expect(simulator.alerts.webhooks()).toEqual([]);
	});

	it('takes back what it answered', async () => {
		const id = idOf(await createHook());
		const { body } = await caller.alerting('GET', `${WEBHOOKS}/${id}`);
		expect((await caller.alerting('PUT', `${WEBHOOKS}/${id}`, { body: body.result })).status).toBe(
			200,
		);
	});

	it('deletes, but not while a policy names it', async () => {
		const { webhookId, policyId } = await subscribe();
		const path = `${WEBHOOKS}/${webhookId}`;
		expect(error(await caller.alerting('DELETE', path)).slice(0, 2)).toEqual([400, 0]);
		expect(simulator.alerts.webhooks()).toHaveLength(1);
		await caller.alerting('DELETE', `/policies/${policyId}`);
		expect((await caller.alerting('DELETE', path)).status).toBe(200);
		expect((await caller.alerting('GET', WEBHOOKS)).body.result).toEqual([]);
		expect(error(await caller.alerting('DELETE', path)).slice(0, 2)).toEqual([404, 15000]);
	});

	it.each([
		['GET', UNKNOWN_ID, [404, 0, 'Webhook not found']],
		['PUT', UNKNOWN_ID, [404, 0, 'Webhook not found']],
		['DELETE', UNKNOWN_ID, [404, 15000, expect.any(String) as string]],
		['GET', UNKNOWN_ID.replaceAll('-', ''), [404, 0, 'Webhook not found']],
		['GET', 'nothing', [400, 0, 'invalid Webhook ID']],
		['PUT', 'nothing', [400, 0, 'invalid Webhook ID']],
		['DELETE', '..%2Fpolicies', [400, 0, 'invalid Webhook ID']],
	] as const)('refuses %s of the webhook %s', async (method, id, expected) => {
		const answer = await caller.alerting(method, `${WEBHOOKS}/${id}`, { body: hook() });
		expect(error(answer)).toEqual(expected);
		expectSchema(failureSchema, answer.body);
		expect(receiver.received).toEqual([]);
	});

	it.each([
		['no name', { name: undefined }],
		['an empty name', { name: '' }],
		['a name that is no string', { name: 7 }],
		['no url', { url: undefined }],
		['a null', { secret: null }],
		['an unknown field', { sercet: 'x' }],
		['no address', { url: 'n8n' }],
		['another scheme', { url: 'ftp://n8n.example.com/' }],
		['another port', { url: 'https://n8n.example.com:8443/webhook' }],
		['a private address', { url: 'http://10.1.2.3/webhook' }],
		['a link-local address', { url: 'http://[fe80::1]/webhook' }],
		['a name without a dot', { url: 'http://n8n/webhook' }],
		['a local name', { url: 'http://n8n.internal/webhook' }],
		['https on loopback', { url: 'https://127.0.0.1/webhook' }],
	])('refuses a body with %s', async (_name, more) => {
		const answer = await createHook(more);
		expect(error(answer)).toEqual([400, 0, expect.not.stringContaining('test failed') as string]);
		expectSchema(failureSchema, answer.body);
		expect(receiver.received).toEqual([]);
	});

	it.each([
		['no body', undefined, 400],
		['no JSON', '{', 400],
		['a list', [], 400],
	])('refuses %s', async (_name, body, status) => {
		const answer = await caller.alerting('POST', WEBHOOKS, { body });
		expect(error(answer).slice(0, 2)).toEqual([status, 0]);
	});

	it('refuses another content type', async () => {
		const headers = { 'content-type': 'text/plain' };
		const answer = await caller.alerting('POST', WEBHOOKS, { body: '{}', headers });
		expect(error(answer).slice(0, 2)).toEqual([415, 0]);
	});

	it.each(['http://127.0.0.1:80/', 'http://localhost/', 'http://[::1]/', 'http://127.9.9.9/'])(
		'takes %s for loopback only when that is allowed',
		async (url) => {
			await start({ alerting: {} });
			expect(error(await createHook({ url }))).toEqual([
				400,
				0,
				expect.stringContaining('must be public') as string,
			]);
			expect(receiver.received).toEqual([]);
		},
	);

	it('talks to nobody but loopback: a public receiver does not answer', async () => {
		const answer = await createHook({ url: 'https://n8n.example.com/webhook' });
		expect(error(answer)).toEqual([400, 0, 'Webhook test failed: no answer from the endpoint']);
	});

	it('reaches a public origin where it is answered on loopback', async () => {
		const origin = 'https://n8n.example.com';
		await start({ alerting: { publicOrigins: { [origin]: receiver.origin } } });
		const url = `${origin}/webhook/9?x=1`;
		expect((await createHook({ url })).status).toBe(201);
		expect(receiver.received).toMatchObject([{ path: '/webhook/9?x=1' }]);
		expect(simulator.alerts.webhooks()).toMatchObject([{ url }]);
		expect(error(await createHook({ url: receiver.origin })).slice(0, 2)).toEqual([400, 0]);
	});

	it.each([
		[{ 'https://n8n.example.com/': 'http://127.0.0.1' }, 'looks like'],
		[{ n8n: 'http://127.0.0.1' }, 'looks like'],
		[{ 'https://n8n.example.com': 'http://192.0.2.1' }, 'on loopback'],
		[{ 'https://n8n.example.com': 'x' }, 'on loopback'],
	])('does not start with the public origins %j', async (publicOrigins, message) => {
		await expect(startSimulator({ alerting: { publicOrigins } })).rejects.toThrow(message);
	});
});

describe('policies', () => {
	let webhookId: string;
	beforeEach(async () => {
		webhookId = idOf(await createHook());
	});

	it('creates, and answers what was asked for', async () => {
		const asked = policy(webhookId, {
			description: 'Somebody is called at night',
			alert_interval: '1h30m',
			filters: { slo: ['99.9'], tunnel_name: [firstName()], pop_names: ['AMS'] },
		});
		const id = idOf(await caller.alerting('POST', '/policies', { body: asked }));
		const stored = (await caller.alerting('GET', `/policies/${id}`)).body.result as Policy;
		expect(stored).toMatchObject({ ...asked, id });
		expect(stored.created).toBe(stored.modified);
		expect((await caller.alerting('GET', '/policies')).body.result).toEqual([stored]);
	});

	it('keeps what a PUT does not name, and takes back what it answered', async () => {
		const id = idOf(await createPolicy(webhookId));
		const [before] = simulator.alerts.policies();
		const disabled = { enabled: false };
		await caller.alerting('PUT', `/policies/${id}`, { body: disabled });
		const [after] = simulator.alerts.policies();
		expect(after).toEqual({ ...before, ...disabled, modified: after!.modified });
		expect(after!.modified).not.toBe(before!.modified);
		const again = await caller.alerting('PUT', `/policies/${id}`, { body: after });
		expect([again.status, idOf(again)]).toEqual([200, id]);
	});

	it('deletes', async () => {
		const id = idOf(await createPolicy(webhookId));
		expect(idOf(await caller.alerting('DELETE', `/policies/${id}`))).toBe(id);
		expect(simulator.alerts.policies()).toEqual([]);
	});

	it.each([
		['GET', ''],
		['PUT', ''],
		['DELETE', ''],
		['POST', '/test'],
	] as const)('refuses %s of an unknown policy%s', async (method, suffix) => {
		for (const id of [UNKNOWN_ID, 'nothing']) {
			const answer = await caller.alerting(method, `/policies/${id}${suffix}`, { body: {} });
			expect(error(answer)).toEqual([404, 0, 'Policy not found']);
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
		const answer = await createPolicy(webhookId, more);
		expect(error(answer).slice(0, 2)).toEqual([400, code]);
		expectSchema(failureSchema, answer.body);
		expect(simulator.alerts.policies()).toEqual([]);
	});

	it('says "Invalid object selections" to a tunnel id', async () => {
		const answer = await createPolicy(webhookId, { filters: { slo: ['99.9'], tunnel_id: ['x'] } });
		expect(error(answer)).toEqual([400, 17003, 'Invalid object selections']);
	});

	it('holds an update to the same rules', async () => {
		const id = idOf(await createPolicy(webhookId));
		const before = simulator.alerts.policies();
		for (const body of [{ alert_type: 'x' }, { mechanisms: {} }, { filters: {} }, { name: '' }]) {
			expect((await caller.alerting('PUT', `/policies/${id}`, { body })).status).toBe(400);
		}
		expect(simulator.alerts.policies()).toEqual(before);
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
		expect((await createPolicy(webhookId, more)).status).toBe(200);
	});
});

describe('a test of a policy', () => {
	it('sends an alert to its webhooks, with or without a body', async () => {
		const { policyId } = await subscribe();
		expect((await caller.alerting('POST', `/policies/${policyId}/test`)).status).toBe(200);
		const body = {
			severity: 3,
			source: 'n8n',
			state_event: 1,
			state_correlation_id: 'incident-1',
		};
		await caller.alerting('POST', `/policies/${policyId}/test`, { body });
		expect(receiver.received).toMatchObject([
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
		for (const { body: sent } of receiver.received) expectSchema(notificationSchema, sent);
		expect(await history()).toHaveLength(2);
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
		const { policyId } = await subscribe();
		const answer = await caller.alerting('POST', `/policies/${policyId}/test`, { body });
		expect(error(answer).slice(0, 2)).toEqual([400, 0]);
		expect(receiver.received).toEqual([]);
	});
});

describe('an alert', () => {
	it('reaches the webhook of a policy as Cloudflare words it', async () => {
		await start({ now: () => Date.parse('2026-03-01T12:00:00.750Z') });
		const { webhookId, policyId } = await subscribe();
		const [delivery, ...rest] = await fire();
		const [tunnel] = simulator.tunnels();
		const [{ body, headers, path, method }] = receiver.received as [(typeof receiver.received)[0]];
		expect(rest).toEqual([]);
		expect({ method, path, secret: headers['cf-webhook-auth'] }).toEqual({
			method: 'POST',
			path: '/webhook/1',
			secret: SECRET,
		});
		expectSchema(notificationSchema, body);
		expect(body).toEqual({
			name: 'Tunnels of the offices',
			text: expect.stringContaining(tunnel!.name) as string,
			data: {
				tunnel_name: tunnel!.name,
				tunnel_id: tunnel!.id,
				new_status: 'MAGIC_TUNNEL_STATUS_DOWN',
				previous_status: 'MAGIC_TUNNEL_STATUS_UP',
				pop_names: 'AMS, FRA',
				slo: '99.9',
				observed_slo: '85.5',
				mwan_site_name: tunnel!.description,
				event_ts: '2026-03-01T12:00:00Z',
				severity: 'HIGH',
			},
			ts: 1_772_366_400,
			account_id: simulator.accountId,
			policy_id: policyId,
			policy_name: 'Tunnels of the offices',
			alert_type: WAN,
			alert_correlation_id: expect.stringMatching(UUID) as string,
			alert_event: 'ALERT_STATE_EVENT_START',
		});
		expect(delivery).toEqual({
			policyId,
			webhookId,
			url: `${receiver.origin}/webhook/1`,
			status: 200,
			body,
		});
	});

	it('takes every value from the caller', async () => {
		await subscribe();
		const [delivery] = await fire({
			tunnel: simulator.tunnels()[1]!.id,
			status: 'up',
			previous: 'up',
			slo: '99.90',
			observedSlo: '12.5',
			popNames: ['ZRH'],
			correlationId: 'incident-7',
			event: 'start',
			ts: 1_700_000_000,
		});
		expect(delivery?.body).toMatchObject({
			data: {
				tunnel_name: simulator.tunnels()[1]!.name,
				new_status: 'MAGIC_TUNNEL_STATUS_UP',
				previous_status: 'MAGIC_TUNNEL_STATUS_UP',
				slo: '99.90',
				observed_slo: '12.5',
				pop_names: 'ZRH',
				event_ts: '2023-11-14T22:13:20Z',
			},
			ts: 1_700_000_000,
			alert_correlation_id: 'incident-7',
			alert_event: 'ALERT_STATE_EVENT_START',
		});
	});

	it('correlates what belongs to one incident of a tunnel', async () => {
		await subscribe();
		const correlation = async (more: Partial<Alert>) =>
			(await fire(more))[0]?.body.alert_correlation_id;
		const down = await correlation({});
		const other = await correlation({ tunnel: simulator.tunnels()[1]!.name });
		expect(await correlation({})).toBe(down);
		expect(await correlation({ status: 'up' })).toBe(down);
		expect(receiver.received.at(-1)?.body).toMatchObject({
			alert_event: 'ALERT_STATE_EVENT_END',
			data: { new_status: 'MAGIC_TUNNEL_STATUS_UP', observed_slo: '100', severity: 'INFO' },
		});
		expect(new Set([down, other, await correlation({})]).size).toBe(3);
	});

	it.each<[string, object, Partial<Alert>, number]>([
		['any tunnel', {}, {}, 1],
		['a disabled policy', { enabled: false }, {}, 0],
		['the wanted alert type', {}, { alertType: WAN }, 1],
		['another alert type', {}, { alertType: TRANSIT }, 0],
		['another product', { alert_type: 'incident_alert' }, {}, 0],
		['the SLO', {}, { slo: '99.90' }, 1],
		['another SLO', {}, { slo: '99' }, 0],
		['the tunnel', { filters: { slo: ['99.9'], tunnel_name: ['site-ams-01', 'x'] } }, {}, 1],
		['another tunnel', { filters: { slo: ['99.9'], tunnel_name: ['x'] } }, {}, 0],
		['the data centre', { filters: { slo: ['99.9'], pop_names: ['FRA'] } }, {}, 1],
		['another one', { filters: { slo: ['99.9'], pop_names: ['FRA'] } }, { popNames: ['ZRH'] }, 0],
	])('filters by %s', async (_name, more, alert, expected) => {
		await subscribe(more);
		expect(await fire(alert)).toHaveLength(expected);
		expect(receiver.received).toHaveLength(expected);
		expect(await history()).toHaveLength(expected);
	});

	it('goes to every webhook of every policy, with each one its secret', async () => {
		const { webhookId } = await subscribe();
		const other = idOf(await createHook({ url: `${receiver.origin}/other`, secret: 'second' }));
		await createPolicy(other, {
			alert_type: TRANSIT,
			mechanisms: {
				webhooks: [{ id: other }, { id: webhookId }],
				email: [{ id: 'noc@example.com' }],
			},
		});
		receiver.received.length = 0;
		const deliveries = await fire();
		expect(deliveries.map(({ webhookId: id }) => id)).toEqual([webhookId, other, webhookId]);
		expect(receiver.received.map(({ headers }) => headers['cf-webhook-auth'])).toEqual([
			SECRET,
			'second',
			SECRET,
		]);
		expect((await history()).map(({ mechanism_type: type }) => type).sort()).toEqual([
			'email',
			'webhook',
			'webhook',
			'webhook',
		]);
		expect((await history()).map(({ mechanism }) => mechanism)).toContain('noc@example.com');
	});

	it('can come twice, the same byte for byte, and is one entry of the history', async () => {
		await subscribe();
		const [delivery] = await fire();
		expect(await simulator.alerts.replay(delivery!)).toEqual(delivery);
		expect(receiver.received).toHaveLength(2);
		expect(receiver.received[0]).toEqual(receiver.received[1]);
		expect(await history()).toHaveLength(1);
	});

	it.each<[string, Partial<Alert>, () => unknown]>([
		['the receiver is down', {}, () => receiver.close()],
		['the receiver fails', {}, () => receiver.answerWith(500)],
		['it is lost on its way', { deliver: false }, () => undefined],
	])('is in the history although %s, and can come later', async (_name, more, prepare) => {
		const { webhookId } = await subscribe();
		await prepare();
		const [delivery] = await fire(more);
		expect(delivery?.status).toBe(_name === 'the receiver fails' ? 500 : 0);
		expect(await history()).toMatchObject([
			{ mechanism: webhookId, alert_body: JSON.stringify(delivery?.body) },
		]);
		const [webhook] = simulator.alerts.webhooks() as [Webhook];
		expect(Date.parse(webhook.last_failure!)).toBeGreaterThanOrEqual(
			Date.parse(webhook.last_success!),
		);
		const late = await startReceiver();
		const url = `${late.origin}/late`;
		await caller.alerting('PUT', `${WEBHOOKS}/${webhookId}`, { body: hook({ url }) });
		expect(await simulator.alerts.replay(delivery!)).toMatchObject({ url, status: 200 });
		expect(late.received.at(-1)?.body).toEqual(delivery?.body);
		await late.close();
	});

	it('moves last_success and last_failure', async () => {
		let time = Date.parse('2026-03-01T00:00:00Z');
		await start({ now: () => time });
		await subscribe();
		const times = () => {
			const [{ last_success: success, last_failure: failure }] = simulator.alerts.webhooks() as [
				Webhook,
			];
			return [success?.slice(0, 16), failure?.slice(0, 16)];
		};
		expect(times()).toEqual(['2026-03-01T00:00', undefined]);
		time += 60_000;
		await fire();
		expect(times()).toEqual(['2026-03-01T00:01', undefined]);
		time += 60_000;
		receiver.answerWith(500);
		await fire();
		expect(times()).toEqual(['2026-03-01T00:01', '2026-03-01T00:02']);
	});

	it('goes nowhere when somebody has deleted the webhook', async () => {
		const { webhookId } = await subscribe();
		const [delivery] = await fire();
		expect(simulator.alerts.removeWebhook(webhookId)).toBe(true);
		expect(await fire()).toEqual([]);
		expect(await history()).toHaveLength(1);
		await expect(simulator.alerts.replay(delivery!)).rejects.toThrow('no webhook');
	});

	it('needs a tunnel', async () => {
		await expect(fire({ tunnel: 'nowhere' })).rejects.toThrow('no tunnel nowhere');
	});
});

describe('the history', () => {
	const DAY = 86_400_000;
	let time: number;

	beforeEach(async () => {
		time = Date.parse('2026-03-01T00:00:00Z');
		await start({ now: () => time });
		await subscribe({ description: 'Offices' });
		for (let fired = 0; fired < 7; fired++) {
			await fire({ correlationId: String(fired) });
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
		const entries = await history();
		expect(correlations(entries)).toBe('6543210');
		expect(entries[0]).toMatchObject({
			id: expect.stringMatching(UUID) as string,
			name: 'Tunnels of the offices',
			description: 'Offices',
			alert_type: WAN,
			mechanism: simulator.alerts.webhooks()[0]!.id,
			mechanism_type: 'webhook',
			policy_id: simulator.alerts.policies()[0]!.id,
			sent: expect.stringMatching(/^2026-03-07T00:00:00\.\d{6}Z$/) as string,
		});
		expect(new Set(entries.map(({ id }) => id)).size).toBe(7);
		expect(simulator.alerts.history()).toEqual(entries);
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
		const { body } = await caller.alerting('GET', `/history${query}`);
		expectSchema(alertingSchemas.listAlertHistory, body);
		expect(correlations(body.result as HistoryEntry[])).toBe(expected);
		expect(body.result_info).toMatchObject(info);
	});

	it('excludes the very instants of since and before', async () => {
		const { sent } = (await history())[3]!;
		expect(correlations(await history(`?since=${sent}`))).toBe('654');
		expect(correlations(await history(`?before=${sent}`))).toBe('210');
	});

	it('forgets after 90 days', async () => {
		time = Date.parse('2026-03-01T00:00:00Z') + 92.5 * DAY;
		expect(correlations(await history())).toBe('6543');
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
		const answer = await caller.alerting('GET', `/history?${query}`);
		expect(error(answer).slice(0, 2)).toEqual([400, 0]);
		expectSchema(failureSchema, answer.body);
	});

	it('can show bodies as the example of the spec does', async () => {
		await start({ alerting: { allowLoopback: true, historyBody: 'object' } });
		await subscribe();
		const [delivery] = await fire();
		const { body } = await caller.alerting('GET', '/history');
		expectSchema(alertingSchemas.historyWithObjects, body);
		expect(body.result).toMatchObject([
			{ alert_body: { data: delivery!.body.data, metadata: { event: { type: WAN } } } },
		]);
	});
});

describe('faults', () => {
	it.each(operations)('hit %s', async (name, call) => {
		const { webhookId, policyId } = await subscribe();
		const fault = simulator.faults.add({ kind: 'status', status: 503, code: 7, operation: name });
		const answer = await call(webhookId, policyId);
		expect(error(answer).slice(0, 2)).toEqual([503, 7]);
		expect(fault.hits).toBe(1);
		expect(receiver.received).toEqual([]);
	});

	it('lose the answer to a webhook that was created', async () => {
		simulator.faults.add({ kind: 'reset', when: 'after', operation: 'createWebhook' });
		await expect(createHook()).rejects.toThrow();
		expect(simulator.alerts.webhooks()).toHaveLength(1);
		expect(receiver.received).toHaveLength(1);
		expect(simulator.requests[0]).toMatchObject({ status: 0, applied: true });
	});

	it.each<[FaultSpec, unknown]>([
		[{ kind: 'missingFields', fields: ['id'] }, {}],
		[{ kind: 'wrongTypes' }, { id: 7 }],
	])('spoil results: %j', async (spec, expected) => {
		simulator.faults.add(spec);
		expect((await createHook()).body.result).toEqual(expected);
	});

	it('let somebody delete the webhook before its policy is made', async () => {
		const id = idOf(await createHook());
		simulator.faults.add({
			kind: 'hook',
			operation: 'createPolicy',
			before: ({ alerts }) => void alerts.removeWebhook(id),
		});
		expect(error(await createPolicy(id)).slice(0, 2)).toEqual([400, 17102]);
	});
});

it('counts notifications into the rate limit of the credential', async () => {
	await start({ alerting: {}, rateLimit: { limit: 1 } });
	await caller.magic('GET');
	expect(error(await caller.alerting('GET', WEBHOOKS)).slice(0, 2)).toEqual([429, 971]);
});

it.each(['/alerting/v3', '/alerting/v3/silences', '/alerting/v3/destinations/pagerduty'])(
	'does not know %s',
	async (path) => {
		const answer = await caller.call('GET', `/accounts/${simulator.accountId}${path}`);
		expect(error(answer).slice(0, 2)).toEqual([404, 7003]);
	},
);

it('ends although a receiver hangs, and gives up what is on its way', async () => {
	await start({ alerting: { allowLoopback: true, timeoutMs: 3_600_000 } });
	await subscribe();
	receiver.answerWith('hang');
	const creating = createHook().catch((reason: unknown) => reason);
	const firing = fire();
	while (receiver.received.length < 2) await new Promise(setImmediate);
	await simulator.close();
	expect(await creating).toBeInstanceOf(Error);
	expect(await firing).toMatchObject([{ status: 0 }]);
});

describe('control over HTTP', () => {
	const control = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => {
		const answer = await request(`${simulator.origin}/__sim/${path}`, {
			method,
			...(body !== undefined && { body: JSON.stringify(body) }),
		});
		return { status: answer.statusCode, body: (await answer.body.json()) as unknown };
	};

	it('fires, and fires once more', async () => {
		await subscribe();
		const fired = await control('POST', 'alerts', { tunnel: firstName(), status: 'down' });
		const [delivery] = fired.body as [Delivery];
		expect(delivery).toMatchObject({ status: 200, body: { alert_type: WAN } });
		expect((await control('POST', 'alerts/replay', delivery)).body).toEqual(delivery);
		expect(receiver.received.map(({ body }) => body)).toEqual([delivery.body, delivery.body]);
	});

	it('tells destinations with their secrets, policies and the history', async () => {
		const { webhookId, policyId } = await subscribe();
		await fire();
		expect((await control('GET', 'alerting')).body).toMatchObject({
			webhooks: [{ id: webhookId, secret: SECRET }],
			policies: [{ id: policyId }],
			history: [{ policy_id: policyId }],
		});
		expect((await control('DELETE', `policies/${policyId}`)).body).toEqual({ removed: true });
		expect((await control('DELETE', `webhooks/${webhookId}`)).body).toEqual({ removed: true });
		expect((await control('DELETE', `webhooks/${webhookId}`)).body).toEqual({ removed: false });
		expect((await control('GET', 'alerting')).body).toMatchObject({ webhooks: [], policies: [] });
	});

	it.each([
		[null, 'object'],
		[{ status: 'down' }, 'tunnel is required'],
		[{ tunnel: 'site-ams-01' }, 'down or up'],
		[{ tunnel: 'site-ams-01', status: 'gone' }, 'down or up'],
		[{ tunnel: 'site-ams-01', status: 'up', previous: 'gone' }, 'down or up'],
		[{ tunnel: 'site-ams-01', status: 'up', event: 'middle' }, 'start or end'],
		[{ tunnel: 'site-ams-01', status: 'up', ts: 'now' }, 'ts must be of type number'],
		[{ tunnel: 'site-ams-01', status: 'up', popNames: {} }, 'list'],
		[{ tunnel: 'site-ams-01', status: 'up', nothing: 1 }, 'no nothing'],
		[{ tunnel: 'site-ams-01', status: 'up', constructor: 'x' }, 'no constructor'],
		[{ tunnel: 'nowhere', status: 'up' }, 'no tunnel nowhere'],
	])('refuses the alert %j', async (alert, message) => {
		expect(await control('POST', 'alerts', alert)).toEqual({
			status: 400,
			body: { error: expect.stringContaining(message) as string },
		});
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
