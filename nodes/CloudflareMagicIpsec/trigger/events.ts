import type { IDataObject } from 'n8n-workflow';
import { lastGeneratedOn } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import { DAY_MS, pskAge } from '../../shared/items';
import type { Snapshot, TunnelSnapshot } from './snapshot';
import {
	CONFIGURATION,
	FINGERPRINT_LENGTH,
	NAMED,
	publicBgp,
	Remembered,
	snapshotOf,
	undocumented,
	wholeFingerprint,
} from './snapshot';

export const EVENTS = [
	'bgpStateChanged',
	'pskChanged',
	'pskRotationDue',
	'tunnelCreated',
	'tunnelDeleted',
	'tunnelUpdated',
] as const;

export type TunnelEvent = (typeof EVENTS)[number];

/** What the user wants to hear of. */
export interface Wish {
	events: ReadonlySet<TunnelEvent>;
	/** True for a tunnel that passes the filters. */
	includes(tunnel: { id: string; name: string }): boolean;
	/** Milliseconds after which a key is due. */
	dueAfterMs: number;
	/** Milliseconds after which a key that is still due is told of again; 0 for never. */
	remindAfterMs: number;
}

/** One event, before the fields that are the same for all of a poll. */
export interface Found {
	event: TunnelEvent;
	tunnel: IDataObject & { id: string; name: string };
	/** By Cloudflare's field names, each with `new` and, where it is remembered, `old`. */
	changes: IDataObject;
}

/** The tunnel as it is shown: as Cloudflare answers it, without the BGP key. */
export function shown(tunnel: IpsecTunnel): Found['tunnel'] {
	const bgp = tunnel.bgp === undefined ? {} : { bgp: publicBgp(tunnel) };
	return { ...tunnel, ...bgp } as Found['tunnel'];
}

/** What is known of a tunnel that is gone. */
function lastKnown(id: string, snapshot: TunnelSnapshot): Found['tunnel'] {
	return {
		id,
		name: snapshot.name,
		cloudflare_endpoint: snapshot.cloudflareEndpoint,
		customer_endpoint: snapshot.customerEndpoint || null,
		psk_metadata:
			snapshot.lastGeneratedOn === '' ? {} : { last_generated_on: snapshot.lastGeneratedOn },
	};
}

function moved(before: string, now: string): IDataObject | undefined {
	return before === now ? undefined : { old: before || null, new: now || null };
}

/** The changed fields of the configuration. */
function configurationChanges(
	before: TunnelSnapshot,
	now: TunnelSnapshot,
	tunnel: IpsecTunnel,
): IDataObject {
	const changes: IDataObject = {};
	for (const [name, key] of NAMED) {
		if (before[key] !== now[key]) {
			changes[name] = { old: before[key] || null, new: (tunnel[name] as string) ?? null };
		}
	}
	if (before.fingerprints === now.fingerprints) return changes;
	const current = shown(tunnel);
	CONFIGURATION.forEach(([name], index) => {
		const of = ({ fingerprints }: TunnelSnapshot) =>
			fingerprints.slice(index * FINGERPRINT_LENGTH, (index + 1) * FINGERPRINT_LENGTH);
		if (of(before) === of(now)) return;
		if (name !== undefined) changes[name] = { new: current[name] ?? null };
		else {
			for (const [other, value] of Object.entries(undocumented(tunnel))) {
				changes[other] = { new: value as IDataObject };
			}
		}
	});
	return changes;
}

function isEmpty(changes: IDataObject): boolean {
	return Object.keys(changes).length === 0;
}

/** The changes of a tunnel that is still there, one entry for each kind of event. */
function changesOf(
	before: TunnelSnapshot,
	now: TunnelSnapshot,
	tunnel: IpsecTunnel,
): Array<[TunnelEvent, IDataObject]> {
	const configuration = configurationChanges(before, now, tunnel);
	const bgp = moved(before.bgpState, now.bgpState);
	const psk = moved(before.lastGeneratedOn, now.lastGeneratedOn);
	const state: IDataObject = {
		...(bgp === undefined ? {} : { bgp_state: bgp }),
		...(psk === undefined ? {} : { last_generated_on: psk }),
	};
	const found: Array<[TunnelEvent, IDataObject]> = [];
	if (!isEmpty(configuration)) found.push(['tunnelUpdated', { ...configuration, ...state }]);
	if (psk !== undefined) found.push(['pskChanged', { last_generated_on: psk }]);
	if (bgp !== undefined) found.push(['bgpStateChanged', { bgp_state: bgp }]);
	return found;
}

/** True for a key that is older than wished, or was never made. */
export function isDue(tunnel: IpsecTunnel, { dueAfterMs }: Wish, now: number): boolean {
	const age = pskAge(tunnel, now);
	return age === undefined || age > dueAfterMs;
}

/** When a tunnel's due key was last told of, 0 for never; a new key starts anew. */
function toldBefore(before: TunnelSnapshot | undefined, tunnel: IpsecTunnel): number {
	const same = before?.lastGeneratedOn === (lastGeneratedOn(tunnel) ?? '');
	return same ? before.dueToldAt : 0;
}

/** True for a key that is due and to be told of now. */
function isDueNow(tunnel: IpsecTunnel, toldAt: number, wish: Wish, now: number): boolean {
	return (
		wish.events.has('pskRotationDue') && isDue(tunnel, wish, now) && isToBeTold(toldAt, wish, now)
	);
}

