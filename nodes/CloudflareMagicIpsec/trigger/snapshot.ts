import type { JsonRecord } from '../../http/json';
import { field, record, text } from '../../http/json';
import { lastGeneratedOn } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';

/**
 * What a polling trigger remembers of the tunnels that it saw: the few fields that are told as old
 * values, and a short fingerprint of each of the others. It holds no key, and none can be found
 * from a fingerprint: a BGP key is left out of it.
 */
export interface TunnelSnapshot {
	/** A long one is shortened, with a fingerprint of the whole at its end. */
	name: string;
	cloudflareEndpoint: string;
	customerEndpoint: string;
	/** Cloudflare's BGP state; empty without BGP. */
	bgpState: string;
	/** When the PSK was made, RFC 3339; empty while there is none. */
	lastGeneratedOn: string;
	/** One of equal length for each of `CONFIGURATION`, one after the other. */
	fingerprints: string;
	/** When it was told that this key is due, in seconds since 1970; 0 if it was not. */
	dueToldAt: number;
}

/** Fields whose old values are kept, by Cloudflare's names. */
export const NAMED: ReadonlyArray<readonly [string, keyof TunnelSnapshot]> = [
	['name', 'name'],
	['cloudflare_endpoint', 'cloudflareEndpoint'],
	['customer_endpoint', 'customerEndpoint'],
];

const asIs = (name: string) => (tunnel: IpsecTunnel) => tunnel[name];

/** Answers may leave these out where they are false. */
const flag = (name: string) => (tunnel: IpsecTunnel) => tunnel[name] === true;

/** The field without what is a secret. */
export function publicBgp(tunnel: IpsecTunnel): unknown {
	const bgp = record(tunnel.bgp);
	return bgp === undefined ? tunnel.bgp : without(bgp, ['md5_key']);
}

/** The health check as it was saved: the effective target is worked out by Cloudflare. */
function savedHealthCheck(tunnel: IpsecTunnel): unknown {
	const check = record(tunnel.health_check);
	const saved = field(check?.target, 'saved');
	return saved === undefined ? tunnel.health_check : { ...check, target: saved };
}

const SHOWN_ELSEWHERE = [
	...NAMED.map(([name]) => name),
	'id',
	'psk',
	'psk_metadata',
	'bgp_status',
	'created_on',
	'modified_on',
];

const FINGERPRINTED: ReadonlyArray<readonly [string, (tunnel: IpsecTunnel) => unknown]> = [
	['description', asIs('description')],
	['interface_address', asIs('interface_address')],
	['interface_address6', asIs('interface_address6')],
	['health_check', savedHealthCheck],
	['bgp', publicBgp],
	['custom_remote_identities', asIs('custom_remote_identities')],
	['remote_identities', asIs('remote_identities')],
	['automatic_return_routing', flag('automatic_return_routing')],
	['replay_protection', flag('replay_protection')],
	['allow_null_cipher', flag('allow_null_cipher')],
];

const KNOWN = new Set([...SHOWN_ELSEWHERE, ...FINGERPRINTED.map(([name]) => name)]);

/** Fields that Cloudflare does not document; they share one fingerprint. */
export function undocumented(tunnel: IpsecTunnel): JsonRecord {
	return Object.fromEntries(Object.entries(tunnel).filter(([name]) => !KNOWN.has(name)));
}

/** The configuration that is compared by fingerprints; the last entry stands for all undocumented fields. */
export const CONFIGURATION: ReadonlyArray<
	readonly [string | undefined, (tunnel: IpsecTunnel) => unknown]
> = [...FINGERPRINTED, [undefined, undocumented]];

