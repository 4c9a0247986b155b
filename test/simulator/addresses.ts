import { isIPv4, isIPv6 } from 'node:net';

export const ipv4ToNumber = (address: string): number =>
	address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

export const numberToIpv4 = (value: number): string =>
	[24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

/** The 128 bits of a valid IPv6 address. */
export const ipv6ToBigInt = (address: string): bigint => {
	// The last 32 bits may be written as an IPv4 address (RFC 4291, 2.2).
	const plain = address.replace(/\d+\.\d+\.\d+\.\d+$/, (dotted) => {
		const value = ipv4ToNumber(dotted);
		return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
	});
	const [head = '', tail] = plain.split('::');
	const words = (part: string): string[] => (part === '' ? [] : part.split(':'));
	const left = words(head);
	const right = tail === undefined ? [] : words(tail);
	const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
	return [...left, ...Array<string>(zeros).fill('0'), ...right].reduce(
		(sum, word) => sum * 65536n + BigInt(parseInt(word, 16)),
		0n,
	);
};

export const isIp = (text: string): boolean =>
	isIPv4(text) || (isIPv6(text) && !text.includes('%'));

export interface Cidr {
	address: string;
	length: number;
	version: 4 | 6;
}

export const parseCidr = (text: string): Cidr | undefined => {
	const [address = '', digits = '', ...rest] = text.split('/');
	// A length with a leading zero is refused as Go's net package does.
	if (rest.length > 0 || !isIp(address) || !/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined;
	const version = isIPv4(address) ? 4 : 6;
	const length = Number(digits);
	return length > (version === 4 ? 32 : 128) ? undefined : { address, length, version };
};

/** The host on the other side of a /31 or /30 whose given host is Cloudflare's. */
export const otherHost = (interfaceAddress: string): string => {
	const [address = '', length = '31'] = interfaceAddress.split('/');
	const host = ipv4ToNumber(address);
	// In a /30 the hosts are .1 and .2, which differ in both low bits.
	return numberToIpv4((host ^ (length === '30' ? 3 : 1)) >>> 0);
};

/** The /31 blocks that an interface address takes up, by number. */
export const occupiedSlots = (interfaceAddress: string): number[] => {
	const [address = '', length = '31'] = interfaceAddress.split('/');
	const slot = Math.floor(ipv4ToNumber(address) / 2);
	return length === '30' ? [slot - (slot % 2), slot - (slot % 2) + 1] : [slot];
};
