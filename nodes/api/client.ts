import { clock } from '../http/clock';
import type { Fault } from '../http/retry';
import { delayBefore, MAX_REPEATS, mayRepeat, retryAfterMs } from '../http/retry';
import { isPlainWords, SecretFinder } from '../http/secrets';
import type { Transport } from '../http/transport';
import { idsIn, trimBaseUrl } from './account';
import type { Call } from './call';
import { judgedEnvelope } from './envelope';
import type { Effect, Failure } from './failure';
import { CallError, effectOfFault, worse } from './failure';
import { judgedGraphql } from './graphql';
import { Pacer } from './pacer';

/** Milliseconds until an attempt without a whole answer is given up. */
export const DEFAULT_TIMEOUT_MS = 60_000;

/** Milliseconds that one call may spend waiting, for its turn and between attempts: Cloudflare blocks for 300 s. */
export const LONGEST_TOTAL_WAIT_MS = 330_000;

export interface ClientSettings {
	transport: Transport;
	/** Checked by `baseUrlFault` before it gets here. */
	baseUrl: string;
	/** Checked by `accountIdFault` before it gets here. */
	accountId: string;
	/** Texts of the credential that must never be repeated to a person, such as the token. */
	secrets: readonly string[];
	timeoutMs?: number;
	/** Milliseconds that one call may spend waiting, for its turn and between attempts. */
	longestWaitMs?: number;
	/** Shared by all clients that use the same credential; one of its own without it. */
	pacer?: Pacer;
	/** Aborted when the user or a time-out stops the execution. */
	stopSignal?: AbortSignal;
}

export interface CallResult {
	/** The envelope's `result`. */
	result: unknown;
	/** The whole answer; it may hold a key and must not be shown. */
	body: unknown;
	/** True if an earlier attempt's answer was lost: that attempt may have made the change. */
	repeatedBlindly: boolean;
}

type Attempt =
	| { ok: true; result: unknown; body: unknown }
	| {
			ok: false;
			fault: Fault;
			failure: Omit<Failure, 'action' | 'effect'>;
			answer?: unknown;
			retryAfterMs: number;
	  };

function stopped(what: string): Attempt {
	return { ok: false, fault: 'refused', failure: { what }, retryAfterMs: 0 };
}

const STOPPED = stopped('the execution was stopped before the request was sent');

/** Of a read: it changes nothing, so nobody waits for it. */
const CUT_SHORT = stopped('the execution was stopped');

const TOO_LATE: Attempt = {
	ok: false,
	fault: 'rejected',
	failure: { what: 'its time was over before it could be sent' },
	retryAfterMs: 0,
};

/** Sends requests to one account with one credential. */
export class CloudflareClient {
	private readonly pacer: Pacer;

	private readonly ownSecrets: SecretFinder;

	constructor(private readonly settings: ClientSettings) {
		this.pacer = settings.pacer ?? new Pacer();
		this.ownSecrets = new SecretFinder(settings.secrets);
	}

	get accountId(): string {
		return this.settings.accountId;
	}

	/** Names the account wherever it is: two gateways may know different accounts by one id. */
	get accountKey(): string {
		return `${trimBaseUrl(this.settings.baseUrl)} ${this.settings.accountId}`;
	}

	/**
	 * Sends one call, paced and repeated as its policy allows. A stop of the execution keeps
	 * requests from being sent; a change that is under way is waited for, up to the time-out.
	 *
	 * @returns the envelope's result of an answer that is 2xx, JSON and `success: true`
	 * @throws CallError for everything else
	 */
	async send(call: Call): Promise<CallResult> {
		const { longestWaitMs = LONGEST_TOTAL_WAIT_MS } = this.settings;
		const until = Math.min(clock.elapsed() + longestWaitMs, call.sendBefore ?? Infinity);
		let effect: Effect = 'none';
		for (let repeat = 0; ; repeat++) {
			const attempt = await this.attempt(call, until);
			if (attempt.ok) {
				const { result, body } = attempt;
				return { result, body, repeatedBlindly: effect === 'unknown' };
			}
			if (attempt !== TOO_LATE) effect = worse(effect, effectOfFault(attempt.fault));
			const delay = delayBefore(repeat, attempt.retryAfterMs, clock.random());
			if (
				repeat === MAX_REPEATS ||
				clock.elapsed() + delay > until ||
				!mayRepeat(call.repeat, attempt.fault) ||
				!(await this.pause(call, delay))
			) {
				throw this.failed(call, attempt, effect);
			}
		}
	}

