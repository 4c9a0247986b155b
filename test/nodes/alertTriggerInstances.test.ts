import { printed } from '../helpers/printed';
import type { IDataObject } from 'n8n-workflow';
import { tagsOf } from '../../nodes/CloudflareMagicAlert/tags';
import { clock as time } from '../../nodes/http/clock';
import { credentialsOf } from '../helpers/node';
import { useVirtualClock } from '../helpers/virtualClock';
import type { WebhookHost } from '../helpers/webhook';
import { PUBLIC_ORIGIN, startWebhookHost } from '../helpers/webhook';
import type { Simulator } from '../simulator';
import { startSimulator } from '../simulator';

/**
 * Two n8n, one account: a restored database, an import or a clone has the static data of production,
 * but another address. What production made stays production's, whatever the copy does.
 */

const clock = useVirtualClock();

const STAGING = 'https://staging.example.com';

let production: WebhookHost;
let staging: WebhookHost;
let simulator: Simulator;

beforeEach(async () => {
	production = await startWebhookHost();
	staging = await startWebhookHost();
	staging.publicOrigin = STAGING;
	simulator = await startSimulator({
		tunnels: 3,
		seed: 5,
		now: clock.now,
		alerting: {
			publicOrigins: { [PUBLIC_ORIGIN]: production.origin, [STAGING]: staging.origin },
		},
	});
	production.credentials = staging.credentials = credentialsOf(simulator);
	printed.length = 0;
});

afterEach(async () => {
	await simulator.close();
	await production.close();
	await staging.close();
});

const log = () =>
	printed.map((text) => (text instanceof Error ? text.stack : String(text))).join('\n');

const fire = async (change: object = {}) =>
	await simulator.alerts.fire({
		tunnel: simulator.tunnels()[0]!.name,
		status: 'down',
		...change,
	});

/** All that is at Cloudflare, by its id. */
const ids = (): string[] =>
	[...simulator.alerts.webhooks(), ...simulator.alerts.policies()].map(({ id }) => id);

const operations = (): string[] => simulator.requests.map(({ operation }) => operation);

