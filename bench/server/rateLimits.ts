/**
 * Cloudflare's documented limits: 1,200 requests in five minutes for a user or token, after which
 * everything is blocked for five minutes, and 200 requests a second from an address.
 * https://developers.cloudflare.com/fundamentals/api/reference/limits/
 *
 * Guesses, as the page does not say: windows are fixed ones that start with the first request, a
 * blocked request is not counted, and going over the 200 blocks for the rest of that second only, which
 * is the milder reading for whoever goes over it.
 */
export interface RateLimits {
	/** Counts a request; the seconds of the Retry-After if it is one too many. */
	take(): number | undefined;
	/** The headers of every answer. */
	headers(): Record<string, string>;
}

export const LIMITS = { requests: 1_200, windowMs: 300_000, perSecond: 200 };

export function rateLimits(limits = LIMITS): RateLimits {
	let windowEnds = 0;
	let used = 0;
	let blockedUntil = 0;
	let secondEnds = 0;
	let usedInSecond = 0;

	const turn = (now: number) => {
		if (now >= windowEnds && now >= blockedUntil) {
			windowEnds = now + limits.windowMs;
			used = 0;
		}
		if (now >= secondEnds) {
			secondEnds = now + 1_000;
			usedInSecond = 0;
		}
	};
	const secondsUntil = (at: number, now: number) => Math.max(1, Math.ceil((at - now) / 1_000));

	return {
		take() {
			const now = Date.now();
			turn(now);
			if (now < blockedUntil) return secondsUntil(blockedUntil, now);
			if (used === limits.requests) {
				blockedUntil = now + limits.windowMs;
				return secondsUntil(blockedUntil, now);
			}
			if (usedInSecond === limits.perSecond) return 1;
			used += 1;
			usedInSecond += 1;
			return undefined;
		},
		headers() {
			const now = Date.now();
			const left = now < blockedUntil ? 0 : limits.requests - used;
			const ends = secondsUntil(Math.max(windowEnds, blockedUntil), now);
			return {
				ratelimit: `"default";r=${left};t=${ends}`,
				'ratelimit-policy': `"default";q=${limits.requests};w=${limits.windowMs / 1_000}`,
			};
		},
	};
}
