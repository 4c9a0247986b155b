import { record } from '../../http/json';
import type { JsonRecord } from '../../http/json';
import type { IpsecTunnel } from '../../api/types';
import type { ComparedField } from './fields';
import { COMPARED, NAMED, NOT_COMPARED, publicBgp } from './fields';
import { canonical, fingerprint, FINGERPRINT_LENGTH, UNKNOWN } from './fingerprint';

/** A tunnel's configuration as one text: a fingerprint of equal length for each field. */

const KNOWN = new Set([...NAMED, ...NOT_COMPARED, ...COMPARED.map(({ name }) => name)]);

/** The fields that no table names. */
export function otherFields(tunnel: IpsecTunnel): JsonRecord {
	return Object.fromEntries(Object.entries(tunnel).filter(([name]) => !KNOWN.has(name)));
}

/** All fields that no table names share one fingerprint, whose name says which ones are not in it. */
export const OTHERS: ComparedField = {
	name: `*${fingerprint([...KNOWN].sort().join())}`,
	read: otherFields,
};

const FIELDS: readonly ComparedField[] = [...COMPARED, OTHERS];

/** The names of the fields, in the order of their fingerprints. */
export const FIELD_NAMES: readonly string[] = FIELDS.map(({ name }) => name);

/** The fingerprints of a tunnel's fields, one after the other. */
export function fingerprintsOf(tunnel: IpsecTunnel): string {
	return FIELDS.map(({ read }) => fingerprint(canonical(read(tunnel)))).join('');
}

function part(fingerprints: string, index: number): string {
	return fingerprints.slice(index * FINGERPRINT_LENGTH, (index + 1) * FINGERPRINT_LENGTH);
}

/** The fields that differ; one that is not known in `before` counts as unchanged. */
export function changedFields(before: string, now: string): ComparedField[] {
	if (before === now) return [];
	return FIELDS.filter((_, index) => {
		const earlier = part(before, index);
		return earlier !== UNKNOWN && earlier !== part(now, index);
	});
}

/**
 * Fingerprints that were made of other fields, as they would be of those of now.
 *
 * @param names of the fields that they were made of, in their order
 */
export function rearranged(fingerprints: string, names: readonly string[]): string {
	return FIELD_NAMES.map((name) => {
		const index = names.indexOf(name);
		return index === -1 ? UNKNOWN : part(fingerprints, index);
	}).join('');
}

/**
 * A fingerprint of all that a tunnel answers, BGP key aside: while it is the same, nothing has changed,
 * and nothing else has to be looked at.
 */
export function wholeFingerprint(tunnel: IpsecTunnel): string {
	const secret = record(tunnel.bgp)?.md5_key;
	const told = secret === undefined ? tunnel : { ...tunnel, bgp: publicBgp(tunnel) };
	return fingerprint(JSON.stringify(told));
}
