/** Finds secrets in anything that n8n keeps or shows. */

/** The forms in which a secret may hide in a text. */
function formsOf(secret: string): string[] {
	// Base64 of a longer text shows a part of it in one of three forms, by its position.
	const base64 = ['', 'x', 'xx'].map((before) => {
		const whole = Buffer.from(`${before}${secret}`).toString('base64');
		const first = before.length === 0 ? 0 : before.length + 1;
		return whole.slice(first, whole.length - 4);
	});
	return [
		secret,
		encodeURIComponent(secret),
		JSON.stringify(secret).slice(1, -1),
		Buffer.from(secret).toString('hex'),
		...base64,
		...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
	].filter((form) => form.length >= 5);
}

/** All texts in a value: members of every kind, hidden ones of errors, keys of objects and maps. */
export function textsIn(value: unknown, seen = new Set<unknown>()): string[] {
	if (typeof value === 'string') return [value];
	if (typeof value !== 'object' || value === null || seen.has(value)) return [];
	seen.add(value);
	if (value instanceof Uint8Array) return [Buffer.from(value).toString('latin1')];
	if (value instanceof Map || value instanceof Set) return textsIn([...value], seen);
	return Reflect.ownKeys(value).flatMap((key) => [
		String(key),
		...textsIn(Reflect.get(value, key), seen),
	]);
}

/** The secrets that are found in a value, in any form. */
export function leaksIn(value: unknown, secrets: readonly string[]): string[] {
	const all = textsIn(value).join('\n');
	return secrets.filter((secret) => formsOf(secret).some((form) => all.includes(form)));
}

/**
 * Pieces of secrets, in the forms they are given in, that are found in a value: any so many characters
 * in a row.
 */
export function piecesIn(value: unknown, secrets: readonly string[], length: number): string[] {
	const all = textsIn(value).join('\n');
	const pieces = secrets.flatMap((secret) =>
		Array.from({ length: Math.max(0, secret.length - length + 1) }, (_, start) =>
			secret.slice(start, start + length),
		),
	);
	return [...new Set(pieces)].filter((piece) => all.includes(piece));
}
