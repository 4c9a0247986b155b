import type { Refusal } from './envelope';
import { invalidRequest } from './envelope';

/**
 * A page parameter of a request, or its default.
 * GUESS: how a bad one is refused.
 * @throws Refusal
 */
export const pageParameter = (
	query: Readonly<Record<string, string>>,
	name: string,
	fallback: number,
	[least, most]: readonly [number, number],
	refuse: (message: string) => Refusal = invalidRequest,
): number => {
	const value = query[name] === undefined ? fallback : Number(query[name]);
	if (!Number.isInteger(value) || value < least || value > most) {
		throw refuse(`query parameter ${name} must be between ${least} and ${most}`);
	}
	return value;
};

/** @param count how many this page has */
export const resultInfo = (
	page: number,
	perPage: number,
	count: number,
	total: number,
): Record<string, number> => ({ page, per_page: perPage, count, total_count: total });
