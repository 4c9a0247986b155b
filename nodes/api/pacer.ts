import { clock } from '../http/clock';

/** A window that is never waited for longer than this, whatever a header says. */
const LONGEST_WINDOW_MS = 330_000;

/** Whether a request may be sent now, or how long it would have to wait, or that waiting was stopped. */
export type Turn = 'now' | 'stopped' | { waitMs: number };

/**
 * Keeps requests within what Cloudflare's `Ratelimit` header leaves: `"default";r=50;t=30` means 50
 * more requests within the next 30 seconds. Going over blocks the whole user for five minutes, so
 * the last allowed request is the last one sent until the window is over. Times are monotonic: a
 * clock that is set back makes nobody wait.
 *
 * Source: https://developers.cloudflare.com/fundamentals/api/reference/limits/
 */
export class Pacer {
	private remaining = Infinity;

	private resetsAt = 0;

	private inFlight = 0;

	/**
	 * Waits until one more request may be sent, and counts it as sent. Every one that got `now` must
	 * `leave`.
	 *
	 * @param until the latest moment to wait for, by `clock.elapsed`
	 */
	async enter(until: number, signal?: AbortSignal): Promise<Turn> {
		while (signal?.aborted !== true) {
			const waitMs = this.resetsAt - clock.elapsed();
			if (waitMs <= 0) this.remaining = Infinity;
			if (this.remaining - this.inFlight > 0) {
				this.inFlight += 1;
				return 'now';
			}
			if (clock.elapsed() + waitMs > until) return { waitMs };
			await clock.sleep(waitMs, signal).catch(() => undefined);
		}
		return 'stopped';
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
