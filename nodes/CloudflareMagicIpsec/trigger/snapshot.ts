import { field, text } from '../../http/json';
import { lastGeneratedOn, neverHadPsk } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import type { Health } from '../health/verdict';
import { fingerprintsOf } from './configuration';
import { fingerprint, FINGERPRINT_LENGTH } from './fingerprint';

/**
 * What a polling trigger remembers of a tunnel that it saw: the few fields that are told as old
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
	/** When the PSK was made, RFC 3339; empty while there is none, `UNTOLD` if Cloudflare has never told. */
	lastGeneratedOn: string;
	/** Of `fingerprintsOf`. */
	fingerprints: string;
	/** When it was told that this key is due, in seconds since 1970; 0 if it was not. */
	dueToldAt: number;
	health: Health;
}

/** What stands for a health in a line. */
const HEALTH_MARKS: Readonly<Record<Health, string>> = {
	healthy: 'h',
	degraded: 'g',
	down: 'd',
	unknown: '-',
};

const HEALTHS: Readonly<Record<string, Health | undefined>> = {
	h: 'healthy',
	g: 'degraded',
	d: 'down',
};

/** The end of a line of which no health is known. */
export const NO_HEALTH = ` ${HEALTH_MARKS.unknown}`;

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

/** In place of a key's date that is not known; no text of Cloudflare's that is a date has it. */
export const UNTOLD = '?';

/** When a tunnel's key was made, as a snapshot holds it: what is not told now stays what it was. */
export function keyDateOf(tunnel: IpsecTunnel, earlier: TunnelSnapshot | undefined): string {
	const date = lastGeneratedOn(tunnel);
	if (date !== undefined) return remembered(date);
	return neverHadPsk(tunnel) ? '' : (earlier?.lastGeneratedOn ?? UNTOLD);
}

/**
 * What is to be remembered of a tunnel.
 *
 * @param dueToldAt in seconds since 1970
 * @param earlier what was remembered of it before
 */
export function snapshotOf(
	tunnel: IpsecTunnel,
	dueToldAt: number,
	health: Health = 'unknown',
	earlier?: TunnelSnapshot,
): TunnelSnapshot {
	return {
		name: remembered(tunnel.name),
		cloudflareEndpoint: remembered(tunnel.cloudflare_endpoint),
		customerEndpoint: remembered(tunnel.customer_endpoint),
		bgpState: remembered(field(tunnel.bgp_status, 'state')),
		lastGeneratedOn: keyDateOf(tunnel, earlier),
		fingerprints: fingerprintsOf(tunnel),
		dueToldAt,
		health,
	};
}

const ID_LENGTH = 32;

/**
 * A tunnel as it is stored, one line of text, which is read only where it is needed: `ID WHOLE NAME
 * CLOUDFLARE_ENDPOINT CUSTOMER_ENDPOINT BGP_STATE LAST_GENERATED_ON FINGERPRINTS DUE_TOLD_AT HEALTH`.
 */
export class Remembered {
	constructor(readonly line: string) {}

	/** @param whole of `wholeFingerprint`, or `UNKNOWN` */
	static of(id: string, whole: string, tunnel: TunnelSnapshot): Remembered {
		const texts = [
			tunnel.name,
			tunnel.cloudflareEndpoint,
			tunnel.customerEndpoint,
			tunnel.bgpState,
			tunnel.lastGeneratedOn,
		].map((value) => encodeURIComponent(value).replaceAll('%3A', ':'));
		const { fingerprints, dueToldAt, health } = tunnel;
		const mark = HEALTH_MARKS[health];
		return new Remembered([id, whole, ...texts, fingerprints, dueToldAt, mark].join(' '));
	}

	get id(): string {
		return this.line.slice(0, ID_LENGTH);
	}

	get whole(): string {
		return this.line.slice(ID_LENGTH + 1, ID_LENGTH + 1 + FINGERPRINT_LENGTH);
	}

	/** In seconds since 1970. */
	get dueToldAt(): number {
		const end = this.line.length - NO_HEALTH.length;
		return Number(this.line.slice(this.line.lastIndexOf(' ', end - 1) + 1, end));
	}

	get health(): Health {
		return HEALTHS[this.line.slice(-1)] ?? 'unknown';
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
			health: this.health,
		};
	}
}

/** By the tunnel's id. What was asked for in vain stands last, see `compare`. */
export type Snapshot = ReadonlyMap<string, Remembered>;
