import type { INode, IWorkflowMetadata, WorkflowExecuteMode } from 'n8n-workflow';
import { clock } from '../http/clock';
import type { JsonRecord } from '../http/json';
import { fingerprint, secondsOf } from './alert';
import type { TriggerState } from './state';
import { REMEMBERED_ALERTS } from './state';

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
const taken = new Map<string, string[]>();

/** Undefined for a test from the editor, which lasts for one alert. */
function keyOf(owner: Owner): string | undefined {
	if (owner.getMode() === 'manual') return undefined;
	return JSON.stringify([owner.getWorkflow().id, owner.getNode().id]);
}

function takenBy(owner: Owner): string[] {
	return taken.get(keyOf(owner) ?? '') ?? [];
}

/** Seconds since 1970 of an entry of `TriggerState.seen`. */
export function secondsIn(entry: string): number {
	return Number(entry.slice(0, entry.indexOf(':')));
}

/** All alerts that are known to have started the workflow, of the static data and of this process. */
export function known(owner: Owner, state: TriggerState): string[] {
	return [...new Set([...state.seen, ...takenBy(owner)])];
}

/**
 * True for an alert that comes for the first time, which is remembered. Reads, compares and writes
 * without a pause in between.
 */
export function isNew(owner: Owner, state: TriggerState, alert: JsonRecord): boolean {
	const now = Math.floor(clock.now() / 1000);
	const print = fingerprint(alert);
	const before = known(owner, state);
	if (before.some((entry) => entry.endsWith(`:${print}`))) return false;
	const all = [...before, `${Math.min(secondsOf(alert) ?? now, now)}:${print}`];
	const forgotten = all.slice(0, -REMEMBERED_ALERTS).map(secondsIn);
	if (forgotten.length > 0) state.since = Math.max(state.since ?? 0, ...forgotten);
	const kept = all.slice(-REMEMBERED_ALERTS);
	state.seen = kept;
	const key = keyOf(owner);
	if (key !== undefined) taken.set(key, kept);
	return true;
}

/** Forgets the alerts of a trigger that is gone. */
export function forget(owner: Owner): void {
	taken.delete(keyOf(owner) ?? '');
}
