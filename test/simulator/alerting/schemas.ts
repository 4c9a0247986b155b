import { listOf, object, oneOf, string, success, timestamp } from '../schemas';
import type { Schema } from '../schemas';

/**
 * JSON schemas of what Cloudflare answers about notifications, in own words after the OpenAPI document.
 * Stricter than that one: objects name every field that is known, and those that are always there are
 * required. `conditions` is in the docs only.
 */

const uuid: Schema = { type: 'string', format: 'uuid' };
const count: Schema = { type: 'integer', minimum: 0 };

const webhook = object(
	{
		id: uuid,
		name: string,
		type: oneOf('datadog', 'discord', 'feishu', 'gchat', 'generic', 'opsgenie', 'slack', 'splunk'),
		url: { type: 'string', format: 'uri' },
		created_at: timestamp,
		last_success: timestamp,
		last_failure: timestamp,
	},
	['id', 'name', 'type', 'url', 'created_at'],
);

const mechanisms = object(
	{
		email: listOf(object({ id: { type: 'string', format: 'email' } }, ['id'])),
		pagerduty: listOf(object({ id: uuid }, ['id'])),
		webhooks: listOf(object({ id: uuid }, ['id'])),
	},
	[],
);

const policy = object(
	{
		id: uuid,
		name: string,
		description: string,
		enabled: { type: 'boolean' },
		alert_type: string,
		alert_interval: string,
		filters: { type: 'object', additionalProperties: listOf(string) },
		conditions: { type: 'object' },
		mechanisms,
		created: timestamp,
		modified: timestamp,
	},
	['id', 'name', 'enabled', 'alert_type', 'mechanisms', 'created', 'modified'],
);

/** @param alertBody the document says string, its example shows an object */
const historyEntry = (alertBody: Schema): Schema =>
	object(
		{
			id: uuid,
			name: string,
			description: string,
			alert_body: alertBody,
			alert_type: string,
			mechanism: string,
			mechanism_type: oneOf('email', 'pagerduty', 'webhook'),
			policy_id: uuid,
			sent: timestamp,
		},
		['id', 'name', 'alert_body', 'alert_type', 'mechanism', 'mechanism_type', 'policy_id', 'sent'],
	);

const alertType = object(
	{ type: string, display_name: string, description: string, filter_options: { type: 'array' } },
	['type', 'display_name', 'description', 'filter_options'],
);

const idOnly = success(object({ id: uuid }, ['id']));
const nothing = success({ type: 'null' });

const history = (alertBody: Schema): Schema =>
	success(listOf(historyEntry(alertBody)), {
		result_info: object({ count, page: count, per_page: count, total_count: count }, [
			'count',
			'page',
			'per_page',
		]),
	});

export const alertingSchemas = {
	availableAlerts: success({ type: 'object', additionalProperties: listOf(alertType) }),
	listWebhooks: success(listOf(webhook)),
	createWebhook: idOnly,
	getWebhook: success(webhook),
	updateWebhook: idOnly,
	deleteWebhook: nothing,
	listPolicies: success(listOf(policy)),
	createPolicy: idOnly,
	getPolicy: success(policy),
	updatePolicy: idOnly,
	// Observed; the document names no result.
	deletePolicy: idOnly,
	testPolicy: nothing,
	listAlertHistory: history(string),
	historyWithObjects: history({ type: 'object' }),
};

/** The body of a generic webhook (notifications/reference/webhook-payload-schema). */
export const notificationSchema = object(
	{
		name: string,
		text: string,
		data: { type: 'object' },
		ts: { type: 'integer', minimum: 1_000_000_000, maximum: 9_999_999_999 },
		account_id: { type: 'string', pattern: '^[0-9a-f]{32}$' },
		policy_id: uuid,
		policy_name: string,
		alert_type: string,
		alert_correlation_id: string,
		alert_event: oneOf('ALERT_STATE_EVENT_START', 'ALERT_STATE_EVENT_END'),
	},
	['name', 'text', 'data', 'ts', 'account_id', 'policy_id', 'policy_name', 'alert_type'],
);
