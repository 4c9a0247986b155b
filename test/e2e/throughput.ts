import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { rounded } from '../../bench/stats';
import { table } from '../../bench/table';
import { print } from '../helpers/print';
import { runMain } from '../helpers/processes';
import { Suite } from './harness/suite';
import { reasonWithoutQueueMode } from './real/queueMode';
import type { Throughput } from './real/throughput';
import { measureThroughput } from './real/throughput';

/**
 * Rotations per second in the real n8n in queue mode.
 *
 * npm run bench:throughput [-- --runs 3 --rotations 60 --json FILE]
 */

function report({ load, workers, time }: Throughput): string {
	const { tunnels, rotations, inFlight } = load;
	const { answer, execution, ours, others, share } = time;
	return [
		`\n${rotations} rotations a run, of ${tunnels} tunnels, ${inFlight} at once`,
		table(
			workers.map((one) => ({
				workers: one.workers,
				'rotations/s': rounded(one.rotationsPerSecond),
				runs: one.runs.map(rounded).join(', '),
				failed: one.failed,
				'requests per rotation': rounded(one.requests),
			})),
		),
		`\nOne rotation after the other, ms (medians of ${time.rotations})`,
		table([
			{
				'webhook to answer': rounded(answer),
				'execution in n8n': execution,
				'our node': ours,
				'other nodes': others,
				'our share %': rounded(100 * share),
			},
		]),
	].join('\n');
}

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			runs: { type: 'string', default: '3' },
			rotations: { type: 'string', default: '60' },
			json: { type: 'string' },
		},
	});
	const [runs, rotations] = [Number(values.runs), Number(values.rotations)];
	if (!(runs > 0 && rotations > 0)) throw new Error('--runs and --rotations take numbers');
	const missing = await reasonWithoutQueueMode();
	if (missing !== undefined) throw new Error(`This ${missing}`);
	const suite = new Suite();
	const tarball = await suite.tarball();
	const { logFolder } = suite;
	const result = await measureThroughput({ tarball, logFolder, runs, rotations });
	print(report(result));
	if (values.json !== undefined) {
		writeFileSync(values.json, `${JSON.stringify(result, undefined, '\t')}\n`);
	}
	return 0;
}

runMain(main);
