import { lastGeneratedOn } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import type { Health } from '../health/verdict';
import type { Changes } from './changes';
import { lastKnown, shown } from './changes';
import type { EventSettings, Found, TunnelEvent } from './events';
import { EVENTS, isDue } from './events';
import type { Healths } from './health';
import { snapshotOf } from './snapshot';

type Sample = Omit<Found, 'event'>;

type Tunnels = readonly IpsecTunnel[];

/** The tunnel with the latest date; undefined where none has one. */
function newest(
	tunnels: Tunnels,
	date: (tunnel: IpsecTunnel) => string | undefined,
): IpsecTunnel | undefined {
	return tunnels
		.filter((tunnel) => date(tunnel) !== undefined)
		.sort((a, b) => date(b)!.localeCompare(date(a)!))[0];
}

/** The tunnel whose key is the oldest, or was never made. */
function oldest(tunnels: Tunnels): IpsecTunnel | undefined {
	const date = (tunnel: IpsecTunnel) => lastGeneratedOn(tunnel) ?? '';
	return [...tunnels].sort((a, b) => date(a).localeCompare(date(b)))[0];
}

function isKnown(health: Health | undefined): boolean {
	return health !== undefined && health !== 'unknown';
}

function sampleOf(tunnel: IpsecTunnel | undefined, changes: Changes = {}): Sample | undefined {
	return tunnel === undefined ? undefined : { tunnel: shown(tunnel), changes };
}

/** A real tunnel for each event; `due` are those whose key is due. Old values are not known here. */
const SAMPLES: Record<
	TunnelEvent,
	(tunnels: Tunnels, due: Tunnels, healths: Healths) => Sample | undefined
> = {
	bgpStateChanged(tunnels) {
		const tunnel = tunnels.find((one) => snapshotOf(one, 0).bgpState !== '');
		return sampleOf(tunnel, { bgp_state: { old: null, new: tunnel?.bgp_status?.state } });
	},
	healthChanged(tunnels, _, healths) {
		const tunnel = tunnels.find(({ id }) => isKnown(healths.get(id)));
		const health = healths.get(tunnel?.id ?? '');
		return sampleOf(tunnel, { health: { old: null, new: health } });
	},
	pskChanged(tunnels) {
		const tunnel = newest(tunnels, lastGeneratedOn);
		return sampleOf(tunnel, { last_generated_on: { old: null, new: lastGeneratedOn(tunnel) } });
	},
	pskRotationDue: (_, due) => sampleOf(oldest(due)),
	tunnelCreated: (tunnels) =>
		sampleOf(newest(tunnels, ({ created_on }) => created_on) ?? tunnels[0]),
	tunnelDeleted: ([first]) =>
		first && { tunnel: lastKnown(first.id, snapshotOf(first, 0)), changes: {} },
	tunnelUpdated: (tunnels) =>
		sampleOf(newest(tunnels, ({ modified_on }) => modified_on) ?? tunnels[0]),
};

/**
 * One real sample of each wished event, as far as the account has one, for a test run in the editor.
 *
 * @param now milliseconds since 1970
 */
export function samples(
	tunnels: Tunnels,
	now: number,
	settings: EventSettings,
	healths: Healths = new Map(),
): Found[] {
	const included = tunnels.filter((tunnel) => settings.includes(tunnel));
	const due = included.filter((tunnel) => isDue(tunnel, settings, now));
	return EVENTS.filter((event) => settings.events.has(event)).flatMap((event) => {
		const sample = SAMPLES[event](included, due, healths);
		return sample === undefined ? [] : [{ event, ...sample }];
	});
}
