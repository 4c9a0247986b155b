import type { Sent } from '../envelope';

/**
 * How the GraphQL API says no, with the status that its page on errors gives
 * (developers.cloudflare.com/analytics/graphql-api/errors/). Clients meet the same texts with HTTP 200.
 * GUESS: what stands where the page has an ellipsis.
 */
export const GRAPHQL_ERRORS = {
	unknownField: [400, 'unknown field'],
	badArguments: [400, 'error parsing args for'],
	selectionsOnScalar: [400, 'scalar fields must have no selections'],
	noSelections: [400, 'object field must have selections'],
	notParsed: [400, 'query contains error, please review it and retry'],
	tooOld: [400, 'cannot request data older than'],
	tooWide: [400, 'query time range is too large'],
	tooManyFields: [400, "number of fields can't be more than"],
	limitTooHigh: [400, 'limit must be positive number and not greater than'],
	unauthorized: [401, 'Unauthorized'],
	notForAccount: [403, 'not authorized for that account'],
	noAccess: [403, 'does not have access to the path'],
	budget: [429, 'rate limiter budget depleted, try again after 5 minutes'],
	tooManyNodes: [429, 'in combination, your request queries too many nodes, zones and accounts'],
	excessive: [429, 'query consumed excessive resources'],
	internal: [500, 'Internal server error'],
	unable: [503, 'unable to execute query, please try again later'],
	inProgress: [503, 'too many queries in progress, please try again later'],
} as const satisfies Record<string, readonly [status: number, text: string]>;

export type GraphqlErrorName = keyof typeof GRAPHQL_ERRORS;

/** A refusal in the form of GraphQL. */
export class GraphqlRefusal extends Error {
	/**
	 * @param rest what follows the text
	 * @param code of `extensions`
	 */
	constructor(
		override readonly name: GraphqlErrorName,
		rest = '',
		readonly code?: string,
	) {
		super(`${GRAPHQL_ERRORS[name][1]}${rest === '' ? '' : ` ${rest}`}`);
	}

	get status(): number {
		return GRAPHQL_ERRORS[this.name][0];
	}
}

/** @param now ms since 1970 */
export const refusalAnswer = (
	{
		status,
		message,
		code,
	}: { status: number; message: string; code?: string | number | undefined },
	now: number,
): Sent => ({
	status,
	body: {
		data: null,
		errors: [
			{
				message,
				path: ['viewer', 'accounts', '0', DATASET],
				extensions: { timestamp: new Date(now).toISOString(), ...(code !== undefined && { code }) },
			},
		],
	},
});

export const DATASET = 'magicTransitTunnelHealthChecksAdaptiveGroups';
