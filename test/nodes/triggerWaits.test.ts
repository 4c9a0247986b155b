import type { IDataObject } from 'n8n-workflow';
import { clock } from '../../nodes/http/clock';
import { credentialsOf } from '../helpers/node';
import { Poller } from '../helpers/poller';
import { useVirtualClock } from '../helpers/virtualClock';
import type { Simulator, SimulatorOptions } from '../simulator';
import { startSimulator } from '../simulator';

/** How long a poll waits: 10 s for all of its requests together, whatever Cloudflare or the clock says. */

const LIMIT_MS = 10_000;

const DAY_MS = 86_400_000;

const CHANGES = ['pskChanged', 'tunnelCreated', 'tunnelDeleted', 'tunnelUpdated'];

const kinds = (items: IDataObject[]) => items.map(({ event, tunnel_name }) => [event, tunnel_name]);

describe('the waiting of a poll', () => {
	const time = useVirtualClock();

	let simulator: Simulator;

	/** An account whose own clock goes on while the client sleeps, and on nothing else's word. */
	const started = async (options: SimulatorOptions = {}, parameters: IDataObject = {}) => {
		simulator = await startSimulator({
			tunnels: 3,
			seed: 4,
			ageDays: [10, 10, 10],
			now: () => Date.now() + time.slept(),
			...options,
		});
		const poller = new Poller({
			credentials: credentialsOf(simulator),
			parameters: { events: CHANGES, ...parameters } as never,
		});
		await poller.activate();
		return poller;
	};

	afterEach(async () => await simulator.close());

	it('is none where the rest of the window is longer: who is missing is found out later', async () => {
		const poller = await started({ rateLimit: { limit: 2 } });
		const [first, second] = simulator.tunnels();
		simulator.setKey(first!.id, 'x');
		simulator.removeTunnel(second!.id);
		// The list takes the last request of 300 s.
		expect(kinds(await poller.poll())).toEqual([['pskChanged', first!.name]]);
		expect(time.slept()).toBe(0);
		simulator.resetRateLimit();
		expect(kinds(await poller.poll())).toEqual([['tunnelDeleted', second!.name]]);
	});

	it('is the rest of the window where that is short', async () => {
		const poller = await started({ rateLimit: { limit: 2, windowSeconds: 5 } });
		const [first] = simulator.tunnels();
		simulator.removeTunnel(first!.id);
		expect(kinds(await poller.poll())).toEqual([['tunnelDeleted', first!.name]]);
		expect(time.slept()).toBeGreaterThan(3_000);
		expect(time.slept()).toBeLessThanOrEqual(5_000);
	});

	it.each([
		['back', -DAY_MS],
		['on', DAY_MS],
	])('does not grow or end when the clock goes %s a day', async (_, byMs) => {
		const poller = await started({ rateLimit: { limit: 2, windowSeconds: 5 } });
		const [first] = simulator.tunnels();
		simulator.removeTunnel(first!.id);
		const { now } = clock;
		let shiftMs = 0;
		clock.now = () => now() + shiftMs;
		simulator.faults.add({
			operation: 'list',
			kind: 'hook',
			// The answer is under way: what it says of the window is read by the other clock.
			after: () => void (shiftMs = byMs),
		});
		const { sleep } = clock;
		let moved = false;
		clock.sleep = async (ms, signal) => {
			// A second jump while the poll waits for the window.
			if (!moved) shiftMs += byMs;
			moved = true;
			await sleep(ms, signal);
		};
		expect(kinds(await poller.poll())).toEqual([['tunnelDeleted', first!.name]]);
		expect(time.slept()).toBeGreaterThan(3_000);
		expect(time.slept()).toBeLessThanOrEqual(5_000);
	});

	it('has no more time where the clock goes back', async () => {
		const poller = await started();
		let shiftMs = 0;
		const { now } = clock;
		clock.now = () => now() + shiftMs;
		time.whileSleeping(() => (shiftMs -= DAY_MS));
		simulator.faults.add({
			operation: 'list',
			times: Infinity,
			kind: 'status',
			status: 429,
			message: 'no',
			headers: { 'retry-after': '6' },
		});
		expect(await poller.poll()).toEqual([]);
		expect(time.slept()).toBe(6_000);
		expect(poller.errors[0]!.failure).toEqual({ cause: 'rate-limited', retryAfterMs: 6_000 });
	});

	it('is 10 s for the list and all that are missing together', async () => {
		const poller = await started({ tunnels: 25, ageDays: () => 10 });
		const [first, ...missing] = simulator.tunnels();
		simulator.setKey(first!.id, 'x');
		for (const { id } of missing) simulator.removeTunnel(id);
		const failed = new Map<string, number>();
		simulator.faults.add({
			operation: ['list', 'get'],
			times: Infinity,
			kind: 'status',
			status: 503,
			message: 'no',
			// Twice for each: 1.5 s of waiting.
			predicate: ({ path }) => {
				failed.set(path, (failed.get(path) ?? 0) + 1);
				return failed.get(path)! <= 2;
			},
		});
		const told = await poller.poll();
		expect(kinds(told)[0]).toEqual(['pskChanged', first!.name]);
		expect(told.length).toBeGreaterThan(3);
		expect(time.slept()).toBeLessThanOrEqual(LIMIT_MS);
		simulator.faults.clear();
		while (told.length <= missing.length) told.push(...(await poller.poll()));
		expect(told).toHaveLength(missing.length + 1);
	});

	it('counts what the list has waited already', async () => {
		const poller = await started();
		const [first] = simulator.tunnels();
		simulator.removeTunnel(first!.id);
		const slow = { kind: 'status', status: 429, message: 'no', headers: { 'retry-after': '6' } };
		simulator.faults.add({ operation: 'list', ...slow } as never);
		simulator.faults.add({ operation: 'get', ...slow } as never);
		expect(await poller.poll()).toEqual([]);
		expect(time.slept()).toBe(6_000);
		expect(kinds(await poller.poll())).toEqual([['tunnelDeleted', first!.name]]);
	});

	it('ends where a tunnel that is missing gives no answer', async () => {
		const poller = await started({}, { options: { timeout: 1 } });
		const [first, second] = simulator.tunnels();
		simulator.setKey(first!.id, 'x');
		simulator.removeTunnel(second!.id);
		const handles = [
			simulator.faults.add({
				operation: 'get',
				times: Infinity,
				kind: 'hook',
				before: async () => await clock.sleep(LIMIT_MS),
			}),
			simulator.faults.add({ operation: 'get', times: Infinity, kind: 'timeout' }),
		];
		expect(kinds(await poller.poll())).toEqual([['pskChanged', first!.name]]);
		expect(time.slept()).toBe(LIMIT_MS);
		for (const handle of handles) handle.remove();
		expect(kinds(await poller.poll())).toEqual([['tunnelDeleted', second!.name]]);
	});
});
