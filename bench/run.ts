import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import type { Bench, CaseResult, Mode } from './cases/case';
import { generateWithinLimits, replaceWithinLimits } from './cases/limited';
import { load } from './cases/load';
import { memory } from './cases/memory';
import { poll } from './cases/poll';
import { queue } from './cases/queue';
import { replaceKeys } from './cases/replace';
import { closeUndici } from './rivals/undici';
import { startServer } from './server';
import { rounded } from './stats';
import { table } from './table';

/**
 * The benchmarks: our node side by side with what a user would pick instead, and with the limit.
 * Prints a table and writes bench/results.json (not in a smoke run).
 */

const CASES: ReadonlyArray<(bench: Bench) => Promise<CaseResult>> = [
	replaceKeys,
	replaceWithinLimits,
	memory,
	generateWithinLimits,
	poll,
	load,
	queue,
];

const RESULTS = path.join(__dirname, 'results.json');

function readOptions(): { mode: Mode; json: boolean } {
	const { values } = parseArgs({
		options: {
			full: { type: 'boolean' },
			smoke: { type: 'boolean' },
			json: { type: 'boolean' },
		},
	});
	const mode = values.smoke ? 'smoke' : values.full ? 'full' : 'quick';
	return { mode, json: values.json === true };
}

function report({ case: name, about, rows, notes }: CaseResult): string {
	return [`\n## ${name}`, about, ...(rows.length > 0 ? [table(rows)] : []), ...notes].join('\n');
}

async function main(): Promise<number> {
	const { mode, json } = readOptions();
	const started = Date.now();
	const loadBefore = loadavg()[0]!;
	const server = await startServer();
	const seconds = () => Math.round((Date.now() - started) / 1_000);
	const progress = (text: string) => void process.stderr.write(`… ${text} (at ${seconds()} s)\n`);
	const cases: CaseResult[] = [];
	try {
		for (const run of CASES) cases.push(await run({ mode, server, progress }));
	} finally {
		await closeUndici();
		await server.close();
	}
	const targets = cases.flatMap((one) => one.targets);
	const results = {
		mode,
		recordedOn: new Date().toISOString(),
		seconds: seconds(),
		machine: {
			platform: `${process.platform} ${process.arch}`,
			cpu: cpus()[0]?.model ?? 'unknown',
			cores: cpus().length,
			node: process.version,
			loadAverage: [loadBefore, loadavg()[0]!].map(rounded),
		},
		cases: cases.map(({ case: name, about, rows, notes }) => ({ case: name, about, rows, notes })),
		targets,
	};
	const text = await format(JSON.stringify(results), {
		parser: 'json',
		useTabs: true,
		printWidth: 100,
	});
	if (mode !== 'smoke') writeFileSync(RESULTS, text);
	const shown = json
		? text
		: `${cases.map(report).join('\n')}\n\n## targets\n${table(targets.map((target) => ({ ...target, met: target.met ? 'yes' : 'NO' })))}\n`;
	process.stdout.write(shown);
	// A smoke run has only targets that depend on no time.
	return mode === 'smoke' && targets.some(({ met }) => !met) ? 1 : 0;
}

main().then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		process.stderr.write(`The benchmarks stopped: ${String((error as Error).stack ?? error)}\n`);
		process.exitCode = 1;
	},
);
