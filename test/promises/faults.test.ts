import { covering } from '../helpers/covering';
import type { Fault } from '../helpers/faultKinds';
import { FAULTS, LISTS } from '../helpers/faultKinds';
import { WORLD_NAMES } from '../helpers/itemWorlds';
import type { Act, Size } from '../helpers/oracle';
import { ACTS, findings, isPossible, MODES } from '../helpers/oracle';
import { STOPS } from '../helpers/stops';
import { useVirtualClock } from '../helpers/virtualClock';

/**
 * Every PSK operation × every fault that the simulator can make to it, each pair with several of all
 * the rest, so that any two values of two dimensions have met. The oracle judges each run.
 */

/** The first, middle and last request once, and all of them. */
const POSITIONS = [
	{ skip: 0, times: 1 },
	{ skip: 1, times: 1 },
	{ skip: 2, times: 1 },
	{ skip: 0, times: Infinity },
];

const SIZES: Size[] = [
	{ batchSize: 1, concurrency: 1, stopAfterUnknown: 3 },
	{ batchSize: 2, concurrency: 2, stopAfterUnknown: 2 },
	{ batchSize: 100, concurrency: 4, stopAfterUnknown: 1 },
];

const ROWS = covering(
	{
		act: Object.keys(ACTS) as Act[],
		fault: FAULTS,
		position: POSITIONS,
		mode: MODES,
		world: WORLD_NAMES,
		stop: STOPS,
		lists: Object.keys(LISTS),
		size: SIZES,
	},
	['act', 'fault'],
	5,
).filter(({ act, fault }) => isPossible(act, fault));

describe('no fault loses or leaks a key', () => {
	useVirtualClock();

	it.each(FAULTS.map((fault, index) => [`${index} ${JSON.stringify(fault)}`, fault] as const))(
		'%s',
		async (_, wanted) => {
			for (const { fault, position, ...rest } of ROWS.filter((row) => row.fault === wanted)) {
				const found = await findings({
					...rest,
					ages: rest.world.startsWith('two') ? [10, null] : [10, 100, null],
					faults: [{ ...position, ...fault } as Fault],
				});
				const row = { ...rest, ...position };
				expect({ ...row, found }).toEqual({ ...row, found: [] });
			}
		},
	);

	afterAll(() => {
		process.stdout.write(
			`${ROWS.length} fault cases: ${FAULTS.length} faults, ${Object.keys(ACTS).length} acts, ${WORLD_NAMES.length} ways of credentials, ${STOPS.length} stops, ${Object.keys(LISTS).length} kinds of lists, ${MODES.length} On Error modes, ${POSITIONS.length} positions, ${SIZES.length} sizes\n`,
		);
	});
});
