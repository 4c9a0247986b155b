import { clock } from '../../nodes/http/clock';
import type { Operation, Simulator } from '../simulator';

/** Moments of a run at which its execution is stopped, by a person or a time-out. */

type Place = 'list' | 'main';

const MOMENTS = {
	never: undefined,
	'while the first list is read': { at: 'list', skip: 0, when: 'before' },
	'before the first change': { at: 'main', skip: 0, when: 'before' },
	'after the first change': { at: 'main', skip: 0, when: 'after' },
	'before the second change': { at: 'main', skip: 1, when: 'before' },
	'while somebody waits': 'sleep',
	'while the last list is read': { at: 'list', skip: 1, when: 'before' },
} as const satisfies Record<
	string,
	'sleep' | { at: Place; skip: number; when: 'before' | 'after' } | undefined
>;

export type Stop = keyof typeof MOMENTS;

export const STOPS = Object.keys(MOMENTS) as Stop[];

/** What a stop cuts is cut by then. */
async function aMoment(): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, 3));
}

/**
 * Waits for a moment of the run that follows.
 *
 * @param endpoint where the changes go
 * @returns `moment` settles when it has come; `end` is to be called when the run is over
 */
export function stopAt(
	stop: Stop,
	simulator: Simulator,
	endpoint: Operation,
): { moment: Promise<void> | undefined; end(): void } {
	const where = MOMENTS[stop];
	if (where === undefined) return { moment: undefined, end: () => undefined };
	if (where === 'sleep') {
		const { sleep } = clock;
		const moment = new Promise<void>((resolve) => {
			clock.sleep = async (ms, signal) => {
				resolve();
				await aMoment();
				await sleep(ms, signal);
			};
		});
		return {
			moment,
			end: () => {
				clock.sleep = sleep;
			},
		};
	}
	const { at, skip, when } = where;
	const operation = at === 'list' ? 'list' : endpoint;
	const held = simulator.faults.add({ kind: 'hold', operation, skip, when });
	// A change, if there is one, is made within a moment; a check makes none.
	const moment = held.arrived().then(when === 'after' ? aMoment : () => undefined);
	void moment.then(aMoment).then(() => held.release());
	return { moment, end: () => held.remove() };
}
