import type { Instant } from './types';

const NANOSECONDS_PER_MS = 1_000_000n;

export const DAY_MS = 86_400_000;

const withFraction = (seconds: bigint, fraction: bigint, digits: number): string => {
	const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
	return `${whole}.${fraction.toString().padStart(digits, '0')}Z`;
};

/**
 * As psk_generate answers it: `2022-02-01T18:09:47.054317925Z` (cloudflare-docs, magic-wan
 * configure-tunnel-endpoints).
 */
export const toNanoseconds = (instant: Instant): string =>
	withFraction(instant / 1_000_000_000n, instant % 1_000_000_000n, 9);

/** As every later read shows the same instant, rounded: `2022-02-01T18:09:47.054318Z` (same page). */
export const toMicroseconds = (instant: Instant): string => {
	const micros = (instant + 500n) / 1000n;
	return withFraction(micros / 1_000_000n, micros % 1_000_000n, 6);
};

export const fromMs = (ms: number, nanoseconds = 0): Instant =>
	BigInt(Math.trunc(ms)) * NANOSECONDS_PER_MS + BigInt(nanoseconds);

/** @returns undefined when the text is no timestamp of RFC 3339 */
export const parseInstant = (text: string): Instant | undefined => {
	const [, whole, fraction = '', zone] =
		/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i.exec(text) ?? [];
	const ms = Date.parse(`${whole}${zone}`.toUpperCase());
	return Number.isNaN(ms) ? undefined : fromMs(ms, Number(fraction.slice(0, 9).padEnd(9, '0')));
};

export interface Clock {
	ms(): number;
	/** A new instant; never one given before, also when the clock behind it stands still. */
	instant(): Instant;
}

/**
 * @param now clock in ms
 * @param random 0 <= x < 1; supplies the digits below a millisecond
 */
export const createClock = (now: () => number, random: () => number): Clock => {
	let lastMs = Number.NaN;
	let last: Instant = 0n;
	return {
		ms: now,
		instant() {
			const ms = Math.trunc(now());
			// Odd last digits make the nine-digit and the six-digit form differ, as they do at Cloudflare.
			last = ms === lastMs ? last + 1_001n : fromMs(ms, Math.floor(random() * 800) * 1000 + 925);
			lastMs = ms;
			return last;
		},
	};
};
