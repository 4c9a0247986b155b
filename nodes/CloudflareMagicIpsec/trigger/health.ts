import type { CloudflareClient } from '../../api/client';
import { CallError } from '../../api/failure';
import type { HealthResult } from '../../api/tunnelHealth';
import { readTunnelHealth } from '../../api/tunnelHealth';
import type { IpsecTunnel } from '../../api/types';
import type { Health } from '../health/verdict';
import { byTunnel, dataCentersIn, verdictOf } from '../health/verdict';

/**
 * The health of tunnels as one poll sees it. A few lost probes must start nothing, and make a server find
 * the tunnel degraded for five minutes: those touch two spans of five minutes at most. So a verdict counts
 * only when three of them agree on it, each but for a tenth of its results.
 * Only data centres with traffic count: there are hundreds of others, and what those find of an idle
 * tunnel is nobody's alarm.
 */
const SPAN_MS = 300_000;

const AGREEING = 3;

/** Spans that are asked for: results come five to ten minutes late. */
const SPANS = 6;

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
	const spans = [...new Set(results.map(({ at }) => at))].sort((a, b) => b - a).slice(0, AGREEING);
	const verdicts = spans.map((span) =>
		verdictOf(dataCentersIn(results.filter(({ at }) => at === span)), TOLERANCE),
	);
	const [newest = 'unknown'] = verdicts;
	const agree = verdicts.length === AGREEING && verdicts.every((one) => one === newest);
	return agree ? newest : 'unknown';
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
