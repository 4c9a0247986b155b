import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { credentialsOf } from '../helpers/node';
import type { PollerOptions } from '../helpers/poller';
import { Poller } from '../helpers/poller';
import { useVirtualClock } from '../helpers/virtualClock';
import { clock } from '../../nodes/http/clock';
import type { Simulator } from '../simulator';
import { startSimulator } from '../simulator';

/** The event Health Changed. */

const MINUTE = 60_000;

const virtual = useVirtualClock();

let account: Simulator;

/** Ends each test's account. */
afterEach(async () => await account.close());

const start = async (tunnels = 3) => {
	account = await startSimulator({ now: virtual.now, tunnels, seed: 4 });
};

beforeEach(async () => await start());

const pass = async (minutes: number) => await clock.sleep(minutes * MINUTE);

const pollerOf = (parameters: INodeParameters = {}, more: Partial<PollerOptions> = {}) =>
	new Poller({
		credentials: credentialsOf(account),
		parameters: { events: ['healthChanged'], ...parameters },
		...more,
	});

const names = () => account.tunnels().map(({ name }) => name);

const told = (items: IDataObject[]) =>
	items.map(({ tunnel_name, changes }) => [
		tunnel_name,
		...Object.values((changes as { health?: object }).health ?? {}),
	]);

/** Polls every few minutes, and gives what each poll tells. */
const during = async (poller: Poller, minutes: number, every = 5) => {
	const all: unknown[] = [];
	for (let past = 0; past < minutes; past += every) {
		await pass(every);
		all.push(...told(await poller.poll()));
	}
	return all;
};

const operations = () => account.requests.map(({ operation }) => operation);

