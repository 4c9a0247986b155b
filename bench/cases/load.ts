import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../test/helpers/paths';
import { median, rounded } from '../stats';
import type { Bench, CaseResult } from './case';
import { atMost } from './case';

const execute = promisify(execFile);

const STARTS = { smoke: 1, quick: 20, full: 20 } as const;

interface Load {
	/** Milliseconds. */
	ms: number;
	bytes: number;
	files: number;
}

/** What one start of a process that has n8n-workflow loaded pays for our package. */
async function loadOnce(): Promise<Load> {
	// Node runs this file as it is: a loader of TypeScript would have a part in what is measured.
	const child = path.join(__dirname, 'loadChild.ts');
	const { stdout } = await execute(process.execPath, ['--expose-gc', child, ROOT]);
	return JSON.parse(stdout) as Load;
}

interface Pack {
	size: number;
	unpackedSize: number;
	entryCount: number;
	files: Array<{ path: string }>;
}

/** What package.json promises to n8n and the package does not hold. */
function lacking({ files }: Pack): string[] {
	const { n8n } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
		n8n: { nodes: string[]; credentials: string[] };
	};
	const held = new Set(files.map((file) => file.path));
	return [...n8n.nodes, ...n8n.credentials].filter((file) => !held.has(file));
}

async function packed(): Promise<Pack> {
	const { stdout } = await execute(
		'npm',
		['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=silent'],
		{ cwd: ROOT },
	);
	const [pack] = JSON.parse(stdout) as [Pack];
	const lost = lacking(pack);
	if (lost.length > 0) throw new Error(`The package was not built whole: no ${lost.join(', ')}`);
	return pack;
}

/** What the package adds to n8n's start, and its size. */
export async function load(bench: Bench): Promise<CaseResult> {
	bench.progress(`loading the package, ${STARTS[bench.mode]} times`);
	const loads: Load[] = [];
	for (let start = 0; start < STARTS[bench.mode]; start++) loads.push(await loadOnce());
	const { size, unpackedSize, entryCount } = await packed();
	const ms = rounded(median(loads.map((one) => one.ms)));
	const time = [atMost('load', "ms added to n8n's start", ms, 15)];
	return {
		case: 'load',
		about: `Loading all nodes and credentials in a fresh process that has loaded n8n-workflow already: medians of ${loads.length} starts. And the packed package.`,
		rows: [
			{
				ms,
				'heap kB': Math.round(median(loads.map(({ bytes }) => bytes)) / 1_000),
				'modules loaded': loads[0]!.files,
				'packed kB': rounded(size / 1_000),
				'unpacked kB': rounded(unpackedSize / 1_000),
				files: entryCount,
			},
		],
		targets: [
			...(bench.mode === 'smoke' ? [] : time),
			// 100 kB before Key Rotation and its vaults came in.
			atMost('load', 'packed kB', rounded(size / 1_000), 150),
		],
		notes: [],
	};
}
