import { createHash, randomBytes } from 'node:crypto';
import type { IHookFunctions } from 'n8n-workflow';
import type { NotificationPolicy, PolicyBody, WebhookDestination } from '../api/alerting';
import {
	createPolicy,
	createWebhook,
	deletePolicy,
	deleteWebhook,
	getPolicy,
	getWebhook,
	isNotFound,
	isStatus404,
	listPolicies,
	listWebhooks,
} from '../api/alerting';
import type { CloudflareClient } from '../api/client';
import { clock } from '../http/clock';
import { clientFor } from '../shared/connection';
import { effectOf } from '../api/failure';
import { errorText, inputError, nodeError } from '../shared/errors';
import { field, text } from '../http/json';
import { addressFault } from './address';
import type { Access, Settings } from './settings';
import { readAccess, readSettings } from './settings';
import { forget } from './replays';
import type { Made } from './state';
import { TriggerState } from './state';
import { namesOf } from './tunnelNames';

/**
 * The life of the destination and the policy at Cloudflare.
 *
 * n8n loads the static data from its database for every request and stores them only when `create`
 * has returned. So the secret is never replaced while one is stored: Cloudflare's test message,
 * which comes while `create` waits, would be checked against the old one.
 */

/** Seconds that n8n's clock may be ahead of Cloudflare's. */
const CLOCK_SKEW = 300;

/** Characters of a name that a person chose; Cloudflare's limit is not documented. */
const LONGEST_NAME = 100;

interface Wanted extends Settings {
	/** Empty if n8n gives none. */
	url: string;
	/** The same for all that is made for this URL. */
	tag: string;
	name: string;
}

function stateOf(context: IHookFunctions): TriggerState {
	return new TriggerState(context.getWorkflowStaticData('node'));
}

function wantedBy(context: IHookFunctions): Wanted {
	const settings = readSettings(context);
	const url = context.getNodeWebhookUrl('default') ?? '';
	const tag = createHash('sha256').update(url).digest('hex').slice(0, 12);
	const title = settings.policyName || String(context.getWorkflow().name);
	return { ...settings, url, tag, name: `n8n: ${title.slice(0, LONGEST_NAME)} (${tag})` };
}

async function clientOf(
	context: IHookFunctions,
	{ authentication, timeoutMs }: Access,
	accountId: unknown,
): Promise<CloudflareClient> {
	return await clientFor(context, { authentication, accountId, timeoutMs });
}

function policyBody(wanted: Wanted, webhookId: string, names: string[]): PolicyBody {
	return {
		name: wanted.name,
		description: 'Made by n8n for a workflow, and removed with it',
		enabled: true,
		alert_type: wanted.alertType,
		...(wanted.alertInterval === undefined ? {} : { alert_interval: `${wanted.alertInterval}m` }),
		filters: { slo: [wanted.slo], ...(names.length === 0 ? {} : { tunnel_name: names }) },
		mechanisms: { webhooks: [{ id: webhookId }] },
	};
}

function textsIn(value: unknown): string[] {
	return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string').sort() : [];
}

/** Minutes of a duration such as `1h30m0s`; NaN for anything else. */
function minutesIn(duration: unknown): number {
	const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text(duration) ?? '-');
	if (parts === null) return NaN;
	const [hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
	return hours! * 60 + minutes! + seconds! / 60;
}

/** False for a policy that somebody changed, or that was made for other parameters. */
function isAsWanted(policy: NotificationPolicy, body: PolicyBody): boolean {
	const { slo, tunnel_name: names = [] } = body.filters;
	const webhooks = field(policy.mechanisms, 'webhooks');
	return (
		policy.enabled === true &&
		policy.alert_type === body.alert_type &&
		textsIn(field(policy.filters, 'slo')).map(Number).join() === slo.map(Number).join() &&
		textsIn(field(policy.filters, 'tunnel_name')).join('\n') === [...names].sort().join('\n') &&
		(body.alert_interval === undefined ||
			minutesIn(policy.alert_interval) === minutesIn(body.alert_interval)) &&
		Array.isArray(webhooks) &&
		webhooks.some((webhook) => field(webhook, 'id') === body.mechanisms.webhooks[0]!.id)
	);
}

