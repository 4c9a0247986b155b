import { printed } from '../helpers/printed';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import type { IDataObject, INode } from 'n8n-workflow';
import { withoutSecret } from '../../nodes/CloudflareMagicAlert/echo';
import type { NamedContext } from '../../nodes/CloudflareMagicAlert/secret';
import { secretOf } from '../../nodes/CloudflareMagicAlert/secret';
import type { ResolvedCredential } from '../../nodes/shared/transport';
import { bodyOf, forward, handOn } from '../helpers/forward';
import { credentialsOf } from '../helpers/node';
import { leaksIn } from '../helpers/scanner';
import { useVirtualClock } from '../helpers/virtualClock';
import type { WebhookHost } from '../helpers/webhook';
import { startAccountFor, startWebhookHost } from '../helpers/webhook';
import type { Alert, Simulator } from '../simulator';

/**
 * The webhook's secret: n8n's static data are in every export of a workflow, so that a forger who has
 * one must not be able to send alerts, and Cloudflare's own must come through whatever is stored.
 */

const clock = useVirtualClock();

let host: WebhookHost;
let simulator: Simulator;

beforeEach(async () => {
	host = await startWebhookHost();
	simulator = await startAccountFor(host, { tunnels: 3, seed: 5, now: clock.now });
	printed.length = 0;
});

afterEach(async () => {
	await simulator.close();
	await host.close();
});

const fire = async (alert: Partial<Alert> = {}) =>
	(
		await simulator.alerts.fire({ tunnel: simulator.tunnels()[0]!.name, status: 'down', ...alert })
	).map(({ status }) => status);

/** The secret as Cloudflare has it. */
const secret = (): string => simulator.alerts.webhooks()[0]!.secret!;

const jsons = (): IDataObject[] => host.started.flat().map(({ json }) => json);

const alertWith = (change: object = {}): string =>
	JSON.stringify({
		alert_type: 'magic_wan_tunnel_health',
		policy_id: simulator.alerts.policies()[0]?.id,
		alert_correlation_id: 'c',
		data: { tunnel_name: 'x', new_status: 'MAGIC_TUNNEL_STATUS_DOWN' },
		...change,
	});

const post = async (change: object, given: string = secret()): Promise<number> =>
	await host.post(alertWith(change), { 'cf-webhook-auth': given });

const restart = async (): Promise<void> => {
	host.crash();
	simulator.resetRequests();
	await host.activate('init');
};

describe('what an export holds', () => {
	it('is of no use to a forger', async () => {
		await host.activate();
		await fire();
		expect(leaksIn([host.staticData(), host.workflow()], [secret()])).toEqual([]);
		const texts = JSON.stringify(host.staticData()).match(/[\w-]+/g)!;
		for (const text of [...texts, host.webhookId, host.workflowId, '']) {
			expect(await post({ alert_correlation_id: text }, text)).toBe(401);
		}
		expect(host.started).toHaveLength(1);
	});

	it('is brought into that form where an older version left it in clear, and no alert is lost', async () => {
		const old = 'ab'.repeat(32);
		await host.activate();
		const data = host.staticData();
		const made = data.made as IDataObject[];
		host.setStaticData({ secret: old, made, policies: data.policies, since: data.since });
		expect(await post({}, old)).toBe(200);
		expect(host.started).toHaveLength(1);
		expect(leaksIn(host.staticData(), [old])).toEqual([]);
		// What lay in clear may be in backups: the next activation replaces it.
		await restart();
		expect(leaksIn(host.staticData(), [old, secret()])).toEqual([]);
		expect(await post({ alert_correlation_id: 'd' }, old)).toBe(401);
		expect(await fire()).toEqual([200]);
		expect(simulator.alerts.webhooks()).toHaveLength(1);
		expect(simulator.alerts.policies()).toHaveLength(1);
	});
});

describe('another token in the credential', () => {
	const rotate = () => {
		host.credentials = credentialsOf(simulator, { apiToken: simulator.readToken });
	};

	it('loses no alert, and replaces the secret at the next activation', async () => {
		await host.activate();
		const before = secret();
		rotate();
		expect(await fire()).toEqual([200]);
		expect(host.started).toHaveLength(1);
		host.parameters.authentication = 'apiKey';
		await restart();
		expect(secret()).not.toBe(before);
		expect(await fire({ status: 'up' })).toEqual([200]);
		expect(await post({}, before)).toBe(401);
		expect(host.started).toHaveLength(2);
	});

	it('does not make the credential necessary for alerts', async () => {
		await host.activate();
		host.credentials = {};
		expect(await fire()).toEqual([200]);
		expect(host.started).toHaveLength(1);
		expect(await post({}, 'f'.repeat(64))).toBe(401);
	});
});

