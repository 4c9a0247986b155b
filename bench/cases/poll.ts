import { performance } from 'node:perf_hooks';
import type { Poller } from '../rivals/poll';
import { fetchAndParse, pollerFor, triggerMissing } from '../rivals/poll';
import { undici } from '../rivals/undici';
import { median, rounded } from '../stats';
import type { Bench, CaseResult } from './case';
import { atMost, freshEntries } from './case';

const TUNNELS = { smoke: [10], quick: [100, 1_000, 5_000], full: [100, 1_000, 5_000] } as const;
const REPETITIONS = { smoke: 1, quick: 9, full: 31 } as const;
const CHANGED_SHARES = [0, 0.01];

async function timed(work: () => Promise<number>): Promise<{ ms: number; result: number }> {
	const started = performance.now();
	const result = await work();
	return { ms: performance.now() - started, result };
}

interface Measured {
	ours: number[];
	limit: number[];
}

/** Polls and fetches in turn, each time after so many keys were changed; checks what comes out. */
async function measure(
	bench: Bench,
	poller: Poller,
	{ tunnels, changed }: { tunnels: number; changed: number },
): Promise<Measured> {
	const { url } = bench.server;
	const measured: Measured = { ours: [], limit: [] };
	for (let repetition = 0; repetition <= REPETITIONS[bench.mode]; repetition++) {
		if (changed > 0) await undici.run(url, freshEntries(changed));
		const own = await timed(async () => await poller.poll());
		if (own.result !== changed) {
			throw new Error(`The trigger gave ${own.result} items for ${changed} changes`);
		}
		const limit = await timed(async () => await fetchAndParse(url));
		if (limit.result !== tunnels) throw new Error(`The list held ${limit.result} tunnels`);
		// The first one warms up.
		if (repetition === 0) continue;
		measured.ours.push(own.ms);
		measured.limit.push(limit.ms);
	}
	return measured;
}

/** Watching an account: our polling trigger beside fetching and parsing the list alone. */
export async function poll(bench: Bench): Promise<CaseResult> {
	const result: CaseResult = {
		case: 'poll',
		about: `One poll after so many keys were changed, against fetch and JSON.parse of the list alone: medians of ${REPETITIONS[bench.mode]}. Every poll gave one item for each change.`,
		rows: [],
		targets: [],
		notes: [],
	};
	const missing = await triggerMissing();
	if (missing !== undefined) return { ...result, notes: [`Not measured: ${missing}.`] };
	for (const tunnels of TUNNELS[bench.mode]) {
		for (const share of CHANGED_SHARES) {
			const changed = Math.ceil(tunnels * share);
			bench.progress(`poll ${tunnels} tunnels of which ${changed} changed`);
			await bench.server.reset(tunnels, 0);
			const poller = await pollerFor(bench.server.url);
			await poller.poll();
			const { ours, limit } = await measure(bench, poller, { tunnels, changed });
			const ratio = rounded(median(ours) / median(limit));
			result.rows.push({
				tunnels,
				changed,
				ms: rounded(median(ours)),
				'fetch and parse ms': rounded(median(limit)),
				ratio,
				'static bytes a tunnel': rounded(poller.staticBytes() / tunnels),
			});
			if (bench.mode === 'smoke') continue;
			const about = `poll ${tunnels} tunnels, ${changed} changed`;
			result.targets.push(atMost(about, 'time / fetch and JSON.parse', ratio, 1.5));
		}
	}
	return result;
}