/** All that bears the tag at Cloudflare. */
async function tagged(client: CloudflareClient, tag: string): Promise<Made[]> {
	const { accountId } = client;
	const bears = ({ name }: WebhookDestination | NotificationPolicy) =>
		text(name)?.endsWith(`(${tag})`) === true;
	const policies = (await listPolicies(client)).filter(bears);
	const webhooks = (await listWebhooks(client)).filter(bears);
	return [
		...policies.map(({ id }): Made => ({ kind: 'policy', accountId, id, tag })),
		...webhooks.map(({ id }): Made => ({ kind: 'webhook', accountId, id, tag })),
	];
}

async function idsOf(client: CloudflareClient, { kind, tag, id }: Made): Promise<string[]> {
	if (id !== undefined) return [id];
	const found = (await tagged(client, tag)).filter((entry) => entry.kind === kind);
	return found.map((entry) => entry.id!);
}

/** Whether an error says that something is gone; a 404 that might mean another thing is looked into. */
async function isGone(
	client: CloudflareClient,
	kind: Made['kind'],
	id: string,
	error: unknown,
): Promise<boolean> {
	if (isNotFound(error)) return true;
	if (!isStatus404(error)) return false;
	const list = await (kind === 'policy' ? listPolicies(client) : listWebhooks(client));
	return !list.some((entry) => entry.id === id);
}

