import { randomBytes } from 'node:crypto';
import type { IHookFunctions } from 'n8n-workflow';
import { createPolicy, createWebhook, getPolicy, getWebhook } from '../api/alerting';
import type { CloudflareClient } from '../api/client';
import { effectOf } from '../api/failure';
import { clock } from '../http/clock';
import type { Connection } from '../shared/connection';
import { clientOf, connectionOf } from '../shared/connection';
import { errorText, inputError, nodeError } from '../shared/errors';
import { addressFault } from './address';
import type { Hook } from './hook';
import { openHook, warn } from './hook';
import { findOwn, ifThere } from './lookup';
import { isAsWanted, policyBody } from './policy';
import { forgetForeign, remove, removeAll } from './removal';
import { forget, recall } from './replays';
import { hashOf, isOfHash, secretOf } from './secret';
import type { Settings } from './settings';
import { readSettings } from './settings';
import type { Made } from './state';
import { openState } from './state';
import { nameWith } from './tags';
import { namesOf } from './tunnelNames';

/**
 * The life of the destination and the policy at Cloudflare.
 *
 * n8n stores the static data only when `create` has returned; those of a test it never stores. What
 * was made and not stored, because n8n crashed in between, is found by its tag when the node next
 * makes or removes anything (a mere restart asks only for what is known). If it never does, it stays
 * at Cloudflare, as nothing of this package runs any more. Alerts that come before the data are
 * stored start the workflow all the same: see secret.ts.
 */

/** Seconds that n8n's clock may be ahead of Cloudflare's. */
const CLOCK_SKEW = 300;

/** Characters of a name that a person chose; Cloudflare's limit is not documented. */
const LONGEST_NAME = 100;

/** Whether the stored hash is that of the secret that the credential gives now. */
function hasPresentSecret({ context, state }: Hook, { credential }: Connection): boolean {
	const present = secretOf(context, credential);
	if (present === undefined) return state.secretHash !== undefined;
	return isOfHash(present, state.secretHash);
}

/** The destination and the policy that were made, if they are there as the parameters want them. */
async function findInUse(hook: Hook, settings: Settings): Promise<Made[] | undefined> {
	const { context, state, tags, url } = hook;
	const connection = await connectionOf(context, settings);
	if (!hasPresentSecret(hook, connection)) return undefined;
	const current = state.current(connection.accountId, tags.lasting);
	if (current === undefined) return undefined;
	const client = clientOf(context, connection, { timeoutMs: settings.timeoutMs });
	const webhook = await ifThere(hook, client, current.webhook, getWebhook);
	const policy = await ifThere(hook, client, current.policy, getPolicy);
	if (webhook?.url !== url || policy === undefined) return undefined;
	const names = await namesOf(client, settings.tunnels);
	if (!isAsWanted(policy, policyBody(settings, '', webhook.id, names))) return undefined;
	return [current.webhook, current.policy];
}

/**
 * Goes on with what was made at Cloudflare, and removes of it what is not as the parameters want it.
 *
 * @returns whether all is there; else it has to be made
 * @throws NodeApiError if Cloudflare can't be asked
 */
export async function resume(context: IHookFunctions): Promise<boolean> {
	const state = openState(context);
	const hook = openHook(context, state);
	forgetForeign(hook);
	if (state.made.length === 0) return false;
	const inUse = await findInUse(hook, readSettings(context));
	if (inUse === undefined) {
		await removeAll(hook);
		return false;
	}
	const used = inUse.map(({ id }) => id);
	await remove(
		hook,
		state.made.filter(({ id }) => !used.includes(id)),
	);
	state.home = context.getInstanceBaseUrl();
	return true;
}

/**
 * Makes one thing and keeps its id. If that fails, all that was made is removed.
 *
 * @throws NodeApiError
 */
async function make(hook: Hook, open: Made, create: () => Promise<string>): Promise<string> {
	const { context, state } = hook;
	state.track(open);
	try {
		const id = await create();
		state.untrack(open);
		state.track({ ...open, id });
		return id;
	} catch (error) {
		// An answer that says no may still have made something; a request that never left has not.
		if (effectOf(error) === 'none') state.untrack(open);
		await removeAll(hook);
		throw nodeError(context.getNode(), error);
	}
}

/** @throws NodeOperationError if Cloudflare could not reach n8n */
function refuseAddress({ context, url }: Hook): void {
	const fault = addressFault(url);
	if (fault === undefined) return;
	throw inputError(
		context.getNode(),
		`Cloudflare can't send alerts to n8n: ${fault}`,
		"Cloudflare sends alerts to public https addresses on port 443 only. Set n8n's environment variable WEBHOOK_URL to the https address under which n8n is reached from the Internet, for example https://n8n.example.com/, start n8n again and activate the workflow again.",
	);
}

/** Removes what an earlier activation, or a test, left behind without a word in the static data. */
async function removeLeftovers(hook: Hook, client: CloudflareClient, tag: string): Promise<void> {
	for (const entry of await findOwn(hook, client, tag)) hook.state.track(entry);
	await remove(hook, hook.state.made);
}

/**
 * Makes the destination and the policy. Before that, removes everything of this trigger that an
 * earlier activation left behind.
 *
 * @throws NodeOperationError, before anything is asked of Cloudflare, if it could not reach n8n
 * @throws NodeApiError
 */
export async function subscribe(context: IHookFunctions): Promise<boolean> {
	const state = openState(context);
	const hook = openHook(context, state);
	const settings = readSettings(context);
	refuseAddress(hook);
	forgetForeign(hook);
	const isTest = context.getMode() === 'manual';
	const tag = isTest ? hook.tags.test : hook.tags.lasting;
	const title = settings.policyName || String(context.getWorkflow().name);
	const name = nameWith(tag, title.slice(0, LONGEST_NAME), isTest);
	const connection = await connectionOf(context, settings);
	const secret = secretOf(context, connection.credential) ?? randomBytes(32).toString('hex');
	const client = clientOf(context, connection, { timeoutMs: settings.timeoutMs });
	const names = await namesOf(client, settings.tunnels);
	await removeLeftovers(hook, client, tag);
	const { accountId } = connection;
	const webhook = { name, url: hook.url, secret };
	const webhookId = await make(
		hook,
		{ kind: 'webhook', accountId, tag },
		async () => await createWebhook(client, webhook),
	);
	const policy = policyBody(settings, name, webhookId, names);
	const policyId = await make(
		hook,
		{ kind: 'policy', accountId, tag },
		async () => await createPolicy(client, policy),
	);
	state.expect(hashOf(secret), policyId);
	state.home = context.getInstanceBaseUrl();
	state.since ??= Math.floor(clock.now() / 1000) - CLOCK_SKEW;
	recall(context, state);
	return true;
}

/**
 * Removes the policy and the destination, and looks whether anything is left of them; false, and a
 * line in the log, if so.
 */
export async function unsubscribe(context: IHookFunctions): Promise<boolean> {
	const state = openState(context);
	let isTest = false;
	try {
		const hook = openHook(context, state);
		forgetForeign(hook);
		isTest = state.made.some(({ tag }) => tag === hook.tags.test);
		await removeAll(hook);
	} catch (error) {
		warn(context, `what was made at Cloudflare was not removed. ${errorText(error)}`);
	}
	if (state.made.length > 0) return false;
	const keepAlerts = context.getNodeParameter('options.catchUp', false) === true;
	state.clear(keepAlerts);
	// A test knows no alerts; those of this node in this process are of the active workflow.
	if (!keepAlerts && !isTest) forget(context);
	return true;
}
