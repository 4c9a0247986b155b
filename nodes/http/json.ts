/** Readers of JSON that may have any form. */

export type JsonRecord = Record<string, unknown>;

/** An object that is neither null nor a list; undefined for anything else. */
export function record(value: unknown): JsonRecord | undefined {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
		? (value as JsonRecord)
		: undefined;
}

/** A member of an object; undefined if there is no object or no such member. */
export function field(value: unknown, name: string): unknown {
	return record(value)?.[name];
}

/** A text that is not empty; undefined for anything else. */
export function text(value: unknown): string | undefined {
	return typeof value === 'string' && value !== '' ? value : undefined;
}
