import { randomBytes } from 'node:crypto';

export interface Random {
	/** 0 <= x < 1 */
	next(): number;
	bytes(count: number): Buffer;
	hex(digits: number): string;
}

const fromBytes = (bytes: (count: number) => Buffer): Random => ({
	next: () => bytes(4).readUInt32LE(0) / 2 ** 32,
	bytes,
	hex: (digits) =>
		bytes(Math.ceil(digits / 2))
			.toString('hex')
			.slice(0, digits),
});

/** Mulberry32: small, repeatable, and not for secrets outside a test. */
const seededBytes = (seed: number): ((count: number) => Buffer) => {
	let state = seed >>> 0;
	const nextWord = (): number => {
		state = (state + 0x6d2b79f5) >>> 0;
		let word = Math.imul(state ^ (state >>> 15), state | 1);
		word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
		return (word ^ (word >>> 14)) >>> 0;
	};
	return (count) => {
		const bytes = Buffer.alloc(Math.ceil(count / 4) * 4);
		for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(nextWord(), at);
		return bytes.subarray(0, count);
	};
};

/** @param seed repeatable when given, else the cryptographic source */
export const createRandom = (seed?: number): Random =>
	fromBytes(seed === undefined ? randomBytes : seededBytes(seed));

/** A version 4 UUID (RFC 9562), from a source that may be repeatable. */
export const uuid = (random: Random): string => {
	const digits = random.hex(32);
	const variant = '89ab'.charAt(parseInt(digits.charAt(16), 16) % 4);
	const given = `${digits.slice(0, 12)}4${digits.slice(13, 16)}${variant}${digits.slice(17)}`;
	return given.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

/**
 * A key as Cloudflare generates it: masked real ones in the Cisco IOS XE guide have 43 characters
 * with `-` among them.
 * GUESS: that is unpadded base64url of 32 bytes.
 */
export const generatePsk = (random: Random): string => random.bytes(32).toString('base64url');
