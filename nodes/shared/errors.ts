import type { Failure, INode, JsonObject } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import { STATUS_REMEDIES } from '../api/remedies';

/**
 * What a failed call may have done at Cloudflare: `none` (it was refused, or never got there) or
 * `unknown` (the answer was lost or cannot be read, so the change may have been made).
 */
export type Effect = 'none' | 'unknown';

/** Everything of a failed call that may be shown and stored; no header, body, key or token. */
export interface CallFailure {
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
	/** Milliseconds that Cloudflare asks to wait before the next request. */
	retryAfterMs?: number;
}

/**
 * The node without its parameters: n8n stores an error's node with the run, and a parameter may
 * hold a key that somebody typed in.
 */
export function bareNode(node: INode): INode {
	return { ...node, parameters: {} };
}

/** A text with a full stop at its end. */
export function sentence(text: string): string {
	return /[.!?]$/.test(text) ? text : `${text}.`;
}

function describe(failure: CallFailure): string {
	const parts = [];
	if (failure.detail !== undefined) {
		const code = failure.code === undefined ? '' : ` (code ${failure.code})`;
		parts.push(sentence(`Cloudflare says${code}: ${failure.detail}`));
	}
	if (failure.pointer !== undefined) parts.push(`Field: ${failure.pointer}.`);
	const remedy = failure.remedy ?? STATUS_REMEDIES[Number(failure.httpCode ?? -1)];
	if (remedy !== undefined) parts.push(remedy);
	if (failure.effect === 'unknown') {
		parts.push('The change may have been made: look in Cloudflare before you repeat it.');
	}
	if (failure.documentationUrl !== undefined) parts.push(`See ${failure.documentationUrl}`);
	if (failure.rayId !== undefined) parts.push(`Ray ID: ${failure.rayId}.`);
	return parts.join(' ');
}

/** Cloudflare's code for a tunnel that does not exist. */
const TUNNEL_NOT_FOUND = 1032;

/** Codes of a credential that Cloudflare does not take, whatever the status. */
const CREDENTIAL_CODES = [6003, 9103, 9106, 9109, 10000, 10001];

/** Codes of an account that has no Magic, or is none. */
const CONFIGURATION_CODES = [1012, 1025, 7003];

/**
 * Why a call failed, as n8n's back-off for polling triggers reads it; undefined where it is to
 * decide by itself.
 */
function causeOf({ code = -1, httpCode = '', retryAfterMs = 0 }: CallFailure): Failure | undefined {
	if (httpCode === '429') {
		return { cause: 'rate-limited', ...(retryAfterMs > 0 ? { retryAfterMs } : {}) };
	}
	if (CREDENTIAL_CODES.includes(code) || httpCode === '401') return { cause: 'credential-invalid' };
	if (CONFIGURATION_CODES.includes(code)) return { cause: 'configuration-invalid' };
	// Statuses of servers in trouble, and every code of the network.
	return /^(408|5\d\d|[A-Z].*)$/.test(httpCode) ? { cause: 'temporarily-unavailable' } : undefined;
}

/**
 * The n8n error for a failed call. Made from plain, chosen fields: the original error of n8n's
 * HTTP helper holds the request with its headers and body, and n8n would store those.
 *
 * @param itemIndex index of the input item that the call was for, if it was for one
 */
export function callError(node: INode, failure: CallFailure, itemIndex?: number): NodeApiError {
	const facts: JsonObject = {
		message: failure.detail ?? failure.what,
		...(failure.code === undefined ? {} : { code: failure.code }),
		...(failure.documentationUrl === undefined
			? {}
			: { documentation_url: failure.documentationUrl }),
		...(failure.pointer === undefined ? {} : { source: { pointer: failure.pointer } }),
		...(failure.rayId === undefined ? {} : { ray_id: failure.rayId }),
	};
	const message = `Could not ${failure.action}: ${failure.what}`;
	const error = new NodeApiError(bareNode(node), facts, {
		message,
		description: describe(failure),
		httpCode: failure.httpCode ?? 'none',
		itemIndex,
		failure: causeOf(failure),
	});
	// NodeApiError puts a text of its own in place of a message that names a network code.
	error.message = message;
	error.context.effect = failure.effect;
	error.context.cloudflare = facts;
	return error;
}

/** What a failed call may have done; `unknown` for an error that is not one of ours. */
export function effectOf(error: unknown): Effect {
	return error instanceof NodeApiError && error.context.effect === 'none' ? 'none' : 'unknown';
}

/** An error of the user's input or settings, found before anything was sent. */
export function inputError(
	node: INode,
	message: string,
	description: string,
	itemIndex?: number,
): NodeOperationError {
	const failure: Failure = { cause: 'configuration-invalid' };
	const error = new NodeOperationError(bareNode(node), message, { description, itemIndex });
	return Object.assign(error, { failure });
}

/** True for the error of a call whose tunnel does not exist. */
export function isNotFound(error: unknown): boolean {
	if (!(error instanceof NodeApiError)) return false;
	const { code } = error.context.cloudflare as { code?: number };
	return code === TUNNEL_NOT_FOUND || (code === undefined && error.httpCode === '404');
}

/** The text of an error for a person: what happened and what to do. */
export function errorText(error: unknown): string {
	if (error instanceof NodeApiError || error instanceof NodeOperationError) {
		return [sentence(error.message), error.description ?? ''].join(' ').trim();
	}
	return error instanceof Error ? error.message : String(error);
}

/** An error of any kind as one that n8n shows well; ours are kept as they are. */
export function nodeError(
	node: INode,
	error: unknown,
	itemIndex?: number,
): NodeApiError | NodeOperationError {
	if (error instanceof NodeApiError || error instanceof NodeOperationError) return error;
	return new NodeOperationError(bareNode(node), errorText(error), { itemIndex });
}
