import { record } from '../http/json';
import { SecretFinder } from '../http/secrets';

/** What must not leave the node: members of JSON by their names, and texts that hold a secret. */

/**
 * JSON without the members that are to go, at any depth. Where there are none it is the same object,
 * so that nothing is copied in vain.
 *
 * @param isOut true for a member that is to go; entries of lists have no name
 */
export function pruned<T>(value: T, isOut: (member: unknown, name?: string) => boolean): T {
	if (Array.isArray(value)) {
		const kept = value
			.filter((entry) => !isOut(entry))
			.map((entry: unknown) => pruned(entry, isOut));
		const isSame =
			kept.length === value.length && kept.every((entry, index) => entry === value[index]);
		return isSame ? value : (kept as T);
	}
	const object = record(value);
	if (object === undefined) return value;
	let copy = object;
	for (const [name, member] of Object.entries(object)) {
		const isGone = isOut(member, name);
		const now = isGone ? undefined : pruned(member, isOut);
		if (now === member) continue;
		if (copy === object) copy = { ...object };
		if (isGone) delete copy[name];
		else copy[name] = now;
	}
	return copy as T;
}

/** Members of an answer that no output holds, wherever they stand; in lower case. */
const SECRET_MEMBERS = ['psk', 'md5_key'];

/**
 * An answer of Cloudflare's without its secrets.
 *
 * @param names of those that are to go, in lower case
 */
export function withoutSecrets<T>(answer: T, names: readonly string[] = SECRET_MEMBERS): T {
	return pruned(answer, (_, name) => name !== undefined && names.includes(name.toLowerCase()));
}

/** All texts and numbers in a value, however deep: each of them may be a secret. */
export function textsIn(value: unknown): string[] {
	if (typeof value === 'string') return value === '' ? [] : [value];
	if (typeof value === 'number' || typeof value === 'bigint') return [String(value)];
	if (Array.isArray(value)) return value.flatMap(textsIn);
	return Object.values(record(value) ?? {}).flatMap(textsIn);
}

/** Tells whether a single value may hold one of the secrets, in any form. */
export function holderOf(secrets: readonly string[]): (value: unknown) => boolean {
	if (secrets.length === 0) return () => false;
	const finder = new SecretFinder(secrets);
	return (value) =>
		typeof value === 'string' ? finder.isIn(value) : secrets.includes(String(value));
}

/**
 * True if a value may hold a secret, at any depth.
 *
 * @param names in lower case, of members that are secrets whatever they hold
 * @param secrets what else may not be there
 */
export function mayHold(
	value: unknown,
	names: readonly string[],
	secrets: readonly string[],
): boolean {
	const holds = holderOf(secrets);
	const isOut = (member: unknown, name?: string) =>
		(name !== undefined && names.includes(name.toLowerCase())) || holds(member);
	return pruned(value, isOut) !== value;
}
