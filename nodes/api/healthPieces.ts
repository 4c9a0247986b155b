import { chunk } from '../http/pool';

/** How a question for tunnels' health is cut into queries whose answers fit a page. */

/** Tunnels that one query names at most. */
const MOST_NAMES = 200;

/** A part of a question that is asked in one query. */
export interface Piece {
	names: readonly string[];
	byName: boolean;
	from: number;
	to: number;
}

/** The pieces that are asked first. */
export function firstPieces({ names, byName, from, to }: Piece): Piece[] {
	if (names.length === 0 || from >= to) return [];
	const parts = byName ? chunk(names, MOST_NAMES) : [names];
	return parts.map((some) => ({ names: some, byName, from, to }));
}

/** A piece as two or more smaller ones; undefined if it is as small as can be. */
export function smaller(piece: Piece, bucketMs: number): Piece[] | undefined {
	const { names, byName, from, to } = piece;
	if (!byName) {
		return chunk(names, MOST_NAMES).map((some) => ({ ...piece, names: some, byName: true }));
	}
	if (names.length > 1) {
		return chunk(names, Math.ceil(names.length / 2)).map((some) => ({ ...piece, names: some }));
	}
	const middle = from + Math.ceil((to - from) / bucketMs / 2) * bucketMs;
	if (middle >= to) return undefined;
	return [
		{ ...piece, to: middle },
		{ ...piece, from: middle },
	];
}

/**
 * What is left of a piece whose page is full: the bucket in which it ends may lack results, so that it
 * and all before it are asked for again. Undefined where the page is not sorted, or ends in the newest.
 */
export function restOf(
	piece: Piece,
	results: ReadonlyArray<{ at: number }>,
	bucketMs: number,
): Piece | undefined {
	const isSorted = results.every(({ at }, index) => at <= (results[index - 1]?.at ?? Infinity));
	const [newest] = results;
	const last = results[results.length - 1];
	if (!isSorted || newest === undefined || last === undefined || last.at === newest.at)
		return undefined;
	return { ...piece, to: last.at + bucketMs };
}
