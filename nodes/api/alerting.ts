import type { Call, CloudflareClient } from './client';
import { CallError } from './failure';
import type { JsonRecord } from '../http/json';
import { field, record } from '../http/json';

/**
 * One function per endpoint of Cloudflare's Notifications that the package uses, in the order of
 * https://developers.cloudflare.com/api/resources/alerting/. Every one throws CallError. Ids are
 * checked before they enter a path (RangeError).
 */

/** Alert types about the health of Magic tunnels, of IPsec and GRE alike. */
export type MagicAlertType = 'magic_tunnel_health_check_event' | 'magic_wan_tunnel_health';

/** A webhook destination; its secret is never answered. */
export interface WebhookDestination {
	id: string;
	name?: unknown;
	url?: unknown;
	[field: string]: unknown;
}

export interface WebhookBody {
	name: string;
	url: string;
	/** Sent with every notification, in the header `cf-webhook-auth`. */
	secret: string;
}

/** A notification policy; everything but the id may be absent or of another form. */
export interface NotificationPolicy {
	id: string;
	name?: unknown;
	enabled?: unknown;
	alert_type?: unknown;
	alert_interval?: unknown;
	filters?: unknown;
	mechanisms?: unknown;
	[field: string]: unknown;
}

export interface PolicyBody {
	name: string;
	description?: string;
	enabled: boolean;
	alert_type: MagicAlertType;
	/** A duration such as `30m`. */
	alert_interval?: string;
	filters: { slo: string[]; tunnel_name?: string[] };
	mechanisms: { webhooks: Array<{ id: string }> };
}

export interface HistoryQuery {
	/** RFC 3339. */
	since: string;
	/** From 1. */
	page: number;
	/** 5 to 1,000. */
	per_page: number;
}

const ID = /^[0-9a-fA-F-]{32,36}$/;

const WEBHOOKS = '/destinations/webhooks';

const POLICIES = '/policies';

const PERMISSION =
	"In Cloudflare's dashboard, Manage Account > Account API Tokens (or My Profile > API Tokens), give the token 'Notifications Write' or 'Account Settings Write' for this account. With email and API key, the user needs a role that may edit the account's notifications.";

/** Codes: observed by users of the API; Cloudflare publishes no list. */
const REMEDIES: Readonly<Record<number, string>> = {
	10000: `The token or key is not valid, or lacks the permission. ${PERMISSION}`,
	17003:
		"Cloudflare does not accept the filters. Check 'SLO', and that every tunnel is named as it is in Cloudflare.",
	17004:
		"The account can't subscribe to this alert type. Choose the 'Alert Type' of the product that it has, Magic Transit or Magic WAN.",
	17102:
		'The policy needs a destination, and the one that was made for it may be gone. Activate the workflow again.',
	17103: "The policy needs a filter: check 'SLO'.",
};

const WEBHOOK_REMEDIES: Readonly<Record<number, string>> = {
	...REMEDIES,
	0: "Cloudflare sends a test message to n8n's address while it stores it, and n8n must answer. Check that this address (environment variable WEBHOOK_URL) can be reached from the Internet on port 443, with a valid certificate and no login in front of it. Webhooks also need a plan that has them: one zone on Pro or above.",
};

const STATUS_REMEDIES: Readonly<Record<number, string>> = {
	401: REMEDIES[10000]!,
	403: `${PERMISSION} A firewall or gateway on the way may also have refused the request.`,
	404: 'Check the Base URL and the Account ID.',
};

/** True for the id of a webhook or a policy: a UUID, with hyphens or without. */
export function isAlertingId(value: unknown): value is string {
	return typeof value === 'string' && ID.test(value);
}

/** True if Cloudflare says, in words that were observed, that the webhook or policy is not there. */
export function isNotFound(error: unknown): boolean {
	if (!(error instanceof CallError)) return false;
	const { code, detail = '' } = error.failure;
	return code === 15000 || (code === 0 && /\bnot found\b/i.test(detail));
}

/** True for a 404 of any kind; it may also come from a wrong address or a gateway. */
export function isStatus404(error: unknown): boolean {
	return error instanceof CallError && error.failure.httpCode === '404';
}

function pathTo(collection: string, id: string): string {
	if (!isAlertingId(id)) throw new RangeError('An id of the alerting API is a UUID');
	return `${collection}/${encodeURIComponent(id)}`;
}

function callOf(call: Omit<Call, 'api' | 'remedies'> & Pick<Call, 'remedies'>): Call {
	return {
		api: 'alerting/v3',
		remedies: REMEDIES,
		statusRemedies: STATUS_REMEDIES,
		...call,
	};
}

