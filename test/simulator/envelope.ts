/** The envelope around every answer: https://developers.cloudflare.com/fundamentals/api/ */

export interface ApiErrorBody {
	code: number;
	message: string;
	documentation_url?: string;
	source?: { pointer: string };
	error_chain?: { code: number; message: string }[];
}

export interface Envelope {
	result: unknown;
	success: boolean;
	errors: ApiErrorBody[];
	messages: { code: number; message: string; type: null }[];
	result_info?: Record<string, number>;
}

export interface Answer {
	status: number;
	headers?: Record<string, string>;
	body: Envelope;
}

/** What goes over the wire: an answer, or what a fault made of it. A body that is a text is sent as it is. */
export interface Sent {
	status: number;
	headers?: Record<string, string>;
	body: unknown;
}

export const isSuccess = (body: unknown): body is Envelope =>
	typeof body === 'object' && body !== null && (body as Partial<Envelope>).success === true;

/** What became of a request. */
export interface Outcome {
	answer: Sent;
	/** Whether the account was changed. */
	applied: boolean;
}

export const success = (result: unknown, messages: Envelope['messages'] = []): Answer => ({
	status: 200,
	body: { result, success: true, errors: [], messages },
});

export const failure = (
	status: number,
	errors: ApiErrorBody[],
	headers?: Record<string, string>,
): Answer => ({
	status,
	...(headers && { headers }),
	body: { result: null, success: false, errors, messages: [] },
});

/** A refusal: thrown where it is found, answered where the request is handled. */
export class Refusal extends Error {
	constructor(
		readonly status: number,
		readonly error: ApiErrorBody,
	) {
		super(error.message);
	}

	toAnswer(): Answer {
		return failure(this.status, [this.error]);
	}
}

// GUESS: which errors carry a documentation_url, and that it is this page.
const DOCUMENTATION_URL =
	'https://developers.cloudflare.com/api/resources/magic_transit/subresources/ipsec_tunnels/';

/**
 * 1022 with 400: observed for bodies that cannot be parsed, for null and for a wrong shape
 * (terraform-provider-cloudflare #5520 and #6902).
 * GUESS: the same code, status and a text of that style serve every other broken rule.
 */
export const invalidRequest = (message: string, pointer?: string): Refusal =>
	new Refusal(400, {
		code: 1022,
		message: `Invalid Request: ${message}`,
		documentation_url: DOCUMENTATION_URL,
		...(pointer !== undefined && { source: { pointer } }),
	});

/**
 * Code and text as Terraform's provider matches them.
 * GUESS: the status is 404 (the provider drops a resource on 404).
 */
export const tunnelNotFound = (): Refusal =>
	new Refusal(404, { code: 1032, message: 'IPsec tunnel not found' });

/** Text and code observed for malformed account ids. */
export const couldNotRoute = (path: string): Refusal =>
	new Refusal(404, {
		code: 7003,
		message: `Could not route to ${path}, perhaps your object identifier is invalid?`,
	});
