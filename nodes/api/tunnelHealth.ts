import { field, record, text } from '../http/json';
import type { Call } from './call';
import type { CloudflareClient } from './client';
import { CallError } from './failure';
import type { Piece } from './healthPieces';
import { firstPieces, restOf, smaller } from './healthPieces';
import { ANALYTICS_PERMISSION, REMEDIES } from './remedies';

/**
 * What Cloudflare's data centres find when they probe tunnels: GraphQL Analytics API, dataset
 * magicTransitTunnelHealthChecksAdaptiveGroups, of all kinds of tunnels, by their names.
 *
 * Sources: https://developers.cloudflare.com/cloudflare-wan/analytics/query-tunnel-health/,
 * https://developers.cloudflare.com/analytics/graphql-api/; names of the schema as
 * cloudflare-prometheus-exporter has them from the live API.
 */
const DATASET = 'magicTransitTunnelHealthChecksAdaptiveGroups';

/** Times that results are put together by, in milliseconds. */
const BUCKETS = { datetimeMinute: 60_000, datetimeFiveMinutes: 300_000 } as const;

/** Rows that one answer holds at most. */
const PAGE_ROWS = 10_000;

export interface HealthQuestion {
	names: readonly string[];
	/** Milliseconds since 1970, the start of a bucket. */
	from: number;
	/** The first millisecond after. */
	to: number;
	bucket: keyof typeof BUCKETS;
	/** Only data centres that carried traffic of the tunnel in the last six hours. */
	activeOnly: boolean;
	/** Whether a query names its tunnels; else it is one for all tunnels, if a page holds them. */
	byName: boolean;
}

/** Results of a tunnel's probes in one data centre and one bucket of time. */
export interface HealthResult {
	tunnelName: string;
	dataCenter: string;
	city: string;
	active: boolean;
	/** Start of the bucket, in milliseconds since 1970. */
	at: number;
	/** How many there are. */
	results: number;
	/** Their mean: 0 down, 0.5 degraded, 1 healthy. */
	state: number;
}

function queryOf(bucket: HealthQuestion['bucket']): string {
	return `query TunnelHealth($account: string!, $limit: uint64!, $filter: AccountMagicTransitTunnelHealthChecksAdaptiveGroupsFilter_InputObject!) {
  viewer {
    accounts(filter: {accountTag: $account}) {
      ${DATASET}(filter: $filter, limit: $limit, orderBy: [${bucket}_DESC]) {
        count
        avg { tunnelState }
        dimensions { tunnelName active edgeColoName edgeColoCity ${bucket} }
      }
    }
  }
}`;
}

function callOf(
	client: CloudflareClient,
	question: HealthQuestion,
	piece: Piece,
	limit: number,
): Call {
	const { bucket, activeOnly } = question;
	return {
		method: 'POST',
		api: 'graphql',
		path: '',
		body: {
			query: queryOf(bucket),
			variables: {
				account: client.accountId,
				limit,
				filter: {
					datetime_geq: new Date(piece.from).toISOString(),
					datetime_lt: new Date(piece.to).toISOString(),
					...(piece.byName ? { tunnelName_in: piece.names } : {}),
					...(activeOnly ? { active: 1 } : {}),
				},
			},
		},
		repeat: 'read',
		action: "read the tunnels' health",
		remedies: {
			9109: `${REMEDIES[9109]} ${ANALYTICS_PERMISSION}`,
			10000: ANALYTICS_PERMISSION,
		},
		statusRemedies: { 401: ANALYTICS_PERMISSION, 403: ANALYTICS_PERMISSION },
	};
}

function resultIn(row: unknown, bucket: HealthQuestion['bucket']): HealthResult | undefined {
	const dimensions = record(field(row, 'dimensions'));
	const results = field(row, 'count');
	const state = field(field(row, 'avg'), 'tunnelState');
	const at = Date.parse(text(dimensions?.[bucket]) ?? '');
	const tunnelName = text(dimensions?.tunnelName);
	const dataCenter = text(dimensions?.edgeColoName);
	if (typeof results !== 'number' || typeof state !== 'number' || Number.isNaN(at))
		return undefined;
	if (tunnelName === undefined || dataCenter === undefined) return undefined;
	const active = dimensions?.active === 1;
	return {
		tunnelName,
		dataCenter,
		city: text(dimensions?.edgeColoCity) ?? '',
		active,
		at,
		results,
		state,
	};
}

/** A page of results; `isFull` if there may be more. */
async function page(
	client: CloudflareClient,
	question: HealthQuestion,
	piece: Piece,
	limit: number,
): Promise<{ results: HealthResult[]; isFull: boolean }> {
	const call = callOf(client, question, piece, limit);
	const { result } = await client.send(call);
	const accounts = field(field(result, 'viewer'), 'accounts');
	if (Array.isArray(accounts) && accounts.length === 0) {
		const what = 'Cloudflare shows nothing of the account';
		throw new CallError({
			action: call.action,
			effect: 'none',
			what,
			remedy: ANALYTICS_PERMISSION,
		});
	}
	const rows = field(Array.isArray(accounts) ? accounts[0] : undefined, DATASET);
	if (!Array.isArray(rows)) throw client.unexpected(call, 'no list of results');
	const results = rows.map((row) => resultIn(row, question.bucket));
	if (results.some((one) => one === undefined))
		throw client.unexpected(call, 'a result is not whole');
	return { results: results as HealthResult[], isFull: rows.length >= limit };
}

/** Asks for a piece; what its answer lacks is left to be asked. */
async function ask(
	client: CloudflareClient,
	question: HealthQuestion,
	piece: Piece,
	paging: { rows: number },
): Promise<{ found: HealthResult[]; left: readonly Piece[] }> {
	const bucketMs = BUCKETS[question.bucket];
	const { rows } = paging;
	return await page(client, question, piece, rows).then(
		({ results, isFull }) => {
			if (!isFull) return { found: results, left: [] };
			const rest = restOf(piece, results, bucketMs);
			if (rest !== undefined) {
				return { found: results.filter(({ at }) => at >= rest.to), left: [rest] };
			}
			const left = smaller(piece, bucketMs);
			if (left !== undefined) return { found: [], left };
			const call = callOf(client, question, piece, rows);
			throw client.unexpected(call, 'a page holds too little for the results of a moment');
		},
		(error: unknown) => {
			const { mostRows = 0, tooLarge = false } = error instanceof CallError ? error.failure : {};
			const left = tooLarge ? smaller(piece, bucketMs) : undefined;
			if (left !== undefined) return { found: [], left };
			if (mostRows < 1 || mostRows >= rows) throw error;
			paging.rows = mostRows;
			return { found: [], left: [piece] };
		},
	);
}

/**
 * POST /graphql: the results of tunnels' probes. Asked in as few queries as can be; what a page does not
 * hold, or Cloudflare finds too much, is asked again in smaller pieces.
 *
 * @throws CallError
 */
export async function readTunnelHealth(
	client: CloudflareClient,
	question: HealthQuestion,
): Promise<HealthResult[]> {
	const found: HealthResult[] = [];
	const paging = { rows: PAGE_ROWS };
	const pieces = firstPieces(question);
	for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
		const answer = await ask(client, question, piece, paging);
		found.push(...answer.found);
		pieces.push(...answer.left);
	}
	return found;
}
