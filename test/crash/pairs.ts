import { setTimeout as sleep } from 'node:timers/promises';
import { VAULT_NAMES } from '../helpers/keptVault';
import { print } from '../helpers/print';
import type { Random } from '../simulator/random';
import { createRandom } from '../simulator/random';
import type { Run } from './kills';
import type { Way } from './world';
import { World } from './world';

/** Two runs at once for the same tunnels, under random delays of every request and every answer. */

const rotate = (leaseMinutes: number, finish = 'atOnce'): Run => [
	'rotate',
	{ finish, options: leaseMinutes === 0 ? { leaseMinutes } : {} },
];

const RIVALS: ReadonlyArray<readonly [name: string, left: string, right: string]> = [
	['Rotate × Rotate', 'rotate', 'rotate'],
	['Rotate × Finish', 'rotate', 'finish'],
	['Rotate × Roll Back', 'rotate', 'rollBack'],
	['Finish × Roll Back', 'finish', 'rollBack'],
	['Roll Back × Roll Back', 'rollBack', 'rollBack'],
];

/** Milliseconds: most requests are quick, and some are overtaken by a whole run. */
function delay(random: Random): number {
	const kind = random.next();
	if (kind < 0.5) return 0;
	return kind < 0.85 ? random.next() * 5 : random.next() * 40;
}

/** A way on which each request and each answer is late by what a seed says. */
async function slowWay(world: World, random: Random): Promise<Way> {
	return await world.way(async (moment) => {
		const ms = moment === 'answered' ? 0 : delay(random);
		if (ms > 0) await sleep(ms);
		return true;
	});
}

export interface PairsTally {
	pairs: number;
	byKind: Map<string, number>;
	findings: string[];
}

/** Runs pairs of runs; each is repeated by its own seed, which a finding names. */
export async function runPairs(pairs: number, seed: number): Promise<PairsTally> {
	const tally: PairsTally = { pairs: 0, byKind: new Map(), findings: [] };
	let number = 0;
	const lane = async (): Promise<void> => {
		for (let one = number++; one < pairs; one = number++) {
			const { kind, found } = await runPair(seed + one);
			tally.pairs++;
			tally.byKind.set(kind, (tally.byKind.get(kind) ?? 0) + 1);
			tally.findings.push(...found);
			if (tally.pairs % 100 === 0) print(`  ${tally.pairs} pairs`);
		}
	};
	await Promise.all([lane(), lane(), lane()]);
	return tally;
}

/** One pair in a world of its own: what was before, both runs at once, and one more run. */
async function runPair(seed: number): Promise<{ kind: string; found: string[] }> {
	const random = createRandom(seed);
	const vault = VAULT_NAMES[seed % 2]!;
	const [kind, ...operations] = RIVALS[Math.floor(seed / 2) % RIVALS.length]!;
	const lease = random.next() < 0.5 ? 0 : 15;
	const wishes = () => rotate(lease, random.next() < 0.7 ? 'atOnce' : 'later');
	const isPending = random.next() < (kind === 'Rotate × Rotate' ? 0.3 : 0.7);
	const world = await World.start(vault, 2, seed);
	const found: string[] = [];
	try {
		// In a quarter of the pairs of rotations the vault holds nothing yet.
		const isFirst = kind === 'Rotate × Rotate' && random.next() < 0.25;
		if (!isFirst) await world.run(...rotate(0));
		if (!isFirst && isPending) await world.run(...rotate(0, 'later'));
		else if (!isFirst) await world.run(...rotate(0));
		const runs = operations.map(
			(operation): Run => (operation === 'rotate' ? wishes() : [operation]),
		);
		const ways = await Promise.all(
			runs.map(async (_, index) => await slowWay(world, createRandom(seed * 2 + index))),
		);
		const begun = random.next() * 30;
		await Promise.all(
			runs.map(async ([operation, changes], index) => {
				if (index === 1) await sleep(begun);
				await world.run(operation, changes, ways[index]);
			}),
		);
		for (const way of ways) await way.close();
		found.push(...(await world.settled()), ...world.takeLosses());
	} catch (error) {
		found.push(String(error));
	} finally {
		await world.close();
	}
	const told = `${vault}, ${kind}, lease ${lease}, ${isPending ? 'pending' : 'steady'}, --pairs 1 --kills 0 --seed ${seed}`;
	return { kind, found: found.length === 0 ? [] : [`${told}: ${found.join('; ')}`] };
}
