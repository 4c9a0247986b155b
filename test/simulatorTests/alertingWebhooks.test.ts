import { startSimulator } from '../simulator';
import { failureSchema } from '../simulator/schemas';
import {
	failureOf,
	idOf,
	SECRET,
	UNKNOWN_ID,
	useAlertingScene,
	UUID,
	WEBHOOKS,
} from './alertingScene';
import { expectSchema } from './scene';

const scene = useAlertingScene();

const TEST_TEXT =
	'Hello World! This is a test message sent from https://cloudflare.com. If you can see this, your webhook is configured properly.';

describe('webhook destinations', () => {
	it('answers 201 after the test message has arrived', async () => {
		let wasStored: boolean | undefined;
		let wasAnswered = false;
		scene.receiver.answerWith(() => {
			wasStored = scene.simulator.alerts.webhooks().length > 0 || wasAnswered;
			return 204;
		});
		const answer = await scene.createHook().then((called) => {
			wasAnswered = true;
			return called;
		});
		expect(wasStored).toBe(false);
		expect(answer.status).toBe(201);
		expect(answer.body.result).toEqual({ id: expect.stringMatching(UUID) as string });
		expect(scene.receiver.received).toMatchObject([
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
		expect(scene.receiver.received[0]?.body).toEqual({ text: TEST_TEXT });
		expect(scene.simulator.alerts.webhooks()).toMatchObject([{ id: idOf(answer), secret: SECRET }]);
		expect(scene.simulator.requests[0]?.applied).toBe(true);
	});

	it.each([[undefined], ['']])('sends no auth header with the secret %j', async (secret) => {
		await scene.createHook({ secret });
		expect(scene.receiver.received).toHaveLength(1);
		expect(scene.receiver.received[0]?.headers).not.toHaveProperty('cf-webhook-auth');
	});

	it.each([
		['an error', 500],
		['a refusal', 401],
		['a redirect', 302],
		['nothing', 'hang'],
	] as const)('creates none when the receiver answers %s', async (_name, reply) => {
		await scene.start({ alerting: { allowLoopback: true, timeoutMs: 100 } });
		scene.receiver.answerWith(reply);
		const answer = await scene.createHook();
		expect(failureOf(answer)).toEqual([
			400,
			0,
			expect.stringMatching(/^Webhook test failed/) as string,
		]);
		expectSchema(failureSchema, answer.body);
		expect(scene.receiver.received).toHaveLength(1);
		expect(scene.simulator.alerts.webhooks()).toEqual([]);
		expect(scene.simulator.requests[0]?.applied).toBe(false);
	});

	it('creates none when nobody listens', async () => {
		await scene.receiver.close();
		expect(failureOf(await scene.createHook()).slice(0, 2)).toEqual([400, 0]);
		expect(scene.simulator.alerts.webhooks()).toEqual([]);
	});

	it('tests again on update, with the new address and secret', async () => {
		const id = idOf(await scene.createHook());
		const before = scene.simulator.alerts.webhooks()[0]!;
		const changed = scene.hook({ name: 'other', url: `${scene.receiver.origin}/2`, secret: 'new' });
		const answer = await scene.caller.alerting('PUT', `${WEBHOOKS}/${id}`, { body: changed });
		expect([answer.status, idOf(answer)]).toEqual([200, id]);
		expect(scene.receiver.received[1]).toMatchObject({
			path: '/2',
			headers: { 'cf-webhook-auth': 'new' },
			body: { text: TEST_TEXT },
		});
		expect(scene.simulator.alerts.webhooks()).toMatchObject([
			{ id, name: 'other', secret: 'new', created_at: before.created_at },
		]);
	});

	it('takes the secret away by an update without one', async () => {
		const id = idOf(await scene.createHook());
		await scene.caller.alerting('PUT', `${WEBHOOKS}/${id}`, {
			body: scene.hook({ secret: undefined }),
		});
		expect(scene.receiver.received[1]?.headers).not.toHaveProperty('cf-webhook-auth');
		expect(scene.simulator.alerts.webhooks()[0]).not.toHaveProperty('secret');
	});

	it('changes nothing when the receiver refuses the update', async () => {
		const id = idOf(await scene.createHook());
		const before = scene.simulator.alerts.webhooks();
		scene.receiver.answerWith(503);
		const body = scene.hook({ name: 'other' });
		const answer = await scene.caller.alerting('PUT', `${WEBHOOKS}/${id}`, { body });
		expect(failureOf(answer).slice(0, 2)).toEqual([400, 0]);
		expect(scene.simulator.alerts.webhooks()).toEqual(before);
	});

	it('does not bring back one that went while its receiver was asked', async () => {
		const id = idOf(await scene.createHook());
		scene.receiver.answerWith(() => {
			scene.simulator.alerts.removeWebhook(id);
			return 200;
		});
		const answer = await scene.caller.alerting('PUT', `${WEBHOOKS}/${id}`, { body: scene.hook() });
		expect(failureOf(answer)).toEqual([404, 0, 'Webhook not found']);
		expect(scene.simulator.alerts.webhooks()).toEqual([]);
	});

	it('takes back what it answered', async () => {
		const id = idOf(await scene.createHook());
		const { body } = await scene.caller.alerting('GET', `${WEBHOOKS}/${id}`);
		expect(
			(await scene.caller.alerting('PUT', `${WEBHOOKS}/${id}`, { body: body.result })).status,
		).toBe(200);
	});

	it('deletes, but not while a policy names it', async () => {
		const { webhookId, policyId } = await scene.subscribe();
		const path = `${WEBHOOKS}/${webhookId}`;
		expect(failureOf(await scene.caller.alerting('DELETE', path)).slice(0, 2)).toEqual([400, 0]);
		expect(scene.simulator.alerts.webhooks()).toHaveLength(1);
		await scene.caller.alerting('DELETE', `/policies/${policyId}`);
		expect((await scene.caller.alerting('DELETE', path)).status).toBe(200);
		expect((await scene.caller.alerting('GET', WEBHOOKS)).body.result).toEqual([]);
		expect(failureOf(await scene.caller.alerting('DELETE', path)).slice(0, 2)).toEqual([
			404, 15000,
		]);
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
		const answer = await scene.caller.alerting(method, `${WEBHOOKS}/${id}`, { body: scene.hook() });
		expect(failureOf(answer)).toEqual(expected);
		expectSchema(failureSchema, answer.body);
		expect(scene.receiver.received).toEqual([]);
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
		const answer = await scene.createHook(more);
		expect(failureOf(answer)).toEqual([
			400,
			0,
			expect.not.stringContaining('test failed') as string,
		]);
		expectSchema(failureSchema, answer.body);
		expect(scene.receiver.received).toEqual([]);
	});

	it.each([
		['no body', undefined, 400],
		['no JSON', '{', 400],
		['a list', [], 400],
	])('refuses %s', async (_name, body, status) => {
		const answer = await scene.caller.alerting('POST', WEBHOOKS, { body });
		expect(failureOf(answer).slice(0, 2)).toEqual([status, 0]);
	});

	it('refuses another content type', async () => {
		const headers = { 'content-type': 'text/plain' };
		const answer = await scene.caller.alerting('POST', WEBHOOKS, { body: '{}', headers });
		expect(failureOf(answer).slice(0, 2)).toEqual([415, 0]);
	});

	it.each(['http://127.0.0.1:80/', 'http://localhost/', 'http://[::1]/', 'http://127.9.9.9/'])(
		'takes %s for loopback only when that is allowed',
		async (url) => {
			await scene.start({ alerting: {} });
			expect(failureOf(await scene.createHook({ url }))).toEqual([
				400,
				0,
				expect.stringContaining('must be public') as string,
			]);
			expect(scene.receiver.received).toEqual([]);
		},
	);

	it('talks to nobody but loopback: a public receiver does not answer', async () => {
		const answer = await scene.createHook({ url: 'https://n8n.example.com/webhook' });
		expect(failureOf(answer)).toEqual([400, 0, 'Webhook test failed: no answer from the endpoint']);
	});

	it('reaches a public origin where it is answered on loopback', async () => {
		const origin = 'https://n8n.example.com';
		await scene.start({ alerting: { publicOrigins: { [origin]: scene.receiver.origin } } });
		const url = `${origin}/webhook/9?x=1`;
		expect((await scene.createHook({ url })).status).toBe(201);
		expect(scene.receiver.received).toMatchObject([{ path: '/webhook/9?x=1' }]);
		expect(scene.simulator.alerts.webhooks()).toMatchObject([{ url }]);
		expect(failureOf(await scene.createHook({ url: scene.receiver.origin })).slice(0, 2)).toEqual([
			400, 0,
		]);
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
