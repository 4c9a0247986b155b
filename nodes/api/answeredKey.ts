import { record, text } from '../http/json';

/**
 * A pre-shared key in an answer of any form. Cloudflare shows a generated key once: in an answer
 * that a gateway has unwrapped, wrapped again, written as a text or cut off, it is the only copy.
 */

/** How deep an answer may be wrapped. */
const DEEPEST = 6;

/** Where the text of a member `psk` of JSON begins, whatever stands around it. */
const MEMBER = /"psk"\s{0,100}:\s{0,100}"/g;

/** Characters of a key, as JSON writes them; what is longer is none. */
const LONGEST_KEY = 10_000;

function parsed(json: string): unknown {
	try {
		return JSON.parse(json);
	} catch {
		return undefined;
	}
}

/**
 * The text of JSON whose first character is at `start`; undefined where it is empty, does not end or
 * can't be read. By hand, because a pattern for it would overflow the stack in an answer of some megabytes.
 */
function textFrom(answer: string, start: number): string | undefined {
	const end = Math.min(answer.length, start + LONGEST_KEY);
	for (let index = start; index < end; index++) {
		if (answer[index] === '\\') index++;
		else if (answer[index] === '"') return text(parsed(answer.slice(start - 1, index + 1)));
	}
	return undefined;
}

function keyInText(answer: string, depth: number): string | undefined {
	for (const { index, 0: opening } of answer.matchAll(MEMBER)) {
		const key = textFrom(answer, index + opening.length);
		if (key !== undefined) return key;
	}
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
