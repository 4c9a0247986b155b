import type { INode, IWorkflowMetadata, WorkflowExecuteMode } from 'n8n-workflow';
import { clock } from '../http/clock';
import type { JsonRecord } from '../http/json';
import { fingerprint, secondsOf } from './alert';
import type { Seen, TriggerState } from './state';

/**
 * Knowing an alert that comes a second time: Cloudflare may repeat a delivery, and Catch Up finds in
 * the history what came already. Of the last day each alert is remembered, up to a number that n8n
 * can store with every alert; of what is older only a mark, up to which everything counts as known.
 *
 * What this can't do: more than REMEMBERED_ALERTS in a day push the oldest out, and these would be
 * taken again (the mark must not be used within a day, as it would swallow late alerts of a burst).
 * And it is no guard against an attacker: the secret is sent with every alert and signs none, so
 * that whoever can repeat one can also write new ones.
 */

export const REMEMBERED_ALERTS = 2000;

/** Seconds before the newest alert. */
export const REMEMBERED_TIME = 86_400;

/** What tells the trigger of one workflow from all others of this process. */
export interface Owner {
	getNode(): INode;
	getWorkflow(): IWorkflowMetadata;
	getMode(): WorkflowExecuteMode;
}

/**
 * The alerts that each trigger took in this process. n8n loads the static data anew for every request
 * and stores them as a whole when it is done, so that of two at the same time one knows nothing of
 * the other; here both do.
 */
const taken = new Map<string, Seen>();

/** Undefined for a test from the editor, which lasts for one alert. */
function keyOf(owner: Owner): string | undefined {
	if (owner.getMode() === 'manual') return undefined;
	return JSON.stringify([owner.getWorkflow().id, owner.getNode().id]);
}

function takenBy(owner: Owner): Seen {
	return taken.get(keyOf(owner) ?? '') ?? new Map();
}

/** All alerts that are known to have started the workflow, of the static data and of this process. */
export function known(owner: Owner, state: TriggerState): Map<string, number> {
	return new Map([...state.seen, ...takenBy(owner)]);
}

/** Seconds since 1970 of the newest of some alerts. */
export function newestOf(seen: Iterable<[string, number]>): number {
	let newest = 0;
	for (const [, seconds] of seen) newest = Math.max(newest, seconds);
	return newest;
}

/**
 * Remembers an alert; false for one that was known, or that is too old not to be. Reads, compares
 * and writes without a pause in between.
 */
export function remember(owner: Owner, state: TriggerState, alert: JsonRecord): boolean {
	const now = Math.floor(clock.now() / 1000);
	// A time of 0 is one that was not set.
	const seconds = Math.min(secondsOf(alert) || now, now);
	const seen = known(owner, state);
	const horizon = Math.max(newestOf(seen), seconds) - REMEMBERED_TIME;
	const print = fingerprint(alert);
	if (seen.has(print) || seconds <= Math.min(state.since ?? 0, horizon)) return false;
	seen.set(print, seconds);
	const kept = new Map([...seen].filter(([, at]) => at > horizon).slice(-REMEMBERED_ALERTS));
	if (kept.size < seen.size) {
		const forgotten = [...seen].filter(([one]) => !kept.has(one));
		state.since = Math.max(state.since ?? 0, newestOf(forgotten));
	}
	state.seen = kept;
	const key = keyOf(owner);
	if (key !== undefined) taken.set(key, kept);
	return true;
}

/** Puts into the state what this process took while n8n was about to store another state. */
export function recall(owner: Owner, state: TriggerState): void {
	if (takenBy(owner).size > 0) state.seen = known(owner, state);
}

/** Forgets the alerts of a trigger that is gone. */
export function forget(owner: Owner): void {
	taken.delete(keyOf(owner) ?? '');
}
