import { neverHadPsk } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import { pskAge } from '../../shared/items';
import type { Health } from '../health/verdict';
import type { Changes, ShownTunnel } from './changes';
import { changesOf, lastKnown, shown } from './changes';
import { wholeFingerprint } from './configuration';
import type { Healths } from './health';
import type { Missing } from './missing';
import type { Snapshot, TunnelSnapshot } from './snapshot';
import { keyDateOf, Remembered, snapshotOf } from './snapshot';

export const EVENTS = [
	'bgpStateChanged',
	'healthChanged',
	'pskChanged',
	'pskRotationDue',
	'tunnelCreated',
	'tunnelDeleted',
	'tunnelUpdated',
] as const;

export type TunnelEvent = (typeof EVENTS)[number];

/** What the user wants to hear of. */
export interface EventSettings {
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
	tunnel: ShownTunnel;
	changes: Changes;
}

/** True for a key that is older than wished, or was never made. */
export function isDue(tunnel: IpsecTunnel, settings: EventSettings, now: number): boolean {
	const age = pskAge(tunnel, now);
	return age === undefined ? neverHadPsk(tunnel) : age > settings.dueAfterMs;
}

/** True for a key that is due and to be told of now; `toldAt` in seconds since 1970, 0 for never. */
function isToBeTold(
	tunnel: IpsecTunnel,
	toldAt: number,
	settings: EventSettings,
	now: number,
): boolean {
	const { events, remindAfterMs } = settings;
	if (!events.has('pskRotationDue') || !isDue(tunnel, settings, now)) return false;
	return toldAt === 0 || (remindAfterMs > 0 && now - toldAt * 1000 >= remindAfterMs);
}

/** When it was last told that a tunnel's key is due; a new key starts anew. */
function toldBefore(earlier: TunnelSnapshot | undefined, tunnel: IpsecTunnel): number {
	const same = earlier?.lastGeneratedOn === keyDateOf(tunnel, earlier);
	return same ? earlier.dueToldAt : 0;
}

/** What one poll found, and what the next one is to know. */
export interface Comparison {
	found: Found[];
	after: Snapshot;
}

/**
 * Compares the tunnels of now with those of the poll before. Reads and writes nothing else, so that
 * the caller can take what is stored, compare and store in one go.
 *
 * @param before undefined for a first poll, which tells of keys that are due and of nothing else
 * @param missing what is known of tunnels that are no longer listed; those not among it were not asked for
 * @param now milliseconds since 1970
 * @param healths of the tunnels that were asked for theirs; of the others it is forgotten
 */
export function compare(
	before: Snapshot | undefined,
	tunnels: readonly IpsecTunnel[],
	missing: Missing,
	now: number,
	settings: EventSettings,
	healths: Healths = new Map(),
): Comparison {
	const found: Found[] = [];
	const after = new Map<string, Remembered>();
	for (const tunnel of tunnels) {
		const { id } = tunnel;
		const remembered = before?.get(id);
		const whole = wholeFingerprint(tunnel);
		const health = healthAfter(remembered, healths.get(id));
		const isSame = remembered?.whole === whole && remembered.health === health;
		if (isSame && !isToBeTold(tunnel, remembered.dueToldAt, settings, now)) {
			after.set(id, remembered);
			continue;
		}
		const earlier = remembered?.tunnel;
		const isWanted =
			settings.includes(tunnel) || (earlier !== undefined && settings.includes({ ...earlier, id }));
		const toldAt = toldBefore(earlier, tunnel);
		const due = isWanted && isToBeTold(tunnel, toldAt, settings, now);
		const current = snapshotOf(tunnel, due ? Math.floor(now / 1000) : toldAt, health, earlier);
		after.set(id, Remembered.of(id, whole, current));
		if (!isWanted) continue;
		if (earlier !== undefined) found.push(...changeEvents(earlier, current, tunnel));
		else if (before !== undefined) found.push(eventOf('tunnelCreated', tunnel));
		if (due) found.push(eventOf('pskRotationDue', tunnel));
	}
	for (const [id, remembered] of unlisted(before, after, missing)) {
		const { tunnel } = remembered;
		if (!missing.gone.has(id)) after.set(id, remembered);
		else if (settings.includes({ id, name: tunnel.name })) {
			found.push({ event: 'tunnelDeleted', tunnel: lastKnown(id, tunnel), changes: {} });
		}
	}
	return { found: found.filter(({ event }) => settings.events.has(event)), after };
}

/** The health that is remembered: one that is not known now stays what it was last. */
function healthAfter(remembered: Remembered | undefined, now: Health | undefined): Health {
	if (now === undefined) return 'unknown';
	return now === 'unknown' ? (remembered?.health ?? 'unknown') : now;
}

function eventOf(event: TunnelEvent, tunnel: IpsecTunnel, changes: Changes = {}): Found {
	return { event, tunnel: shown(tunnel), changes };
}

/** The changes of a tunnel that is still there, one entry for each kind of event. */
function changeEvents(before: TunnelSnapshot, now: TunnelSnapshot, tunnel: IpsecTunnel): Found[] {
	const { configuration, psk, bgp, health } = changesOf(before, now, tunnel);
	const found: Found[] = [];
	if (!isEmpty(configuration)) {
		found.push(eventOf('tunnelUpdated', tunnel, { ...configuration, ...bgp, ...psk }));
	}
	if (!isEmpty(psk)) found.push(eventOf('pskChanged', tunnel, psk));
	if (!isEmpty(bgp)) found.push(eventOf('bgpStateChanged', tunnel, bgp));
	if (!isEmpty(health)) found.push(eventOf('healthChanged', tunnel, health));
	return found;
}

function isEmpty(changes: Changes): boolean {
	return Object.keys(changes).length === 0;
}

/**
 * The tunnels of before that are not listed now. Those that were asked for in vain come last, and are
 * remembered in this order: a poll asks for a few only, and begins with the first.
 */
function unlisted(
	before: Snapshot | undefined,
	listed: ReadonlyMap<string, unknown>,
	{ doubtful }: Missing,
): Array<[string, Remembered]> {
	const all = [...(before ?? [])].filter(([id]) => !listed.has(id));
	return [...all.filter(([id]) => !doubtful.has(id)), ...all.filter(([id]) => doubtful.has(id))];
}
