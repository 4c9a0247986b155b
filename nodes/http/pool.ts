/**
 * Runs a function over all entries, at most `limit` at a time, and keeps their order. Every entry is
 * worked on: the function must not reject.
 */
export async function mapLimit<In, Out>(
	entries: readonly In[],
	limit: number,
	work: (entry: In) => Promise<Out>,
): Promise<Out[]> {
	const results = new Array<Out>(entries.length);
	const pending = entries.entries();
	const worker = async () => {
		for (const [index, entry] of pending) results[index] = await work(entry);
	};
	await Promise.all(Array.from({ length: Math.min(limit, entries.length) }, worker));
	return results;
}

/** Splits a list into parts of at most `size` entries. */
export function chunk<T>(entries: readonly T[], size: number): T[][] {
	return Array.from({ length: Math.ceil(entries.length / size) }, (_, part) =>
		entries.slice(part * size, (part + 1) * size),
	);
}
