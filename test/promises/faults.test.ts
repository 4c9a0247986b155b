import { ENDPOINT, FAULTS, findings, MODES } from '../helpers/oracle';
import type { Fault } from '../helpers/oracle';
import { useVirtualClock } from '../helpers/virtualClock';

/**
 * Every PSK operation × every fault that the simulator can make × position × On Error mode, each
 * judged by the oracle.
 */

/** The first, middle and last request once, and all of them. */
const POSITIONS = [
	{ skip: 0, times: 1 },
	{ skip: 1, times: 1 },
	{ skip: 2, times: 1 },
	{ skip: 0, times: Infinity },
];

describe('no fault loses or leaks a key', () => {
	useVirtualClock();
	let cases = 0;

	describe.each(['generate', 'prepare', 'set'] as const)('%s', (operation) => {
		it.each(FAULTS.map((fault) => [JSON.stringify(fault), fault] as const))(
			'%s',
			async (_, fault) => {
				for (const mode of MODES) {
					for (const position of POSITIONS) {
						for (const authentication of ['apiToken', 'apiKey'] as const) {
							cases++;
							const found = await findings({
								operation,
								authentication,
								ages: [10, 100, null],
								faults: [{ operation: ENDPOINT[operation], ...position, ...fault } as Fault],
								mode,
								batchSize: 1,
								concurrency: 1,
							});
							const one = { mode, authentication, ...position };
							expect({ ...one, found }).toEqual({ ...one, found: [] });
						}
					}
				}
			},
		);
	});

	afterAll(() => {
		process.stdout.write(`${cases} fault cases\n`);
	});
});
