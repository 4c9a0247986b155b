import { request } from 'undici';
import type { Delivery, FaultSpec, Operation } from '../simulator';
import { alertingSchemas } from '../simulator/alerting/schemas';
import { bearer, keyPair } from '../simulator/caller';
import type { Called } from '../simulator/caller';
import { failureSchema } from '../simulator/schemas';
import {
	failureOf,
	idOf,
	SECRET,
	TRANSIT,
	UNKNOWN_ID,
	useAlertingScene,
	WAN,
	WEBHOOKS,
} from './alertingScene';
import { expectSchema } from './scene';

/** Notifications of the simulated account: answers, access, faults and control. */

const scene = useAlertingScene();

/** Every operation of the API, on a webhook and a policy that are there. */
const operations: [Operation, (webhookId: string, policyId: string) => Promise<Called>][] = [
	['availableAlerts', () => scene.caller.alerting('GET', '/available_alerts')],
	['listWebhooks', () => scene.caller.alerting('GET', WEBHOOKS)],
	['createWebhook', () => scene.createHook()],
	['getWebhook', (id) => scene.caller.alerting('GET', `${WEBHOOKS}/${id}`)],
	[
		'updateWebhook',
		(id) => scene.caller.alerting('PUT', `${WEBHOOKS}/${id}`, { body: scene.hook() }),
	],
	['listPolicies', () => scene.caller.alerting('GET', '/policies')],
	['createPolicy', (id) => scene.createPolicy(id)],
	['getPolicy', (_, id) => scene.caller.alerting('GET', `/policies/${id}`)],
	[
		'updatePolicy',
		(_, id) => scene.caller.alerting('PUT', `/policies/${id}`, { body: { name: 'x' } }),
	],
	['testPolicy', (_, id) => scene.caller.alerting('POST', `/policies/${id}/test`)],
	['deletePolicy', (_, id) => scene.caller.alerting('DELETE', `/policies/${id}`)],
	['listAlertHistory', () => scene.caller.alerting('GET', '/history')],
	[
		'deleteWebhook',
		(id) => {
			for (const { id: policyId } of scene.simulator.alerts.policies()) {
				scene.simulator.alerts.removePolicy(policyId);
			}
			return scene.caller.alerting('DELETE', `${WEBHOOKS}/${id}`);
		},
	],
];

describe('answers of the thirteen endpoints', () => {
	it.each(operations)('%s fits its schema', async (name, call) => {
		const { webhookId, policyId } = await scene.subscribe({
			description: 'Somebody is called at night',
			alert_interval: '30m',
			mechanisms: { webhooks: [], email: [{ id: 'noc@example.com' }] },
		});
		await scene.fire();
		const answer = await call(webhookId, policyId);
		expect(answer.status).toBe(name === 'createWebhook' ? 201 : 200);
		expectSchema(alertingSchemas[name as keyof typeof alertingSchemas], answer.body);
		expect(scene.simulator.requests.at(-1)?.operation).toBe(name);
		expect(JSON.stringify(answer.body)).not.toContain(SECRET);
	});

	it('tells what Magic alerts there are, with their filters', async () => {
		const { body } = await scene.caller.alerting('GET', '/available_alerts');
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
		const path = `/accounts/${scene.simulator.notOnboardedAccountId}/alerting/v3`;
		const { body } = await scene.caller.call('GET', `${path}/available_alerts`);
		expect(body.result).toEqual({});
		const answer = await scene.caller.call('POST', `${path}/policies`, {
			body: scene.policy(UNKNOWN_ID),
		});
		expect(failureOf(answer).slice(0, 2)).toEqual([400, 17004]);
	});

	it('keeps the accounts apart', async () => {
		await scene.createHook();
		const path = `/accounts/${scene.simulator.notOnboardedAccountId}/alerting/v3${WEBHOOKS}`;
		expect((await scene.caller.call('GET', path)).body.result).toEqual([]);
	});
});

describe('credentials', () => {
	const attempts = (): Record<string, Record<string, string>> => ({
		write: bearer(scene.simulator.apiToken),
		owned: bearer(scene.simulator.accountOwnedToken),
		key: keyPair(scene.simulator.email, scene.simulator.apiKey),
		read: bearer(scene.simulator.readToken),
		readKey: keyPair(scene.simulator.readEmail, scene.simulator.readApiKey),
		none: bearer(scene.simulator.noPermissionToken),
		noNotifications: bearer(scene.simulator.noNotificationsToken),
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
		const read = await scene.caller.alerting('GET', WEBHOOKS, { auth });
		const written = await scene.createHook({}, { auth });
		expect([read.status, written.status]).toEqual([reading, writing]);
		for (const answer of [read, written]) {
			if (answer.status === 403) {
				expect(failureOf(answer)).toEqual([403, 10000, 'Authentication error']);
				expectSchema(failureSchema, answer.body);
			}
		}
		expect(scene.receiver.received).toHaveLength(writing === 201 ? 1 : 0);
	});

	it('has a token for tunnels that knows no notifications', async () => {
		const auth = bearer(scene.simulator.noNotificationsToken);
		const { id } = scene.simulator.tunnels()[0]!;
		expect((await scene.caller.magic('POST', `/${id}/psk_generate`, { auth })).status).toBe(200);
	});

	it('refuses a test of a policy to a reader', async () => {
		const { policyId } = await scene.subscribe();
		const auth = bearer(scene.simulator.readToken);
		const answer = await scene.caller.alerting('POST', `/policies/${policyId}/test`, { auth });
		expect(failureOf(answer).slice(0, 2)).toEqual([403, 10000]);
		expect(scene.receiver.received).toEqual([]);
	});
});

