import { median } from '../../../bench/stats';
import type { Execution } from '../harness/n8n';
import { print } from '../../helpers/print';
import { waitFor } from '../../helpers/processes';
import type { Account } from '../../helpers/accountProcess';
import { startAccount } from '../../helpers/accountProcess';
import { NODE_TYPE } from '../harness/workflows';
import type { QueueMode, RotationFlow } from './queueMode';
import { rotateOne, startQueueMode } from './queueMode';

export interface ThroughputOptions {
	tarball: string;
	logFolder: string;
	/** Runs for each number of workers, default 3. */
	runs?: number;
	/** Rotations of a run, default 60. */
	rotations?: number;
}

/** The same load with one number of workers. */
export interface WorkersResult {
	workers: number;
	/** Median of the runs. */
	rotationsPerSecond: number;
	/** Each run's figure, in the order in which they were run. */
	runs: number[];
	/** Runs of the workflow that did not end well. */
	failed: number;
	/** Requests to Cloudflare for a rotation, mean. */
	requests: number;
}

/** Where the time of a rotation goes when nothing else is going on; ms, medians. */
export interface TimeShare {
	/** Rotations looked at. */
	rotations: number;
	/** From the webhook's request to its answer. */
	answer: number;
	/** The execution. */
	execution: number;
	/** Our node, with its waiting for the answers of Cloudflare and of the vault. */
	ours: number;
	/** n8n's other nodes of the rotation. */
	others: number;
	/** `ours` of `execution`, 0 to 1. */
	share: number;
}

export interface Throughput {
	load: { tunnels: number; rotations: number; inFlight: number };
	workers: WorkersResult[];
	time: TimeShare;
}

const TUNNELS = 20;
const IN_FLIGHT = 10;
const WARM_UP = 20;
const LOOKED_AT = 30;

/** @returns the seconds that it took, and how many runs did not end well */
async function rotateMany(flow: RotationFlow, ids: readonly string[], rotations: number) {
	const started = performance.now();
	let [next, failed] = [0, 0];
	const work = async () => {
		while (next < rotations) {
			const outcome = await rotateOne(flow, ids[next++ % ids.length]!);
			if (outcome !== 'done') failed += 1;
		}
	};
	await Promise.all(Array.from({ length: IN_FLIGHT }, work));
	return { seconds: (performance.now() - started) / 1000, failed };
}

const idsOf = async (account: Account): Promise<string[]> =>
	(await account.tunnels()).map(({ tunnel }) => tunnel.id);

/** One run of the load on a new account: Cloudflare's limit on requests would end a longer one. */
async function measureRun(mode: QueueMode, seed: number, rotations: number) {
	const account = await startAccount({ tunnels: TUNNELS, seed });
	try {
		const flow = await mode.importRotation({ account });
		const ids = await idsOf(account);
		await rotateMany(flow, ids, WARM_UP);
		await account.resetRequests();
		const { seconds, failed } = await rotateMany(flow, ids, rotations);
		const requests = (await account.requests()).length;
		return { perSecond: (rotations - failed) / seconds, failed, requests };
	} finally {
		await account.stop();
	}
}

/** Alternates between one worker and two, so that both have the same of what else the machine does. */
async function compareWorkers(
	mode: QueueMode,
	{ runs = 3, rotations = 60 }: ThroughputOptions,
): Promise<WorkersResult[]> {
	const results = [1, 2].map((workers) => ({
		workers,
		runs: [] as number[],
		failed: 0,
		requests: 0,
	}));
	let seed = 50;
	for (let run = 1; run <= runs; run++) {
		for (const result of results) {
			const second = result.workers === 2 ? await mode.addHost() : undefined;
			const { perSecond, failed, requests } = await measureRun(mode, seed++, rotations);
			await second?.stop();
			result.runs.push(perSecond);
			result.failed += failed;
			result.requests += requests;
			print(`  ${result.workers} worker(s), run ${run}: ${perSecond.toFixed(2)} rotations/s`);
		}
	}
	return results.map((result) => ({
		...result,
		requests: result.requests / (runs * rotations),
		rotationsPerSecond: median(result.runs),
	}));
}

interface Timed extends Execution {
	startedAt: string;
	stoppedAt: string;
	workflowData: { nodes: Array<{ name: string; type: string }> };
}

const spanOf = ({ startedAt, stoppedAt }: Timed): number =>
	Date.parse(stoppedAt) - Date.parse(startedAt);

/** The ms that the nodes of an execution took whose type passes. */
function nodesTime({ data, workflowData }: Timed, passes: (type: string) => boolean): number {
	const types = new Map(workflowData.nodes.map(({ name, type }) => [name, type]));
	return Object.entries(data.resultData.runData)
		.filter(([name]) => passes(types.get(name) ?? ''))
		.flatMap(([, tasks]) => tasks)
		.reduce((sum, { executionTime }) => sum + executionTime, 0);
}

/** All stored executions of a workflow, when there are as many as expected. */
async function stored({ n8n }: QueueMode, workflowId: string, count: number): Promise<Timed[]> {
	const found = await waitFor('The executions', async () => {
		const all = await n8n.executions(workflowId);
		return all.length === count && all.every(({ status }) => status === 'success') && all;
	});
	const all: Timed[] = [];
	for (const { id } of found) all.push((await n8n.execution(id)) as Timed);
	return all;
}

/** One rotation after the other, in executions that n8n stores, so that it tells each node's time. */
async function measureTime(mode: QueueMode, ids: readonly string[]): Promise<TimeShare> {
	const flow = await mode.importRotation();
	const answers: number[] = [];
	for (let index = 0; index < LOOKED_AT; index++) {
		const started = performance.now();
		const outcome = await rotateOne(flow, ids[index % ids.length]!);
		if (outcome !== 'done') throw new Error(`A rotation without any disturbance was ${outcome}`);
		answers.push(performance.now() - started);
	}
	const rotations = await stored(mode, flow.workflowId, LOOKED_AT);
	const timeOf = (passes: (type: string) => boolean) =>
		median(rotations.map((execution) => nodesTime(execution, passes)));
	const execution = median(rotations.map(spanOf));
	const ours = timeOf((type) => type === NODE_TYPE);
	return {
		rotations: LOOKED_AT,
		answer: median(answers),
		execution,
		ours,
		others: timeOf((type) => type !== NODE_TYPE),
		share: ours / execution,
	};
}

/**
 * How many keys n8n rotates in a second in queue mode, with one worker and with two, and how much of
 * a rotation's time is ours. A rotation is one run of Key Rotation's Rotate for one tunnel, started
 * over a webhook; account and vault answer at once.
 */
export async function measureThroughput(options: ThroughputOptions): Promise<Throughput> {
	const { tarball, logFolder, rotations = 60 } = options;
	const mode = await startQueueMode({ tarball, tunnels: TUNNELS, workers: 1, logFolder });
	try {
		return {
			load: { tunnels: TUNNELS, rotations, inFlight: IN_FLIGHT },
			workers: await compareWorkers(mode, options),
			time: await measureTime(mode, await idsOf(mode.account)),
		};
	} finally {
		await mode.stop();
	}
}
