/** The body of an answer that says yes, with the given result, for the fault of kind `body`. */
export function answerWith(result: unknown): string {
	return JSON.stringify({ success: true, errors: [], messages: [], result });
}
