import type { FinishMode, RecordOwner, VaultRecord } from './record';

/**
 * The steps of a rotation, as changes of a record. They are pure: the vault's compare-and-set
 * decides whether a step is taken, and every step is one write.
 *
 * No step drops a key that may be live, with one exception that its caller answers for: `stage` over
 * a pending key, and `dropPending`, are for keys that are known not to be live.
 */

export interface Staging {
	key: string;
	/** Cloudflare's date of the key that is live now; undefined for a key that was never set. */
	replacesGeneratedOn?: string;
	/** RFC 3339. */
	since: string;
	/** Random for each run. */
	by: string;
	finish: FinishMode;
	owner: RecordOwner;
}

/** A new key becomes pending; what is current, previous or of others stays as it is. */
export function stage(record: VaultRecord, { owner, ...pending }: Staging): VaultRecord {
	return { ...record, pending, owner: { ...record.owner, ...owner } };
}

/** Another run takes the pending key over, or the same one begins its lease anew. */
export function restage(record: VaultRecord, since: string, by: string): VaultRecord {
	if (record.pending === undefined) return record;
	return { ...record, pending: { ...record.pending, since, by } };
}

/** Writes down Cloudflare's date of the pending key, which proves from then on that it is live. */
export function noteLive(record: VaultRecord, generatedOn: string | undefined): VaultRecord {
	if (record.pending === undefined) return record;
	return { ...record, pending: { ...record.pending, generatedOn } };
}

/**
 * The pending key becomes current and the current one previous.
 *
 * @param generatedOn Cloudflare's date of the key, as the list says it
 * @param former `stale` where the current key was not live any more: it is no key to go back to
 */
export function promote(
	record: VaultRecord,
	generatedOn: string | undefined,
	former: 'live' | 'stale' = 'live',
): VaultRecord {
	const { pending, current } = record;
	if (pending === undefined) return record;
	return settled({
		...record,
		current: { key: pending.key, generatedOn },
		previous: current === undefined || former === 'stale' ? undefined : { key: current.key },
	});
}

/** Says that a Roll Back begins, before it changes anything at Cloudflare. */
export function intendRollBack(record: VaultRecord): VaultRecord {
	return { ...record, intent: 'roll_back' };
}

/** The key that Roll Back sets again; undefined where there is none to go back to. */
export function formerKey(record: VaultRecord): string | undefined {
	if (record.pending !== undefined) return record.current?.key;
	return record.previous?.rolledBackOn === undefined ? record.previous?.key : undefined;
}

/**
 * Ends a Roll Back whose former key is live again. The key that it drops becomes previous and is
 * marked, so that nothing sets it again: the pending one, or after a Finish the current one.
 *
 * @param generatedOn Cloudflare's date of the former key, now that it was set again
 * @param rolledBackOn RFC 3339
 */
export function putBack(
	record: VaultRecord,
	generatedOn: string | undefined,
	rolledBackOn: string,
): VaultRecord {
	const key = formerKey(record);
	const dropped = record.pending?.key ?? record.current?.key;
	if (key === undefined || dropped === undefined) return record;
	return settled({
		...record,
		current: { key, generatedOn },
		previous: { key: dropped, rolledBackOn },
	});
}

/** Takes away a pending key that Cloudflare refused, so that it is certainly not live. */
export function dropPending(record: VaultRecord): VaultRecord {
	return settled(record);
}

function settled(record: VaultRecord): VaultRecord {
	return { ...record, pending: undefined, intent: undefined };
}
