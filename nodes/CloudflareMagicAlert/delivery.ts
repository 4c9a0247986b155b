import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import type { JsonRecord } from '../http/json';
import { text } from '../http/json';
import { eventOf, isAlert, itemOf } from './alert';
import { rightSecret } from './authenticity';
import { jsonObject, LARGEST_BODY } from './body';
import { withoutSecret } from './echo';
import { remember } from './replays';
import type { Settings } from './settings';
import { readSettings } from './settings';
import { openState, TriggerState } from './state';
import { bears, tagsOf } from './tags';

function answer(
	context: IWebhookFunctions,
	status: number,
	message: string,
): Pick<IWebhookResponseData, 'noWebhookResponse'> {
	context.getResponseObject().status(status).send(message).end();
	return { noWebhookResponse: true };
}

/** The body as it was sent; n8n keeps it beside what it made of it, unless it is a form with files. */
function rawBody(context: IWebhookFunctions): Buffer {
	const { rawBody: raw } = context.getRequestObject() as { rawBody?: unknown };
	return Buffer.isBuffer(raw) ? raw : Buffer.alloc(0);
}

/** False for an alert of another type than this trigger's, or of an event that was not chosen. */
export function isWanted(alert: JsonRecord, settings: Settings): boolean {
	const type = text(alert.alert_type);
	const event = eventOf(alert);
	return (
		(type === undefined || type === settings.alertType) &&
		(event === null || settings.events.includes(event))
	);
}

/**
 * False for an alert of a policy that is not this trigger's. Until n8n has stored the id of an own
 * policy, its name tells.
 */
function isOfOwnPolicy(alert: JsonRecord, state: TriggerState, ownTag: string): boolean {
	const policy = text(alert.policy_id);
	const { policies } = state;
	return (
		policy === undefined ||
		policies.length === 0 ||
		policies.includes(policy) ||
		bears(alert.policy_name, ownTag)
	);
}

/**
 * Answers a request without the right secret. While no hash of one is stored, n8n may be making the
 * destination: a message that is no alert, as Cloudflare's test, is answered well, and starts
 * nothing. An alert never is: it may be one of Cloudflare's that can't be known for such just now,
 * and counts as not delivered there (Cloudflare does not say whether it repeats; Catch Up finds it).
 */
function refuse(context: IWebhookFunctions, state: TriggerState): IWebhookResponseData {
	if (state.secretHash !== undefined) return answer(context, 401, 'Unauthorized');
	const message = jsonObject(rawBody(context).toString('utf8'));
	if (message === undefined || !isAlert(message)) return {};
	return answer(context, 503, 'The trigger is not ready');
}

/** Answers a request to the webhook URL, and starts the workflow if it is a new alert of this trigger. */
export async function receive(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const state = openState(context);
	const secret = await rightSecret(context, state);
	if (secret === undefined) return refuse(context, state);
	const body = rawBody(context);
	if (body.length > LARGEST_BODY) return answer(context, 413, 'The body is larger than 1 MiB');
	const received = jsonObject(body.toString('utf8'));
	if (received === undefined) {
		return answer(context, 400, 'The body is not a JSON object, or is nested too deep');
	}
	const alert = withoutSecret(received, secret);
	if (!isAlert(alert) || !isWanted(alert, readSettings(context))) return {};
	const url = context.getNodeWebhookUrl('default') ?? '';
	const { lasting } = tagsOf(url, context.getNode().webhookId);
	if (!isOfOwnPolicy(alert, state, lasting)) return {};
	// Before a hash is stored, `create` is under way: what it is about to store must not be replaced
	// by this request's copy, which knows nothing of it. The process remembers the alert until then.
	const memory = state.secretHash === undefined ? new TriggerState({}) : state;
	if (!remember(context, memory, alert)) return {};
	// Left to n8n (2.41), the answer comes after the start of the workflow, which loses the mark by
	// which n8n knows that the static data changed: the alert would be forgotten.
	return {
		...answer(context, 200, 'The workflow was started'),
		workflowData: [[{ json: itemOf(alert) }]],
	};
}
