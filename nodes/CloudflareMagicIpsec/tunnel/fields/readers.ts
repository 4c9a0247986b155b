import type { Reader, Reading } from './field';

/** What is wrong with a value, or undefined. */
export type Check<T = string> = (value: T) => string | undefined;

const anything: Check = () => undefined;

function checked<T>(value: T, check: Check<T>): Reading<T> {
	const fault = check(value);
	return fault === undefined ? { value } : { fault };
}

/** A text without spaces around it, or a number, as an expression gives all digits; an empty one gives nothing. */
export function text<T extends string = string>(check: Check = anything): Reader<T> {
	return (value) => {
		if (value === undefined || value === null) return undefined;
		if (typeof value !== 'string' && typeof value !== 'number') return { fault: 'must be a text' };
		const trimmed = String(value).trim();
		return trimmed === '' ? undefined : (checked(trimmed, check) as Reading<T>);
	};
}

/** Like `text`, but an empty text is a value too: it takes away what was there. */
export function textOrEmpty(check: Check = anything): Reader<string> {
	const read = text(check);
	return (value) =>
		typeof value === 'string' && value.trim() === '' ? { value: '' } : read(value);
}

/** One of a few texts. */
export function oneOf<T extends string>(...allowed: readonly T[]): Reader<T> {
	return text<T>((value) =>
		(allowed as readonly string[]).includes(value)
			? undefined
			: `must be one of ${allowed.join(', ')}`,
	);
}

/** True or false; a text that says so is neither. */
export const flag: Reader<boolean> = (value) => {
	if (value === undefined || value === null) return undefined;
	return typeof value === 'boolean' ? { value } : { fault: 'must be true or false' };
};

/** A number, or a text that is one. */
export function number(check: Check<number>): Reader<number> {
	return (value) => {
		if (value === undefined || value === null) return undefined;
		if (typeof value === 'string' && value.trim() === '') return undefined;
		const given = typeof value === 'string' ? Number(value) : value;
		return typeof given === 'number' ? checked(given, check) : { fault: 'must be a number' };
	};
}

/** A list, or a text with commas between the entries. */
export function list(check: Check): Reader<string[]> {
	return (value) => {
		if (value === undefined || value === null) return undefined;
		if (typeof value !== 'string' && !Array.isArray(value)) return { fault: 'must be a list' };
		const parts: unknown[] = Array.isArray(value) ? value : value.split(',');
		const entries = parts.map((part) => String(part).trim()).filter((part) => part !== '');
		if (entries.length === 0) return undefined;
		const fault = entries.map(check).find((found) => found !== undefined);
		return fault === undefined ? { value: entries } : { fault };
	};
}

/** A secret, taken as it is: spaces count. */
export function secret(check: Check): Reader<string> {
	return (value) => {
		if (value === undefined) return undefined;
		return typeof value === 'string' ? checked(value, check) : { fault: 'must be a text' };
	};
}
