import type { Fault } from '../http/retry';

/**
 * What a failed call may have done at Cloudflare:
 * - `none`: the request never reached it;
 * - `refused`: it was answered, and the answer says no;
 * - `unknown`: the answer was lost or can't be read, so the change may have been made.
 */
export type Effect = 'none' | 'refused' | 'unknown';

/** What an attempt with this fault may have changed at Cloudflare. */
export function effectOfFault(fault: Fault): Effect {
	switch (fault) {
		case 'refused':
			return 'none';
		case 'lost':
		case 'unreadable':
		case 'server':
			return 'unknown';
		case 'throttled':
		case 'rejected':
			return 'refused';
	}
}

const EFFECTS: readonly Effect[] = ['none', 'refused', 'unknown'];

/** The one of two effects that leaves more open. */
export function worse(a: Effect, b: Effect): Effect {
	return EFFECTS.indexOf(a) > EFFECTS.indexOf(b) ? a : b;
}

/** Everything of a failed call that may be shown and stored; no header, body, key or token. */
export interface Failure {
	/** What was asked of Cloudflare, for example "list the tunnels". */
	action: string;
	effect: Effect;
	/** What happened, in one sentence without a full stop. */
	what: string;
	/** HTTP status, or the network's code such as ECONNREFUSED. */
	httpCode?: string;
	/** Cloudflare's own code, message and pointers. */
	code?: number;
	detail?: string;
	documentationUrl?: string;
	pointer?: string;
	rayId?: string;
	remedy?: string;
	/** Cloudflare would answer a smaller part of it. */
	tooLarge?: boolean;
	/** Rows of a page that Cloudflare answers at most. */
	mostRows?: number;
	/** Milliseconds that Cloudflare asks to wait before the next request. */
	retryAfterMs?: number;
}

/** A call that failed. It is made into n8n's errors at the edge, by `shared/errors.ts`. */
export class CallError extends Error {
	/** Not shown by any inspection, because the answer may hold a key. */
	readonly #answer: unknown;

	/** @param answer the body of the last answer, for a caller that can use it all the same */
	constructor(
		readonly failure: Failure,
		answer?: unknown,
	) {
		super(`Could not ${failure.action}: ${failure.what}`);
		this.#answer = answer;
	}

	/** The body of the last answer; it may hold a key and must not be shown. */
	get answer(): unknown {
		return this.#answer;
	}
}

/** What a failed call may have done; `unknown` for an error that is not one of a call. */
export function effectOf(error: unknown): Effect {
	return error instanceof CallError ? error.failure.effect : 'unknown';
}

/** Cloudflare's code for a tunnel that does not exist. */
const TUNNEL_NOT_FOUND = 1032;

/** True for the error of a call whose tunnel does not exist, by Cloudflare's own word. */
export function isTunnelNotFound(error: unknown): boolean {
	return error instanceof CallError && error.failure.code === TUNNEL_NOT_FOUND;
}
