import { createRandom } from '../simulator/random';
import type { Victims } from './victims';
import { itemWorkflow } from './workflows';
import type { Way } from './world';
import { World } from './world';

export interface ItemTally {
	kills: number;
	/** Kills after which the vault did not hold the live key. */
	losses: number;
}

/** Kills the item way at steps that are spread evenly: Set after Prepare, or Generate for comparison. */
export async function killItems(
	victims: Victims,
	kind: 'prepare' | 'generate',
	kills: number,
	seed: number,
): Promise<ItemTally> {
	const tally: ItemTally = { kills: 0, losses: 0 };
	const random = createRandom(seed);
	const steps = STEPS[kind];
	for (let number = 0; number < kills; number++) {
		const world = await World.start('kv2', 1, seed + number);
		try {
			const step = 1 + Math.floor(((number + random.next()) * steps) / kills);
			const make = ({ vaultOrigin }: Way) =>
				itemWorkflow(kind, `${vaultOrigin}/v1/secret/data/magic-ipsec`);
			const { killedAt } = await victims.run(world, make, { step });
			if (killedAt === undefined) continue;
			tally.kills++;
			if (world.isLost()) tally.losses++;
		} finally {
			await world.close();
		}
	}
	return tally;
}

/** Two for each node and two for each request. */
const STEPS = { prepare: 2 * 5 + 2 * 8, generate: 2 * 3 + 2 * 4 };
