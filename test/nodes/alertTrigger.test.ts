import { printed } from '../helpers/printed';
import { createHash } from 'node:crypto';
import type { IDataObject, INode, INodeProperties } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { CloudflareMagicAlertTrigger } from '../../nodes/CloudflareMagicAlert/CloudflareMagicAlertTrigger.node';
import { outputsOf, PACKAGE_NAME, runWorkflow } from '../helpers/engine';
import { credentialsOf, sources } from '../helpers/node';
import { leaksIn } from '../helpers/scanner';
import { useVirtualClock } from '../helpers/virtualClock';
import type { WebhookHost } from '../helpers/webhook';
import { ALERT_NODE, PUBLIC_ORIGIN, startAccountFor, startWebhookHost } from '../helpers/webhook';
import type { Alert, Delivery, SimulatorOptions, Simulator } from '../simulator';

/** The alert trigger on n8n-core's contexts and real sockets, against the simulated account. */

const clock = useVirtualClock();

let host: WebhookHost;
let simulator: Simulator;

async function startAccount(options: SimulatorOptions = {}): Promise<void> {
	await simulator?.close();
	simulator = await startAccountFor(host, { tunnels: 3, seed: 5, now: clock.now, ...options });
}

beforeEach(async () => {
	host = await startWebhookHost();
	await startAccount();
	printed.length = 0;
});

afterEach(async () => {
	await simulator.close();
	await host.close();
});

const log = () =>
	printed.map((text) => (text instanceof Error ? text.stack : String(text))).join('\n');

const tunnel = (index = 0): string => simulator.tunnels()[index]!.name;

const fire = async (alert: Partial<Alert> = {}): Promise<Delivery[]> =>
	await simulator.alerts.fire({ tunnel: tunnel(), status: 'down', ...alert });

/** Statuses with which the host answered an alert, by delivery. */
const statuses = (deliveries: Delivery[]): number[] => deliveries.map(({ status }) => status);

const jsons = (): IDataObject[] => host.started.flat().map(({ json }) => json);

const setOptions = (options: IDataObject): void => {
	host.parameters.options = options as never;
};

const operations = (): string[] => simulator.requests.map(({ operation }) => operation);

/** Everything of this trigger at Cloudflare. */
const left = () => [...simulator.alerts.webhooks(), ...simulator.alerts.policies()];

/** The secrets that were ever sent to Cloudflare for its notifications. */
const secretsSent = (): string[] =>
	simulator.requests
		.filter(({ operation }) => operation === 'createWebhook')
		.map(({ body }) => (body as { secret: string }).secret);

const failure = async (promise: Promise<unknown>): Promise<Error & IDataObject> =>
	await promise.then(
		() => {
			throw new Error('It did not fail');
		},
		(error: unknown) => error as Error & IDataObject,
	);

/** The secret as Cloudflare has it: n8n stores its hash only. */
const secretText = (): string => simulator.alerts.webhooks()[0]!.secret!;