/** @throws NodeApiError if it may still be there */
async function removeOne(
	context: IHookFunctions,
	client: CloudflareClient,
	entry: Made,
): Promise<void> {
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

function warn(context: IHookFunctions, message: string): void {
	const { id: workflowId } = context.getWorkflow();
	context.logger.warn(`${context.getNode().name}: ${message}`, { workflowId });
}

/** Removes the given things, policies first; what can't be removed stays known and is logged. */
async function remove(
	context: IHookFunctions,
	access: Access,
	state: TriggerState,
	entries: Made[],
): Promise<void> {
	const byPolicy = (entry: Made) => (entry.kind === 'policy' ? 0 : 1);
	const ordered = [...entries].sort((a, b) => byPolicy(a) - byPolicy(b));
	// A destination that a policy still names would take the policy's alerts with it.
	const stuck = new Set<string>();
	for (const entry of ordered) {
		if (stuck.has(entry.accountId)) continue;
		try {
			await removeOne(context, await clientOf(context, access, entry.accountId), entry);
			state.untrack(entry);
		} catch (error) {
			stuck.add(entry.accountId);
			const what = entry.kind === 'policy' ? 'notification policy' : 'webhook destination';
			warn(
				context,
				`the ${what} ${entry.id ?? `named "(${entry.tag})"`} may still be in the account ${entry.accountId}; it is removed when the workflow is activated or deactivated the next time. ${errorText(error)}`,
			);
		}
	}
}

/** Tracks what bears the tag of something that was made, in case an answer about it was not true. */
async function trackLeftovers(
	context: IHookFunctions,
	access: Access,
	state: TriggerState,
	made: Made[],
): Promise<void> {
	const places = new Map(made.map((entry) => [`${entry.accountId} ${entry.tag}`, entry]));
	for (const { accountId, tag } of places.values()) {
		const client = await clientOf(context, access, accountId);
		for (const entry of await tagged(client, tag)) state.track(entry);
	}
}

/** Removes everything that was made, looks whether it is gone, and tries once more what is not. */
async function removeAll(
	context: IHookFunctions,
	access: Access,
	state: TriggerState,
): Promise<void> {
	const { made } = state;
	for (let round = 0; round < 2 && state.made.length > 0; round++) {
		await remove(context, access, state, state.made);
		try {
			await trackLeftovers(context, access, state, made);
		} catch (error) {
			warn(context, `it could not be checked that nothing is left. ${errorText(error)}`);
			return;
		}
	}
}

/** Undefined for what is gone. */
async function ifThere<T>(
	context: IHookFunctions,
	client: CloudflareClient,
	{ kind, id }: Made,
	get: (client: CloudflareClient, id: string) => Promise<T>,
): Promise<T | undefined> {
	try {
		return await get(client, id!);
	} catch (error) {
		if (await isGone(client, kind, id!, error)) return undefined;
		throw nodeError(context.getNode(), error);
	}
}

/**
 * Whether the destination and the policy that were made are there, as the parameters want them. If
 * not, what is left of them is removed.
 *
 * @throws NodeApiError if Cloudflare can't be asked
 */
export async function isSubscribed(context: IHookFunctions): Promise<boolean> {
	const state = stateOf(context);
	if (state.made.length === 0) return false;
	const wanted = wantedBy(context);
	const client = await clientOf(context, wanted, wanted.accountId);
	const current = state.secret === undefined ? undefined : state.current(client.accountId);
	if (current !== undefined) {
		const webhook = await ifThere(context, client, current.webhook, getWebhook);
		const policy = await ifThere(context, client, current.policy, getPolicy);
		if (webhook?.url === wanted.url && policy !== undefined) {
			const body = policyBody(wanted, webhook.id, await namesOf(client, wanted.tunnels));
			if (isAsWanted(policy, body)) {
				const used = [current.webhook.id, current.policy.id];
				const others = state.made.filter(({ id }) => !used.includes(id));
				await remove(context, wanted, state, others);
				return true;
			}
		}
	}
	await removeAll(context, wanted, state);
	return false;
}

/** False only for a request that never left: an answer that says no may still have made something. */
function mayHaveMade(error: unknown): boolean {
	return effectOf(error) !== 'none';
}

/**
 * Makes one thing and keeps its id. If that fails, all that was made is removed.
 *
 * @throws NodeApiError
 */
async function make(
	context: IHookFunctions,
	wanted: Wanted,
	state: TriggerState,
	open: Made,
	create: () => Promise<string>,
): Promise<string> {
	state.track(open);
	try {
		const id = await create();
		state.untrack(open);
		state.track({ ...open, id });
		return id;
	} catch (error) {
		if (!mayHaveMade(error)) state.untrack(open);
		await removeAll(context, wanted, state);
		throw nodeError(context.getNode(), error);
	}
}

/**
 * Makes the destination and the policy. Before that, removes everything of this trigger that an
 * earlier activation left behind.
 *
 * @throws NodeOperationError, before anything is asked of Cloudflare, if it could not reach n8n
 * @throws NodeApiError
 */
export async function subscribe(context: IHookFunctions): Promise<boolean> {
	const wanted = wantedBy(context);
	const { url, tag, name } = wanted;
	const fault = addressFault(url);
	if (fault !== undefined) {
		throw inputError(
			context.getNode(),
			`Cloudflare can't send alerts to n8n: ${fault}`,
			"Cloudflare sends alerts to public https addresses on port 443 only. Set n8n's environment variable WEBHOOK_URL to the https address under which n8n is reached from the Internet, for example https://n8n.example.com/, start n8n again and activate the workflow again.",
		);
	}
	const state = stateOf(context);
	const client = await clientOf(context, wanted, wanted.accountId);
	const { accountId } = client;
	const names = await namesOf(client, wanted.tunnels);
	for (const entry of await tagged(client, tag)) state.track(entry);
	await remove(context, wanted, state, state.made);
	const secret = state.secret ?? randomBytes(32).toString('hex');
	const webhookId = await make(
		context,
		wanted,
		state,
		{ kind: 'webhook', accountId, tag },
		async () => await createWebhook(client, { name, url, secret }),
	);
	const policyId = await make(
		context,
		wanted,
		state,
		{ kind: 'policy', accountId, tag },
		async () => await createPolicy(client, policyBody(wanted, webhookId, names)),
	);
	state.secret = secret;
	state.addPolicy(policyId);
	state.since ??= Math.floor(clock.now() / 1000) - CLOCK_SKEW;
	return true;
}

/**
 * Removes the policy and the destination, and looks whether anything is left of them; false, and a
 * line in the log, if so.
 */
export async function unsubscribe(context: IHookFunctions): Promise<boolean> {
	const state = stateOf(context);
	try {
		await removeAll(context, readAccess(context), state);
	} catch (error) {
		warn(context, `what was made at Cloudflare was not removed. ${errorText(error)}`);
	}
	if (state.made.length > 0) return false;
	const keepAlerts = context.getNodeParameter('options.catchUp', false) === true;
	state.clear(keepAlerts);
	if (!keepAlerts) forget(context);
	return true;
}
