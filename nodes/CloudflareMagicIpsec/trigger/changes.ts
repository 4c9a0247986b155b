import type { IDataObject } from 'n8n-workflow';
import type { IpsecTunnel } from '../../api/types';
import { withoutSecrets } from '../../shared/withheld';
import { changedFields, otherFields, OTHERS } from './configuration';
import { NAMED } from './fields';
import type { TunnelSnapshot } from './snapshot';
import { UNTOLD } from './snapshot';

/** How a tunnel is told of, and what has changed of it. */

/** A tunnel as an event shows it. */
export type ShownTunnel = IDataObject & { id: string; name: string };

/** By Cloudflare's field names, each with `new` and, where it is remembered, `old`. */
export type Changes = IDataObject;

/** The tunnel as Cloudflare answers it, without keys, wherever they stand. */
export function shown(tunnel: IpsecTunnel): ShownTunnel {
	return withoutSecrets(tunnel) as ShownTunnel;
}

/** What is known of a tunnel that is gone. */
export function lastKnown(id: string, snapshot: TunnelSnapshot): ShownTunnel {
	return {
		id,
		name: snapshot.name,
		cloudflare_endpoint: snapshot.cloudflareEndpoint,
		customer_endpoint: snapshot.customerEndpoint || null,
		psk_metadata: ['', UNTOLD].includes(snapshot.lastGeneratedOn)
			? {}
			: { last_generated_on: snapshot.lastGeneratedOn },
	};
}

/** The changed fields of a tunnel, by the kind of event that tells of them; empty where none has. */
export interface TunnelChanges {
	configuration: Changes;
	psk: Changes;
	bgp: Changes;
	health: Changes;
}

/** What has changed of a tunnel since it was remembered. */
export function changesOf(
	before: TunnelSnapshot,
	now: TunnelSnapshot,
	tunnel: IpsecTunnel,
): TunnelChanges {
	return {
		configuration: configurationChanges(before, now, tunnel),
		psk: keyChange(before.lastGeneratedOn, now.lastGeneratedOn),
		bgp: moved('bgp_state', before.bgpState, now.bgpState),
		health: before.health === 'unknown' ? {} : moved('health', before.health, now.health),
	};
}

/** A date that was not known before tells of no change. */
function keyChange(before: string, now: string): Changes {
	return before === UNTOLD ? {} : moved('last_generated_on', before, now);
}

function moved(name: string, before: string, now: string): Changes {
	return before === now ? {} : { [name]: { old: before || null, new: now || null } };
}

/** What each field of `NAMED` is called in a snapshot. */
const REMEMBERED_AS: Record<(typeof NAMED)[number], keyof TunnelSnapshot> = {
	name: 'name',
	cloudflare_endpoint: 'cloudflareEndpoint',
	customer_endpoint: 'customerEndpoint',
};

function configurationChanges(
	before: TunnelSnapshot,
	now: TunnelSnapshot,
	tunnel: IpsecTunnel,
): Changes {
	const changes: Changes = {};
	const current = shown(tunnel);
	for (const name of NAMED) {
		const key = REMEMBERED_AS[name];
		if (before[key] === now[key]) continue;
		changes[name] = { old: before[key] || null, new: current[name] ?? null };
	}
	for (const field of changedFields(before.fingerprints, now.fingerprints)) {
		const names = field === OTHERS ? Object.keys(otherFields(tunnel)) : [field.name];
		for (const name of names) changes[name] = { new: current[name] ?? null };
	}
	return changes;
}
