import { randomInt } from 'node:crypto';

export const DEFAULT_KEY_LENGTH = 43;
export const SHORTEST_KEY = 24;
export const LONGEST_KEY = 64;

const DIGITS = '0123456789';
const ALPHABET = `${DIGITS}ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz`;

/**
 * A new PSK from the cryptographic random source: every character is drawn evenly from [A-Za-z0-9],
 * the first from those without 0. 43 characters hold 256 bits. Routers differ in what they accept: strongSwan
 * decodes keys that begin with 0s or 0x, AWS takes 8 to 64 of [A-Za-z0-9._] not beginning with 0.
 *
 * @param length number of characters, 24 to 64
 */
export function makeKey(length: number): string {
	let key = ALPHABET.charAt(randomInt(1, ALPHABET.length));
	while (key.length < length) key += ALPHABET.charAt(randomInt(ALPHABET.length));
	return key;
}

/**
 * What is wrong with a PSK that somebody gives, or undefined. Cloudflare documents neither length
 * nor characters, so only what can't be meant is refused. The text never holds the key.
 */
export function keyFault(psk: unknown): string | undefined {
	if (psk === undefined || psk === null || psk === '') return 'holds no key';
	if (typeof psk !== 'string')
		return `holds no text, but ${Array.isArray(psk) ? 'a list' : `a value of type ${typeof psk}`}`;
	if (hasControlCharacter(psk)) {
		return 'holds a line break or another control character, which routers read differently';
	}
	const word = wordOfTemplate(psk);
	if (word !== undefined) return `holds '${word}', which a template puts in place of a value`;
	if (psk.trim() !== psk) {
		return 'holds white space at its beginning or end, which routers and vaults may cut off';
	}
	return undefined;
}

/** The word in a text that JavaScript makes of what is no text; a text of such a word is no key that was meant. */
function wordOfTemplate(psk: string): string | undefined {
	const whole = psk.trim();
	if (['undefined', 'null', 'NaN'].includes(whole)) return whole;
	return /\[object \w/.test(psk) ? '[object …]' : undefined;
}

function hasControlCharacter(text: string): boolean {
	for (let index = 0; index < text.length; index++) {
		const code = text.charCodeAt(index);
		if (code < 0x20 || code === 0x7f) return true;
	}
	return false;
}