export const FINGERPRINT_LENGTH = 5;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** 30 bits of FNV-1a: it tells changes apart and protects nothing. */
function fingerprint(value: string): string {
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
function canonical(value: unknown): string {
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

function without(object: JsonRecord, names: readonly string[]): JsonRecord {
	return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** Bytes that one text may take in the static data. */
const LONGEST_TEXT = 58;

function shortened(value: string): string {
	if (encodeURIComponent(value).length <= LONGEST_TEXT) return value;
	const kept = [...value].slice(0, LONGEST_TEXT);
	const end = `~${fingerprint(value)}`;
	while (encodeURIComponent(kept.join('') + end).length > LONGEST_TEXT) kept.pop();
	return kept.join('') + end;
}

/** Half of a character, which can't be encoded. */
const LONE_SURROGATE = /[\ud800-\udfff]/gu;

const remembered = (value: unknown): string =>
	shortened((text(value) ?? '').replace(LONE_SURROGATE, '\ufffd'));

/** What is to be remembered of a tunnel; `dueToldAt` in seconds since 1970. */
export function snapshotOf(tunnel: IpsecTunnel, dueToldAt: number): TunnelSnapshot {
	return {
		name: remembered(tunnel.name),
		cloudflareEndpoint: remembered(tunnel.cloudflare_endpoint),
		customerEndpoint: remembered(tunnel.customer_endpoint),
		bgpState: remembered(field(tunnel.bgp_status, 'state')),
		lastGeneratedOn: remembered(lastGeneratedOn(tunnel)),
		fingerprints: CONFIGURATION.map(([, read]) => fingerprint(canonical(read(tunnel)))).join(''),
		dueToldAt,
	};
}

const ID_LENGTH = 32;

/**
 * A fingerprint of all that a tunnel answers, BGP key aside: while it is the same, nothing has changed,
 * and nothing else has to be looked at.
 */
export function wholeFingerprint(tunnel: IpsecTunnel): string {
	const bgp = record(tunnel.bgp);
	const told = bgp?.md5_key === undefined ? tunnel : { ...tunnel, bgp: publicBgp(tunnel) };
	return fingerprint(JSON.stringify(told));
}

/** A tunnel as it is stored, one line of text, which is read only where it is needed. */
export class Remembered {
	constructor(readonly line: string) {}

	/** @param whole of `wholeFingerprint` */
	static of(id: string, whole: string, tunnel: TunnelSnapshot): Remembered {
		const texts = [
			tunnel.name,
			tunnel.cloudflareEndpoint,
			tunnel.customerEndpoint,
			tunnel.bgpState,
			tunnel.lastGeneratedOn,
		].map((value) => encodeURIComponent(value).replaceAll('%3A', ':'));
		return new Remembered([id, whole, ...texts, tunnel.fingerprints, tunnel.dueToldAt].join(' '));
	}

	get id(): string {
		return this.line.slice(0, ID_LENGTH);
	}

	get whole(): string {
		return this.line.slice(ID_LENGTH + 1, ID_LENGTH + 1 + FINGERPRINT_LENGTH);
	}

	/** In seconds since 1970. */
	get dueToldAt(): number {
		return Number(this.line.slice(this.line.lastIndexOf(' ') + 1));
	}

	get tunnel(): TunnelSnapshot {
		const [, , ...parts] = this.line.split(' ');
		const [name, cloudflareEndpoint, customerEndpoint, bgpState, generatedOn] = parts
			.slice(0, 5)
			.map(decodeURIComponent) as [string, string, string, string, string];
		return {
			name,
			cloudflareEndpoint,
			customerEndpoint,
			bgpState,
			lastGeneratedOn: generatedOn,
			fingerprints: parts[5]!,
			dueToldAt: this.dueToldAt,
		};
	}
}

/** By the tunnel's id. */
export type Snapshot = Map<string, Remembered>;

/**
 * A snapshot as one text: n8n watches every object in its static data, which takes longer than the
 * whole poll when there are thousands. At most 300 bytes a tunnel, and no character that JSON escapes;
 * a fingerprint of all the rest comes first.
 */
export function encode(snapshot: Snapshot): string {
	const lines = [...snapshot.values()].map(({ line }) => line).join(';');
	return `${fingerprint(lines)};${lines}`;
}

/** The snapshot in a text; undefined if it is none that `encode` made, whole and unchanged. */
export function decode(stored: unknown): Snapshot | undefined {
	if (typeof stored !== 'string') return undefined;
	const lines = stored.slice(FINGERPRINT_LENGTH + 1);
	if (stored !== `${fingerprint(lines)};${lines}`) return undefined;
	const remembered = lines === '' ? [] : lines.split(';').map((line) => new Remembered(line));
	return new Map(remembered.map((one) => [one.id, one]));
}
