import type { CloudflareClient } from '../../api/client';
import { CallError } from '../../api/failure';
import type { HealthResult } from '../../api/tunnelHealth';
import { readTunnelHealth } from '../../api/tunnelHealth';
import type { IpsecTunnel } from '../../api/types';
import type { Health } from '../health/verdict';
import { byTunnel, dataCentersIn, verdictOf } from '../health/verdict';

/**
 * The health of tunnels as one poll sees it. A single lost probe must start nothing, so a verdict
 * counts only when two spans of five minutes agree on it, each of them but for a tenth of its results.
 * Only data centres with traffic count: there are hundreds of others, and what those find of an idle
 * tunnel is nobody's alarm.
 */
const SPAN_MS = 300_000;

/** Results come five to ten minutes late. */
const SPANS = 4;

/** Share of a span's results that may say otherwise. */
const TOLERANCE = 0.1;

/** Tunnels that a query names; where there are more, it is one for all of the account. */
const MOST_NAMED = 200;

/** By the id of every tunnel that was asked for. */
export type Healths = ReadonlyMap<string, Health>;

/** What is known of health, and why nothing is where the query failed. */
export interface HealthSight {
	healths: Healths;
	fault?: CallError;
}

/** For a poll that asks for no health. */
export const NOT_ASKED: HealthSight = { healths: new Map() };

/** @param results of one tunnel */
function steadyVerdict(results: readonly HealthResult[]): Health {
	const newest = [...new Set(results.map(({ at }) => at))].sort((a, b) => b - a).slice(0, 2);
	const [last, before] = newest.map((span) =>
		verdictOf(dataCentersIn(results.filter(({ at }) => at === span)), TOLERANCE),
	);
	return last !== undefined && last === before ? last : 'unknown';
}

/**
 * Asks for the health of tunnels, in one query as long as a page holds the answer. A query that fails
 * leaves all of them unknown.
 *
 * @param now milliseconds since 1970
 */
export async function readHealths(
	client: CloudflareClient,
	tunnels: readonly IpsecTunnel[],
	now: number,
): Promise<HealthSight> {
	// While its health check is off, Cloudflare shows a tunnel as down.
	const probed = tunnels.filter(({ health_check: check }) => check?.enabled !== false);
	const names = probed.map(({ name }) => name);
	const healths = new Map<string, Health>(tunnels.map(({ id }) => [id, 'unknown']));
	try {
		const results = await readTunnelHealth(client, {
			names,
			byName: names.length <= MOST_NAMED,
			from: Math.floor(now / SPAN_MS - SPANS) * SPAN_MS,
			to: now,
			bucket: 'datetimeFiveMinutes',
			activeOnly: true,
		});
		const found = byTunnel(results);
		for (const { id, name } of probed) healths.set(id, steadyVerdict(found.get(name) ?? []));
		return { healths };
	} catch (error) {
		return { healths, fault: callErrorOf(error) };
	}
}

/** @throws whatever is no failed call */
function callErrorOf(error: unknown): CallError {
	if (error instanceof CallError) return error;
	throw error;
}