const secret = () => ({ 'cf-webhook-auth': secretText() });

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the life of the trigger', () => {
	it('makes a destination and a policy, starts the workflow, and removes both', async () => {
		Object.assign(host.parameters, { slo: 99.5, tunnelNames: [tunnel(0), tunnel(1)] });
		setOptions({ alertInterval: 45, policyName: 'Offices' });
		await host.activate();

		const [webhook] = simulator.alerts.webhooks();
		const [policy] = simulator.alerts.policies();
		expect(webhook).toMatchObject({ url: `${PUBLIC_ORIGIN}${host.path()}` });
		expect(webhook!.secret).toMatch(/^[0-9a-f]{64}$/);
		expect(policy).toMatchObject({
			enabled: true,
			alert_type: 'magic_wan_tunnel_health',
			alert_interval: '45m',
			filters: { slo: ['99.5'], tunnel_name: [tunnel(0), tunnel(1)] },
			mechanisms: { webhooks: [{ id: webhook!.id }] },
		});
		expect(policy!.name).toMatch(/^n8n: Offices \([0-9a-f]{12}\)$/);
		expect(host.started).toEqual([]);

		expect(statuses(await fire())).toEqual([200]);
		expect(statuses(await fire({ status: 'up' }))).toEqual([200]);
		expect(statuses(await fire({ tunnel: tunnel(2) }))).toEqual([]);
		expect(jsons()).toMatchObject([
			{ event: 'start', tunnel_name: tunnel(), status: 'down', previous_status: 'up' },
			{ event: 'end', tunnel_name: tunnel(), status: 'up', previous_status: 'down' },
		]);

		expect(await host.deactivate()).toBe(true);
		expect(left()).toEqual([]);
		expect(host.staticData()).toEqual({});
		expect(operations().slice(-4)).toEqual([
			'deletePolicy',
			'deleteWebhook',
			'listPolicies',
			'listWebhooks',
		]);
	});

	it('answers the test message while the destination is made, although no secret is stored', async () => {
		const open = host.holdNext();
		const activation = host.activate();
		while (!operations().includes('createWebhook')) await new Promise(setImmediate);
		expect(host.staticData().secretSha256).toBeUndefined();
		open();
		await activation;
		expect(host.answers).toMatchObject([{ status: 200 }]);
		expect(host.started).toEqual([]);
		expect(host.staticData().secretSha256).toBe(hashOf(secretText()));
	});

	it('goes on after a restart with what is stored', async () => {
		await host.activate();
		const before = left();
		host.crash();
		expect(statuses(await fire({ correlationId: 'missed' }))).toEqual([404]);
		simulator.resetRequests();
		await host.activate('init');
		expect(operations()).toEqual(['getWebhook', 'getPolicy']);
		expect(left().map(({ id }) => id)).toEqual(before.map(({ id }) => id));
		expect(statuses(await fire({ status: 'up' }))).toEqual([200]);
		expect(host.started).toHaveLength(1);
	});

	it('works with email and API key, in another account than the credential has', async () => {
		Object.assign(host.parameters, { authentication: 'apiKey' });
		setOptions({ accountId: simulator.accountId.toUpperCase() });
		host.credentials = credentialsOf(simulator, { accountId: '0'.repeat(32) });
		await host.activate();
		expect(left()).toHaveLength(2);
		expect(await host.deactivate()).toBe(true);
		expect(left()).toEqual([]);
	});

	it('listens for a test event, beside the active workflow', async () => {
		await host.activate();
		const stop = await host.listen();
		expect(simulator.alerts.webhooks().map(({ url }) => new URL(url).pathname)).toEqual([
			host.path(),
			host.path(true),
		]);
		expect(statuses(await fire())).toEqual([200, 200]);
		expect(host.started).toHaveLength(2);
		expect(await stop()).toBe(true);
		expect(simulator.alerts.webhooks().map(({ url }) => new URL(url).pathname)).toEqual([
			host.path(),
		]);
		expect(simulator.alerts.policies()).toHaveLength(1);
	});

	it('hands on what came when the workflow is run by hand', async () => {
		const node: INode = {
			id: '1',
			name: ALERT_NODE,
			type: `${PACKAGE_NAME}.cloudflareMagicAlertTrigger`,
			typeVersion: 1,
			position: [0, 0],
			parameters: {},
			credentials: { cloudflareMagicTokenApi: { id: '1', name: 'Cloudflare' } },
		};
		for (const mode of ['manual', 'webhook', 'trigger'] as const) {
			const run = await runWorkflow(
				{ nodes: [node], connections: {} },
				{ types: sources, credentials: {}, input: [{ json: { event: 'start' } }], mode },
			);
			expect(outputsOf(run, ALERT_NODE)).toMatchObject([[{ json: { event: 'start' } }]]);
		}
	});

	it('tells n8n that it runs, so that it is not started again and again', async () => {
		expect(await host.trigger()).toEqual({});
		expect(simulator.requests).toEqual([]);
	});
});

