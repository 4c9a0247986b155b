import { readingsOf } from './readings';

/**
 * Texts that came from outside and may repeat a secret of a request, in any usual form. A text that
 * may hold a part of one is dropped as a whole, since what is left of a replacement could still tell.
 */

/** Characters of a part that counts as one of the secret; a shorter secret counts as a whole. */
const PART = 5;

/** A text is looked at, and shown, up to this length; no server has more to say. */
const LONGEST_TEXT = 2_000;

function withoutSpaces(value: string): string {
	return value.replace(/\s/g, '');
}

/** Letters and digits without their marks, in lower case: what is left of a text in any writing. */
function folded(value: string): string {
	return value
		.normalize('NFKD')
		.toLowerCase()
		.replace(/[^\p{L}\p{N}]/gu, '');
}

function reversed(value: string): string {
	return [...value].reverse().join('');
}

/** What is the same in all writings of a text. */
function writingsOf(value: string): string[] {
	const text = value.normalize('NFKC').toLowerCase();
	return [...new Set([text, withoutSpaces(text), folded(value)])];
}

function* parts(value: string, length: number): Generator<string> {
	for (let start = 0; start + length <= value.length; start++) {
		yield value.slice(start, start + length);
	}
}

/** The parts of texts that count as one of them. */
class Parts {
	private readonly byLength = new Map<number, Set<string>>();

	add(text: string): void {
		if (text === '') return;
		const length = Math.min(PART, text.length);
		const known = this.byLength.get(length) ?? new Set();
		for (const part of parts(text, length)) known.add(part);
		this.byLength.set(length, known);
	}

	isIn(text: string): boolean {
		for (const [length, known] of this.byLength) {
			for (const part of parts(text, length)) if (known.has(part)) return true;
		}
		return false;
	}
}

/** Tells which texts may hold a part of one of the secrets. */
export class SecretFinder {
	/** Undefined until a text is looked at. */
	private known: { exact: Parts; written: Parts } | undefined;

	constructor(private readonly secrets: readonly string[]) {}

	/** True if a text may hold a part of a secret, in any form, or is too long to tell. */
	isIn(value: string): boolean {
		if (value.length > LONGEST_TEXT) return true;
		const { exact, written } = (this.known ??= this.learnt());
		const { texts, bytes } = readingsOf(value);
		return (
			texts
				.flatMap((text) => [...writingsOf(text), reversed(folded(text))])
				.some((text) => written.isIn(text)) ||
			// Bytes that mean something else look like anything, so that they must match exactly.
			bytes.some((text) => exact.isIn(text))
		);
	}

	private learnt() {
		const exact = new Parts();
		const written = new Parts();
		for (const secret of this.secrets) {
			exact.add(secret);
			for (const writing of writingsOf(secret)) written.add(writing);
		}
		return { exact, written };
	}
}

/** A word of a sentence, with the marks around it; or a number that is too short to be a part of a key. */
const WORD =
	/^["'(]*(?:\p{Lu}?\p{Ll}{1,19}(?:'s)?|A|I|\p{Lu}{1,4}|\d{1,4}|IPsec|psk_generate)["')]*[.,:;!?]*$/u;

/**
 * True for a text that is nothing but words, so that it holds no part of a key, not even of one that
 * nobody here has seen.
 *
 * @param own texts that are no secret whatever they look like, such as ids of the request
 */
export function isPlainWords(value: string, own: readonly string[]): boolean {
	const words = own.reduce((text, one) => text.replaceAll(one, 'own'), value).split(/\s+/);
	const short = words.filter((word) => /^\W*(?:\w|\d+)\W*$/.test(word));
	return (
		value.length <= LONGEST_TEXT && short.length <= 3 && words.every((word) => WORD.test(word))
	);
}
