import { fork } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { rounded } from '../stats';
import type { MemoryAnswer } from './memoryChild';
import type { Bench, CaseResult } from './case';
import { atMost } from './case';

const KEYS = { smoke: [10], quick: [1_000], full: [1_000, 10_000] } as const;

/** Every collection is a full one, and there is one for each MB that is allocated. */
const FLAGS = ['--expose-gc', '--gc-global', '--max-semi-space-size=1', '--import', 'tsx'];

async function measure(bench: Bench, keys: number): Promise<MemoryAnswer> {
	const child = fork(path.join(__dirname, 'memoryChild.ts'), [bench.server.url, String(keys)], {
		execArgv: FLAGS,
	});
	const answer = once(child, 'message');
	const [code] = (await once(child, 'exit')) as [number];
	if (code !== 0) throw new Error(`Measuring the memory ended with ${code}`);
	const [measured] = (await answer) as [MemoryAnswer];
	return measured;
}

/** The memory that our Set needs besides its input and output items. */
export async function memory(bench: Bench): Promise<CaseResult> {
	const rows: CaseResult['rows'] = [];
	const targets: CaseResult['targets'] = [];
	for (const keys of KEYS[bench.mode]) {
		bench.progress(`memory of replacing ${keys} keys`);
		await bench.server.reset(keys, 0);
		const { peak, before, outputs } = await measure(bench, keys);
		const { traffic } = await bench.server.state();
		const above = peak - before - outputs;
		rows.push({
			keys,
			'peak above start kB': kB(peak - before),
			'output items kB': kB(outputs),
			'peak above items kB': kB(above),
			'payload kB': kB(traffic.bytes),
			'of it one list kB': kB(traffic.listBytes),
			'above items / payload': rounded(above / traffic.bytes),
		});
		if (bench.mode !== 'smoke') {
			const ratio = rounded(above / traffic.bytes);
			targets.push(atMost(`memory of replacing ${keys} keys`, 'above items / payload', ratio, 2));
		}
	}
	return {
		case: 'memory',
		about:
			"Set in a process of its own: the most that was alive on the heap after any collection (a full one for each MB that is allocated), without what was alive before (n8n's engine, the input items) and without the output items. The payload is the bodies of all requests and answers.",
		rows,
		targets,
		notes: [],
	};
}

const kB = (bytes: number): number => Math.round(bytes / 1_000);
