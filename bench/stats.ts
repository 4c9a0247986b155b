/** The middle of the numbers; the mean of the middle two if there is an even number of them. */
export function median(numbers: readonly number[]): number {
	const sorted = [...numbers].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	return sorted.length % 2 === 1
		? sorted[Math.floor(middle)]!
		: (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Three significant digits, as far as a benchmark's figures mean anything. */
export function rounded(number: number): number {
	return Number(number.toPrecision(3));
}