describe.each(['legacy', 'durable'] as const)('Health Changed (%s cursors)', (cursors) => {
	const started = async (parameters: INodeParameters = {}) => {
		const poller = pollerOf(parameters, { cursors });
		await poller.activate();
		await poller.poll();
		return poller;
	};

	it('takes what it sees first as a baseline', async () => {
		account.health.setLoss(names()[0]!, 1);
		await pass(30);
		const poller = pollerOf({}, { cursors });
		expect(await poller.activate()).toEqual([]);
		expect(await poller.poll()).toEqual([]);
	});

	it('tells of a tunnel that goes down and comes back, each change once', async () => {
		const [first] = names() as [string];
		const poller = await started();
		account.health.setLoss(first, 1);
		expect(await during(poller, 60)).toEqual([[first, 'healthy', 'down']]);
		account.health.setLoss(first, 0);
		const back = (await during(poller, 60)) as unknown[][];
		expect(back[0]!.slice(0, 2)).toEqual([first, 'down']);
		expect(back.at(-1)!.at(-1)).toBe('healthy');
	});

	it('tells of it as an item like those of the other events', async () => {
		const poller = await started();
		const tunnel = account.tunnels()[1]!;
		account.health.setLoss(tunnel.name, 0.3);
		await pass(30);
		const [item] = await poller.poll();
		expect(item).toEqual({
			event: 'healthChanged',
			tunnel_id: tunnel.id,
			tunnel_name: tunnel.name,
			account_id: account.accountId,
			detected_at: new Date(virtual.now()).toISOString(),
			changes: { health: { old: 'healthy', new: 'degraded' } },
			tunnel: expect.objectContaining({ id: tunnel.id }),
		});
	});

	it.each([0, 1, 2.5, 4])(
		'starts nothing for lost probes, %s minutes after a span has begun',
		async (minutes) => {
			const [first, second, third] = names() as [string, string, string];
			const poller = await started();
			await clock.sleep(5 * MINUTE - (virtual.now() % (5 * MINUTE)) + minutes * MINUTE);
			account.health.loseProbes(first, 1);
			account.health.loseProbes(second, 3, 'ams02');
			// On all servers, so that all of them find the tunnel degraded for five minutes.
			account.health.setLoss(third, 0.5);
			await clock.sleep(1_000);
			account.health.setLoss(third, 0);
			expect(account.health.stateNow(third)).toBe(0.5);
			expect(await during(poller, 45, 1)).toEqual([]);
		},
	);

	it('starts nothing for what idle data centres find', async () => {
		const poller = await started();
		for (const name of names()) account.health.setLoss(name, 1, 'sin02');
		expect(await during(poller, 30)).toEqual([]);
	});

	it('starts nothing where nothing is known, and remembers what was known before', async () => {
		const [first] = names() as [string];
		const poller = await started();
		for (const place of ['fra01', 'ams02']) account.health.setActive(first, place, false);
		expect(await during(poller, 60)).toEqual([]);
		account.health.setLoss(first, 1);
		await pass(30);
		for (const place of ['fra01', 'ams02']) account.health.setActive(first, place, true);
		expect(await during(poller, 30)).toEqual([[first, 'healthy', 'down']]);
	});

	it('starts nothing when a health check is turned off', async () => {
		const tunnel = account.tunnels()[0]!;
		const poller = await started();
		account.updateTunnel(tunnel.id, {
			health_check: { ...tunnel.health_check, enabled: false, target: '' },
		});
		expect(await during(poller, 30)).toEqual([]);
	});

	it('is told after a restart of n8n, of what happened meanwhile', async () => {
		const [first] = names() as [string];
		const poller = await started();
		account.health.setLoss(first, 1);
		await pass(60);
		const items = [...(await poller.activate()), ...(await poller.poll())];
		expect(told(items)).toEqual([[first, 'healthy', 'down']]);
	});

	it('does not lose the other events when the query fails, and is not silent', async () => {
		const poller = await started({ events: ['healthChanged', 'tunnelCreated', 'tunnelDeleted'] });
		const [first] = names() as [string];
		account.health.setLoss(first, 1);
		const fault = account.faults.add({
			kind: 'graphqlError',
			message: 'not authorized for that account',
			times: Infinity,
		});
		await pass(30);
		account.addTunnel({ name: 'site-new' });
		expect(told(await poller.poll())).toEqual([['site-new']]);
		expect(poller.errors).toEqual([]);
		expect(poller.warnings).toEqual([
			expect.stringMatching(
				/^Nothing is told of the tunnels' health, other events are\. .*Account Analytics Read/,
			),
		]);
		expect(await poller.poll()).toEqual([]);
		expect(poller.errors.map(({ message }) => message)).toEqual([
			expect.stringMatching(/^Could not read the tunnels' health: /),
		]);
		expect(poller.errors[0]!.description).toContain('Account Analytics Read');
		expect(poller.errors[0]!.failure).toBeUndefined();
		account.removeTunnel('site-new');
		expect(told(await poller.poll())).toEqual([['site-new']]);
		expect(poller.warnings).toHaveLength(1);
		fault.remove();
		expect(told(await poller.poll())).toEqual([[first, 'healthy', 'down']]);
		expect(poller.warnings).toHaveLength(2);
	});

	it('does not keep the workflow from starting when the query fails', async () => {
		account.faults.add({ kind: 'graphqlError', message: 'Unauthorized', times: Infinity });
		const poller = pollerOf({}, { cursors });
		expect(await poller.activate()).toEqual([]);
		expect(poller.warnings).toHaveLength(1);
	});

	it('holds no poll open for a limit of queries', async () => {
		const poller = await started();
		const before = virtual.slept();
		account.faults.add({
			kind: 'graphqlError',
			message: 'rate limiter budget depleted, try again after 5 minutes',
			times: Infinity,
		});
		await poller.poll();
		expect(virtual.slept() - before).toBeLessThan(10_000);
		expect(poller.errors).toHaveLength(1);
	});
});

describe('the query', () => {
	it('is one a poll, and none where the event is not chosen', async () => {
		const poller = pollerOf();
		await poller.activate();
		expect(operations()).toEqual(['list', 'graphql']);
		account.resetRequests();
		const other = pollerOf({ events: ['tunnelCreated'] });
		await other.activate();
		expect(operations()).toEqual(['list']);
	});

	it('is one for hundreds of tunnels too', async () => {
		await account.close();
		await start(400);
		const poller = pollerOf();
		await poller.activate();
		const [first] = names() as [string];
		account.health.setLoss(first, 1);
		await pass(30);
		expect(told(await poller.poll())).toEqual([[first, 'healthy', 'down']]);
		expect(operations()).toEqual(['list', 'graphql', 'list', 'graphql']);
	});

	it('names the tunnels that the filters let through', async () => {
		const [first, second] = names() as [string, string];
		const poller = pollerOf({ filters: { nameContains: first } });
		await poller.activate();
		const { body } = account.requests.at(-1)!;
		expect((body as { variables: { filter: IDataObject } }).variables.filter.tunnelName_in).toEqual(
			[first],
		);
		account.health.setLoss(second, 1);
		expect(await during(poller, 30)).toEqual([]);
	});
});

describe('what was known', () => {
	it('is forgotten while the event is not chosen', async () => {
		const [first] = names() as [string];
		const poller = pollerOf();
		await poller.activate();
		const other = pollerOf({ events: ['tunnelCreated'] }, { saved: JSON.parse(poller.saved) });
		await other.activate();
		account.health.setLoss(first, 1);
		await pass(30);
		const again = pollerOf({}, { saved: JSON.parse(other.saved) });
		expect(await again.activate()).toEqual([]);
	});
});

describe('a test run in the editor', () => {
	it('shows a tunnel with its health', async () => {
		const [item] = await pollerOf().manual();
		expect(item).toMatchObject({
			event: 'healthChanged',
			tunnel_name: names()[0],
			changes: { health: { old: null, new: 'healthy' } },
		});
	});

	it('says what is wrong', async () => {
		account.faults.add({ kind: 'graphqlError', message: 'Unauthorized', times: Infinity });
		await expect(pollerOf().manual()).rejects.toThrow("Could not read the tunnels' health");
	});

	it('shows none where nothing is known', async () => {
		for (const name of names()) {
			for (const place of ['fra01', 'ams02']) account.health.setActive(name, place, false);
		}
		await pass(60);
		await expect(pollerOf().manual()).rejects.toThrow('Could not show a sample');
	});
});