describe('a copy at another address', () => {
	let made: string[];

	beforeEach(async () => {
		production.parameters.options = { catchUp: true };
		await production.activate();
		made = ids();
		staging.become(production);
		simulator.resetRequests();
	});

	const expectProduction = async () => {
		expect(ids()).toEqual(expect.arrayContaining(made));
		const before = production.started.length;
		await fire({ correlationId: 'later' });
		expect(production.started).toHaveLength(before + 1);
		production.crash();
		await production.activate('init');
		expect(ids()).toEqual(expect.arrayContaining(made));
	};

	it('that is activated makes its own, and leaves production alone', async () => {
		staging.parameters.slo = 95;
		await staging.activate();
		expect(ids()).toHaveLength(4);
		await fire({ slo: '95', correlationId: 'one' });
		expect([staging.started.length, production.started.length]).toEqual([1, 0]);
		await fire({ slo: '99.9', correlationId: 'two' });
		expect([staging.started.length, production.started.length]).toEqual([1, 1]);
		expect(await staging.deactivate()).toBe(true);
		expect(ids().sort()).toEqual([...made].sort());
		expect(staging.staticData().made).toBeUndefined();
		await expectProduction();
	});

	it('that is only deactivated asks nothing of Cloudflare', async () => {
		expect(await staging.deactivate()).toBe(true);
		expect(operations()).toEqual([]);
		expect(staging.staticData()).toEqual({});
		await expectProduction();
	});

	it.each(['checkExists', 'create', 'delete'] as const)(
		'says in the log what is left alone by %s, and how it is removed',
		async (hook) => {
			staging.open();
			await staging.hook(hook);
			for (const id of made) expect(log()).toContain(id);
			expect(log()).toContain(simulator.accountId);
			expect(log()).toContain("remove it in Cloudflare's dashboard");
			await expectProduction();
		},
	);

	it('does not start its workflow with the alerts of production, by Catch Up', async () => {
		await fire({ correlationId: 'one' });
		await fire({ correlationId: 'two', deliver: false });
		await staging.activate();
		expect(staging.started).toEqual([]);
		staging.crash();
		await staging.activate('init');
		expect(staging.started).toEqual([]);
		// n8n runs this beside the hooks, which may not have looked at the static data yet.
		staging.become(production);
		await staging.trigger();
		expect(staging.started).toEqual([]);
	});

	it('does not either, if production had been turned off with Catch Up on', async () => {
		await fire({ correlationId: 'two', deliver: false });
		await production.deactivate();
		const { policies } = production.staticData() as { policies: string[] };
		staging.become(production);
		await staging.activate();
		expect(staging.started).toEqual([]);
		expect(ids()).toHaveLength(2);
		expect(policies).toHaveLength(1);
		expect(staging.staticData().policies).toHaveLength(1);
		expect(staging.staticData().policies).not.toEqual(policies);
	});

	it('keeps what it knows where it is no copy, but was only turned off for a while', async () => {
		await production.deactivate();
		const { policies } = production.staticData() as { policies: string[] };
		await production.activate();
		expect(production.staticData().policies).toEqual([...policies, expect.any(String)]);
	});

	it('does not accept what is sent with the secret of production', async () => {
		const { secret } = simulator.alerts.webhooks()[0]!;
		await staging.activate();
		const body = JSON.stringify({ alert_type: 'magic_wan_tunnel_health', data: {} });
		expect(await staging.post(body, { 'cf-webhook-auth': secret! })).toBe(401);
		expect(simulator.alerts.webhooks()[1]!.secret).not.toBe(secret);
	});

	it('that fails leaves production alone', async () => {
		simulator.faults.add({ operation: 'createPolicy', kind: 'status', status: 400, code: 17003 });
		await expect(staging.activate()).rejects.toThrow();
		expect(ids().sort()).toEqual([...made].sort());
		await expectProduction();
	});
});

describe('static data in which own things are mixed with others', () => {
	it('of another address loses the others only', async () => {
		await staging.activate();
		const theirs = staging.staticData().made as IDataObject[];
		await production.activate();
		const own = production.staticData().made as IDataObject[];
		production.setStaticData({ ...production.staticData(), made: [...own, ...theirs] });
		expect(await production.deactivate()).toBe(true);
		expect(simulator.alerts.webhooks().map(({ url }) => new URL(url).origin)).toEqual([STAGING]);
		expect(simulator.alerts.policies()).toHaveLength(1);
	});

	it('of a test goes on with what is in use', async () => {
		await production.activate();
		const { made, ...rest } = production.staticData() as { made: IDataObject[] };
		const { test } = tagsOf(simulator.alerts.webhooks()[0]!.url, production.webhookId);
		const tests = made.map((entry) => ({ ...entry, id: 'a'.repeat(32), tag: test }));
		production.setStaticData({ ...rest, made: [...made, ...tests] });
		const before = ids();
		production.crash();
		await production.activate('init');
		expect(ids()).toEqual(before);
		expect(production.staticData().made).toEqual(made);
	});

	it('of an older version are bound to the address at the next start', async () => {
		await production.activate();
		const { home, ...rest } = production.staticData();
		expect(home).toBe(`${PUBLIC_ORIGIN}/`);
		production.setStaticData(rest);
		production.crash();
		await production.activate('init');
		expect(production.staticData().home).toBe(home);
	});
});

describe('one n8n whose address its admin changed', () => {
	it('keeps what was made at the old address, and says so', async () => {
		await production.activate();
		const old = ids();
		production.crash();
		production.publicOrigin = STAGING;
		staging.publicOrigin = 'https://nowhere.example.com';
		await simulator.close();
		const tunnels = { tunnels: 3, seed: 5, now: clock.now };
		simulator = await startSimulator({
			...tunnels,
			alerting: { publicOrigins: { [STAGING]: production.origin } },
		});
		production.credentials = credentialsOf(simulator);
		await production.activate('init');
		for (const id of old) expect(log()).toContain(id);
		expect(operations().filter((name) => name.startsWith('delete'))).toEqual([]);
		expect(ids()).toHaveLength(2);
		await fire();
		expect(production.started).toHaveLength(1);
	});
});