describe('a key that could be guessed', () => {
	it.each(['', 'short'])('%j is not what the secret is made of', async (apiToken) => {
		await host.activate();
		const strong = secret();
		await host.deactivate();
		host.open();
		host.credentials = credentialsOf(simulator, { apiToken });
		for (const given of [strong, '0'.repeat(64)]) {
			expect(await post({ policy_id: undefined }, given)).toBe(503);
		}
		expect(host.started).toEqual([]);
	});

	it('of a gateway has a random secret, with which all goes on', async () => {
		const gateway = createServer((incoming, response) => {
			incoming.headers.authorization = `Bearer ${simulator.apiToken}`;
			void bodyOf(incoming)
				.then(async (body) => await forward(new URL(simulator.url).origin, incoming, body))
				.then((answer) => handOn(response, answer));
		});
		await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
		try {
			const { port } = gateway.address() as AddressInfo;
			const baseUrl = `http://127.0.0.1:${port}${new URL(simulator.url).pathname}`;
			host.credentials = credentialsOf(simulator, { apiToken: 'short', baseUrl });
			host.parameters.options = { catchUp: true };
			await host.activate();
			const before = secret();
			expect(await fire()).toEqual([200]);
			await fire({ status: 'up', deliver: false });
			await restart();
			expect(secret()).toBe(before);
			expect(jsons()).toMatchObject([{ status: 'down' }, { status: 'up' }]);
			simulator.alerts.removeWebhook(simulator.alerts.webhooks()[0]!.id);
			// The test message has a secret that nobody can know; n8n calls delete, and tries again.
			await expect(restart()).rejects.toThrow('Could not create the webhook destination');
			await host.activate();
			expect(secret()).not.toBe(before);
			expect(await fire()).toEqual([200]);
			expect(await host.deactivate()).toBe(true);
		} finally {
			gateway.closeAllConnections();
			gateway.close();
		}
	});
});

describe('before n8n has stored anything', () => {
	it.each(['createPolicy', 'createWebhook'] as const)(
		'an alert that comes with %s starts the workflow, once',
		async (operation) => {
			const answers: number[] = [];
			simulator.faults.add({
				operation,
				kind: 'hook',
				after: async () => {
					const text = alertWith({ ts: Math.floor(clock.now() / 1000) });
					answers.push(await host.post(text, { 'cf-webhook-auth': secret() }));
					answers.push(await host.post(text, { 'cf-webhook-auth': secret() }));
					// What `create` is about to have stored must not be replaced by a request's copy.
					expect(host.staticData()).toEqual({});
				},
			});
			await host.activate();
			expect(answers).toEqual([200, 200]);
			expect(host.started).toHaveLength(1);
			// So that a later process knows it, too.
			expect(host.staticData().seen).toHaveLength(1);
			const early = alertWith({ policy_id: undefined, ts: Math.floor(clock.now() / 1000) });
			expect(await host.post(early, { 'cf-webhook-auth': secret() })).toBe(200);
			expect(host.started).toHaveLength(1);
		},
	);

	it('an alert of the new policy starts the workflow while the old one is what is stored', async () => {
		await host.activate();
		host.parameters.slo = 95;
		const answers: number[] = [];
		simulator.faults.add({
			operation: 'createPolicy',
			kind: 'hook',
			after: async () => void answers.push(...(await fire())),
		});
		await restart();
		expect(answers).toEqual([200]);
		expect(host.started).toHaveLength(1);
	});

	it('nobody else starts it, and a lost alert is not confirmed', async () => {
		host.open();
		expect(await host.post('{"text":"Hello World! This is a test message"}')).toBe(200);
		for (const given of [undefined, 'x', '0'.repeat(64)]) {
			const headers = given === undefined ? {} : { 'cf-webhook-auth': given };
			expect(await host.post(alertWith(), headers as Record<string, string>)).toBe(503);
		}
		expect(await host.post('x', {})).toBe(200);
		expect(host.started).toEqual([]);
	});

	it('an alert after static data were lost starts the workflow too', async () => {
		await host.activate();
		host.setStaticData({});
		expect(await fire()).toEqual([200]);
		expect(host.started).toHaveLength(1);
	});

	it('an alert for "Listen for test event" comes through', async () => {
		simulator.faults.add({
			operation: 'createPolicy',
			kind: 'hook',
			after: async () => void (await fire()),
		});
		const stop = await host.listen();
		expect(host.started).toHaveLength(1);
		expect(await stop()).toBe(true);
	});
});

