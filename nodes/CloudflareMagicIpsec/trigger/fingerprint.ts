import { record } from '../../http/json';

/** Characters of a fingerprint. */
export const FINGERPRINT_LENGTH = 5;

/** In place of a fingerprint that is not known; no value has it. */
export const UNKNOWN = '.'.repeat(FINGERPRINT_LENGTH);

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** 30 bits of FNV-1a: it tells changes apart and protects nothing. */
export function fingerprint(value: string): string {
	let hash = 0x811c9dc5;
	for (let index = 0; index < value.length; index++) {
		hash = Math.imul(hash ^ value.charCodeAt(index), 0x01000193);
	}
	let shown = '';
	for (let digit = 0; digit < FINGERPRINT_LENGTH; digit++) {
		shown += ALPHABET.charAt((hash >>> (digit * 6)) & 63);
	}
	return shown;
}

/** JSON with sorted keys, without what is absent: an empty text and null say as much as nothing. */
export function canonical(value: unknown): string {
	if (value === undefined || value === null || value === '') return '';
	if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
	const object = record(value);
	if (object === undefined) return JSON.stringify(value);
	const members = Object.keys(object)
		.sort()
		.map((name) => [name, canonical(object[name])] as const)
		.filter(([, shown]) => shown !== '');
	return members.length === 0
		? ''
		: `{${members.map(([name, shown]) => `${name}:${shown}`).join()}}`;
}
