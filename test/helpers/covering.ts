/** Combinations of values, few enough to run them all, many enough that no two values have never met. */

type Dimensions = Readonly<Record<string, readonly unknown[]>>;

/** One value of each dimension. */
export type Row<D extends Dimensions> = { [Name in keyof D]: D[Name][number] };

/** Values are told apart by their places. */
type Places = Record<string, number>;

const pairOf = (a: string, placeA: number, b: string, placeB: number): string =>
	a < b ? `${a} ${placeA} ${b} ${placeB}` : `${b} ${placeB} ${a} ${placeA}`;

/** Pairs that a row holds, with those of a value that it might get. */
function pairsOf(row: Places, name: string, place: number): string[] {
	return Object.entries(row).map(([other, its]) => pairOf(other, its, name, place));
}

/**
 * Fills rows that give the values of some dimensions with values of the others, so that each new value
 * meets as many values for the first time as it can. Always the same for the same arguments.
 *
 * @param rows places of the values that are given
 */
function filled(rows: readonly Places[], dimensions: Dimensions): Places[] {
	const met = new Set<string>();
	return rows.map((given, number) => {
		const row = { ...given };
		for (const [name, values] of Object.entries(dimensions)) {
			if (name in row) continue;
			let best = { place: -1, fresh: -1 };
			for (let turn = 0; turn < values.length; turn++) {
				const place = (turn + number) % values.length;
				const fresh = pairsOf(row, name, place).filter((pair) => !met.has(pair)).length;
				if (fresh > best.fresh) best = { place, fresh };
			}
			for (const pair of pairsOf(row, name, best.place)) met.add(pair);
			row[name] = best.place;
		}
		return row;
	});
}

/** The pairs of values of two dimensions that no row holds. */
function missing(rows: readonly Places[], dimensions: Dimensions): Places[] {
	const held = new Set(
		rows.flatMap((row) =>
			Object.entries(row).flatMap(([name, place]) => pairsOf(row, name, place)),
		),
	);
	const names = Object.keys(dimensions);
	return names.flatMap((a, index) =>
		names
			.slice(index + 1)
			.flatMap((b) =>
				dimensions[a]!.flatMap((_, placeA) =>
					dimensions[b]!.flatMap((__, placeB) =>
						held.has(pairOf(a, placeA, b, placeB)) ? [] : [{ [a]: placeA, [b]: placeB }],
					),
				),
			),
	);
}

/**
 * Rows in which any two values of two dimensions meet, and every combination of the given dimensions
 * occurs so many times.
 *
 * @param whole dimensions whose full product is wanted
 * @param times rows for each of its combinations
 */
export function covering<D extends Dimensions>(
	dimensions: D,
	whole: ReadonlyArray<keyof D & string>,
	times: number,
): Array<Row<D>> {
	const product = whole.reduce<Places[]>(
		(rows, name) =>
			rows.flatMap((row) => dimensions[name]!.map((_, place) => ({ ...row, [name]: place }))),
		[{}],
	);
	const first = filled(
		product.flatMap((row) => Array.from({ length: times }, () => row)),
		dimensions,
	);
	const all = [...first, ...filled(missing(first, dimensions), dimensions)];
	return all.map(
		(row) =>
			Object.fromEntries(
				Object.entries(row).map(([name, place]) => [name, dimensions[name]![place]]),
			) as Row<D>,
	);
}
