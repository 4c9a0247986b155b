import type { FaultSpec, Operation } from '../simulator';

/** The body of an answer that says yes, with the given result, for the fault of kind `body`. */
export function answerWith(result: unknown): string {
	return JSON.stringify({ success: true, errors: [], messages: [], result });
}

type Match = Partial<Pick<FaultSpec, 'skip' | 'times'>>;

/** The fault of an endpoint that answers yes with a result of the test's. */
export function answerFault(operation: Operation, result: unknown, match: Match = {}): FaultSpec {
	return { kind: 'body', operation, status: 200, body: answerWith(result), ...match };
}

interface Refusal extends Match {
	message?: string;
	headers?: Record<string, string>;
}

/** The fault of an endpoint that answers with an HTTP status and one of Cloudflare's codes. */
export function statusFault(
	operation: Operation,
	status: number,
	code: number,
	more: Refusal = {},
): FaultSpec {
	return { kind: 'status', operation, status, code, ...more };
}
