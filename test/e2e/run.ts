import { parseArgs } from 'node:util';
import type { Part } from './harness/part';
import { print } from '../helpers/print';
import { runMain } from '../helpers/processes';
import type { PartResult } from './harness/report';
import { reportRun } from './harness/report';
import { Suite } from './harness/suite';
import { parts } from './parts';

const USAGE = `Usage: npm run test:e2e -- [--json FILE] [part …]
Parts:
${parts.map(({ name, about }) => `  ${name.padEnd(14)} ${about}`).join('\n')}`;

/** @throws Error for a name that no part has */
function chosenParts(names: readonly string[]): readonly Part[] {
	const unknown = names.filter((name) => !parts.some((part) => part.name === name));
	if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(', ')}\n${USAGE}`);
	return names.length === 0 ? parts : parts.filter(({ name }) => names.includes(name));
}

async function main(): Promise<number> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { json: { type: 'string' }, help: { type: 'boolean', default: false } },
	});
	if (values.help) {
		print(USAGE);
		return 0;
	}
	const suite = new Suite();
	const results: PartResult[] = [];
	const runAll = async (some: readonly Part[]) => {
		for (const part of some) results.push(await suite.run(part));
	};
	const chosen = chosenParts(positionals);
	try {
		await Promise.all([
			runAll(chosen.filter(({ apart }) => apart !== true)),
			runAll(chosen.filter(({ apart }) => apart === true)),
		]);
	} finally {
		await suite.stop();
	}
	return reportRun(results, values.json);
}

runMain(main);
