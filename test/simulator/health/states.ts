import type { Condition, State } from './types';

/**
 * Cloudflare's state machine (developers.cloudflare.com, "Tunnel health checks"): degraded when 0.1 % or
 * more of the probes failed and at least 2, down when all of at least 3 failed, down wins; at least five
 * minutes in either; from down to degraded after 3 successes, from degraded to healthy when under 0.1 %
 * fail, which may take up to 30 minutes.
 */
const DEGRADED_LOSS = 0.001;

export interface Times {
	minimumMs: number;
	recoveryMs: number;
}

export interface Change {
	at: number;
	state: State;
}

/**
 * The states of one server over time. GUESS: it notices a loss at once, as three samples take a second.
 * @param conditions in the order of time; without one no probe is lost
 */
export const statesBy = (conditions: readonly Condition[], times: Times): Change[] => {
	const changes: Change[] = [{ at: -Infinity, state: 1 }];
	const last = (): Change => changes[changes.length - 1]!;
	const enter = (at: number, state: State): void => {
		changes.push({ at, state });
	};
	conditions.forEach(({ at: start, loss }, index) => {
		const end = conditions[index + 1]?.at ?? Infinity;
		const earliest = (): number => Math.max(start, last().at + times.minimumMs);
		if (loss >= 1) {
			if (last().state !== 0) enter(start, 0);
			return;
		}
		if (last().state === 0 && earliest() < end) enter(earliest(), 0.5);
		if (loss >= DEGRADED_LOSS) {
			if (last().state === 1) enter(start, 0.5);
			return;
		}
		const recovery = Math.max(times.minimumMs, times.recoveryMs);
		const healthyAt = Math.max(start, last().at) + recovery;
		if (last().state === 0.5 && healthyAt < end) enter(healthyAt, 1);
	});
	return changes;
};

/** Ms that a server was in each state from one moment to another. */
export const meanState = (changes: readonly Change[], from: number, to: number): number => {
	if (to <= from) return stateAt(changes, from);
	let sum = 0;
	changes.forEach(({ at, state }, index) => {
		const start = Math.max(from, at);
		const end = Math.min(to, changes[index + 1]?.at ?? Infinity);
		if (end > start) sum += (end - start) * state;
	});
	return sum / (to - from);
};

export const stateAt = (changes: readonly Change[], at: number): State =>
	changes.reduce<State>((state, change) => (change.at <= at ? change.state : state), 1);
