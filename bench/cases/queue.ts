import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { reasonWithoutQueueMode } from '../../test/e2e/real/queueMode';
import type { Throughput } from '../../test/e2e/real/throughput';
import { ROOT } from '../../test/helpers/paths';
import { rounded } from '../stats';
import type { Bench, CaseResult } from './case';

const execute = promisify(execFile);

const ABOUT =
	"Rotations of one tunnel each in the real n8n in queue mode (Redis, PostgreSQL, webhook → Key Rotation's Rotate with a vault), and where one rotation's time goes. Medians.";

/** Runs the program that starts n8n, which has a clock and an engine of its own. */
async function measured(): Promise<Throughput> {
	const folder = mkdtempSync(path.join(tmpdir(), 'bench-queue-'));
	const file = path.join(folder, 'throughput.json');
	const program = path.join(ROOT, 'test', 'e2e', 'throughput.ts');
	try {
		await execute(process.execPath, ['--import', 'tsx', program, '--json', file], {
			cwd: ROOT,
			maxBuffer: 2 ** 26,
		});
		return JSON.parse(readFileSync(file, 'utf8')) as Throughput;
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** Rotations per second with one and two workers; in the full mode only. */
export async function queue({ mode, progress }: Bench): Promise<CaseResult> {
	const none: CaseResult = { case: 'queue mode', about: ABOUT, rows: [], targets: [], notes: [] };
	if (mode !== 'full') return { ...none, notes: ['Only with --full: it starts the real n8n.'] };
	const missing = await reasonWithoutQueueMode();
	if (missing !== undefined) return { ...none, notes: [`Left out: this ${missing}`] };
	progress('rotations in the real n8n in queue mode');
	const { workers, time, load } = await measured();
	return {
		...none,
		rows: workers.map((one) => ({
			workers: one.workers,
			'rotations / s': rounded(one.rotationsPerSecond),
			'runs that failed': one.failed,
			'requests a rotation': rounded(one.requests),
			'one alone ms': rounded(time.answer),
			'in n8n ms': rounded(time.execution),
			'our node ms': rounded(time.ours),
			'our share %': rounded(100 * time.share),
		})),
		notes: [
			`${load.rotations} rotations a run, ${load.inFlight} at once. Cloudflare's limit of 1,200 requests in five minutes allows fewer for longer than that.`,
		],
	};
}
