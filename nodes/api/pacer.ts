import { clock } from '../http/clock';

/** A window that is never waited for longer than this, whatever a header says. */
const LONGEST_WINDOW_MS = 330_000;

/** Queries of GraphQL that Cloudflare allows a user, or an account, in five minutes. */
const MOST_QUERIES = 300;

const QUERY_WINDOW_MS = 300_000;

/** Whether a request may be sent now, or how long it would have to wait, or that waiting was stopped. */
export type Turn = 'now' | 'stopped' | { waitMs: number };

/**
 * Keeps requests within what Cloudflare's `Ratelimit` header leaves: `"default";r=50;t=30` means 50
 * more requests within the next 30 seconds. Going over blocks the whole user for five minutes, so
 * the last allowed request is the last one sent until the window is over. Times are monotonic: a
 * clock that is set back makes nobody wait. Of queries of GraphQL no header tells how many are left, so
 * they are counted, too.
 *
 * Sources: https://developers.cloudflare.com/fundamentals/api/reference/limits/,
 * https://developers.cloudflare.com/analytics/graphql-api/limits/
 */
export class Pacer {
	private remaining = Infinity;

	private resetsAt = 0;

	private inFlight = 0;

	/** When queries were sent, in milliseconds of `clock.elapsed`: the latest ones, oldest first. */
	private readonly queries: number[] = [];

	/**
	 * Waits until one more request may be sent, and counts it as sent. Every one that got `now` must
	 * `leave`.
	 *
	 * @param until the latest moment to wait for, by `clock.elapsed`
	 * @param isQuery true for one of GraphQL
	 */
	async enter(until: number, signal?: AbortSignal, isQuery = false): Promise<Turn> {
		while (signal?.aborted !== true) {
			const waitMs = Math.max(this.untilReset(), isQuery ? this.untilNextQuery() : 0);
			if (waitMs <= 0) {
				this.inFlight += 1;
				if (isQuery) this.queries.push(clock.elapsed());
				return 'now';
			}
			if (clock.elapsed() + waitMs > until) return { waitMs };
			await clock.sleep(waitMs, signal).catch(() => undefined);
		}
		return 'stopped';
	}

	/** Milliseconds until there is room for one more request; 0 or less if there is. */
	private untilReset(): number {
		const waitMs = this.resetsAt - clock.elapsed();
		if (waitMs <= 0) this.remaining = Infinity;
		return this.remaining - this.inFlight > 0 ? 0 : waitMs;
	}

	private untilNextQuery(): number {
		this.queries.splice(0, this.queries.length - MOST_QUERIES);
		const [oldest = -Infinity] = this.queries;
		return this.queries.length < MOST_QUERIES ? 0 : oldest + QUERY_WINDOW_MS - clock.elapsed();
	}

	/** Notes that a request is over, with the `Ratelimit` header of its answer if it has one. */
	leave(header: unknown): void {
		this.inFlight -= 1;
		if (typeof header !== 'string') return;
		const remaining = /(?:^|;)\s*r=(\d+)/.exec(header)?.[1];
		const seconds = /(?:^|;)\s*t=(\d+)/.exec(header)?.[1];
		if (remaining === undefined || seconds === undefined) return;
		const resetsAt = clock.elapsed() + Math.min(Number(seconds) * 1000, LONGEST_WINDOW_MS);
		// Answers of one window may arrive out of order: the smallest number is the newest.
		const sameWindow =
			clock.elapsed() < this.resetsAt && Math.abs(resetsAt - this.resetsAt) < 2_000;
		this.remaining = sameWindow ? Math.min(this.remaining, Number(remaining)) : Number(remaining);
		this.resetsAt = sameWindow ? Math.max(this.resetsAt, resetsAt) : resetsAt;
	}
}
