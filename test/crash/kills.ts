import type { INodeParameters } from 'n8n-workflow';
import type { VaultName } from '../helpers/keptVault';
import { VAULT_NAMES } from '../helpers/keptVault';
import { print } from '../helpers/print';
import { createRandom } from '../simulator/random';
import type { Kill } from './victims';
import { Victims } from './victims';
import { rotationWorkflow } from './workflows';
import { World } from './world';

/** An operation that is killed, and the operations that make what it finds. */
export interface Scenario {
	before: readonly Run[];
	run: Run;
}

export type Run = readonly [operation: string, changes?: INodeParameters];

const AT_ONCE: Run = ['rotate', { options: { leaseMinutes: 0 } }];
const LATER: Run = ['rotate', { finish: 'later', options: { leaseMinutes: 0 } }];

const SCENARIOS: Record<string, Scenario> = {
	'the first Rotate': { before: [], run: AT_ONCE },
	Rotate: { before: [AT_ONCE], run: AT_ONCE },
	'Rotate with Finish: Later': { before: [AT_ONCE], run: LATER },
	Finish: { before: [AT_ONCE, LATER], run: ['finish'] },
	'Roll Back': { before: [AT_ONCE, LATER], run: ['rollBack'] },
	'Roll Back after Finish': { before: [AT_ONCE, AT_ONCE], run: ['rollBack'] },
};

/** What is killed after a killed run, before one is let through. */
const AFTER: readonly Run[] = [AT_ONCE, LATER, ['finish'], ['rollBack']];

export interface Tally {
	kills: number;
	atSteps: number;
	/** Steps of all scenarios with all vaults. */
	steps: number;
	findings: string[];
}

interface Job {
	vault: VaultName;
	scenario: string;
	/** Undefined for a random moment. */
	step?: number;
}

/** Every step of every scenario with every vault; a node's beginning and end are steps, too. */
async function everyStep(seed: number): Promise<Job[]> {
	const jobs: Job[] = [];
	for (const vault of VAULT_NAMES) {
		for (const [scenario, { before, run }] of Object.entries(SCENARIOS)) {
			const world = await World.start(vault, 1, seed);
			for (const [operation, changes] of before) await world.run(operation, changes);
			let steps = 2;
			const way = await world.way(async (moment) => {
				steps += moment === 'answered' ? 0 : 1;
				return true;
			});
			await world.run(run[0], run[1], way);
			await way.close();
			await world.close();
			for (let step = 1; step <= steps; step++) jobs.push({ vault, scenario, step });
		}
	}
	return jobs;
}

/**
 * Kills processes that rotate, finish and roll back: at every step, or at as many of them, evenly
 * spread, as two thirds of the kills, and then at random moments, also the run that should mend things.
 */
export async function killAll(kills: number, seed: number): Promise<Tally> {
	const all = await everyStep(seed);
	const atSteps = Math.min(all.length, Math.ceil((kills * 2) / 3));
	const tally: Tally = { kills: 0, atSteps: 0, steps: all.length, findings: [] };
	const offset = createRandom(seed).next();
	const jobs = Array.from(
		{ length: atSteps },
		(_, index) => all[Math.floor(((index + offset) * all.length) / atSteps)]!,
	);
	let number = 0;
	const next = (): Job | undefined => {
		const job = jobs[number++];
		if (job !== undefined || tally.kills >= kills) return job;
		const names = Object.keys(SCENARIOS);
		return { vault: VAULT_NAMES[number % 2]!, scenario: names[number % names.length]! };
	};
	const lane = async (): Promise<void> => {
		const victims = new Victims();
		try {
			const { ms } = await killed(
				victims,
				tally,
				{ vault: 'kv2', scenario: 'Rotate', step: 1e9 },
				seed,
			);
			for (let job = next(); job !== undefined; job = next()) {
				await killed(victims, tally, job, seed + number, ms);
			}
		} finally {
			await victims.close();
		}
	};
	await Promise.all([lane(), lane()]);
	return tally;
}

/** Does one job in a world of its own: one kill at a step, or up to three in a row at random moments. */
async function killed(
	victims: Victims,
	tally: Tally,
	{ vault, scenario, step }: Job,
	seed: number,
	usualMs = 0,
): Promise<{ ms: number }> {
	const random = createRandom(seed);
	const { before, run } = SCENARIOS[scenario]!;
	const world = await World.start(vault, step === undefined ? 2 : 1, seed);
	const told: string[] = [];
	const found: string[] = [];
	let took = 0;
	try {
		for (const [operation, changes] of before) await world.run(operation, changes);
		const more = step === undefined ? Math.floor(random.next() * 3) : 0;
		const runs = [run, ...AFTER.filter(() => random.next() < 0.5).slice(0, more)];
		for (const [operation, changes] of runs) {
			const kill: Kill = step === undefined ? { afterMs: random.next() * usualMs } : { step };
			const make = () => rotationWorkflow(world.vault, operation, changes);
			const { killedAt, leaks, ms } = await victims.run(world, make, kill);
			took = ms;
			if (killedAt === undefined) continue;
			tally.kills++;
			if (step !== undefined) tally.atSteps++;
			told.push(`${operation} killed at "${killedAt}"`);
			found.push(...leaks.map(() => 'a secret was printed or logged'));
			if (tally.kills % 25 === 0) print(`  ${tally.kills} kills`);
		}
		found.push(...(await world.settled()), ...world.takeLosses());
	} catch (error) {
		found.push(String(error));
	} finally {
		await world.close();
	}
	if (found.length > 0) {
		tally.findings.push(
			`${vault}, ${scenario}, seed ${seed}: ${told.join(', ')}: ${found.join('; ')}`,
		);
	}
	return { ms: took };
}
