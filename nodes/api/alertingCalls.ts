import type { Call } from './call';
import type { CloudflareClient } from './client';
import { CallError } from './failure';
import type { JsonRecord } from '../http/json';
import { field, record } from '../http/json';

/** What the calls to Cloudflare's Notifications have in common: ids, remedies, and the forms of an answer. */

const ID = /^[0-9a-fA-F-]{32,36}$/;

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

export const WEBHOOK_REMEDIES: Readonly<Record<number, string>> = {
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
export function saysNotThere(error: unknown): boolean {
	if (!(error instanceof CallError)) return false;
	const { code, detail = '' } = error.failure;
	return code === 15000 || (code === 0 && /\bnot found\b/i.test(detail));
}

/** True for a 404 of any kind; it may also come from a wrong address or a gateway. */
export function isStatus404(error: unknown): boolean {
	return error instanceof CallError && error.failure.httpCode === '404';
}

/**
 * The path of one webhook or policy.
 *
 * @throws RangeError for an id that can't be one
 */
export function pathTo(collection: string, id: string): string {
	if (!isAlertingId(id)) throw new RangeError('An id of the alerting API is a UUID');
	return `${collection}/${encodeURIComponent(id)}`;
}

/** A call to the Notifications, with what a person can do about a refusal. */
export function callOf(call: Omit<Call, 'api' | 'remedies'> & Pick<Call, 'remedies'>): Call {
	return {
		api: 'alerting/v3',
		remedies: REMEDIES,
		statusRemedies: STATUS_REMEDIES,
		...call,
	};
}

/** Sends a call that makes something, and gives its id. */
export async function idFrom(client: CloudflareClient, call: Call): Promise<string> {
	const { result } = await client.send(call);
	const id = field(result, 'id');
	if (!isAlertingId(id)) throw client.unexpected(call, 'no id');
	return id;
}

/** Sends a call that answers a list of objects. */
export async function listFrom(client: CloudflareClient, call: Call): Promise<JsonRecord[]> {
	const { result } = await client.send(call);
	const list = Array.isArray(result) ? result.map(record) : undefined;
	if (list === undefined || list.includes(undefined)) throw client.unexpected(call, 'no list');
	return list as JsonRecord[];
}

/** Sends a call that answers a list of things with an id. */
export async function itemsFrom<T extends { id: string }>(
	client: CloudflareClient,
	call: Call,
): Promise<T[]> {
	const list = await listFrom(client, call);
	if (!list.every(({ id }) => isAlertingId(id))) throw client.unexpected(call, 'no id');
	return list as unknown as T[];
}

/** Sends a call that answers the thing that was asked for. */
export async function itemFrom<T extends { id: string }>(
	client: CloudflareClient,
	call: Call,
	id: string,
): Promise<T> {
	const { result } = await client.send(call);
	if (field(result, 'id') !== id)
		throw client.unexpected(call, 'another id than the one asked for');
	return result as T;
}
