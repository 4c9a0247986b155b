import { clock } from '../../nodes/http/clock';
import { useAccount } from '../helpers/account';
import type { NodeResult } from '../helpers/node';
import type { PskRun } from '../helpers/psk';
import { liveKeys, runPsk, statuses } from '../helpers/psk';
import type { FaultSpec, Simulator } from '../simulator';

/**
 * The execution is stopped, by a person or a time-out, at every moment of a run: what was sent is
 * awaited and told, what was not sent is unapplied, and the look afterwards takes place.
 */

const TUNNELS = 6;
const account = useAccount({ tunnels: TUNNELS, seed: 1, ageDays: () => 30 });
const { sleep } = clock;
afterEach(() => {
	clock.sleep = sleep;
});

const CHANGES: Array<[operation: string, endpoint: 'pskGenerate' | 'pskSet']> = [
	['generate', 'pskGenerate'],
	['prepare', 'pskSet'],
	['set', 'pskSet'],
];

/** One request after the other, one key in each. */
const SINGLE = { concurrency: 1, batchSize: 1 };

type Moment = Pick<FaultSpec, 'operation' | 'skip'> & { when: 'before' | 'after' };

/** Stops a run when a request has arrived, or when its change is made; the request goes on then. */
async function stoppedAt(
	simulator: Simulator,
	operation: string,
	{ when, ...moment }: Moment,
	more: PskRun = {},
): Promise<NodeResult & { writesAtStop: number }> {
	const held = simulator.faults.add({ kind: 'hold', when, ...moment } as never);
	let writesAtStop = -1;
	const reached = when === 'before' ? held.arrived() : held.applied();
	const run = runPsk(simulator, operation, {
		parameters: { options: SINGLE },
		mode: 'trigger',
		stopWhen: reached.then(() => {
			writesAtStop = writes(simulator);
		}),
		...more,
	});
	await reached;
	// What the stop would cut is cut by now.
	await new Promise((resolve) => setTimeout(resolve, 20));
	held.release();
	return { ...(await run), writesAtStop };
}

const writes = ({ requests }: Simulator) =>
	requests.filter(({ operation }) => operation !== 'list').length;

const lists = ({ requests }: Simulator) =>
	requests.filter(({ operation }) => operation === 'list').length;

/** No tunnel's key is sent, or asked for, a second time. */
function expectNothingTwice({ requests }: Simulator) {
	const sent = requests
		.filter(({ operation }) => operation !== 'list')
		.map(({ path, body }) => `${path} ${JSON.stringify(body)}`);
	expect(new Set(sent).size).toBe(sent.length);
}

/** Every key that is new is on its tunnel's Secret item, and nothing else is said to be applied. */
function expectTruth(simulator: Simulator, before: Array<string | undefined>, run: NodeResult) {
	const [secret = [], notification = []] = run.jsons;
	for (const [index, { id }] of simulator.tunnels().entries()) {
		const live = simulator.liveKey(id);
		const { status } = notification.find((item) => item.ipsec_tunnel_id === id)!;
		const key = secret.find((item) => item.ipsec_tunnel_id === id)?.psk;
		if (live !== before[index]) expect([status, key]).toEqual(['applied', live]);
		else expect(['unapplied', 'validated', 'unknown']).toContain(status);
	}
}

