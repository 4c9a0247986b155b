import type { Answer } from './envelope';
import { failure } from './envelope';
import type { RateLimitOptions } from './types';

interface Window {
	startedAt: number;
	used: number;
	blockedUntil: number;
}

export interface RateLimiter {
	/** Counts one request of a credential; answers the 429 when it is one too many. */
	take(principal: string): Answer | undefined;
	/** The two headers of every answer. */
	headers(principal: string | undefined): Record<string, string>;
	reset(): void;
}

/**
 * 1,200 requests per five minutes and credential, then everything is blocked for five minutes
 * (https://developers.cloudflare.com/fundamentals/api/reference/limits/); headers by the changelog of
 * 2025-09-03.
 *
 * GUESS: the window is a fixed one that starts with the first request, requests that fail
 * authentication are not counted, and requests during the block do not prolong it.
 * Not simulated: the limit of 200 per second and IP.
 */
export const createRateLimiter = (
	now: () => number,
	{ limit = 1200, windowSeconds = 300, blockSeconds = 300, code = 971 }: RateLimitOptions = {},
): RateLimiter => {
	const windows = new Map<string, Window>();

	const current = (principal: string): Window => {
		const at = now();
		const known = windows.get(principal);
		const ends = known && (known.blockedUntil || known.startedAt + windowSeconds * 1000);
		if (known && ends !== undefined && at < ends) return known;
		const fresh = { startedAt: at, used: 0, blockedUntil: 0 };
		windows.set(principal, fresh);
		return fresh;
	};

	const secondsUntil = (at: number): number => Math.max(0, Math.ceil((at - now()) / 1000));

	return {
		take(principal) {
			const window = current(principal);
			if (window.blockedUntil === 0) {
				if (window.used < limit) {
					window.used += 1;
					return undefined;
				}
				window.blockedUntil = now() + blockSeconds * 1000;
			}
			return failure(
				429,
				[{ code, message: 'Please wait and consider throttling your request speed' }],
				{ 'retry-after': String(secondsUntil(window.blockedUntil)) },
			);
		},
		headers(principal) {
			const window = principal === undefined ? undefined : current(principal);
			const remaining = window ? (window.blockedUntil > 0 ? 0 : limit - window.used) : limit;
			const ends = window
				? secondsUntil(window.blockedUntil || window.startedAt + windowSeconds * 1000)
				: windowSeconds;
			return {
				Ratelimit: `"default";r=${remaining};t=${ends}`,
				'Ratelimit-Policy': `"default";q=${limit};w=${windowSeconds}`,
			};
		},
		reset: () => windows.clear(),
	};
};
