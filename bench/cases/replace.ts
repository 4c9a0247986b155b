import { shuffle } from 'lodash';
import { performance } from 'node:perf_hooks';
import type { Contender } from '../rivals/contender';
import { helper } from '../rivals/helper';
import { httpBulk, httpEach, httpRequestMissing } from '../rivals/httpRequest';
import { BATCH_SIZE, ours } from '../rivals/ours';
import { sdkBulk, sdkEach } from '../rivals/sdk';
import { undici } from '../rivals/undici';
import { median, rounded } from '../stats';
import type { Bench, CaseResult, Mode, Target } from './case';
import { atLeast, atMost, collectGarbage, freshEntries, missingKeys } from './case';

interface Setting {
	keys: number;
	latencyMs: number;
	repetitions: number;
}

const setting = (keys: number, latencyMs: number, repetitions: number): Setting => ({
	keys,
	latencyMs,
	repetitions,
});

const SETTINGS: Readonly<Record<Mode, Setting[]>> = {
	smoke: [setting(1, 0, 1), setting(10, 20, 1)],
	quick: [
		setting(1, 0, 31),
		setting(10, 0, 31),
		setting(100, 0, 15),
		setting(1_000, 0, 9),
		setting(10_000, 0, 3),
		setting(1_000, 20, 5),
	],
	full: [
		setting(1, 0, 41),
		setting(10, 0, 41),
		setting(100, 0, 31),
		setting(1_000, 0, 21),
		setting(10_000, 0, 7),
		setting(1, 20, 11),
		setting(10, 20, 11),
		setting(100, 20, 11),
		setting(1_000, 20, 11),
		setting(10_000, 20, 7),
	],
};

interface Measured {
	contender: string;
	ms: number;
	/** Milliseconds of processor time of the contender's process. */
	cpuMs: number;
	requests: number;
}

/** One measured run, whose keys are compared with the live ones. */
async function runOnce(bench: Bench, contender: Contender, { keys, latencyMs }: Setting) {
	await bench.server.reset(keys, latencyMs);
	const entries = freshEntries(keys);
	const cpu = process.cpuUsage();
	const started = performance.now();
	const keysOf = await contender.run(bench.server.url, entries);
	const ms = performance.now() - started;
	const { user, system } = process.cpuUsage(cpu);
	const state = await bench.server.state();
	const missing = missingKeys(state.keys, keysOf());
	if (missing > 0) throw new Error(`${contender.name}: ${missing} of ${keys} keys are not live`);
	return { ms, cpuMs: (user + system) / 1_000, requests: state.traffic.requests };
}

/**
 * Runs all contenders once to warm up, and then in another order in each repetition. Garbage is collected
 * once before: a forced collection before each run would slow all of them down by some milliseconds
 * afterwards, and by chance each run is as often charged with the garbage of another as any other is.
 */
async function race(
	bench: Bench,
	contenders: readonly Contender[],
	chosen: Setting,
): Promise<Measured[]> {
	const runs = contenders.map((contender) => ({
		contender,
		ms: [] as number[],
		cpuMs: [] as number[],
		requests: 0,
	}));
	for (const { contender } of runs) await runOnce(bench, contender, chosen);
	collectGarbage();
	for (let repetition = 0; repetition < chosen.repetitions; repetition++) {
		for (const run of shuffle(runs)) {
			const { ms, cpuMs, requests } = await runOnce(bench, run.contender, chosen);
			run.ms.push(ms);
			run.cpuMs.push(cpuMs);
			run.requests = requests;
		}
	}
	return runs.map(({ contender, ms, cpuMs, requests }) => ({
		contender: contender.name,
		ms: median(ms),
		cpuMs: median(cpuMs),
		requests,
	}));
}

function targetsOf(measured: readonly Measured[], { keys, latencyMs }: Setting): Target[] {
	const about = `replace ${keys} keys, ${latencyMs} ms`;
	const own = measured.find(({ contender }) => contender === ours.name)!;
	const msOf = (contender: Contender) =>
		measured.find((one) => one.contender === contender.name)?.ms;
	const most = Math.ceil(keys / BATCH_SIZE) + 2;
	const targets = [atMost(about, 'requests, N / batch size + 2', own.requests, most)];
	const [limit, each] = [msOf(undici), msOf(httpEach)];
	if (keys === 1_000 && latencyMs === 0 && limit !== undefined) {
		targets.push(atMost(about, 'time / undici, the same requests', rounded(own.ms / limit), 1.5));
	}
	if (keys === 1_000 && latencyMs === 20 && each !== undefined) {
		targets.push(
			atLeast(about, 'times faster than HTTP Request for each', rounded(each / own.ms), 8),
		);
	}
	return targets;
}

function growth(results: ReadonlyArray<{ setting: Setting; measured: Measured[] }>): Target[] {
	const msFor = (keys: number) =>
		results
			.find((result) => result.setting.keys === keys && result.setting.latencyMs === 0)
			?.measured.find(({ contender }) => contender === ours.name)?.ms;
	const [small, large] = [msFor(1_000), msFor(10_000)];
	if (small === undefined || large === undefined) return [];
	const grown = rounded(large / small);
	return [atMost('replace 1000 and 10000 keys, 0 ms', 'growth of the time', grown, 11)];
}

/** Replacing all keys of an account: our Set beside what a user would pick instead. */
export async function replaceKeys(bench: Bench): Promise<CaseResult> {
	const missing = httpRequestMissing();
	const all = [
		...[ours, undici, helper, sdkBulk, sdkEach],
		...(missing === undefined ? [httpBulk, httpEach] : []),
	];
	const results: Array<{ setting: Setting; measured: Measured[] }> = [];
	for (const chosen of SETTINGS[bench.mode]) {
		bench.progress(`replace ${chosen.keys} keys at ${chosen.latencyMs} ms`);
		const contenders = all.filter(({ mostKeys = Infinity }) => chosen.keys <= mostKeys);
		results.push({ setting: chosen, measured: await race(bench, contenders, chosen) });
	}
	return {
		case: 'replace',
		about:
			"Replacing N keys: the medians of the time from start to end and of the processor time of the contender's process, and the requests that the server counted. Every run was checked: each live key was handed out. 'Ours / it' is the ratio of the times.",
		rows: results.flatMap(({ setting: { keys, latencyMs, repetitions }, measured }) =>
			measured.map(({ contender, ms, cpuMs, requests }) => ({
				keys,
				'latency ms': latencyMs,
				contender,
				ms: rounded(ms),
				'cpu ms': rounded(cpuMs),
				'ours / it': rounded(measured[0]!.ms / ms),
				requests,
				runs: repetitions,
			})),
		),
		targets: [
			...results.flatMap((result) => targetsOf(result.measured, result.setting)),
			...growth(results),
		],
		notes: missing === undefined ? [] : [`HTTP Request node left out: ${missing}`],
	};
}
