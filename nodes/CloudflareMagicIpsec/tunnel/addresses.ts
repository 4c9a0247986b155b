/**
 * Checks of addresses, prefixes and names, as Cloudflare documents them
 * (https://developers.cloudflare.com/cloudflare-wan/configuration/how-to/configure-tunnel-endpoints/).
 */

const OCTET = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = new RegExp(`^${OCTET}(\\.${OCTET}){3}$`);

export function isIpv4(address: string): boolean {
	return IPV4.test(address);
}

export function isIpv6(address: string): boolean {
	return /^[0-9a-fA-F:.]+$/.test(address) && URL.canParse(`http://[${address}]/`);
}

export function isAddress(address: string): boolean {
	return isIpv4(address) || isIpv6(address);
}

/** True for a prefix such as 10.0.0.0/8 or 2001:db8::/32. */
export function isPrefix(prefix: string): boolean {
	const [address = '', length = '', ...rest] = prefix.split('/');
	if (rest.length > 0 || !/^\d{1,3}$/.test(length)) return false;
	return isIpv4(address) ? Number(length) <= 32 : isIpv6(address) && Number(length) <= 128;
}

function ipv4Number(address: string): number {
	return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** The ranges that an interface address may come from. */
const INTERFACE_RANGES: ReadonlyArray<readonly [first: string, length: number]> = [
	['10.0.0.0', 8],
	['172.16.0.0', 12],
	['192.168.0.0', 16],
	['169.254.240.0', 20],
];

/** What is wrong with an interface address (the IPv4 address of Cloudflare's side, /31 or /30). */
export function interfaceAddressFault(value: string): string | undefined {
	const [address = '', length, ...rest] = value.split('/');
	if (!isIpv4(address) || rest.length > 0 || (length !== '31' && length !== '30')) {
		return 'must be an IPv4 address with /31 or /30, for example 10.0.0.0/31';
	}
	const number = ipv4Number(address);
	const allowed = INTERFACE_RANGES.some(([first, bits]) => {
		const size = 2 ** (32 - bits);
		return Math.floor(number / size) === Math.floor(ipv4Number(first) / size);
	});
	return allowed
		? undefined
		: 'must be in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 169.254.240.0/20';
}

/** What is wrong with an IPv6 interface address (Cloudflare's side, /127). */
export function interfaceAddress6Fault(value: string): string | undefined {
	const [address = '', length] = value.split('/');
	return isIpv6(address) && length === '127' && isPrefix(value)
		? undefined
		: 'must be an IPv6 address with /127, for example 2606:54c1:7:0:a9fe:12d2:1:200/127';
}

/** What is wrong with a custom IKE identity. */
export function fqdnFault(value: string): string | undefined {
	return /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.[0-9A-Za-z]{1,32}\.custom\.ipsec\.cloudflare\.com$/.test(
		value,
	)
		? undefined
		: 'must have the form label.accountID.custom.ipsec.cloudflare.com';
}

/** What is wrong with a BGP MD5 key; the text never holds it. */
export function md5KeyFault(value: string): string | undefined {
	return /^[\x20\x21\x23-\x3e\x40-\x7e]+$/.test(value)
		? undefined
		: 'may hold printable ASCII characters only, and neither " nor ?';
}

/** What is wrong with an autonomous system number. */
export function asnFault(value: number): string | undefined {
	return Number.isInteger(value) && value >= 0 && value <= 4_294_967_295
		? undefined
		: 'must be a whole number from 0 to 4294967295';
}