describe('what is there already', () => {
	const restart = async () => {
		host.crash();
		simulator.resetRequests();
		await host.activate('init');
	};

	it.each([
		[
			'the destination',
			(): unknown => simulator.alerts.removeWebhook(simulator.alerts.webhooks()[0]!.id),
		],
		[
			'the policy',
			(): unknown => simulator.alerts.removePolicy(simulator.alerts.policies()[0]!.id),
		],
		[
			'both',
			(): unknown => {
				simulator.alerts.removePolicy(simulator.alerts.policies()[0]!.id);
				return simulator.alerts.removeWebhook(simulator.alerts.webhooks()[0]!.id);
			},
		],
	])('is made anew when somebody deleted %s, with the secret that n8n knows', async (_, drop) => {
		await host.activate();
		const known = secretText();
		drop();
		await restart();
		expect(simulator.alerts.webhooks()).toMatchObject([{ secret: known }]);
		expect(simulator.alerts.policies()).toMatchObject([
			{ mechanisms: { webhooks: [{ id: simulator.alerts.webhooks()[0]!.id }] } },
		]);
		expect(statuses(await fire())).toEqual([200]);
		expect(host.started).toHaveLength(1);
		expect(await host.deactivate()).toBe(true);
		expect(left()).toEqual([]);
	});

	it.each<[string, IDataObject]>([
		['SLO', { slo: 95 }],
		['alert type', { alertType: 'magic_tunnel_health_check_event' }],
		['names', { tunnelNames: ['site-x'] }],
		['interval', { options: { alertInterval: 60 } }],
	])('is replaced when the %s is another', async (_, change) => {
		await host.activate();
		const before = left().map(({ id }) => id);
		Object.assign(host.parameters, change);
		await restart();
		expect(left()).toHaveLength(2);
		expect(left().some(({ id }) => before.includes(id))).toBe(false);
	});

	it('is left, and made beside it, when n8n has another address', async () => {
		const moved = 'https://moved.example.com';
		await startAccount({
			alerting: { publicOrigins: { [PUBLIC_ORIGIN]: host.origin, [moved]: host.origin } },
		});
		await host.activate();
		host.publicOrigin = moved;
		await restart();
		const urls = [PUBLIC_ORIGIN, moved].map((origin) => ({ url: `${origin}${host.path()}` }));
		expect(simulator.alerts.webhooks()).toMatchObject(urls);
		expect(simulator.alerts.policies()).toHaveLength(2);
		expect(log()).toContain('made for another address');
		expect(await host.deactivate()).toBe(true);
		expect(simulator.alerts.webhooks()).toMatchObject([urls[0]]);
	});

	it('stays when only the form of the SLO and of the interval differs', async () => {
		setOptions({ alertInterval: 90 });
		await host.activate();
		await alertingCall('PUT', `/policies/${simulator.alerts.policies()[0]!.id}`, {
			alert_interval: '1h30m0s',
			filters: { slo: ['99.90'] },
		});
		await restart();
		expect(operations()).toEqual(['getWebhook', 'getPolicy']);
	});

	it.each<[string, IDataObject]>([
		['switched off', { enabled: false }],
		['sent elsewhere', { mechanisms: { email: [{ id: 'noc@example.com' }] } }],
		['given an interval that is none', { alert_interval: '30m', name: 'x' }],
	])('is replaced when the policy was %s', async (_, change) => {
		setOptions({ alertInterval: 45 });
		await host.activate();
		const { id } = simulator.alerts.policies()[0]!;
		await alertingCall('PUT', `/policies/${id}`, change);
		await restart();
		expect(simulator.alerts.policies().map((policy) => policy.id)).not.toContain(id);
		expect(left()).toHaveLength(2);
	});

	it("leaves alone what is not the trigger's, even at the same address", async () => {
		const url = `${PUBLIC_ORIGIN}${host.path()}`;
		await alertingCall('POST', '/destinations/webhooks', {
			name: 'Mine',
			url: `${PUBLIC_ORIGIN}/x`,
		});
		expect(left()).toEqual([]);
		const other = await startWebhookHost();
		try {
			await startAccount({
				alerting: {
					publicOrigins: { [PUBLIC_ORIGIN]: host.origin, 'https://b.example.com': other.origin },
				},
			});
			other.credentials = host.credentials;
			other.publicOrigin = 'https://b.example.com';
			await other.activate();
			await host.activate();
			expect(left()).toHaveLength(4);
			expect(await host.deactivate()).toBe(true);
			expect(simulator.alerts.webhooks().map((webhook) => webhook.url)).not.toContain(url);
			expect(left()).toHaveLength(2);
			expect(await other.deactivate()).toBe(true);
		} finally {
			await other.close();
		}
	});

	it('is removed first when static data were lost', async () => {
		await host.activate();
		host.setStaticData({});
		await host.activate();
		expect(left()).toHaveLength(2);
		expect(await host.deactivate()).toBe(true);
		expect(left()).toEqual([]);
	});

	it('is removed from the account in which it was made', async () => {
		await host.activate();
		const made = host.staticData().made as IDataObject[];
		host.setStaticData({
			...host.staticData(),
			made: [
				...made,
				{
					kind: 'policy',
					accountId: simulator.notOnboardedAccountId,
					id: 'a'.repeat(32),
					tag: made[0]!.tag!,
				},
			],
		});
		await restart();
		expect(operations()).toContain('deletePolicy');
		expect(host.staticData().made).toHaveLength(2);
	});

	it('makes nothing of static data of another form', async () => {
		host.setStaticData({
			secret: 7,
			made: [
				{ kind: 'policy', accountId: simulator.accountId },
				null,
				{ kind: 'tunnel' },
				{ kind: 'policy', accountId: 'x' },
				'x',
			],
			policies: 'x',
			since: 'x',
			seen: [1, 'x'],
		});
		expect(await host.hook('checkExists')).toBe(false);
		expect(await host.hook('delete')).toBe(true);
		expect(simulator.requests).toEqual([]);
		await host.activate();
		expect(statuses(await fire())).toEqual([200]);
		expect(host.started).toHaveLength(1);
	});

	it('counts as gone after a 404 of another kind only if it is not listed', async () => {
		await host.activate();
		simulator.faults.add({
			operation: 'deletePolicy',
			kind: 'status',
			status: 404,
			code: 7003,
			times: 'always',
		});
		expect(await host.deactivate()).toBe(false);
		expect(host.staticData().made).toHaveLength(2);
		expect(left()).toHaveLength(2);
		simulator.alerts.removePolicy(simulator.alerts.policies()[0]!.id);
		expect(await host.deactivate()).toBe(true);
		expect(left()).toEqual([]);
	});

	it('is not looked up by an id that can not be one', async () => {
		const { getPolicy } = await import('../../nodes/api/alerting');
		const { isStatus404, saysNotThere } = await import('../../nodes/api/alertingCalls');
		const error = await failure(getPolicy({} as never, '../policies'));
		expect(error).toBeInstanceOf(RangeError);
		expect([saysNotThere(error), isStatus404(error)]).toEqual([false, false]);
	});
});