describe('two copies of the node in one n8n', () => {
	it('have each their own', async () => {
		const other = await startWebhookHost();
		try {
			other.publicOrigin = PUBLIC_ORIGIN;
			other.credentials = production.credentials;
			await production.activate();
			const made = ids();
			// A copy by the editor has no static data; one by n8n's API may have.
			other.setStaticData(production.staticData());
			await other.deactivate();
			expect(ids()).toEqual(made);
		} finally {
			await other.close();
		}
	});
});

describe('a test in the editor that a crash of n8n ended', () => {
	const MINUTES = 60_000;
	const tests = () =>
		[...simulator.alerts.webhooks(), ...simulator.alerts.policies()].filter(({ name }) =>
			name.startsWith('n8n test: '),
		);

	beforeEach(async () => {
		await production.listen();
		production.crash();
		expect(tests()).toHaveLength(2);
		await time.sleep(11 * MINUTES);
	});

	it('leaves nothing behind once somebody listens again', async () => {
		const stop = await production.listen();
		expect(tests()).toHaveLength(2);
		expect(await stop()).toBe(true);
		expect(ids()).toEqual([]);
	});

	it('leaves nothing behind once the workflow is activated', async () => {
		await production.activate();
		expect(tests()).toEqual([]);
		expect(ids()).toHaveLength(2);
	});

	it('leaves nothing behind once the workflow is deactivated', async () => {
		const { made } = production.staticData() as { made?: IDataObject[] };
		expect(made).toBeUndefined();
		await production.activate();
		await production.listen();
		production.crash();
		await time.sleep(11 * MINUTES);
		expect(await production.deactivate()).toBe(true);
		expect(ids()).toEqual([]);
	});

	it('is left to the n8n that made it', async () => {
		staging.become(production);
		await staging.activate();
		expect(tests()).toHaveLength(2);
		await staging.deactivate();
		expect(tests()).toHaveLength(2);
	});

	it('is not taken for one that is under way', async () => {
		const stop = await production.listen();
		const under = tests().map(({ id }) => id);
		await production.activate();
		await production.deactivate();
		expect(tests().map(({ id }) => id)).toEqual(under);
		expect(await stop()).toBe(true);
	});
});

describe('a tag', () => {
	const ID = '5f1d7f0e-0000-4000-8000-000000000001';
	const url = (base: string, id = ID) => `https://n8n.example.com/${base}/${id}/webhook`;

	it('of tests is the same by the URL of production and of tests, and of this node only', () => {
		const { test, lasting } = tagsOf(url('webhook'), ID);
		expect(tagsOf(url('webhook-test'), ID).test).toBe(test);
		expect(tagsOf(url('webhook-test'), ID).lasting).not.toBe(lasting);
		const others = [
			tagsOf(url('staging/webhook'), ID),
			tagsOf(url('webhook', 'other'), 'other'),
			tagsOf(url('webhook').replace('n8n.', 'm8m.'), ID),
			tagsOf(url('webhook'), undefined),
			tagsOf(url('webhook-test'), undefined),
			tagsOf('', ID),
		].flatMap((tags) => [tags.test, tags.lasting]);
		expect(others).not.toContain(test);
	});
});

it('a test that ends forgets nothing that the active workflow knows', async () => {
	await production.activate();
	const [delivery] = await fire();
	const known = production.staticData();
	const stop = await production.listen();
	await stop();
	production.setStaticData({ ...known, seen: [] });
	await simulator.alerts.replay(delivery!);
	expect(production.started).toHaveLength(1);
});
