import type { JsonRecord } from '../http/json';
import { field, record, text } from '../http/json';
import type { Fault } from '../http/retry';
import { faultOf } from '../http/retry';
import type { HttpAnswer } from '../http/transport';
import type { Call } from './call';
import type { Failure } from './failure';
import { REMEDIES } from './remedies';

/** Cloudflare's envelope: `{success, errors[], messages[], result}`. */

/** What an answer says: a result, or how it went wrong. */
export type Judged =
	| { ok: true; result: unknown }
	| {
			ok: false;
			fault: Fault;
			failure: Omit<Failure, 'action' | 'effect'>;
			/** Milliseconds to wait at least, where the answer's headers do not say it. */
			waitMs?: number;
	  };

/** Judges an answer in Cloudflare's envelope. */
export function judgedEnvelope(
	answer: HttpAnswer,
	call: Call,
	isSecret: (text: string) => boolean,
): Judged {
	const result = resultOf(answer);
	if (result !== undefined) return { ok: true, result: result.value };
	const { said, facts } = refusalIn(answer, call, isSecret);
	const failure = { ...facts, what: whatHappened(answer, said) };
	return { ok: false, fault: faultOf(answer.status, said), failure };
}

/** The result of an answer that is 2xx, JSON and `success: true`; undefined for any other. */
function resultOf({ status, body }: HttpAnswer): { value: unknown } | undefined {
	const envelope = record(body);
	if (status < 200 || status >= 300 || envelope?.success !== true) return undefined;
	return { value: envelope.result };
}

/**
 * What an answer that is no success says of itself.
 *
 * @param isSecret true for a text that may repeat a secret; such a text is left out as a whole
 */
function refusalIn(
	answer: HttpAnswer,
	call: Call,
	isSecret: (text: string) => boolean,
): { said: boolean; facts: Omit<Failure, 'action' | 'effect' | 'what'> } {
	const envelope = record(answer.body);
	return {
		said: envelope?.success === false,
		facts: {
			remedy: call.statusRemedies?.[answer.status],
			...cloudflareError(answer.body, call, isSecret),
			httpCode: String(answer.status),
			rayId: rayIn(answer.headers['cf-ray']),
		},
	};
}

/** Cloudflare's number of the request, if it has the form of one. */
export function rayIn(header: unknown): string | undefined {
	const ray = text(header);
	return ray !== undefined && /^[0-9a-f]{16}(-[A-Z]{3})?$/i.test(ray) ? ray : undefined;
}

/** In place of a text that is left out. */
export const LEFT_OUT = 'its text is left out, because it may repeat a secret';

/** A code as a number; GraphQL has it among its extensions. */
function codeOf(entry: JsonRecord): number | undefined {
	const code = entry.code ?? field(entry.extensions, 'code');
	if (typeof code === 'string' && /^\d{3,6}$/.test(code)) return Number(code);
	return typeof code === 'number' ? code : undefined;
}

/** What Cloudflare's `errors` say, in the form of REST and of GraphQL. */
export function cloudflareError(
	body: unknown,
	call: Call,
	isSecret: (text: string) => boolean,
): Pick<Failure, 'code' | 'detail' | 'documentationUrl' | 'pointer' | 'remedy'> {
	const given = field(body, 'errors');
	const errors = Array.isArray(given)
		? given.map(record).filter((entry) => entry !== undefined)
		: [];
	const first = errors[0];
	if (first === undefined) return {};
	const chain = Array.isArray(first.error_chain) ? first.error_chain.map(record) : [];
	const detail = [...errors, ...chain]
		.map((entry) => text(entry?.message))
		.filter((message) => message !== undefined)
		.join('; ');
	const shown = (value: unknown) => {
		const words = text(value);
		return words === undefined || isSecret(words) ? undefined : words;
	};
	const code = codeOf(first);
	const remedy = call.remedies?.[code ?? -1] ?? REMEDIES[code ?? -1];
	return {
		code,
		...(remedy === undefined ? {} : { remedy }),
		detail: shown(detail) ?? (detail === '' ? undefined : LEFT_OUT),
		documentationUrl: shown(first.documentation_url),
		pointer: shown(record(first.source)?.pointer),
	};
}

/** What happened, in one sentence without a full stop. */
export function whatHappened({ status, body }: HttpAnswer, refusal: boolean): string {
	if (status === 429) return 'Cloudflare is limiting the rate of requests';
	if (refusal) return `Cloudflare refused the request (HTTP ${status})`;
	if (status >= 300 && status < 400)
		return `a redirect came (HTTP ${status}), which is not followed`;
	if (status >= 400) return `the answer was HTTP ${status}, and not Cloudflare's JSON`;
	if (body === '' || body === undefined || body === null)
		return `the answer was empty (HTTP ${status})`;
	return `the answer is not Cloudflare's JSON (HTTP ${status})`;
}
