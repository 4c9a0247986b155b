import { getHeapStatistics, GCProfiler } from 'node:v8';
import type { IRun } from 'n8n-workflow';
import { inputOf, keysOfOurs, runOurs } from '../rivals/ours';
import { collectGarbage, freshEntries } from './case';

/** Bytes on the heap, and outside of it where the heap owns them. */
export interface MemoryAnswer {
	/** The most that was alive after a collection. */
	peak: number;
	/** Alive before the run, with the input items. */
	before: number;
	/** The output items of the run. */
	outputs: number;
}

function alive(): number {
	collectGarbage();
	const { used_heap_size: used, external_memory: external } = getHeapStatistics();
	return used + external;
}

/** Runs once to load all that is loaded late, and then measures a second run. */
async function main(): Promise<void> {
	const [url = '', keys = ''] = process.argv.slice(2);
	await runOurs('set', url, inputOf(freshEntries(1)));
	const input = inputOf(freshEntries(Number(keys)));
	const before = alive();
	const profiler = new GCProfiler();
	profiler.start();
	let run: IRun | undefined = await runOurs('set', url, input);
	const { statistics } = profiler.stop();
	const peak = Math.max(
		...statistics.map(({ afterGC: { heapStatistics: heap } }) =>
			Number(heap.usedHeapSize + heap.externalMemory),
		),
	);
	keysOfOurs(run);
	const items: unknown = run.data.resultData.runData;
	run = undefined;
	const outputs = alive() - before;
	const answer: MemoryAnswer = { peak, before, outputs };
	if (items === undefined || input.length === 0) throw new Error('Nothing was run');
	process.send!(answer);
	process.disconnect();
}

void main();
