import { lastGeneratedOn } from '../../api/ipsecTunnels';
import { DAY_MS, isPskDue, pskAge } from '../../shared/items';
import type { VaultRecord } from '../../vaults/record';
import { sameInstant } from '../keys/dates';
import { DEFAULT_LEASE_MS, LONGEST_SENDING_MS } from './options';
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

/** Clocks that differ by more than this are no clocks of runs: somebody else wrote the time. */
const MOST_SKEW_MS = DAY_MS;

/** Milliseconds until a pending key has reached an age; 0 where nobody wrote down when it was stored. */
function untilAge({ pending }: VaultRecord, ageMs: number, now: number): number {
	const since = Date.parse(pending?.since ?? '');
	return Number.isNaN(since) ? 0 : Math.max(0, since + ageMs - now);
}

/** Why a tunnel is left to another run, or undefined; a time in the future counts as now. */
export function leaseFault(record: VaultRecord, leaseMs: number, now: number): string | undefined {
	const left = leaseMs === 0 ? 0 : untilAge(record, leaseMs, now);
	if (left === 0) return undefined;
	return left > leaseMs + MOST_SKEW_MS
		? 'The time at which its pending key was stored lies more than a day in the future, so it is not known how old the key is. Rotate with Lease 0 takes it over.'
		: `Its pending key is taken over in ${minutesOf(left)} min if that run does not end.`;
}

function minutesOf(ms: number): number {
	return Math.ceil(ms / 60_000);
}

/** True while a request of an earlier run, which sets the pending key, may still be on its way. */
export function mayBeSetLate(record: VaultRecord, now: number): boolean {
	return untilAge(record, DEFAULT_LEASE_MS, now) > 0;
}

const DRIFT =
	"Cloudflare's date of the key is not the one that the vault's current key was set at: somebody changed the key elsewhere, and the vault's is not the live one.";

const UNTOLD =
	"Cloudflare's list does not tell when its key was made, so it is not known whether it is due. 0 days rotate it all the same.";

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
	if (isPskDue(tunnel, settings.olderThanDays, now)) return { step: 'make' };
	const age = pskAge(tunnel, now);
	if (age === undefined) return { step: 'kept', reason: UNTOLD };
	const days = `It is ${Math.floor(age / DAY_MS)} days old, and due at ${settings.olderThanDays}.`;
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
export type RollBackPlan =
	| { step: 'rollBack' }
	| { step: 'busy'; reason: string }
	| { step: 'unapplied'; reason: string };

/** @param now milliseconds since 1970 */
export function planRollBack({ tunnel, snapshot: { record } }: Site, now: number): RollBackPlan {
	if (record.intent !== undefined) return { step: 'rollBack' };
	const date = lastGeneratedOn(tunnel);
	const sending = sendingFault(record, date, now);
	if (sending !== undefined) return { step: 'busy', reason: sending };
	const reason =
		record.pending === undefined ? swapFault(record, date) : pendingFault(record, date);
	return reason === undefined ? { step: 'rollBack' } : { step: 'unapplied', reason };
}

/** Why the pending key can't be dropped yet: the run that stored it may still set it. */
function sendingFault(
	record: VaultRecord,
	date: string | undefined,
	now: number,
): string | undefined {
	const left = untilAge(record, LONGEST_SENDING_MS, now);
	if (left === 0 || left > LONGEST_SENDING_MS + MOST_SKEW_MS) return undefined;
	return pendingState(record, date) === 'notSet'
		? `The run that stored its pending key may still set it, for ${minutesOf(left)} min at most. Roll back after that.`
		: undefined;
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
