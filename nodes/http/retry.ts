/**
 * When a call may be repeated.
 * - `read`: it changes nothing, so a lost answer costs nothing.
 * - `repeatable`: a change that gives the same result however often it is made (psk set). Repeated
 *   also after a 2xx that cannot be read: the repetition tells what the first answer did not.
 * - `once`: repeated only where nothing can have happened.
 */
export type RepeatPolicy = 'read' | 'repeatable' | 'once';

/** How an attempt went wrong. */
export type Fault =
	/** The request never reached Cloudflare. */
	| 'refused'
	/** It was sent, and the connection broke or timed out before a whole answer. */
	| 'lost'
	/** A 2xx or 3xx that is not an answer of this API. */
	| 'unreadable'
	/** Answered 429. */
	| 'throttled'
	/** Answered 408 or 5xx. */
	| 'server'
	/** Any other answer that says no. */
	| 'rejected';

export const MAX_REPEATS = 4;

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 8_000;

/** True where the attempt may be repeated. */
export function mayRepeat(policy: RepeatPolicy, fault: Fault): boolean {
	switch (fault) {
		case 'refused':
		case 'throttled':
			return true;
		case 'lost':
		case 'server':
			return policy !== 'once';
		case 'unreadable':
			return policy === 'repeatable';
		case 'rejected':
			return false;
	}
}

/** How an answer that is no success went wrong; `refusal` if it says no in the API's own form. */
export function faultOf(status: number, refusal: boolean): Fault {
	if (status === 429) return 'throttled';
	if (status === 408 || status >= 500) return 'server';
	if (refusal || status >= 400) return 'rejected';
	return 'unreadable';
}

/**
 * Milliseconds to wait before repetition number `repeat` (0 is the first): exponential with up to
 * a quarter of jitter taken off, as Cloudflare's own SDK does; a Retry-After is never undercut.
 *
 * @param random a number in [0, 1)
 */
export function delayBefore(repeat: number, retryAfterMs: number, random: number): number {
	const backOff = Math.min(FIRST_DELAY_MS * 2 ** repeat, LONGEST_DELAY_MS);
	return Math.max(retryAfterMs, Math.round(backOff * (1 - random / 4)));
}

/**
 * Milliseconds that a Retry-After header (seconds or an HTTP date) asks for; 0 without one. A date is
 * compared with the answer's own Date, so that a clock that is wrong here makes no wait wrong.
 *
 * @param now milliseconds since 1970, for an answer without a Date
 */
export function retryAfterMs(headers: Readonly<Record<string, unknown>>, now: number): number {
	const asked = headers['retry-after'];
	if (typeof asked !== 'string' || asked.trim() === '') return 0;
	const seconds = Number(asked);
	if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
	const date = Date.parse(asked);
	const answered = Date.parse(String(headers.date));
	return Number.isNaN(date) ? 0 : Math.max(0, date - (Number.isNaN(answered) ? now : answered));
}
