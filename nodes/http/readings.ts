/**
 * What a text may say: itself, and what it says once the usual ways of writing texts within texts are
 * undone (URLs, HTML, JSON and other escapes, hex, base64, lists of bytes), also one within another.
 */

function character(code: number): string {
	return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

/** A run of bytes, each written as digits of a base. */
function bytesIn(run: string, digits: RegExp, base: number): string {
	return Buffer.from((run.match(digits) ?? []).map((byte) => parseInt(byte, base))).toString();
}

/** `%5a` of URLs. */
function withoutPercents(value: string): string {
	return value.replace(/(?:%[0-9a-f]{2})+/gi, (run) => bytesIn(run, /[0-9a-f]{2}/gi, 16));
}

/** `=5A` of mails. */
function ofMail(value: string): string {
	return value.replace(/(?:=[0-9A-F]{2})+/g, (run) => bytesIn(run, /[0-9A-F]{2}/g, 16));
}

/** `\u005a`, `\u{5a}`, `U+005A`, `\x5a`, `\132` and `\"`. */
function withoutEscapes(value: string): string {
	return value
		.replace(/(?:\\u\{?|U\+|\\U0000)([0-9a-f]{1,6})\}?/gi, (_, code) =>
			character(parseInt(String(code), 16)),
		)
		.replace(/(?:\\x[0-9a-f]{2})+/gi, (run) => bytesIn(run, /[0-9a-f]{2}/gi, 16))
		.replace(/(?:\\[0-3][0-7]{2})+/g, (run) => bytesIn(run, /[0-7]{3}/g, 8))
		.replace(/\\(["'`\\/])/g, '$1');
}

const ENTITIES: Readonly<Record<string, string>> = {
	amp: '&',
	lt: '<',
	gt: '>',
	quot: '"',
	apos: "'",
	nbsp: '\u00a0',
};

/** `&#90;`, `&#x5a;` and `&amp;`. */
function withoutEntities(value: string): string {
	return value.replace(
		/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]+));?/gi,
		(whole, decimal, hex, name) => {
			if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole;
			return character(parseInt(String(decimal ?? hex), decimal === undefined ? 16 : 10));
		},
	);
}

function undone(value: string): string {
	return withoutEntities(withoutPercents(withoutEscapes(value)));
}

/** Bytes as UTF-8, and as UTF-16 of either order where they may be that. */
function meanings(bytes: Buffer): string[] {
	const text = bytes.toString('utf8');
	return bytes.includes(0) ? [text, bytes.toString('latin1').replaceAll('\0', '')] : [text];
}

/** What runs of characters mean in an encoding, read from each of the first few characters. */
function decoded(runs: readonly string[], encoding: BufferEncoding, starts: number[]): string[] {
	if (runs.length === 0) return [];
	return starts.flatMap((start) => {
		const parts = runs.map((run) => meanings(Buffer.from(run.slice(start), encoding)));
		return [0, 1].map((meaning) => parts.map((part) => part[meaning] ?? '').join('\n'));
	});
}

/** Hex digits, with or without marks between the bytes. */
function fromHex(value: string): string[] {
	const runs = value.replace(/0x|[^0-9a-z]/gi, '').match(/[0-9a-f]{8,}/gi) ?? [];
	return decoded(runs, 'hex', [0, 1]);
}

/** Base64 of either alphabet, whole or broken into lines. */
function fromBase64(value: string): string[] {
	const runs = value.replace(/\s/g, '').match(/[A-Za-z0-9+/_-]{6,}/g) ?? [];
	return decoded(runs, 'base64', [0, 1, 2, 3]);
}

/** Lists of bytes as numbers: `[90 107 57]`. */
function fromDecimals(value: string): string[] {
	const runs = value.match(/\d{1,3}(?:[\s,;]+\d{1,3}){3,}/g) ?? [];
	return runs.flatMap((run) => meanings(Buffer.from((run.match(/\d+/g) ?? []).map(Number))));
}

/** What a text may say: itself and with its escapes undone, and what the bytes in it say. */
export interface Readings {
	texts: string[];
	bytes: string[];
}

export function readingsOf(value: string): Readings {
	const once = undone(value);
	const ofForm = undone(value.replaceAll('+', ' '));
	const texts = [...new Set([value, once, undone(once), ofForm, ofMail(value)])];
	const bytes = texts.flatMap((text) => [
		...fromHex(text),
		...fromBase64(text),
		...fromDecimals(text),
	]);
	return { texts, bytes: [...new Set([...bytes, ...bytes.map(undone)])] };
}
