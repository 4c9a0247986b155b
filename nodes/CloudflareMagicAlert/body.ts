import type { JsonRecord } from '../http/json';
import { record } from '../http/json';

/**
 * Reading JSON that anybody may have written. Its length and its depth are bounded, so that all that
 * walks over it afterwards (n8n's own code too) takes a time that is known, and no stack overflows.
 */

/** Bytes or characters; Cloudflare's alerts have a few hundred. */
export const LARGEST_BODY = 1024 * 1024;

/** Levels of lists and objects in each other; Cloudflare's alerts have two. */
export const DEEPEST_BODY = 32;

function isDeeperThan(levels: number, value: unknown): boolean {
	let level = [value];
	for (let depth = 0; depth <= levels; depth++) {
		level = level.flatMap((entry) =>
			typeof entry === 'object' && entry !== null ? (Object.values(entry) as unknown[]) : [],
		);
		if (level.length === 0) return false;
	}
	return true;
}

/** An object that is not nested too deep; undefined for anything else. */
export function shallowRecord(value: unknown): JsonRecord | undefined {
	return isDeeperThan(DEEPEST_BODY, value) ? undefined : record(value);
}

/** The JSON object that a text is; undefined for any other text, and for one too long or too deep. */
export function jsonObject(body: string): JsonRecord | undefined {
	if (body.length > LARGEST_BODY) return undefined;
	try {
		return shallowRecord(JSON.parse(body));
	} catch {
		return undefined;
	}
}