async function idFrom(client: CloudflareClient, call: Call): Promise<string> {
	const { result } = await client.send(call);
	const id = field(result, 'id');
	if (!isAlertingId(id)) throw client.unexpected(call, 'no id');
	return id;
}

async function listFrom(client: CloudflareClient, call: Call): Promise<JsonRecord[]> {
	const { result } = await client.send(call);
	const list = Array.isArray(result) ? result.map(record) : undefined;
	if (list === undefined || list.includes(undefined)) throw client.unexpected(call, 'no list');
	return list as JsonRecord[];
}

async function itemsFrom<T extends { id: string }>(
	client: CloudflareClient,
	call: Call,
): Promise<T[]> {
	const list = await listFrom(client, call);
	if (!list.every(({ id }) => isAlertingId(id))) throw client.unexpected(call, 'no id');
	return list as unknown as T[];
}

async function itemFrom<T extends { id: string }>(
	client: CloudflareClient,
	call: Call,
	id: string,
): Promise<T> {
	const { result } = await client.send(call);
	if (field(result, 'id') !== id)
		throw client.unexpected(call, 'another id than the one asked for');
	return result as T;
}

/** GET /destinations/webhooks: all webhook destinations; they are not paged. */
export async function listWebhooks(client: CloudflareClient): Promise<WebhookDestination[]> {
	const call = callOf({
		method: 'GET',
		path: WEBHOOKS,
		repeat: 'read',
		action: 'list the webhook destinations',
	});
	return await itemsFrom(client, call);
}

/**
 * POST /destinations/webhooks: makes a destination. Cloudflare posts a test message to its URL
 * first, and refuses it unless that is answered 2xx.
 *
 * @returns the new id
 */
export async function createWebhook(client: CloudflareClient, body: WebhookBody): Promise<string> {
	const call = callOf({
		method: 'POST',
		path: WEBHOOKS,
		body,
		repeat: 'once',
		action: 'create the webhook destination',
		remedies: WEBHOOK_REMEDIES,
		secrets: [body.secret],
	});
	return await idFrom(client, call);
}

/** GET /destinations/webhooks/{id} */
export async function getWebhook(
	client: CloudflareClient,
	id: string,
): Promise<WebhookDestination> {
	const call = callOf({
		method: 'GET',
		path: pathTo(WEBHOOKS, id),
		repeat: 'read',
		action: `get the webhook destination ${id}`,
	});
	return await itemFrom(client, call, id);
}

/** DELETE /destinations/webhooks/{id} */
export async function deleteWebhook(client: CloudflareClient, id: string): Promise<void> {
	await client.send(
		callOf({
			method: 'DELETE',
			path: pathTo(WEBHOOKS, id),
			repeat: 'repeatable',
			action: `delete the webhook destination ${id}`,
		}),
	);
}

/** GET /policies: all notification policies; they are not paged. */
export async function listPolicies(client: CloudflareClient): Promise<NotificationPolicy[]> {
	const call = callOf({
		method: 'GET',
		path: POLICIES,
		repeat: 'read',
		action: 'list the notification policies',
	});
	return await itemsFrom(client, call);
}

/**
 * POST /policies: makes a notification policy.
 *
 * @returns the new id
 */
export async function createPolicy(client: CloudflareClient, body: PolicyBody): Promise<string> {
	const call = callOf({
		method: 'POST',
		path: POLICIES,
		body,
		repeat: 'once',
		action: 'create the notification policy',
	});
	return await idFrom(client, call);
}

/** GET /policies/{id} */
export async function getPolicy(client: CloudflareClient, id: string): Promise<NotificationPolicy> {
	const call = callOf({
		method: 'GET',
		path: pathTo(POLICIES, id),
		repeat: 'read',
		action: `get the notification policy ${id}`,
	});
	return await itemFrom(client, call, id);
}

/** DELETE /policies/{id} */
export async function deletePolicy(client: CloudflareClient, id: string): Promise<void> {
	await client.send(
		callOf({
			method: 'DELETE',
			path: pathTo(POLICIES, id),
			repeat: 'repeatable',
			action: `delete the notification policy ${id}`,
		}),
	);
}

/** GET /history: one page of the notifications that were sent, newest first; each as it came. */
export async function listAlertHistory(
	client: CloudflareClient,
	query: HistoryQuery,
): Promise<JsonRecord[]> {
	const call = callOf({
		method: 'GET',
		path: '/history',
		query: { ...query },
		repeat: 'read',
		action: 'read the history of notifications',
	});
	return await listFrom(client, call);
}
