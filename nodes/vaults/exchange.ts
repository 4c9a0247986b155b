import { clock } from '../http/clock';
import { delayBefore, MAX_REPEATS, retryAfterMs } from '../http/retry';
import type { HttpAnswer, HttpRequest, NotAnswered, Transport } from '../http/transport';
import type { RunLimits } from './vault';

export type Reply = HttpAnswer | NotAnswered;

/** How a reply is to be taken. */
export type Verdict =
	/** An answer that counts, be it yes or no. */
	| 'answered'
	/** Surely nothing was done, and the same request may go through in a moment. */
	| 'notNow'
	/** It may have been acted upon. */
	| 'unclear';

/**
 * When a request may be sent again after an unclear reply: `repeatable` always, since it gives the
 * same however often it is made; `once` never: the caller has to look first.
 */
export type Repeating = 'repeatable' | 'once';

export interface Exchanged {
	reply: Reply;
	verdict: Verdict;
	/** True if an attempt before the last one was unclear: it may have been acted upon. */
	doubtful: boolean;
}

export interface Sending extends Omit<HttpRequest, 'timeoutMs' | 'signal'> {
	repeating: Repeating;
	/** Sent, repeated and waited for whether the run is stopped or not: to settle and to clean up. */
	despiteStop?: boolean;
	/** Milliseconds that may be spent waiting between attempts, if not those of the run. */
	patienceMs?: number;
}

/** Milliseconds that a call may spend waiting between attempts, unless the run says otherwise. */
export const LONGEST_WAIT_MS = 60_000;

/** The code of a reply that stands for a request which was not sent because of the stop. */
export const STOPPED = 'stopped';

const NOT_SENT: NotAnswered = {
	kind: 'none',
	sent: false,
	code: STOPPED,
	what: 'the execution was stopped before the request was sent',
	remedy: 'Run the same operation again.',
};

/** Requests of one run to one vault, repeated and slowed down as the vault asks. */
export class Exchange {
	/** Time of `clock.elapsed` before which the vault wants no request. */
	private quietUntil = 0;

	constructor(
		private readonly transport: Transport,
		private readonly limits: RunLimits,
		private readonly judge: (answer: HttpAnswer) => Verdict,
	) {}

	/**
	 * Sends a request until a reply counts, is unclear and may not be repeated, or patience ends. The
	 * verdict is about all attempts together.
	 */
	async send({ repeating, despiteStop, patienceMs, ...request }: Sending): Promise<Exchanged> {
		const { timeoutMs, longestWaitMs = LONGEST_WAIT_MS } = this.limits;
		const stop = despiteStop ? undefined : this.limits.stop;
		// A change is never given up in the middle: its outcome would be lost with it.
		const signal = repeating === 'once' ? undefined : stop;
		let patience = patienceMs ?? longestWaitMs;
		// Attempts that no server answers take their time, too.
		const until = clock.elapsed() + patience + timeoutMs;
		let doubtful = false;
		for (let repeat = 0; ; repeat++) {
			if (!(await this.mayGo(patience, stop))) {
				return { reply: NOT_SENT, verdict: doubtful ? 'unclear' : 'answered', doubtful };
			}
			const reply = await this.transport({ ...request, timeoutMs, signal });
			const verdict = this.verdictOf(reply);
			if (verdict === 'answered') return { reply, verdict, doubtful };
			const delay = this.delayAfter(reply, repeat);
			const late = delay > patience || clock.elapsed() + delay > until;
			const unclear: boolean = doubtful || verdict === 'unclear';
			if (late || repeat === MAX_REPEATS || (unclear && repeating === 'once')) {
				return { reply, verdict: unclear ? 'unclear' : verdict, doubtful };
			}
			doubtful = unclear;
			patience -= delay;
			await sleep(delay, stop);
		}
	}

	/** Waits before the vault is asked again after an unclear reply. */
	async pause(repeat: number): Promise<void> {
		await sleep(delayBefore(repeat, 0, clock.random()), undefined);
	}

	private verdictOf(reply: Reply): Verdict {
		if (reply.kind === 'answer') return this.judge(reply);
		if (reply.sent) return 'unclear';
		// Connections that fail for want of a server may succeed later; those that are not safe, or
		// that the credential refuses, will not.
		return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN)$/.test(reply.code) ? 'notNow' : 'answered';
	}

	private delayAfter(reply: Reply, repeat: number): number {
		const asked = reply.kind === 'answer' ? retryAfterMs(reply.headers, clock.now()) : 0;
		if (asked > 0) this.quietUntil = Math.max(this.quietUntil, clock.elapsed() + asked);
		return delayBefore(repeat, asked, clock.random());
	}

	/** False if the run was stopped. A quiet time that is longer than the patience is not waited for. */
	private async mayGo(patience: number, stop: AbortSignal | undefined): Promise<boolean> {
		const quiet = this.quietUntil - clock.elapsed();
		if (quiet > 0 && quiet <= patience) await sleep(quiet, stop);
		return stop?.aborted !== true;
	}
}

/** Waits for milliseconds, or until the stop. */
async function sleep(ms: number, stop: AbortSignal | undefined): Promise<void> {
	try {
		await clock.sleep(ms, stop);
	} catch {
		// The stop is looked at before the next request.
	}
}
