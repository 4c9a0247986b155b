import type { Fault } from '../http/retry';
import { faultOf } from '../http/retry';
import { field, record } from '../http/json';
import type { HttpAnswer } from '../http/transport';
import type { Call } from './call';
import type { Judged } from './envelope';
import { cloudflareError, rayIn, whatHappened } from './envelope';

/**
 * Answers of Cloudflare's GraphQL Analytics API: `{data, errors}`, without an envelope. Errors come with
 * the statuses that are documented, and just as well with HTTP 200; in the form of GraphQL, and of REST
 * where the credential's headers are at fault. So it is their texts that tell, then the status.
 *
 * Source: https://developers.cloudflare.com/analytics/graphql-api/errors/
 */

/** Nothing says how long to wait after a refusal for too many queries but its text: five minutes. */
const THROTTLED_MS = 300_000;

interface Kind {
	says: RegExp;
	fault: Fault;
	/** The status that is documented for it. */
	status: number;
	tooLarge?: true;
}

/** By what an error says; the first that fits counts. */
const KINDS: readonly Kind[] = [
	{
		says: /time range is too large|time range wider than/i,
		fault: 'rejected',
		status: 400,
		tooLarge: true,
	},
	{ says: /excessive resources/i, fault: 'rejected', status: 429, tooLarge: true },
	{ says: /too many nodes/i, fault: 'rejected', status: 400 },
	{ says: /budget|rate limit|limit reached/i, fault: 'throttled', status: 429 },
	{ says: /please try again later|internal server error/i, fault: 'server', status: 503 },
	{ says: /not authorized|does not have access/i, fault: 'rejected', status: 403 },
	{ says: /^unauthorized/i, fault: 'rejected', status: 401 },
];

const MOST_ROWS = /limit must be positive number and not greater than\D{0,20}(\d{1,6})/i;

/** Every text and code by which the errors of an answer may be known. */
function textsIn(body: unknown): string[] {
	const errors = field(body, 'errors');
	const entries = Array.isArray(errors) ? errors.map(record) : [];
	return entries
		.flatMap((entry) => [entry?.message, field(entry?.extensions, 'code')])
		.filter((text) => typeof text === 'string');
}

/** Judges an answer of GraphQL; its result is what is in `data`. */
export function judgedGraphql(
	answer: HttpAnswer,
	call: Call,
	isSecret: (text: string) => boolean,
): Judged {
	const { status, body, headers } = answer;
	const errors = field(body, 'errors');
	const data = record(field(body, 'data'));
	const isFine =
		errors === undefined || errors === null || (Array.isArray(errors) && errors.length === 0);
	if (status >= 200 && status < 300 && isFine && data !== undefined)
		return { ok: true, result: data };
	const texts = textsIn(body);
	const said = texts.length > 0 || field(body, 'success') === false;
	const kind = KINDS.find(({ says }) => texts.some((text) => says.test(text)));
	const effective = kind?.status ?? status;
	const fault = kind?.fault ?? faultOf(status, said);
	const mostRows = texts
		.map((text) => MOST_ROWS.exec(text)?.[1])
		.find((rows) => rows !== undefined);
	return {
		ok: false,
		fault,
		failure: {
			remedy: call.statusRemedies?.[effective],
			...cloudflareError(body, call, isSecret),
			httpCode: String(effective),
			rayId: rayIn(headers['cf-ray']),
			what: whatHappened({ ...answer, status: fault === 'throttled' ? 429 : status }, said),
			...(kind?.tooLarge === true ? { tooLarge: true } : {}),
			...(mostRows === undefined ? {} : { mostRows: Number(mostRows) }),
		},
		...(fault === 'throttled' ? { waitMs: THROTTLED_MS } : {}),
	};
}