	/** The error for an answer whose envelope is good and whose result is not. */
	unexpected(call: Call, what: string, answer?: unknown): CallError {
		return new CallError(
			{
				action: call.action,
				effect: call.repeat === 'read' ? 'none' : 'unknown',
				what: `the answer has an unexpected form (${what})`,
				remedy: 'Check the Base URL of the credential: something else than Cloudflare may answer.',
			},
			answer,
		);
	}

	/** True for a text of Cloudflare's that may repeat a secret of a call or of the credential. */
	mayRepeatSecret(call: Call, text: string): boolean {
		if (call.answersSecret === true && !isPlainWords(text, idsIn(call.path))) return true;
		const { secrets = [] } = call;
		const others = secrets instanceof SecretFinder ? secrets : new SecretFinder(secrets);
		return this.ownSecrets.isIn(text) || others.isIn(text);
	}

	/** The signal that ends waiting for a call's turn; none where it is sent in any case. */
	private stopOf(call: Call): AbortSignal | undefined {
		return call.evenIfStopped === true ? undefined : this.settings.stopSignal;
	}

	/** Waits; false if the execution was stopped meanwhile. */
	private async pause(call: Call, ms: number): Promise<boolean> {
		const stop = this.stopOf(call);
		const isStopped = () => stop?.aborted === true;
		if (!isStopped()) await clock.sleep(ms, stop).catch(() => undefined);
		return !isStopped();
	}

	private failed(call: Call, attempt: Attempt & { ok: false }, effect: Effect): CallError {
		return new CallError(
			{
				...attempt.failure,
				action: call.action,
				effect: call.repeat === 'read' ? 'none' : effect,
				retryAfterMs: attempt.retryAfterMs,
			},
			attempt.answer,
		);
	}

	private async attempt(call: Call, until: number): Promise<Attempt> {
		const turn = await this.pacer.enter(until, this.stopOf(call), call.api === 'graphql');
		if (turn === 'stopped') return STOPPED;
		if (turn === 'now' && isTooLate(call)) {
			this.pacer.leave(undefined);
			return TOO_LATE;
		}
		if (turn !== 'now') {
			return {
				ok: false,
				fault: 'refused',
				failure: {
					what: `Cloudflare allows no further request for ${Math.ceil(turn.waitMs / 1000)} s`,
					httpCode: '429',
				},
				retryAfterMs: turn.waitMs,
			};
		}
		let rateLimit: unknown;
		try {
			const answer = await this.request(call);
			if (answer.kind === 'none') {
				if (call.repeat === 'read' && this.stopOf(call)?.aborted === true) return CUT_SHORT;
				const { sent, what, code, remedy } = answer;
				const failure = { what, httpCode: code, remedy };
				return { ok: false, fault: sent ? 'lost' : 'refused', failure, retryAfterMs: 0 };
			}
			rateLimit = answer.headers.ratelimit;
			const judge = call.api === 'graphql' ? judgedGraphql : judgedEnvelope;
			const judged = judge(answer, call, (text) => this.mayRepeatSecret(call, text));
			if (judged.ok) return { ok: true, result: judged.result, body: answer.body };
			const asked = retryAfterMs(answer.headers, clock.now());
			return {
				ok: false,
				fault: judged.fault,
				failure: judged.failure,
				answer: answer.body,
				retryAfterMs: asked > 0 ? asked : (judged.waitMs ?? 0),
			};
		} finally {
			this.pacer.leave(rateLimit);
		}
	}

	private async request(call: Call) {
		const { baseUrl, accountId, timeoutMs = DEFAULT_TIMEOUT_MS, transport } = this.settings;
		return await transport({
			method: call.method,
			url:
				call.api === 'graphql'
					? `${trimBaseUrl(baseUrl)}/graphql`
					: `${trimBaseUrl(baseUrl)}/accounts/${accountId}/${call.api ?? 'magic'}${call.path}`,
			headers: call.newHealthCheckTarget ? { 'x-magic-new-hc-target': 'true' } : {},
			query: call.query,
			body: call.body,
			timeoutMs,
			// What may change something is waited for: n8n keeps what a stopped node still returns.
			signal: call.repeat === 'read' ? this.stopOf(call) : undefined,
		});
	}
}

function isTooLate({ sendBefore = Infinity, sendBeforeDate = Infinity }: Call): boolean {
	return clock.elapsed() >= sendBefore || clock.now() >= sendBeforeDate;
}
