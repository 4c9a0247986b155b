import { deletePolicy, deleteWebhook } from '../api/alerting';
import type { CloudflareClient } from '../api/client';
import { errorText, nodeError } from '../shared/errors';
import type { Hook } from './hook';
import { clientIn, warn } from './hook';
import { findOwn, idsOf, isGone } from './lookup';
import type { Made } from './state';

/** Removing what was made at Cloudflare, and only what bears an own tag. */

/** @throws NodeApiError if it may still be there */
async function removeOne({ context }: Hook, client: CloudflareClient, entry: Made): Promise<void> {
	const remove = entry.kind === 'policy' ? deletePolicy : deleteWebhook;
	for (const id of await idsOf(client, entry)) {
		try {
			await remove(client, id);
		} catch (error) {
			if (!(await isGone(client, entry.kind, id, error))) {
				throw nodeError(context.getNode(), error);
			}
		}
	}
}

function describe({ kind, id, tag, accountId }: Made): string {
	const what = kind === 'policy' ? 'notification policy' : 'webhook destination';
	return `the ${what} ${id ?? `named "(${tag})"`} may still be in the account ${accountId}`;
}

/** Removes the given things, policies first; what can't be removed stays known and is logged. */
export async function remove(hook: Hook, entries: Made[]): Promise<void> {
	const byPolicy = (entry: Made) => (entry.kind === 'policy' ? 0 : 1);
	const ordered = [...entries].sort((a, b) => byPolicy(a) - byPolicy(b));
	// A destination that a policy still names would take the policy's alerts with it.
	const stuck = new Set<string>();
	for (const entry of ordered) {
		if (stuck.has(entry.accountId)) continue;
		try {
			await removeOne(hook, await clientIn(hook, entry.accountId), entry);
			hook.state.untrack(entry);
		} catch (error) {
			stuck.add(entry.accountId);
			warn(
				hook.context,
				`${describe(entry)}; it is removed when the workflow is activated or deactivated the next time. ${errorText(error)}`,
			);
		}
	}
}

/** Tracks what is there in spite of its removal, in case an answer about it was not true. */
async function trackLeftovers(hook: Hook, removed: Made[]): Promise<void> {
	const places = new Map(removed.map((entry) => [`${entry.accountId} ${entry.tag}`, entry]));
	for (const { accountId, tag } of places.values()) {
		const client = await clientIn(hook, accountId);
		for (const entry of await findOwn(hook, client, tag)) hook.state.track(entry);
	}
}

/** Removes everything that was made, looks whether it is gone, and tries once more what is not. */
export async function removeAll(hook: Hook): Promise<void> {
	const { made } = hook.state;
	for (let round = 0; round < 2 && hook.state.made.length > 0; round++) {
		await remove(hook, hook.state.made);
		try {
			await trackLeftovers(hook, made);
		} catch (error) {
			warn(hook.context, `it could not be checked that nothing is left. ${errorText(error)}`);
			return;
		}
	}
}

/**
 * Forgets a state that is not of this address: its things are another n8n's, of which this is a
 * copy, or of this one before its address was changed. At Cloudflare nothing is touched.
 */
export function forgetForeign({ context, state, tags }: Hook): void {
	const { made, home } = state;
	const foreign = made.filter(({ tag }) => tag !== tags.lasting && tag !== tags.test);
	const isForeign =
		foreign.length > 0 ||
		(made.length === 0 && home !== undefined && home !== context.getInstanceBaseUrl());
	if (!isForeign) return;
	for (const entry of foreign) {
		warn(
			context,
			`${describe(entry)}. It was made for another address than the workflow has now: by another n8n, of which this one is a copy, or by this one before its address was changed. It is left as it is. If no n8n uses it any more, remove it in Cloudflare's dashboard, under Notifications (its name ends in "(${entry.tag})").`,
		);
	}
	state.clear(false);
	for (const entry of made) if (!foreign.includes(entry)) state.track(entry);
}