function isToBeTold(toldAt: number, { remindAfterMs }: Wish, now: number): boolean {
	if (toldAt === 0) return true;
	return remindAfterMs > 0 && now - toldAt * 1000 >= remindAfterMs;
}

/**
 * Compares the tunnels of now with those of the poll before. Reads and writes nothing else, so that
 * the caller can take what is stored, compare and store in one go.
 *
 * @param before the last snapshot; `none` for the first poll, which is silent but for keys that are
 * due, and `lost` for one that can't be read, after which nothing at all is told
 * @param gone tunnels that are known to be deleted; others that are missing stay as they were
 * @param now milliseconds since 1970
 */
export function compare(
	before: Snapshot | 'none' | 'lost',
	tunnels: readonly IpsecTunnel[],
	gone: ReadonlySet<string>,
	now: number,
	wish: Wish,
): { found: Found[]; after: Snapshot } {
	const known = typeof before === 'string' ? undefined : before;
	const found: Found[] = [];
	const after: Snapshot = new Map();
	const tell = (event: TunnelEvent, tunnel: Found['tunnel'], changes: IDataObject = {}) => {
		if (wish.events.has(event)) found.push({ event, tunnel, changes });
	};
	for (const tunnel of tunnels) {
		const { id } = tunnel;
		const remembered = known?.get(id);
		const whole = wholeFingerprint(tunnel);
		const same = remembered?.whole === whole ? remembered : undefined;
		if (same !== undefined && !isDueNow(tunnel, same.dueToldAt, wish, now)) {
			after.set(id, same);
			continue;
		}
		const earlier = remembered?.tunnel;
		const included = wish.includes(tunnel) || (earlier && wish.includes({ ...earlier, id }));
		const toldAt = toldBefore(earlier, tunnel);
		const due = included === true && isDueNow(tunnel, toldAt, wish, now);
		const current = snapshotOf(tunnel, due ? Math.max(1, Math.floor(now / 1000)) : toldAt);
		after.set(id, Remembered.of(id, whole, current));
		if (included !== true || before === 'lost') continue;
		if (known !== undefined && earlier === undefined) tell('tunnelCreated', shown(tunnel));
		if (earlier !== undefined) {
			for (const [event, changes] of changesOf(earlier, current, tunnel)) {
				tell(event, shown(tunnel), changes);
			}
		}
		if (due) tell('pskRotationDue', shown(tunnel));
	}
	for (const [id, remembered] of known ?? []) {
		if (after.has(id)) continue;
		const { tunnel } = remembered;
		if (!gone.has(id)) after.set(id, remembered);
		else if (wish.includes({ id, name: tunnel.name })) {
			tell('tunnelDeleted', lastKnown(id, tunnel));
		}
	}
	return { found, after };
}

const newest = (tunnels: IpsecTunnel[], date: (tunnel: IpsecTunnel) => string | undefined) =>
	tunnels
		.filter((tunnel) => date(tunnel) !== undefined)
		.sort((a, b) => date(b)!.localeCompare(date(a)!))[0];

/**
 * One real sample of each wished event, as far as the account has one, for a test run in the editor.
 * Old values are not known there.
 */
export function samples(tunnels: readonly IpsecTunnel[], now: number, wish: Wish): Found[] {
	const included = tunnels.filter((tunnel) => wish.includes(tunnel));
	const generatedOn = (tunnel: IpsecTunnel) => lastGeneratedOn(tunnel);
	const due = included
		.filter((tunnel) => isDue(tunnel, wish, now))
		.sort((a, b) => (generatedOn(a) ?? '').localeCompare(generatedOn(b) ?? ''))[0];
	const withBgp = included.find((tunnel) => snapshotOf(tunnel, 0).bgpState !== '');
	const withKey = newest(included, generatedOn);
	const sample: Record<TunnelEvent, Found['tunnel'] | undefined> = {
		tunnelCreated: shownIf(newest(included, ({ created_on }) => created_on) ?? included[0]),
		tunnelUpdated: shownIf(newest(included, ({ modified_on }) => modified_on) ?? included[0]),
		tunnelDeleted: included[0] && lastKnown(included[0].id, snapshotOf(included[0], 0)),
		pskChanged: shownIf(withKey),
		pskRotationDue: shownIf(due),
		bgpStateChanged: shownIf(withBgp),
	};
	const changes: Partial<Record<TunnelEvent, IDataObject>> = {
		pskChanged: { last_generated_on: { old: null, new: generatedOn(withKey!) ?? null } },
		bgpStateChanged: { bgp_state: { old: null, new: withBgp?.bgp_status?.state ?? null } },
	};
	return EVENTS.filter((event) => wish.events.has(event)).flatMap((event) => {
		const tunnel = sample[event];
		return tunnel === undefined ? [] : [{ event, tunnel, changes: changes[event] ?? {} }];
	});
}

function shownIf(tunnel: IpsecTunnel | undefined): Found['tunnel'] | undefined {
	return tunnel === undefined ? undefined : shown(tunnel);
}

/** Whole days of a key's age; null for one that was never made. */
export function ageInDays(tunnel: Found['tunnel'], now: number): number | null {
	const age = pskAge(tunnel as unknown as IpsecTunnel, now);
	return age === undefined ? null : Math.floor(age / DAY_MS);
}
