import { createHash, timingSafeEqual } from 'node:crypto';
import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import type { JsonRecord } from '../http/json';
import { record, text } from '../http/json';
import { eventOf, isAlert, itemOf } from './alert';
import type { Settings } from './settings';
import { readSettings } from './settings';
import { isNew } from './replays';
import { TriggerState } from './state';

/** Bytes; Cloudflare's alerts have a few hundred. */
const LARGEST_BODY = 1024 * 1024;

function answer(
	context: IWebhookFunctions,
	status: number,
	message: string,
): Pick<IWebhookResponseData, 'noWebhookResponse'> {
	context.getResponseObject().status(status).send(message).end();
	return { noWebhookResponse: true };
}

/** Compares in a time that tells nothing of the secret, not even its length. */
function isSecret(given: unknown, secret: string): boolean {
	const digest = (value: string) => createHash('sha256').update(value).digest();
	return typeof given === 'string' && timingSafeEqual(digest(given), digest(secret));
}

/** The body as it was sent; n8n keeps it beside what it made of it, unless it is a form with files. */
function rawBody(context: IWebhookFunctions): string {
	const { rawBody: raw } = context.getRequestObject() as { rawBody?: unknown };
	return Buffer.isBuffer(raw) ? raw.toString('utf8') : '';
}

function jsonObject(body: string): JsonRecord | undefined {
	try {
		return record(JSON.parse(body));
	} catch {
		return undefined;
	}
}

/** False for an alert of a type or a policy that is not this trigger's, or an event not chosen. */
export function concerns(alert: JsonRecord, settings: Settings, state: TriggerState): boolean {
	const type = text(alert.alert_type);
	const policy = text(alert.policy_id);
	const event = eventOf(alert);
	return (
		(type === undefined || type === settings.alertType) &&
		(policy === undefined || state.policies.includes(policy)) &&
		(event === null || settings.events.includes(event))
	);
}

/**
 * Answers a request to the webhook URL, and starts the workflow if it is a new alert of this trigger.
 *
 * While no secret is stored, everything is answered 200 and nothing is started: Cloudflare's test
 * message comes while the destination is made, and must be answered so.
 */
export function receive(context: IWebhookFunctions): IWebhookResponseData {
	const state = new TriggerState(context.getWorkflowStaticData('node'));
	const { secret } = state;
	if (secret === undefined) return {};
	if (!isSecret(context.getHeaderData()['cf-webhook-auth'], secret)) {
		return answer(context, 401, 'Unauthorized');
	}
	const body = rawBody(context);
	if (Buffer.byteLength(body) > LARGEST_BODY) {
		return answer(context, 413, 'The body is larger than 1 MiB');
	}
	const alert = jsonObject(body.replaceAll(secret, '***'));
	if (alert === undefined) return answer(context, 400, 'The body is not a JSON object');
	if (!isAlert(alert) || !concerns(alert, readSettings(context), state)) return {};
	if (!isNew(context, state, alert)) return {};
	// Left to n8n (2.41), the answer comes after the start of the workflow, which loses the mark by
	// which n8n knows that the static data changed: the alert would be forgotten.
	return {
		...answer(context, 200, 'The workflow was started'),
		workflowData: [[{ json: itemOf(alert) }]],
	};
}
