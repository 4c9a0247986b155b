import type { JsonRecord } from '../http/json';
import { record } from '../http/json';

/**
 * Taking out of an alert what repeats the webhook's secret, which Cloudflare knows and sends along:
 * a text that holds a part of it is dropped as a whole, since what is left could still tell.
 */

/** In place of a text that was dropped. */
const DROPPED = '***';

/**
 * Characters of a part. A run that a text has in common with the secret is found from 2 * PART - 1
 * characters on, of which 64 are needed; and ids never have 12 in common with it by chance.
 */
const PART = 12;

/** Letters and digits in lower case: what all forms have in common. */
function folded(value: string): string {
	return value.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/**
 * The forms that the secret's hexadecimal digits may be given; URLs, HTML and JSON leave digits as
 * they are. Base64 depends on where in a group of three bytes they begin.
 */
function formsOf(secret: string): string[] {
	const bytes = Buffer.from(secret, 'utf8');
	const base64 = [0, 1, 2].map((offset) =>
		Buffer.concat([Buffer.alloc(offset), bytes])
			.toString('base64')
			.slice(4, -4),
	);
	return [secret, bytes.toString('hex'), ...base64].map(folded);
}

function partsOf(form: string): string[] {
	return Array.from({ length: Math.max(0, form.length - PART + 1) }, (_, start) =>
		form.slice(start, start + PART),
	);
}

/**
 * An object of JSON without the texts, names of fields too, that repeat a part of a secret. Takes a
 * time in proportion to its length.
 *
 * @param value not nested deeper than the stack allows
 */
export function withoutSecret(value: JsonRecord, secret: string): JsonRecord {
	const parts = new Set(formsOf(secret).flatMap(partsOf));
	const shown = (given: string): string => {
		const seen = folded(given);
		for (let start = 0; start + PART <= seen.length; start += PART) {
			if (parts.has(seen.slice(start, start + PART))) return DROPPED;
		}
		return given;
	};
	const clean = (given: unknown): unknown => {
		if (typeof given === 'string') return shown(given);
		if (Array.isArray(given)) return given.map(clean);
		const fields = record(given);
		if (fields === undefined) return given;
		return Object.fromEntries(Object.entries(fields).map(([k, v]) => [shown(k), clean(v)]));
	};
	return clean(value) as JsonRecord;
}
