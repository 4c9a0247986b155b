import { clock } from '../http/clock';

/** A window that is never waited for longer than this, whatever a header says. */
const LONGEST_WAIT_MS = 330_000;

/**
 * Keeps requests within what Cloudflare's `Ratelimit` header leaves: `"default";r=50;t=30` means 50
 * more requests within the next 30 seconds. Going over blocks the whole user for five minutes, so
 * the last allowed request is the last one sent until the window is over.
 *
 * Source: https://developers.cloudflare.com/fundamentals/api/reference/limits/
 */
export class Pacer {
	private remaining = Infinity;

	private resetsAt = 0;

	private inFlight = 0;

	/** Resolves when one more request may be sent, and counts it as sent. */
	async enter(signal?: AbortSignal): Promise<void> {
		while (this.remaining - this.inFlight <= 0 && clock.now() < this.resetsAt) {
			await clock.sleep(this.resetsAt - clock.now(), signal);
		}
		if (clock.now() >= this.resetsAt) this.remaining = Infinity;
		this.inFlight += 1;
	}

	/** Notes that a request is over, with the `Ratelimit` header of its answer if it has one. */
	leave(header: unknown): void {
		this.inFlight -= 1;
		if (typeof header !== 'string') return;
		const remaining = /(?:^|;)\s*r=(\d+)/.exec(header)?.[1];
		const seconds = /(?:^|;)\s*t=(\d+)/.exec(header)?.[1];
		if (remaining === undefined || seconds === undefined) return;
		const resetsAt = clock.now() + Math.min(Number(seconds) * 1000, LONGEST_WAIT_MS);
		// Answers of one window may arrive out of order: the smallest number is the newest.
		const sameWindow = clock.now() < this.resetsAt && Math.abs(resetsAt - this.resetsAt) < 2_000;
		this.remaining = sameWindow ? Math.min(this.remaining, Number(remaining)) : Number(remaining);
		this.resetsAt = sameWindow ? Math.max(this.resetsAt, resetsAt) : resetsAt;
	}
}
