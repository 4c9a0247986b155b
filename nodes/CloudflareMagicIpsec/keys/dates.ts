/**
 * True if two dates are the same instant to a microsecond: psk_generate answers nanoseconds, every
 * later read the same instant rounded to microseconds.
 */
export function sameInstant(a: string | undefined, b: string | undefined): boolean {
	if (a === undefined || b === undefined) return false;
	const [left, right] = [nanoseconds(a), nanoseconds(b)];
	if (left === undefined || right === undefined) return false;
	const distance = left > right ? left - right : right - left;
	return distance <= 1_000n;
}

/** True if a date is later than another one, by more than the rounding of the same instant; any is later than none. */
export function isLater(date: string | undefined, than: string | undefined): boolean {
	const [own, other] = [nanoseconds(date ?? ''), nanoseconds(than ?? '')];
	if (own === undefined) return false;
	return other === undefined || own - other > 1_000n;
}

/** Nanoseconds since 1970 of an RFC 3339 date; undefined if it is none. */
function nanoseconds(date: string): bigint | undefined {
	const seconds = Date.parse(date.replace(/\.\d+/, ''));
	if (Number.isNaN(seconds)) return undefined;
	const fraction = /\.(\d+)/.exec(date)?.[1] ?? '';
	return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}
