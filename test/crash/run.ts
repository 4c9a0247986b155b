import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { print } from '../helpers/print';
import { runMain } from '../helpers/processes';
import { killItems } from './items';
import { killAll } from './kills';
import { runPairs } from './pairs';
import { Victims } from './victims';

/**
 * Kills processes that rotate, finish and roll back with SIGKILL, with both vaults, and runs two
 * operations at once. The account and the vault are outside of what is killed, and tell after each
 * request whether the vault holds the live key; after each kill, or each pair, one more run has to bring
 * all to one truth. The item way is killed too: Set after Prepare, and Generate for comparison.
 *
 * npm run test:crash [-- --kills 300 --pairs 500 --seed 1]
 */

async function kills(count: number, seed: number): Promise<{ passed: number; findings: string[] }> {
	if (count === 0) return { passed: 0, findings: [] };
	const tally = await killAll(count, seed);
	const each = Math.max(6, Math.ceil(count / 12));
	const victims = new Victims();
	const prepare = await killItems(victims, 'prepare', each, seed);
	const generate = await killItems(victims, 'generate', each, seed);
	await victims.close();
	print();
	print(
		`Key Rotation: ${tally.kills} kills (${tally.atSteps} at ${tally.atSteps < tally.steps ? 'some of the' : 'all'} ${tally.steps} steps, ${tally.kills - tally.atSteps} at random moments), ${tally.findings.length} findings`,
	);
	print(`Set after Prepare: ${prepare.kills} kills, ${prepare.losses} lost the live key`);
	print(`Generate, then the vault: ${generate.kills} kills, ${generate.losses} lost the live key`);
	const findings = [...tally.findings];
	if (prepare.losses > 0) findings.push('Set after Prepare lost a live key');
	// A comparison that never loses a key would say that the oracle is blind.
	if (generate.losses === 0) findings.push('no kill of Generate lost a key');
	return { passed: tally.kills + prepare.kills + generate.kills, findings };
}

async function pairs(count: number, seed: number): Promise<{ passed: number; findings: string[] }> {
	const tally = await runPairs(count, seed);
	const kinds = [...tally.byKind].map(([kind, times]) => `${kind} ${times}`);
	print(`Two runs at once: ${tally.pairs} pairs (${kinds.join(', ')})`);
	return { passed: tally.pairs, findings: tally.findings };
}

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			kills: { type: 'string', default: '80' },
			pairs: { type: 'string', default: '50' },
			seed: { type: 'string', default: String(randomInt(2 ** 30)) },
		},
	});
	const [killCount, pairCount, seed] = [values.kills, values.pairs, values.seed].map(Number);
	if (![killCount, pairCount, seed].every((value) => Number.isInteger(value) && value! >= 0)) {
		throw new Error('--kills, --pairs and --seed take whole numbers');
	}
	print(`Killing rotations with SIGKILL, and running two at once (--seed ${seed})`);
	const parts = [await kills(killCount!, seed!), await pairs(pairCount!, seed!)];
	const findings = parts.flatMap((part) => part.findings);
	for (const finding of findings) print(`NOT AS IT SHOULD BE: ${finding}`);
	const total = parts.reduce((sum, { passed }) => sum + passed, 0);
	print();
	print(`${Math.max(0, total - findings.length)} passed, ${findings.length} failed`);
	return findings.length === 0 ? 0 : 1;
}

runMain(main);
