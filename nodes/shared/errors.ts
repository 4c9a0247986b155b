import type { Failure as PollFailure, INode, JsonObject } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { Failure } from '../api/failure';
import { CallError } from '../api/failure';
import { CONFIGURATION_CODES, CREDENTIAL_CODES, STATUS_REMEDIES } from '../api/remedies';

/** n8n's errors, made from what the layers below say; nothing else in the package makes any. */

/**
 * The node without its parameters: n8n stores an error's node with the run, and a parameter may
 * hold a key that somebody typed in.
 */
function bareNode(node: INode): INode {
	return { ...node, parameters: {} };
}

/** A text with a full stop at its end. */
export function sentence(text: string): string {
	return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function describe(failure: Failure): string {
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

/**
 * Why a call failed, as n8n's back-off for polling triggers reads it; undefined where it is to
 * decide by itself.
 */
function causeOf({ code = -1, httpCode = '', retryAfterMs = 0 }: Failure): PollFailure | undefined {
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
 */
function apiError(node: INode, failure: Failure, itemIndex?: number): NodeApiError {
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
	error.context.cloudflare = facts;
	return error;
}

/** An error of the user's input or settings, found before anything was sent. */
export function inputError(
	node: INode,
	message: string,
	description: string,
	itemIndex?: number,
): NodeOperationError {
	const failure: PollFailure = { cause: 'configuration-invalid' };
	const error = new NodeOperationError(bareNode(node), message, { description, itemIndex });
	return Object.assign(error, { failure });
}

/**
 * The error for a call that failed beside others that did not: n8n's back-off must not take it for a
 * fault of the credential, or of Cloudflare as a whole.
 */
export function asideError(node: INode, { failure }: CallError): NodeOperationError {
	const message = `Could not ${failure.action}: ${failure.what}`;
	return new NodeOperationError(bareNode(node), message, { description: describe(failure) });
}

/** The text of an error for a person: what happened and what to do. */
export function errorText(error: unknown): string {
	if (error instanceof CallError) {
		return [sentence(error.message), describe(error.failure)].join(' ').trim();
	}
	if (error instanceof NodeApiError || error instanceof NodeOperationError) {
		return [sentence(error.message), error.description ?? ''].join(' ').trim();
	}
	return error instanceof Error ? error.message : String(error);
}

/** Faults that an error tells of; with thousands of items nobody reads them all. */
const FAULTS_SHOWN = 10;

/** Characters of one fault: a text of Cloudflare's may be of any length. */
const LONGEST_FAULT = 500;

function cutOff(text: string): string {
	return text.length <= LONGEST_FAULT ? text : `${text.slice(0, LONGEST_FAULT)}…`;
}

/** Texts of faults in one of bounded length: the first few, and how many more there are. */
export function faultsShown(faults: readonly string[]): string {
	const rest = faults.length - FAULTS_SHOWN;
	const shown = faults.slice(0, FAULTS_SHOWN).map(cutOff);
	return [...shown, ...(rest > 0 ? [`And ${rest} more.`] : [])].map(sentence).join(' ');
}

/** Something that is wrong with an item, found before the first change. */
export interface ItemFault {
	subject: { itemIndex: number };
	error: unknown;
}

/** The one error that stops a run before its first change, with what is wrong with the items. */
export function stopError(
	node: INode,
	faults: readonly ItemFault[],
): NodeApiError | NodeOperationError {
	const sorted = [...faults].sort((a, b) => a.subject.itemIndex - b.subject.itemIndex);
	const first = sorted[0]!;
	const stopping = nodeError(node, first.error, first.subject.itemIndex);
	if (stopping instanceof NodeApiError) return stopping;
	const others = sorted
		.slice(1)
		.map(({ subject, error }) => `Item ${subject.itemIndex}: ${errorText(error)}`);
	stopping.description = [stopping.description ?? '', faultsShown(others), 'Nothing was changed.']
		.filter((part) => part !== '')
		.join(' ');
	return stopping;
}

/**
 * Runs what n8n calls, and makes a failed call into n8n's error.
 *
 * @throws NodeApiError or NodeOperationError
 */
export async function atEdge<T>(context: { getNode(): INode }, work: Promise<T>): Promise<T> {
	try {
		return await work;
	} catch (error) {
		throw nodeError(context.getNode(), error);
	}
}

/**
 * An error of any kind as one that n8n shows well; n8n's own are kept as they are.
 *
 * @param itemIndex index of the input item that it is about, if it is about one
 */
export function nodeError(
	node: INode,
	error: unknown,
	itemIndex?: number,
): NodeApiError | NodeOperationError {
	if (error instanceof CallError) return apiError(node, error.failure, itemIndex);
	if (error instanceof NodeApiError || error instanceof NodeOperationError) return error;
	return new NodeOperationError(bareNode(node), errorText(error), { itemIndex });
}