describe('faults', () => {
	it.each(operations)('hit %s', async (name, call) => {
		const { webhookId, policyId } = await scene.subscribe();
		const fault = scene.simulator.faults.add({
			kind: 'status',
			status: 503,
			code: 7,
			operation: name,
		});
		const answer = await call(webhookId, policyId);
		expect(failureOf(answer).slice(0, 2)).toEqual([503, 7]);
		expect(fault.hits).toBe(1);
		expect(scene.receiver.received).toEqual([]);
	});

	it('lose the answer to a webhook that was created', async () => {
		scene.simulator.faults.add({ kind: 'reset', when: 'after', operation: 'createWebhook' });
		await expect(scene.createHook()).rejects.toThrow();
		expect(scene.simulator.alerts.webhooks()).toHaveLength(1);
		expect(scene.receiver.received).toHaveLength(1);
		expect(scene.simulator.requests[0]).toMatchObject({ status: 0, applied: true });
	});

	it.each<[FaultSpec, unknown]>([
		[{ kind: 'missingFields', fields: ['id'] }, {}],
		[{ kind: 'wrongTypes' }, { id: 7 }],
	])('spoil results: %j', async (spec, expected) => {
		scene.simulator.faults.add(spec);
		expect((await scene.createHook()).body.result).toEqual(expected);
	});

	it('let somebody delete the webhook before its policy is made', async () => {
		const id = idOf(await scene.createHook());
		scene.simulator.faults.add({
			kind: 'hook',
			operation: 'createPolicy',
			before: ({ alerts }) => void alerts.removeWebhook(id),
		});
		expect(failureOf(await scene.createPolicy(id)).slice(0, 2)).toEqual([400, 17102]);
	});
});

it('counts notifications into the rate limit of the credential', async () => {
	await scene.start({ alerting: {}, rateLimit: { limit: 1 } });
	await scene.caller.magic('GET');
	expect(failureOf(await scene.caller.alerting('GET', WEBHOOKS)).slice(0, 2)).toEqual([429, 971]);
});

it.each(['/alerting/v3', '/alerting/v3/silences', '/alerting/v3/destinations/pagerduty'])(
	'does not know %s',
	async (path) => {
		const answer = await scene.caller.call('GET', `/accounts/${scene.simulator.accountId}${path}`);
		expect(failureOf(answer).slice(0, 2)).toEqual([404, 7003]);
	},
);

it('ends although a receiver hangs, and gives up what is on its way', async () => {
	await scene.start({ alerting: { allowLoopback: true, timeoutMs: 3_600_000 } });
	await scene.subscribe();
	scene.receiver.answerWith('hang');
	const creating = scene.createHook().catch((reason: unknown) => reason);
	const firing = scene.fire();
	while (scene.receiver.received.length < 2) await new Promise(setImmediate);
	await scene.simulator.close();
	expect(await creating).toBeInstanceOf(Error);
	expect(await firing).toMatchObject([{ status: 0 }]);
});

describe('control over HTTP', () => {
	const control = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => {
		const answer = await request(`${scene.simulator.origin}/__sim/${path}`, {
			method,
			...(body !== undefined && { body: JSON.stringify(body) }),
		});
		return { status: answer.statusCode, body: (await answer.body.json()) as unknown };
	};

	it('fires, and fires once more', async () => {
		await scene.subscribe();
		const fired = await control('POST', 'alerts', { tunnel: scene.first().name, status: 'down' });
		const [delivery] = fired.body as [Delivery];
		expect(delivery).toMatchObject({ status: 200, body: { alert_type: WAN } });
		expect((await control('POST', 'alerts/replay', delivery)).body).toEqual(delivery);
		expect(scene.receiver.received.map(({ body }) => body)).toEqual([delivery.body, delivery.body]);
	});

	it('tells destinations with their secrets, policies and the history', async () => {
		const { webhookId, policyId } = await scene.subscribe();
		await scene.fire();
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
