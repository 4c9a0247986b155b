/**
 * Texts that came from outside and may repeat a secret of the request: a key in any usual form
 * (plain, escaped as in JSON, a URL or HTML, base64, hex, other capitals, cut off). A text that may
 * hold a part of one is dropped as a whole, since what is left of a replacement could still tell.
 */

/** Characters of a part that counts as one of the secret; a shorter secret counts as a whole. */
const PART = 5;

/** Letters and digits in lower case: what all forms have in common. */
function folded(value: string): string {
	return value.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function decodedPercent(value: string): string {
	return value
		.replaceAll('+', ' ')
		.replace(/(?:%[0-9a-f]{2})+/gi, (run) =>
			Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
		);
}

function decodedEscapes(value: string): string {
	return value.replace(/\\u\{?([0-9a-f]{1,6})\}?|\\x([0-9a-f]{2})/gi, (_, unicode, hex) =>
		character(parseInt(String(unicode ?? hex), 16)),
	);
}

const ENTITIES: Readonly<Record<string, string>> = {
	amp: '&',
	lt: '<',
	gt: '>',
	quot: '"',
	apos: "'",
	nbsp: '\u00a0',
};

function decodedEntities(value: string): string {
	return value.replace(
		/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));?/gi,
		(whole, decimal, hex, name) => {
			if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
			return character(parseInt(String(decimal ?? hex), decimal === undefined ? 16 : 10));
		},
	);
}

function character(code: number): string {
	return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

/** A text as it is, and with its escapes undone once and twice. */
function readings(value: string): string[] {
	const decode = (text: string) => decodedEntities(decodedEscapes(decodedPercent(text)));
	const once = decode(value);
	return [value, once, decode(once)];
}

/** The forms of a secret that no decoding of a text undoes. */
function forms(secret: string): string[] {
	const bytes = Buffer.from(secret, 'utf8');
	// Base64 depends on where in a group of three bytes the secret begins.
	const base64 = [0, 1, 2].map((offset) =>
		Buffer.concat([Buffer.alloc(offset), bytes])
			.toString('base64')
			.slice(offset === 0 ? 0 : offset + 1, -4),
	);
	return [secret, ...base64, bytes.toString('hex')];
}

function parts(value: string, length: number): string[] {
	return Array.from({ length: Math.max(0, value.length - length + 1) }, (_, start) =>
		value.slice(start, start + length),
	);
}

/** Tells which texts may hold a part of one of the secrets. */
export class SecretFinder {
	/** By their length: the parts to look for. */
	private readonly known = new Map<number, Set<string>>();

	constructor(secrets: readonly string[]) {
		for (const secret of secrets) this.learn(secret);
	}

	/** True if a text may hold a part of a secret, in any form. */
	isIn(value: string): boolean {
		return readings(value).some((reading) =>
			[reading.toLowerCase(), folded(reading)].some((text) =>
				[...this.known].some(([length, wanted]) =>
					parts(text, length).some((part) => wanted.has(part)),
				),
			),
		);
	}

	private learn(secret: string): void {
		if (secret === '') return;
		this.add(secret.toLowerCase());
		for (const form of forms(secret)) this.add(folded(form));
	}

	private add(form: string): void {
		if (form === '') return;
		const length = Math.min(PART, form.length);
		const wanted = this.known.get(length) ?? new Set();
		for (const part of parts(form, length)) wanted.add(part);
		this.known.set(length, wanted);
	}
}

/** Words of a sentence: no digit, no capital inside, none as long as a key. */
const PLAIN_WORDS = /^(?:[A-Z]?[a-z]{0,19}|[A-Z]{1,10})$/;

/** True for a text that can't hold a part of a key that nobody here knows. */
export function isPlainWords(value: string): boolean {
	return value.split(/[\s.,:;'"()/-]+/).every((word) => PLAIN_WORDS.test(word));
}
