import type { HealthResult } from '../../api/tunnelHealth';

/** From results of probes to the health of a tunnel. */

export type Health = 'healthy' | 'degraded' | 'down' | 'unknown';

/** What a data centre found. */
export interface DataCenter {
	name: string;
	city: string;
	/** By its newest results: 0 down, 1 healthy. */
	state: number;
	active: boolean;
	/** How many in the whole window. */
	results: number;
	/** Start of the bucket that the newest results are in, in milliseconds since 1970. */
	newestAt: number;
}

/** The results of each tunnel, by its name. */
export function byTunnel(results: readonly HealthResult[]): Map<string, HealthResult[]> {
	const found = new Map<string, HealthResult[]>();
	for (const result of results) {
		const known = found.get(result.tunnelName);
		if (known === undefined) found.set(result.tunnelName, [result]);
		else known.push(result);
	}
	return found;
}

/**
 * What the data centres found of one tunnel, each by its newest results, in alphabetical order. Of one
 * that became active or idle within a bucket there are two results for it: they are put together.
 */
export function dataCentersIn(results: readonly HealthResult[]): DataCenter[] {
	const found = new Map<string, HealthResult[]>();
	for (const result of results) {
		const known = found.get(result.dataCenter);
		if (known === undefined) found.set(result.dataCenter, [result]);
		else known.push(result);
	}
	return [...found.values()].map(dataCenterOf).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param results of one data centre, at least one */
function dataCenterOf(results: readonly HealthResult[]): DataCenter {
	const newestAt = Math.max(...results.map(({ at }) => at));
	const newest = results.filter(({ at }) => at === newestAt);
	const { dataCenter: name, city } = newest[0]!;
	return {
		name,
		city,
		state: sum(newest.map((one) => one.state * weightOf(one))) / sum(newest.map(weightOf)),
		active: newest.some(({ active }) => active),
		results: sum(results.map(countOf)),
		newestAt,
	};
}

/** Never 0, which would leave no mean. */
function weightOf({ results }: HealthResult): number {
	return Math.max(1, results);
}

function countOf({ results }: HealthResult): number {
	return results;
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((all, one) => all + one, 0);
}

/** The data centres that count: those that carried traffic, or all, if none did or they are not asked for. */
export function counting(dataCenters: readonly DataCenter[], onlyActive: boolean): DataCenter[] {
	const active = dataCenters.filter((one) => one.active);
	return onlyActive && active.length > 0 ? active : [...dataCenters];
}

/**
 * The health of one data centre.
 *
 * @param tolerance share of the results that may say otherwise
 */
export function healthOf({ state }: { state: number }, tolerance = 0): Health {
	if (state >= 1 - tolerance) return 'healthy';
	return state <= tolerance ? 'down' : 'degraded';
}

/** The health of a tunnel by the data centres that count. */
export function verdictOf(dataCenters: ReadonlyArray<{ state: number }>, tolerance = 0): Health {
	const found = new Set(dataCenters.map((one) => healthOf(one, tolerance)));
	if (found.size > 1) return 'degraded';
	return [...found][0] ?? 'unknown';
}
