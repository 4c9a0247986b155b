import type { JsonRecord } from '../http/json';
import {
	callOf,
	idFrom,
	itemFrom,
	itemsFrom,
	listFrom,
	pathTo,
	WEBHOOK_REMEDIES,
} from './alertingCalls';
import type {
	HistoryQuery,
	NotificationPolicy,
	PolicyBody,
	WebhookBody,
	WebhookDestination,
} from './alertingTypes';
import type { CloudflareClient } from './client';

/**
 * One function per endpoint of Cloudflare's Notifications that the package uses, in the order of
 * https://developers.cloudflare.com/api/resources/alerting/. Every one throws CallError. Ids are
 * checked before they enter a path (RangeError).
 */

const WEBHOOKS = '/destinations/webhooks';

const POLICIES = '/policies';

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