describe('a copy of the secret in an alert', () => {
	const forms: Array<[string, (key: string) => string]> = [
		['as it is', (key) => key],
		['in capitals', (key) => key.toUpperCase()],
		['cut off', (key) => key.slice(9, 40)],
		['with spaces', (key) => key.match(/.{4}/g)!.join(' ')],
		['in base64', (key) => Buffer.from(`xx${key}`).toString('base64')],
		['in hex', (key) => Buffer.from(key).toString('hex')],
		['escaped', (key) => key.replace(/^./, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)],
	];

	it.each(forms)('%s takes the whole text with it', async (_, form) => {
		await host.activate();
		const shown = form(secret());
		const text = alertWith({
			text: `Sent with SHOWN`,
			data: { tunnel_name: 'SHOWN', pop_names: ['AMS', 'SHOWN'], SHOWN: { deep: ['SHOWN'] } },
		}).replaceAll('SHOWN', shown);
		expect(await host.post(text, { 'cf-webhook-auth': secret() })).toBe(200);
		expect(host.started).toHaveLength(1);
		expect(jsons()[0]).toMatchObject({ text: '***', tunnel_name: '***', pops: ['AMS', '***'] });
		const items = JSON.stringify(host.started).toLowerCase();
		expect(items).not.toContain(shown.slice(0, 24).toLowerCase());
		expect(leaksIn([host.started, host.answers, printed], [secret()])).toEqual([]);
	});

	it('in the history is not handed on by Catch Up either', async () => {
		host.parameters.options = { catchUp: true };
		await host.activate();
		await fire({ deliver: false });
		const [entry] = simulator.alerts.history();
		const body = JSON.parse(entry!.alert_body as string) as object;
		simulator.faults.add({
			operation: 'listAlertHistory',
			kind: 'body',
			body: JSON.stringify({
				success: true,
				errors: [],
				messages: [],
				result: [{ ...entry, alert_body: JSON.stringify({ ...body, text: `with ${secret()}` }) }],
			}),
		});
		await host.trigger();
		expect(jsons()).toMatchObject([{ text: '***' }]);
		expect(leaksIn(host.started, [secret()])).toEqual([]);
	});

	it('is found wherever in a text 23 characters of it are', () => {
		const key = createHash('sha256').update('x').digest('hex');
		const other = fc.stringMatching(/^[g-z .,-]{0,60}$/);
		const cut = fc.tuple(fc.nat(41), fc.integer({ min: 23, max: 64 }));
		fc.assert(
			fc.property(other, cut, other, (before, [start, length], after) => {
				const text = `${before}${key.slice(start, start + length)}${after}`;
				const clean = withoutSecret({ text, [text]: [text], same: before }, key);
				expect(clean).toEqual({ text: '***', '***': ['***'], same: before });
			}),
			{ numRuns: 500 },
		);
	});

	it('is not seen in ids, of which a few characters are like the secret', async () => {
		await host.activate();
		const like = `${secret().slice(0, 8)}${'0'.repeat(24)}`;
		expect(await post({ account_id: like, text: secret().slice(20, 30) })).toBe(200);
		expect(jsons()).toMatchObject([{ account_id: like, text: secret().slice(20, 30) }]);
	});
});

it('differs by all that it is made of', () => {
	const context = (change: IDataObject = {}): NamedContext => {
		const { url = 'u', workflow = 'w', id = 'n', webhookId } = change as Record<string, string>;
		return {
			getInstanceBaseUrl: () => url,
			getWorkflow: () => ({ id: workflow, active: true }),
			getNode: () => ({ id, webhookId }) as INode,
		};
	};
	const key = 'k'.repeat(37);
	const withToken = { type: 'cloudflareMagicTokenApi', data: { apiToken: key, apiKey: 'no' } };
	const made = (change?: IDataObject, credential: ResolvedCredential = withToken) =>
		secretOf(context(change), credential);
	const changes = [{ url: 'v' }, { workflow: 'x' }, { id: 'o' }, { webhookId: 'o2' }];
	const secrets = [made(), ...changes.map((change) => made(change))];
	expect(new Set(secrets).size).toBe(secrets.length);
	expect(secrets.join('\n')).toMatch(/^([0-9a-f]{64}(\n|$))+$/);
	expect(made({ webhookId: 'a', id: 'b' })).toBe(made({ webhookId: 'a', id: 'c' }));
	// Another one would replace the secret of every trigger that is active.
	expect(made()).toBe('2a8891db855b0423507a609d6cc78ee0d4e6960865ed50714c05bea9aac3bfea');
	const withKey = { type: 'cloudflareMagicKeyApi', data: { apiToken: 'no', apiKey: ` ${key} ` } };
	expect(made({}, withKey)).toBe(made());
	const cut = (length: number) => ({ ...withToken, data: { apiToken: key.slice(0, length) } });
	expect([made({}, cut(31)), made({}, { ...withToken, data: {} })]).toEqual([undefined, undefined]);
	expect(made({}, cut(32))).toBeDefined();
});

it('only a hash is stored', async () => {
	await host.activate();
	const hash = createHash('sha256').update(secret()).digest('hex');
	expect(host.staticData()).toMatchObject({ secretSha256: hash });
});
