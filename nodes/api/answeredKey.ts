import { record, text } from '../http/json';

/**
 * A pre-shared key in an answer of any form. Cloudflare shows a generated key once: in an answer
 * that a gateway has unwrapped, wrapped again, written as a text or cut off, it is the only copy.
 */

/** How deep an answer may be wrapped. */
const DEEPEST = 6;

/** A member `psk` of JSON, whatever stands around it. */
const MEMBER = /"psk"\s*:\s*("(?:[^"\\]|\\.)+")/;

function parsed(json: string): unknown {
	try {
		return JSON.parse(json);
	} catch {
		return undefined;
	}
}

function keyInText(answer: string, depth: number): string | undefined {
	const literal = MEMBER.exec(answer)?.[1];
	if (literal !== undefined) return text(parsed(literal));
	// JSON within a text: one level of its escapes is taken away.
	return answer.includes('\\') ? keyIn(answer.replace(/\\(["\\])/g, '$1'), depth) : undefined;
}

/** The first text under the name `psk`; undefined where there is none. */
export function keyIn(answer: unknown, depth = DEEPEST): string | undefined {
	if (depth === 0) return undefined;
	if (typeof answer === 'string') return keyInText(answer, depth - 1);
	const own = text(record(answer)?.psk);
	if (own !== undefined || typeof answer !== 'object' || answer === null) return own;
	for (const member of Object.values(answer)) {
		const key = keyIn(member, depth - 1);
		if (key !== undefined) return key;
	}
	return undefined;
}
