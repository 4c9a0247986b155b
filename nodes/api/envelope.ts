import type { JsonRecord } from '../http/json';
import { record, text } from '../http/json';
import type { HttpAnswer } from '../http/transport';
import type { Call } from './call';
import type { Failure } from './failure';
import { REMEDIES } from './remedies';

/** Cloudflare's envelope: `{success, errors[], messages[], result}`. */

/** The result of an answer that is 2xx, JSON and `success: true`; undefined for any other. */
export function resultOf({ status, body }: HttpAnswer): { value: unknown } | undefined {
	const envelope = record(body);
	if (status < 200 || status >= 300 || envelope?.success !== true) return undefined;
	return { value: envelope.result };
}

/**
 * What an answer that is no success says of itself.
 *
 * @param isSecret true for a text that may repeat a secret; such a text is left out as a whole
 */
export function refusalIn(
	answer: HttpAnswer,
	call: Call,
	isSecret: (text: string) => boolean,
): { said: boolean; facts: Omit<Failure, 'action' | 'effect' | 'what'> } {
	const envelope = record(answer.body);
	return {
		said: envelope?.success === false,
		facts: {
			remedy: call.statusRemedies?.[answer.status],
			...cloudflareError(envelope, call, isSecret),
			httpCode: String(answer.status),
			rayId: rayIn(answer.headers['cf-ray']),
		},
	};
}

/** Cloudflare's number of the request, if it has the form of one. */
function rayIn(header: unknown): string | undefined {
	const ray = text(header);
	return ray !== undefined && /^[0-9a-f]{16}(-[A-Z]{3})?$/i.test(ray) ? ray : undefined;
}

/** In place of a text that is left out. */
export const LEFT_OUT = 'its text is left out, because it may repeat a secret';

function cloudflareError(
	envelope: JsonRecord | undefined,
	call: Call,
	isSecret: (text: string) => boolean,
): Pick<Failure, 'code' | 'detail' | 'documentationUrl' | 'pointer' | 'remedy'> {
	const errors = Array.isArray(envelope?.errors)
		? envelope.errors.map(record).filter((entry) => entry !== undefined)
		: [];
	const first = errors[0];
	if (first === undefined) return {};
	const chain = Array.isArray(first.error_chain) ? first.error_chain.map(record) : [];
	const detail = [...errors, ...chain]
		.map((entry) => text(entry?.message))
		.filter((message) => message !== undefined)
		.join('; ');
	const shown = (value: unknown) => {
		const given = text(value);
		return given === undefined || isSecret(given) ? undefined : given;
	};
	const code = typeof first.code === 'number' ? first.code : undefined;
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
