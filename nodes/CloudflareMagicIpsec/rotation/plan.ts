import { lastGeneratedOn } from '../../api/ipsecTunnels';
import { DAY_MS, pskAge } from '../../shared/items';
import type { VaultRecord } from '../../vaults/record';
import { sameInstant } from '../keys/dates';
import type { Site } from './site';

/** What Rotate does with one tunnel; worked out from what the vault and Cloudflare say, and nothing else. */
export type RotatePlan =
	| { step: 'kept'; reason: string }
	| { step: 'busy'; reason: string }
	/** A Roll Back was cut off: it is completed. */
	| { step: 'rollBack' }
	/** The pending key is live already. */
	| { step: 'complete'; generatedOn: string }
	/** The pending key of an earlier run has to be set, or set again. */
	| { step: 'resume' }
	/** A new key has to be made. */
	| { step: 'make' };

/** True if two dates of keys are the same; no date is the same as no date. */
export function sameDate(a: string | undefined, b: string | undefined): boolean {
	return a === b || sameInstant(a, b);
}

/** True if the current key is not the one that was live when the pending one was staged, or that is live now. */
export function isCurrentStale(
	{ current, pending }: VaultRecord,
	date: string | undefined,
): boolean {
	if (current?.generatedOn === undefined) return false;
	return !sameDate(current.generatedOn, pending === undefined ? date : pending.replacesGeneratedOn);
}

/** What Cloudflare's date says of the pending key. */
export function pendingState(
	{ pending }: VaultRecord,
	date: string | undefined,
): 'live' | 'notSet' | 'unknown' {
	if (pending?.generatedOn !== undefined && sameDate(pending.generatedOn, date)) return 'live';
	return sameDate(pending?.replacesGeneratedOn, date) ? 'notSet' : 'unknown';
}

/** Why a tunnel is left to another run, or undefined; a time in the future counts as now. */
export function leaseFault(
	{ pending }: VaultRecord,
	leaseMs: number,
	now: number,
): string | undefined {
	const since = Date.parse(pending?.since ?? '');
	if (pending === undefined || leaseMs === 0 || Number.isNaN(since)) return undefined;
	const age = Math.max(0, now - since);
	if (age >= leaseMs) return undefined;
	const minutes = Math.ceil((leaseMs - age) / 60_000);
	return `Its pending key is taken over in ${minutes} min if that run does not end.`;
}

const DRIFT =
	"Cloudflare's date of the key is not the one that the vault's current key was set at: somebody changed the key elsewhere, and the vault's is not the live one.";

/** @param now milliseconds since 1970 */
export function planRotation(
	{ tunnel, snapshot: { record } }: Site,
	settings: { leaseMs: number; olderThanDays: number },
	now: number,
): RotatePlan {
	const date = lastGeneratedOn(tunnel);
	const busy = leaseFault(record, settings.leaseMs, now);
	if (busy !== undefined) return { step: 'busy', reason: busy };
	if (record.intent !== undefined) return { step: 'rollBack' };
	if (record.pending !== undefined) {
		const isLive = pendingState(record, date) === 'live';
		return isLive && date !== undefined
			? { step: 'complete', generatedOn: date }
			: { step: 'resume' };
	}
	const age = pskAge(tunnel, now);
	if (age === undefined || age >= settings.olderThanDays * DAY_MS) return { step: 'make' };
	const days = `It is ${Math.floor(Math.max(0, age) / DAY_MS)} days old, and due at ${settings.olderThanDays}.`;
	return { step: 'kept', reason: isCurrentStale(record, date) ? `${days} ${DRIFT}` : days };
}

/** What Finish does with one tunnel. */
export type FinishPlan =
	| { step: 'rollBack' }
	| { step: 'complete'; generatedOn: string }
	| { step: 'unapplied'; reason: string };

export function planFinish({ tunnel, snapshot: { record } }: Site): FinishPlan {
	if (record.intent !== undefined) return { step: 'rollBack' };
	if (record.pending === undefined) {
		return {
			step: 'unapplied',
			reason: 'There is nothing to finish: the vault holds no pending key.',
		};
	}
	const date = lastGeneratedOn(tunnel);
	const state = pendingState(record, date);
	if (state === 'live' && date !== undefined) return { step: 'complete', generatedOn: date };
	return {
		step: 'unapplied',
		reason:
			state === 'notSet'
				? 'The pending key was not set yet: run Rotate first.'
				: "Cloudflare's date of the key is neither the one before nor the one after the pending key was set: somebody changed the key elsewhere (drift), or a run was cut off. Rotate sets the pending key again.",
	};
}

/** What Roll Back does with one tunnel. */
export type RollBackPlan = { step: 'rollBack' } | { step: 'unapplied'; reason: string };

export function planRollBack({ tunnel, snapshot: { record } }: Site): RollBackPlan {
	if (record.intent !== undefined) return { step: 'rollBack' };
	const date = lastGeneratedOn(tunnel);
	const reason =
		record.pending === undefined ? swapFault(record, date) : pendingFault(record, date);
	return reason === undefined ? { step: 'rollBack' } : { step: 'unapplied', reason };
}

function pendingFault(record: VaultRecord, date: string | undefined): string | undefined {
	if (record.current === undefined || isCurrentStale(record, date)) {
		return 'There is no former key to go back to: the vault holds none that was live before the pending one.';
	}
	return pendingState(record, date) === 'unknown'
		? "Cloudflare's date of the key is neither the one before nor the one after the pending key was set: somebody changed the key elsewhere (drift), or a run was cut off. Rotate sets the pending key again; then it can be rolled back."
		: undefined;
}

function swapFault(
	{ current, previous }: VaultRecord,
	date: string | undefined,
): string | undefined {
	if (current === undefined || previous === undefined) {
		return 'There is no former key to go back to.';
	}
	if (previous.rolledBackOn !== undefined) {
		return `There is no former key to go back to: the last rotation was rolled back already.`;
	}
	return current.generatedOn !== undefined && !sameDate(current.generatedOn, date)
		? `${DRIFT} So it is not rolled back (drift).`
		: undefined;
}