describe.each(CHANGES)('%s, stopped', (operation, endpoint) => {
	it('while the list before is read: nothing is sent', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		for (const onError of ['stopWorkflow', 'continueErrorOutput'] as const) {
			const moment: Moment = { operation: 'list', when: 'before' };
			const node = { onError };
			const run = await stoppedAt(simulator, operation, moment, { node });
			const told = String(run.error?.description ?? run.jsons[1]?.[0]?.reason);
			expect(told + String(run.error?.message)).toContain('the execution was stopped');
		}
		expect([writes(simulator), lists(simulator)]).toEqual([0, 2]);
		expect(liveKeys(simulator)).toEqual(before);
	});

	it.each([0, 1, TUNNELS - 1])('when request %d has arrived', async (skip) => {
		const simulator = account();
		const before = liveKeys(simulator);
		const run = await stoppedAt(simulator, operation, {
			operation: endpoint,
			skip,
			when: 'before',
		});
		expect(run.error).toBeUndefined();
		expect(lists(simulator)).toBe(2);
		if (operation === 'generate') expect(writes(simulator)).toBe(run.writesAtStop);
		const told = statuses(run.jsons[1]);
		expect(told).not.toContain('unknown');
		expect(told.filter((status) => status !== 'unapplied')).toHaveLength(writes(simulator));
		for (const { reason, status } of run.jsons[1]!) {
			if (status === 'unapplied') expect(reason).toContain('the execution was stopped');
		}
		expectTruth(simulator, before, run);
	});

	it('while what was sent is answered late by an answer that is lost', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		simulator.faults.add({ kind: 'reset', when: 'after', operation: endpoint, skip: 1 });
		const run = await stoppedAt(simulator, operation, {
			operation: endpoint,
			skip: 1,
			when: 'before',
		});
		const told = statuses(run.jsons[1]);
		expect(told.filter((status) => status === 'unknown').length).toBeLessThanOrEqual(1);
		expectNothingTwice(simulator);
		if (operation === 'set') {
			for (const [index, key] of liveKeys(simulator).entries()) {
				if (key !== before[index]) expect(run.jsons[0]!.map(({ psk }) => psk)).toContain(key);
			}
		}
	});

	it('between two attempts: no further one is made', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		simulator.faults.add({
			kind: 'status',
			status: 429,
			code: 971,
			operation: endpoint,
			times: 'always',
		});
		let stop = (): void => undefined;
		const stopped = new Promise<void>((resolve) => (stop = resolve));
		clock.sleep = async (ms, signal) => {
			stop();
			await sleep(ms, signal);
		};
		const started = Date.now();
		const node = { onError: 'continueRegularOutput' } as const;
		const run = await runPsk(simulator, operation, {
			parameters: { options: SINGLE },
			stopWhen: stopped,
			node,
		});
		expect(Date.now() - started).toBeLessThan(2_000);
		expect(writes(simulator)).toBeLessThanOrEqual(TUNNELS);
		expect(new Set(statuses(run.jsons[1]))).toEqual(new Set(['unapplied']));
		expect(liveKeys(simulator)).toEqual(before);
	});

	it('while the list afterwards is read: it is read to its end', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		const run = await stoppedAt(simulator, operation, {
			operation: 'list',
			skip: 1,
			when: 'before',
		});
		expect(run.error).toBeUndefined();
		expect(lists(simulator)).toBe(2);
		if (operation !== 'prepare') {
			expect(run.jsons[0]!.map(({ verified }) => verified)).toEqual(Array(TUNNELS).fill(true));
		}
		expectTruth(simulator, before, run);
	});
});

describe.each(CHANGES.filter(([operation]) => operation !== 'prepare'))(
	'%s, stopped',
	(operation, endpoint) => {
		it.each([0, 2])('when the change of request %d is made', async (skip) => {
			const simulator = account();
			const before = liveKeys(simulator);
			const moment: Moment = { operation: endpoint, skip, when: 'after' };
			const run = await stoppedAt(simulator, operation, moment);
			expect(run.error).toBeUndefined();
			const verified = run.jsons[0]!.map((item) => [item.psk, item.verified]);
			expect(verified).toEqual(
				liveKeys(simulator)
					.filter((key, index) => key !== before[index])
					.map((key) => [key, true]),
			);
			expectTruth(simulator, before, run);
		});
	},
);

it('set, stopped between a lost answer and its repetition: unknown, with the key', async () => {
	const simulator = account();
	simulator.faults.add({ kind: 'reset', when: 'after', operation: 'pskSet' });
	let stop = (): void => undefined;
	const stopped = new Promise<void>((resolve) => (stop = resolve));
	clock.sleep = async (ms, signal) => {
		stop();
		await sleep(ms, signal);
	};
	const { jsons, error } = await runPsk(simulator, 'set', { stopWhen: stopped });
	expect(error).toBeUndefined();
	expect(jsons[0]!.map(({ status, psk }) => [status, psk])).toEqual(
		liveKeys(simulator).map((key) => ['unknown', key]),
	);
	expect(jsons[1]![0]!.reason).toContain('has moved');
});

it('a stop is waited for no longer than the time-out', async () => {
	const simulator = account();
	const before = liveKeys(simulator);
	const hanging = simulator.faults.add({ kind: 'timeout', operation: 'pskGenerate', skip: 1 });
	const started = Date.now();
	const { jsons } = await runPsk(simulator, 'generate', {
		parameters: { options: { ...SINGLE, timeout: 1 } },
		stopWhen: hanging.arrived(),
	});
	expect(Date.now() - started).toBeLessThan(5_000);
	expect(statuses(jsons[1])).toEqual([
		'applied',
		'unknown',
		...Array<string>(TUNNELS - 2).fill('unapplied'),
	]);
	expect(liveKeys(simulator).slice(1)).toEqual(before.slice(1));
});

it('set, stopped after an untrue refusal of a batch, before its halves are sent: unknown', async () => {
	const simulator = account();
	simulator.faults.add({
		kind: 'status',
		status: 413,
		code: 1413,
		operation: 'pskSet',
		when: 'after',
	});
	const run = await stoppedAt(
		simulator,
		'set',
		{ operation: 'pskSet', when: 'after' },
		{ parameters: {} },
	);
	expect(run.error).toBeUndefined();
	expect(writes(simulator)).toBe(1);
	expect(run.jsons[0]!.map(({ status, psk }) => [status, psk])).toEqual(
		liveKeys(simulator).map((key) => ['unknown', key]),
	);
});