/** A call of somebody else's to the alerting API. */
async function alertingCall(method: 'PUT' | 'POST', path: string, body: object): Promise<void> {
	const { createCaller } = await import('../simulator/caller');
	await createCaller(simulator).alerting(method, path, { body });
}

describe('n8n without a public address', () => {
	it.each([
		'http://localhost:5678',
		'https://localhost',
		'https://127.0.0.1',
		'https://10.1.2.3',
		'https://172.20.0.1',
		'https://100.100.1.1',
		'https://[::1]',
		'https://[fd00::1]',
		'https://n8n',
		'https://n8n.local',
		'https://n8n.example.com:5678',
		'http://n8n.example.com',
		'no address',
	])('%s is refused before anything is asked', async (origin) => {
		host.publicOrigin = origin;
		const error = await failure(host.activate());
		expect(error.name).toBe('NodeOperationError');
		expect(error.message).toMatch(/^Cloudflare can't send alerts to n8n: /);
		expect(error.description).toContain('WEBHOOK_URL');
		expect(simulator.requests).toEqual([]);
		expect(host.staticData()).toEqual({});
	});

	it.each(['https://[2606:4700::1111]', 'https://8.8.8.8', 'https://n8n.example.com:80'])(
		'%s is tried',
		async (origin) => {
			host.publicOrigin = origin;
			await failure(host.activate());
			expect(operations()).toContain('createWebhook');
		},
	);
});

describe('requests to the webhook', () => {
	const body = () => ({
		name: 'x',
		data: { tunnel_name: tunnel(), new_status: 'MAGIC_TUNNEL_STATUS_DOWN' },
		alert_type: 'magic_wan_tunnel_health',
		policy_id: simulator.alerts.policies()[0]!.id,
		alert_correlation_id: 'c',
		alert_event: 'ALERT_STATE_EVENT_START',
		ts: 1_790_000_000,
	});
	const post = async (change: object, headers: Record<string, string | string[]> = secret()) =>
		await host.post(JSON.stringify({ ...body(), ...change }), headers);

	beforeEach(async () => {
		await host.activate();
	});

	it.each<[string, () => Record<string, string | string[]>]>([
		['no secret', () => ({})],
		['another secret', () => ({ 'cf-webhook-auth': 'x' })],
		['an empty secret', () => ({ 'cf-webhook-auth': '' })],
		['a part of the secret', () => ({ 'cf-webhook-auth': secretText().slice(1) })],
		[
			'the secret twice',
			() => {
				const value = secretText();
				return { 'cf-webhook-auth': [value, value] };
			},
		],
	])('with %s are refused', async (_, headers) => {
		expect(await post({}, headers())).toBe(401);
		expect(await host.post('{"text":"Hello World! …"}', headers())).toBe(401);
		expect(host.started).toEqual([]);
		expect(host.answers.every(({ body: text }) => !text.includes(secretText()))).toBe(true);
	});

	it('with the secret start the workflow once', async () => {
		expect(await post({})).toBe(200);
		expect(await post({})).toBe(200);
		expect(await post({ text: 'sent again' })).toBe(200);
		expect(host.started).toHaveLength(1);
		expect(await post({ alert_event: 'ALERT_STATE_EVENT_END' })).toBe(200);
		expect(await post({ ts: 1_790_000_001 })).toBe(200);
		expect(await post({ alert_correlation_id: 'd' })).toBe(200);
		expect(host.started).toHaveLength(4);
	});

	it('start the workflow once also when they come at the same moment', async () => {
		const open = host.holdNext();
		const answers = [post({}), post({}), post({})];
		await new Promise((resolve) => setTimeout(resolve, 20));
		open();
		expect(await Promise.all(answers)).toEqual([200, 200, 200]);
		expect(host.started).toHaveLength(1);
	});

	it('are known as replays by the static data alone', async () => {
		const other = await startWebhookHost();
		try {
			const elsewhere = 'https://b.example.com';
			await startAccount({
				alerting: { publicOrigins: { [PUBLIC_ORIGIN]: host.origin, [elsewhere]: other.origin } },
			});
			await host.activate();
			Object.assign(other, { credentials: host.credentials, publicOrigin: elsewhere });
			await other.activate();
			const [delivery] = await fire();
			// What n8n has in its database after a restart, under a name that this process never saw.
			other.setStaticData(host.staticData());
			other.started.length = 0;
			expect(await other.post(JSON.stringify(delivery!.body), secret())).toBe(200);
			expect(other.started).toEqual([]);
			const next = { ...delivery!.body, alert_correlation_id: 'another' };
			expect(await other.post(JSON.stringify(next), secret())).toBe(200);
			expect(other.started).toHaveLength(1);
		} finally {
			await other.close();
		}
	});

	it("with Cloudflare's test message do not start the workflow", async () => {
		const text =
			'Hello World! This is a test message sent from https://cloudflare.com. If you can see this, your webhook is configured properly.';
		expect(await host.post(JSON.stringify({ text }), secret())).toBe(200);
		expect(await host.post('{}', secret())).toBe(200);
		expect(host.started).toEqual([]);
	});

	it.each<[string, IDataObject]>([
		['another alert type', { alert_type: 'magic_tunnel_health_check_event' }],
		['another policy', { policy_id: 'b'.repeat(32) }],
	])('about %s are ignored', async (_, change) => {
		expect(await post(change)).toBe(200);
		expect(host.started).toEqual([]);
	});

	it('of an event that was not chosen are ignored', async () => {
		host.parameters.events = ['end'];
		expect(await post({})).toBe(200);
		expect(host.started).toEqual([]);
		expect(await post({ alert_event: 'ALERT_STATE_EVENT_END' })).toBe(200);
		expect(await post({ alert_event: 'new', data: {} })).toBe(200);
		expect(jsons().map(({ event }) => event)).toEqual(['end', null]);
	});

	it('of more than 1 MiB are refused', async () => {
		const filler = (length: number) => ({ text: 'x'.repeat(length) });
		const rest = JSON.stringify({ ...body(), text: '' }).length;
		expect(await post(filler(1024 * 1024 - rest + 1))).toBe(413);
		expect(host.started).toEqual([]);
		expect(await post(filler(1024 * 1024 - rest))).toBe(200);
		expect(host.started).toHaveLength(1);
	});

	it.each(['', 'null', '[]', '"x"', '7', '{"a":', 'x=1'])(
		'whose body is %j are refused',
		async (text) => {
			expect(await host.post(text, secret())).toBe(400);
			expect(await host.post(text, { ...secret(), 'content-type': 'text/plain' })).toBe(400);
			const form = { ...secret(), 'content-type': 'multipart/form-data; boundary=x' };
			expect(await host.post(text, form)).toBe(400);
			expect(host.started).toEqual([]);
		},
	);

	it('start the workflow with the test alert of the policy, whose event is not known', async () => {
		const { createCaller } = await import('../simulator/caller');
		await createCaller(simulator).alerting(
			'POST',
			`/policies/${simulator.alerts.policies()[0]!.id}/test`,
			{ body: { severity: 1 } },
		);
		expect(jsons()).toMatchObject([{ event: null, tunnel_id: null, pops: [] }]);
	});

	it('without a time or a correlation id start the workflow once too', async () => {
		const bare = { ts: undefined, alert_correlation_id: undefined };
		for (const change of [bare, bare, { ...bare, text: 'another' }]) await post(change);
		expect(jsons().map(({ occurred_at: at }) => at)).toEqual([null, null]);
	});

	it('never put the secret into an item', async () => {
		const known = secretText();
		expect(await post({ text: `Sent with ${known}`, data: { new_status: known } })).toBe(200);
		expect(leaksIn(host.started, [known])).toEqual([]);
		expect(jsons()[0]!.text).toBe('***');
	});
});

describe('catching up', () => {
	const missed = async (alert: Partial<Alert> = {}) => await fire({ deliver: false, ...alert });

	beforeEach(() => {
		setOptions({ catchUp: true });
	});

	it.each(['string', 'object'] as const)(
		'starts the workflow with what was missed, once, from a history of %ss',
		async (historyBody) => {
			await startAccount({ alerting: { historyBody } });
			await host.activate();
			await fire({ correlationId: 'came' });
			host.crash();
			await missed({ correlationId: 'lost', ts: Math.floor(clock.now() / 1000) });
			await fire({ status: 'up', correlationId: 'lost', tunnel: tunnel(1) });
			await host.activate('init');
			expect(host.started).toHaveLength(2);
			expect(host.started[1]!.map(({ json }) => json)).toMatchObject([
				{ event: 'start', tunnel_name: tunnel(), account_id: simulator.accountId },
				{ event: 'end', tunnel_name: tunnel(1), status: 'up', slo: 99.9 },
			]);
			host.crash();
			await host.activate('init');
			expect(host.started).toHaveLength(2);
		},
	);

	it('gives the alert as the webhook would have', async () => {
		await host.activate();
		const [first] = await fire({ correlationId: 'a' });
		const [second] = await missed({ correlationId: 'b' });
		await host.trigger();
		expect(jsons().map(({ raw }) => raw)).toEqual([first!.body, second!.body]);
		expect(statuses([await simulator.alerts.replay(second!)])).toEqual([200]);
		expect(host.started).toHaveLength(2);
	});

	it('finds what was lost before an alert that came, and after a deactivation', async () => {
		await host.activate();
		await missed({ correlationId: 'lost' });
		await fire({ correlationId: 'came' });
		expect(host.started).toHaveLength(1);
		expect(await host.deactivate()).toBe(true);
		expect(Object.keys(host.staticData()).sort()).toEqual(['home', 'policies', 'seen', 'since']);
		await host.activate();
		expect(host.started).toHaveLength(2);
		expect(jsons()[1]).toMatchObject({ raw: { alert_correlation_id: 'lost' } });
	});

	it('reads all pages, in the order of time', async () => {
		await host.activate();
		const start = Math.floor(clock.now() / 1000);
		for (let n = 0; n < 1003; n++) await missed({ correlationId: `c${n}`, ts: start + n });
		await host.trigger();
		const pages = simulator.requests.filter(({ operation }) => operation === 'listAlertHistory');
		expect(pages.map(({ query }) => query.page).slice(-2)).toEqual(['1', '2']);
		expect(host.started).toHaveLength(1);
		const order = jsons().map(({ raw }) => (raw as IDataObject).alert_correlation_id);
		expect(order).toEqual(Array.from({ length: 1003 }, (_, n) => `c${n}`));
	});

	it('reads only what is new enough, and only of its own policies, types and events', async () => {
		await host.activate();
		host.parameters.events = ['start'];
		await missed({ status: 'up' });
		const other = await startWebhookHost();
		await other.close();
		const { createCaller } = await import('../simulator/caller');
		await createCaller(simulator).alerting('POST', '/policies', {
			body: {
				name: 'Mine',
				alert_type: 'magic_wan_tunnel_health',
				enabled: true,
				filters: { slo: ['50'] },
				mechanisms: { email: [{ id: 'noc@example.com' }] },
			},
		});
		await missed({ slo: '50' });
		await host.trigger();
		expect(host.started).toEqual([]);
		const { query } = simulator.requests.at(-1)!;
		expect(Date.parse(query.since!)).toBeGreaterThan(clock.now() - 400_000);
	});

	it('takes entries for people by their time only', async () => {
		await host.activate();
		await fire({ correlationId: 'came' });
		const sent = (seconds: number) => new Date(clock.now() + seconds * 1000).toISOString();
		const policy = simulator.alerts.policies()[0]!.id;
		const entry = (seconds: number, alert_body: unknown) => ({
			id: 'x',
			name: 'n',
			alert_body,
			alert_type: 'magic_wan_tunnel_health',
			mechanism_type: 'webhook',
			policy_id: policy,
			sent: sent(seconds),
		});
		const result = [
			entry(60, 'A tunnel is down'),
			entry(61, 7),
			entry(-60, 'old'),
			{},
			{ sent: 1 },
		];
		simulator.faults.add({
			operation: 'listAlertHistory',
			kind: 'body',
			body: JSON.stringify({ success: true, errors: [], messages: [], result }),
		});
		await host.trigger();
		expect(host.started[1]!.map(({ json }) => json)).toMatchObject([
			{ event: null, text: 'A tunnel is down', occurred_at: sent(60).replace(/\d{3}Z/, '000Z') },
			{ event: null, text: null },
		]);
	});

	it('does not keep the workflow from being active when the history can not be read', async () => {
		await host.activate();
		host.crash();
		simulator.faults.add({
			operation: 'listAlertHistory',
			kind: 'status',
			status: 403,
			code: 10000,
			times: 'always',
		});
		await host.activate('init');
		expect(log()).toContain('missed alerts could not be looked up');
		expect(log()).toContain('Notifications Write');
		expect(statuses(await fire())).toEqual([200]);
	});

	it('needs to know of no alert and of no beginning', async () => {
		await host.activate();
		await missed();
		const { since, ...rest } = host.staticData();
		expect(since).toBeGreaterThan(0);
		host.setStaticData(rest);
		await host.trigger();
		expect(host.started).toHaveLength(1);
		expect(simulator.requests.at(-1)!.query.since).toBe('1970-01-01T00:00:00.000Z');
	});

	it('asks nothing unless it is wanted', async () => {
		setOptions({});
		await host.activate();
		await missed();
		host.crash();
		await host.activate('init');
		expect(operations()).not.toContain('listAlertHistory');
		expect(host.started).toEqual([]);
	});
});

describe('tunnels', () => {
	it('are offered by name', async () => {
		const { methods } = new CloudflareMagicAlertTrigger();
		const core = await import('n8n-core');
		const { additionalData } = await import('../helpers/engine');
		const context = new core.LoadOptionsContext(
			host.workflow(),
			host.workflow().getNode(ALERT_NODE)!,
			additionalData({ types: sources, credentials: host.credentials }) as never,
			'',
		);
		const names = await methods.loadOptions.getTunnelNames.call(context);
		expect(names).toEqual(
			simulator
				.tunnels()
				.map(({ name }) => ({ name, value: name }))
				.sort((a, b) => a.name.localeCompare(b.name)),
		);
	});

	it('may be given by id, by name or as a text with commas', async () => {
		const [first] = simulator.tunnels();
		host.parameters.tunnelNames =
			`${first!.id.toUpperCase()}, GRE_1,${first!.name}, ${'f'.repeat(32)}` as never;
		await host.activate();
		expect(simulator.alerts.policies()[0]!.filters!.tunnel_name).toEqual([
			first!.name,
			'GRE_1',
			'f'.repeat(32),
		]);
		host.crash();
		simulator.resetRequests();
		await host.activate('init');
		expect(operations()).toEqual(['getWebhook', 'getPolicy', 'list']);
	});
});

describe('what can not be done', () => {
	it.each<[string, IDataObject, RegExp]>([
		['Alert Type', { alertType: 'tunnel_health_event' }, /'Alert Type' can't be used/],
		['SLO', { slo: 100 }, /'SLO' can't be used/],
		['SLO, empty', { slo: '' }, /'SLO' can't be used/],
		['Events', { events: ['x'] }, /'Events' can't be used/],
		['Events, no list', { events: 7 }, /'Events' can't be used/],
		['Authentication', { authentication: 'x' }, /'Authentication'/],
		['Timeout', { options: { timeout: 0 } }, /'Timeout' can't be used/],
		['Alert Interval', { options: { alertInterval: 4 } }, /'Alert Interval \(Minutes\)' can't/],
		['Catch Up', { options: { catchUp: 'yes' } }, /'Catch Up' can't be used/],
		['Account ID', { options: { accountId: 'x' } }, /'Account ID' can't be used/],
	])('is said before anything is asked: %s', async (_, change, message) => {
		Object.assign(host.parameters, change);
		const error = await failure(host.activate());
		expect(error.name).toBe('NodeOperationError');
		expect(error.message).toMatch(message);
		expect(simulator.requests).toEqual([]);
	});

	it('is said clearly without the permission, and nothing is left', async () => {
		host.credentials = credentialsOf(simulator, { apiToken: simulator.noNotificationsToken });
		const error = await failure(host.activate());
		expect(error.name).toBe('NodeApiError');
		expect(error.description).toContain("'Notifications Write' or 'Account Settings Write'");
		host.credentials = credentialsOf(simulator, { apiToken: simulator.readToken });
		expect((await failure(host.activate())).description).toContain('Notifications Write');
		expect(left()).toEqual([]);
	});

	it('names the permission for Notifications too when a gateway refuses without a code', async () => {
		simulator.faults.add({
			operation: 'listPolicies',
			kind: 'status',
			status: 403,
			times: 'always',
		});
		const { description } = await failure(host.activate());
		expect(description).toContain("'Notifications Write'");
		expect(description).not.toContain('Magic WAN');
	});

	it('is said clearly when Cloudflare does not reach n8n', async () => {
		host.publicOrigin = 'https://unreachable.example.com';
		const error = await failure(host.activate());
		expect(error.message).toContain('Could not create the webhook destination');
		expect(error.description).toContain('Webhook test failed');
		expect(error.description).toContain('WEBHOOK_URL');
		expect(left()).toEqual([]);
		expect(host.staticData()).toEqual({});
	});

	it.each([
		[17003, 'every tunnel is named as it is in Cloudflare'],
		[17004, 'Magic Transit or Magic WAN'],
		[17102, 'Activate the workflow again'],
		[17103, "check 'SLO'"],
	])('is said clearly for code %i, and the destination is removed', async (code, remedy) => {
		simulator.faults.add({
			operation: 'createPolicy',
			kind: 'status',
			status: 400,
			code,
			message: 'm',
		});
		const error = await failure(host.activate());
		expect(error.description).toContain(remedy);
		expect(left()).toEqual([]);
		expect(host.staticData()).toEqual({});
	});

	it('is logged when the destination can not be removed, which a later delete does', async () => {
		simulator.faults.add({ operation: 'createPolicy', kind: 'status', status: 400, code: 17003 });
		simulator.faults.add({
			operation: 'deleteWebhook',
			kind: 'status',
			status: 403,
			times: 'always',
		});
		await failure(host.activate());
		const [webhook] = simulator.alerts.webhooks();
		expect(log()).toContain(`the webhook destination ${webhook!.id} may still be in the account`);
		expect(host.staticData().made).toMatchObject([{ kind: 'webhook', id: webhook!.id }]);
		simulator.faults.clear();
		expect(await host.deactivate()).toBe(true);
		expect(left()).toEqual([]);
	});

	it('is logged when nobody can tell whether anything is left', async () => {
		await host.activate();
		simulator.faults.add({ operation: 'listPolicies', kind: 'reset', times: 'always' });
		expect(await host.deactivate()).toBe(true);
		expect(log()).toContain('it could not be checked that nothing is left');
		expect(left()).toEqual([]);
	});

	it('is nothing that missing options could cause', async () => {
		host.parameters.options = null as never;
		await host.activate();
		expect(left()).toHaveLength(2);
	});

	it('is logged by delete, which never throws', async () => {
		await host.activate();
		const { made } = host.staticData();
		const good = host.credentials;
		host.credentials = {};
		expect(await host.deactivate()).toBe(false);
		expect(host.staticData().made).toEqual(made);
		host.credentials = good;
		setOptions({ timeout: 'x' });
		expect(await host.deactivate()).toBe(false);
		expect(log()).toContain('was not removed');
		setOptions({});
		Object.assign(host.parameters, { slo: 'no number', events: [] });
		expect(await host.deactivate()).toBe(true);
		expect(await host.deactivate()).toBe(true);
		expect(left()).toEqual([]);
	});

	it('leaks no secret', async () => {
		const errors: unknown[] = [];
		for (const operation of ['createWebhook', 'createPolicy'] as const) {
			for (const kind of ['reset', 'html', 'successFalse'] as const) {
				simulator.faults.add({ operation, kind, when: 'after' });
				errors.push(await failure(host.activate()));
			}
		}
		simulator.faults.add({ operation: 'createPolicy', kind: 'reset' });
		simulator.faults.add({ operation: 'deleteWebhook', kind: 'status', status: 403 });
		errors.push(await failure(host.activate()));
		await host.activate();
		await fire();
		await host.deactivate();
		const webhookSecrets = secretsSent();
		expect(webhookSecrets).toHaveLength(8);
		const all = [simulator.apiToken, simulator.apiKey];
		expect(
			leaksIn([errors, printed, host.started, host.answers], [...webhookSecrets, ...all]),
		).toEqual([]);
		expect(printed.length).toBeGreaterThan(0);
		await host.activate();
		expect(leaksIn(host.staticData(), all)).toEqual([]);
	});
});

describe('the description', () => {
	const { description } = new CloudflareMagicAlertTrigger();

	it('asks for the credential of the chosen authentication only', () => {
		const node = { parameters: {} } as INode;
		const asked = (authentication: string) =>
			description
				.credentials!.filter((credential) =>
					NodeHelpers.displayParameter({ authentication }, credential, node, description),
				)
				.map(({ name }) => name);
		expect(asked('apiToken')).toEqual(['cloudflareMagicTokenApi']);
		expect(asked('apiKey')).toEqual(['cloudflareMagicKeyApi']);
	});

	it('has defaults with which it works, and sorted options', () => {
		const options = description.properties.find(({ name }) => name === 'options')!;
		const names = (options.options as INodeProperties[]).map(({ displayName }) => displayName);
		expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b)));
		expect(names).toEqual([
			'Account ID',
			'Alert Interval (Minutes)',
			'Catch Up',
			'Policy Name',
			'Timeout',
		]);
		expect(description.properties.map(({ name }) => name)).toEqual([
			'authentication',
			'alertType',
			'slo',
			'tunnelNames',
			'events',
			'options',
		]);
	});
});
