import { readingsOf } from './readings';

/**
 * Texts that came from outside and may repeat a secret of a request, in any usual form. A text that
 * may hold a part of one is dropped as a whole, since what is left of a replacement could still tell.
 */

/** Characters of a part that counts as one of the secret; a shorter secret counts as a whole. */
const PART = 5;

/** A text is looked at, and shown, up to this length; no server has more to say. */
const LONGEST_TEXT = 2_000;

function lowered(value: string): string {
	return value.normalize('NFKC').toLowerCase();
}

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

function parts(value: string, length: number): string[] {
	return Array.from({ length: Math.max(0, value.length - length + 1) }, (_, start) =>
		value.slice(start, start + length),
	);
}

/** Tells which texts may hold a part of one of the secrets. */
export class SecretFinder {
	/** By their length: the parts to look for; undefined until a text is looked at. */
	private known: Map<number, Set<string>> | undefined;

	constructor(private readonly secrets: readonly string[]) {}

	/** True if a text may hold a part of a secret, in any form, or is too long to tell. */
	isIn(value: string): boolean {
		if (value.length > LONGEST_TEXT) return true;
		const known = (this.known ??= this.learnt());
		return readingsOf(value).some((reading) => {
			const [text, fold] = [lowered(reading), folded(reading)];
			return [text, withoutSpaces(text), fold, reversed(fold)].some((form) =>
				[...known].some(([length, wanted]) => parts(form, length).some((part) => wanted.has(part))),
			);
		});
	}

	private learnt(): Map<number, Set<string>> {
		const known = new Map<number, Set<string>>();
		for (const secret of this.secrets) {
			const text = lowered(secret);
			for (const form of new Set([text, withoutSpaces(text), folded(secret)])) {
				if (form === '') continue;
				const length = Math.min(PART, form.length);
				const wanted = known.get(length) ?? new Set();
				for (const part of parts(form, length)) wanted.add(part);
				known.set(length, wanted);
			}
		}
		return known;
	}
}

/** A word of a sentence, with the marks around it; or a number that is too short to be a part of a key. */
const WORD = /^["'(]*(?:\p{Lu}?\p{Ll}+|\p{Lu}{1,4}|\d{1,4}|IPsec|psk_generate)["')]*[.,:;!?]*$/u;

/**
 * True for a text that is nothing but words, so that it holds no part of a key, not even of one that
 * nobody here has seen.
 *
 * @param own texts that are no secret whatever they look like, such as ids of the request
 */
export function isProse(value: string, own: readonly string[]): boolean {
	const words = own.reduce((text, one) => text.replaceAll(one, 'own'), value).split(/\s+/);
	const short = words.filter((word) => /^\W*(?:\w|\d+)\W*$/.test(word));
	return (
		value.length <= LONGEST_TEXT && short.length <= 3 && words.every((word) => WORD.test(word))
	);
}
