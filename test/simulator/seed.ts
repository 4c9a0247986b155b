import { numberToIpv4 } from './addresses';
import type { Random } from './random';
import { generatePsk } from './random';
import { DAY_MS, fromMs } from './time';
import type { AgeDays, StoredTunnel, TunnelFields } from './types';

const CITIES: readonly [string, string][] = [
	['ams', 'Amsterdam'],
	['fra', 'Frankfurt'],
	['lhr', 'London'],
	['cdg', 'Paris'],
	['mad', 'Madrid'],
	['mxp', 'Milan'],
	['zrh', 'Zurich'],
	['vie', 'Vienna'],
	['prg', 'Prague'],
	['waw', 'Warsaw'],
	['arn', 'Stockholm'],
	['osl', 'Oslo'],
	['cph', 'Copenhagen'],
	['dub', 'Dublin'],
	['lis', 'Lisbon'],
	['iad', 'Ashburn'],
	['ord', 'Chicago'],
	['dfw', 'Dallas'],
	['sjc', 'San Jose'],
	['sea', 'Seattle'],
	['yyz', 'Toronto'],
	['gru', 'Sao Paulo'],
	['nrt', 'Tokyo'],
	['sin', 'Singapore'],
	['syd', 'Sydney'],
];
const KINDS: readonly [string, string][] = [
	['site', 'office'],
	['store', 'store'],
	['plant', 'plant'],
	['dc', 'data centre'],
];
const DOCUMENTATION_RANGES = ['192.0.2', '198.51.100', '203.0.113'];
const RATES = ['low', 'mid', 'high'] as const;

/** The anycast addresses that stand for those leased to the account. */
export const CLOUDFLARE_ENDPOINTS = ['162.159.64.41', '162.159.66.41'];

/** Ages that a company's keys have: some fresh, some overdue, one tunnel without any. */
const AGES: readonly (number | null)[] = [12, 95, 41, 203, 3, null, 88, 366, 60, 150];

const age = (ages: AgeDays | undefined, index: number): number | null => {
	if (typeof ages === 'function') return ages(index);
	const list = ages ?? AGES;
	return (ages ? list[index] : list[index % list.length]) ?? null;
};

const siteFields = (index: number): TunnelFields => {
	const [code, city] = CITIES[index % CITIES.length] ?? ['ams', 'Amsterdam'];
	const round = Math.floor(index / CITIES.length);
	const [kind, words] = KINDS[round % KINDS.length] ?? ['site', 'office'];
	const number = String(Math.floor(round / KINDS.length) + 1).padStart(2, '0');
	const range = DOCUMENTATION_RANGES[Math.floor(index / 254) % DOCUMENTATION_RANGES.length];
	const request = index % 2 === 0;
	return {
		name: `${kind}-${code}-${number}`,
		description: `${city} ${words} ${number}`,
		cloudflare_endpoint: CLOUDFLARE_ENDPOINTS[index % CLOUDFLARE_ENDPOINTS.length] ?? '',
		// Every eighth site has a dynamic address and identifies itself by its IKE id.
		...(index % 8 !== 7 && { customer_endpoint: `${range}.${(index % 254) + 1}` }),
		// 10.212.0.0 and on, one /31 each; Cloudflare's side is the even host or the odd one.
		interface_address: `${numberToIpv4(10 * 2 ** 24 + 212 * 2 ** 16 + index * 2 + (index % 2))}/31`,
		health_check: {
			enabled: index % 9 !== 8,
			rate: RATES[index % 3] ?? 'mid',
			type: request ? 'request' : 'reply',
			direction: index % 4 < 2 ? 'unidirectional' : 'bidirectional',
			target: '',
		},
		...(index % 5 === 3 && {
			bgp: { customer_asn: 64512 + (index % 1000), extra_prefixes: [], md5_key: 'typo-guard' },
		}),
		automatic_return_routing: false,
		replay_protection: index % 6 === 5,
		allow_null_cipher: false,
	};
};

/** Sites of a company, the same for every account but for ids and keys. */
export const seedTunnels = (
	count: number,
	random: Random,
	nowMs: number,
	ages?: AgeDays,
): StoredTunnel[] =>
	Array.from({ length: count }, (_, index) => {
		const days = age(ages, index);
		const createdMs = nowMs - ((days ?? 0) + 30 + (index % 200)) * DAY_MS;
		const instant = (ms: number): bigint =>
			fromMs(ms, Math.floor(random.next() * 999) * 1000 + 925);
		// Drawn for tunnels without a key too, so that ages change no other id.
		const [psk, id] = [generatePsk(random), random.hex(32)];
		const pskGeneratedAt = instant(nowMs - (days ?? 0) * DAY_MS);
		return {
			id,
			fields: siteFields(index),
			createdAt: instant(createdMs),
			modifiedAt: instant(createdMs + DAY_MS),
			bgpUp: index % 10 === 3,
			...(days !== null && { psk, pskGeneratedAt }),
		};
	});
