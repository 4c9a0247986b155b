import type { Answer, Outcome } from '../envelope';
import { success } from '../envelope';
import { pageParameter, resultInfo } from '../paging';
import { uuid } from '../random';
import { DAY_MS, fromMs, parseInstant } from '../time';
import type { Instant } from '../types';
import { availableAlerts } from './alertTypes';
import { alertEvent, dispatch, envelopeOf } from './dispatch';
import {
	invalidAlerting,
	invalidWebhookId,
	policyNotFound,
	unknownWebhookDeleted,
	webhookNotFound,
	webhookTestFailed,
} from './errors';
import { isDelivered } from './messenger';
import { policyAnswer, webhookAnswer } from './state';
import type { AlertingAccount, StoredPolicy, StoredWebhook, WebhookFields } from './types';
import { readPolicy, readTest, readWebhook } from './validation';

export interface AlertingCall {
	account: AlertingAccount;
	/** Of the webhook or the policy in the path. */
	id: string;
	query: Readonly<Record<string, string>>;
	/** Parsed JSON; undefined when there was no body. */
	body: unknown;
}

const read = (answer: Answer): Outcome => ({ answer, applied: false });
const written = (answer: Answer): Outcome => ({ answer, applied: true });

/** GUESS: an id without hyphens is well-formed, as the SDK's examples have such. */
const UUID = /^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/;

const findWebhook = ({ account, id }: AlertingCall): StoredWebhook | undefined => {
	if (!UUID.test(id)) throw invalidWebhookId();
	return account.state.webhooks.get(id);
};

/** @throws Refusal */
const getWebhook = (call: AlertingCall): StoredWebhook => {
	const webhook = findWebhook(call);
	if (!webhook) throw webhookNotFound();
	return webhook;
};

/** @throws Refusal. GUESS: also for an id that is none. */
const getPolicy = ({ account, id }: AlertingCall): StoredPolicy => {
	const policy = account.state.policies.get(id);
	if (!policy) throw policyNotFound();
	return policy;
};

/** "When you create a webhook, Cloudflare sends a test request" (notification docs), in these words. */
const TEST_MESSAGE = {
	text: 'Hello World! This is a test message sent from https://cloudflare.com. If you can see this, your webhook is configured properly.',
};

/** @throws Refusal unless the receiver answers 2xx */
const testReceiver = async (
	{ messenger }: AlertingAccount,
	{ url, secret }: WebhookFields,
): Promise<void> => {
	const status = await messenger.post(url, TEST_MESSAGE, secret);
	if (!isDelivered(status)) throw webhookTestFailed(status);
};

const createWebhook = async ({ account, body }: AlertingCall): Promise<Outcome> => {
	const fields = readWebhook(body, 'creating the webhook', account);
	await testReceiver(account, fields);
	const id = uuid(account.random);
	const at = account.clock.instant();
	// GUESS: the test message counts as a success.
	account.state.webhooks.set(id, { id, fields, createdAt: at, lastSuccess: at });
	return written({ ...success({ id }), status: 201 });
};

const updateWebhook = async (call: AlertingCall): Promise<Outcome> => {
	const { account, body, id } = call;
	getWebhook(call);
	const fields = readWebhook(body, 'updating the webhook', account);
	await testReceiver(account, fields);
	// It may have gone while the receiver was asked.
	const before = getWebhook(call);
	account.state.webhooks.set(id, { ...before, fields, lastSuccess: account.clock.instant() });
	return written(success({ id }));
};

const deleteWebhook = (call: AlertingCall): Outcome => {
	const { account, id } = call;
	if (!findWebhook(call)) throw unknownWebhookDeleted();
	// GUESS: a webhook that a policy names cannot go; so the policy has to go first.
	if (account.state.usesWebhook(id)) {
		throw invalidAlerting('Webhook is used by a notification policy');
	}
	account.state.webhooks.delete(id);
	// GUESS: the spec names no result.
	return written(success(null));
};

const createPolicy = ({ account, body }: AlertingCall): Outcome => {
	const fields = readPolicy(body, 'creating the policy', account);
	const id = uuid(account.random);
	const at = account.clock.instant();
	account.state.policies.set(id, { id, fields, createdAt: at, modifiedAt: at });
	return written(success({ id }));
};

const updatePolicy = (call: AlertingCall): Outcome => {
	const { account, body } = call;
	const before = getPolicy(call);
	const fields = readPolicy(body, 'updating the policy', account, before.fields);
	account.state.policies.set(before.id, {
		...before,
		fields,
		modifiedAt: account.clock.instant(),
	});
	return written(success({ id: before.id }));
};

/** The result was observed (alchemy-run/distilled); the spec names none. */
const deletePolicy = (call: AlertingCall): Outcome => {
	const { id } = getPolicy(call);
	call.account.state.policies.delete(id);
	return written(success({ id }));
};

/**
 * GUESS: what a test alert says; that it goes out for a disabled policy, is kept in the history, and that
 * nothing in the answer tells whether it arrived.
 */
const testPolicy = async (call: AlertingCall): Promise<Outcome> => {
	const { account, body } = call;
	const policy = getPolicy(call);
	const { severity, source, event, correlationId } = readTest(body);
	await dispatch(account, policy, {
		...envelopeOf(account, policy),
		text: `This is a test notification for the policy ${policy.fields.name}.`,
		data: { severity, ...(source !== undefined && { source }) },
		ts: Math.floor(account.clock.ms() / 1000),
		...(correlationId !== undefined && { alert_correlation_id: correlationId }),
		...(event && { alert_event: alertEvent(event) }),
	});
	return read(success(null));
};

const instantParameter = (
	{ query }: AlertingCall,
	name: 'since' | 'before',
): Instant | undefined => {
	const text = query[name];
	if (text === undefined) return undefined;
	const instant = parseInstant(text);
	// GUESS: the refusal. "This must be a timestamp that conforms to RFC3339" (spec).
	if (instant === undefined) throw invalidAlerting(`${name} must be a timestamp of RFC 3339`);
	return instant;
};

/** Records of an enterprise account last for 90 days (spec). */
const HISTORY_DAYS = 90;

/** "Newer than" and "older than" (spec). GUESS: newest first, and neither includes the time itself. */
const listAlertHistory = (call: AlertingCall): Outcome => {
	const { account, query } = call;
	const page = pageParameter(query, 'page', 1, [1, 1_000_000], invalidAlerting);
	const perPage = pageParameter(query, 'per_page', 25, [5, 1000], invalidAlerting);
	const since = instantParameter(call, 'since');
	const before = instantParameter(call, 'before');
	const oldest = fromMs(account.clock.ms() - HISTORY_DAYS * DAY_MS);
	const found = account.state
		.history()
		.filter(
			({ at }) =>
				at >= oldest &&
				(since === undefined || at > since) &&
				(before === undefined || at < before),
		);
	const shown = found.slice((page - 1) * perPage, page * perPage);
	const answer = success(shown.map(({ entry }) => entry));
	// GUESS: total_count counts what since and before leave.
	answer.body.result_info = resultInfo(page, perPage, shown.length, found.length);
	return read(answer);
};

export const ALERTING_OPERATIONS = {
	availableAlerts: ({ account }) => read(success(availableAlerts(account))),
	// Neither list is paginated: the spec has no page parameters.
	listWebhooks: ({ account }) =>
		read(success([...account.state.webhooks.values()].map(webhookAnswer))),
	createWebhook,
	getWebhook: (call) => read(success(webhookAnswer(getWebhook(call)))),
	updateWebhook,
	deleteWebhook,
	listPolicies: ({ account }) =>
		read(success([...account.state.policies.values()].map(policyAnswer))),
	createPolicy,
	getPolicy: (call) => read(success(policyAnswer(getPolicy(call)))),
	updatePolicy,
	deletePolicy,
	testPolicy,
	listAlertHistory,
} satisfies Record<string, (call: AlertingCall) => Outcome | Promise<Outcome>>;

export type AlertingOperation = keyof typeof ALERTING_OPERATIONS;

export const isAlertingOperation = (operation: string): operation is AlertingOperation =>
	Object.hasOwn(ALERTING_OPERATIONS, operation);

const READS: readonly AlertingOperation[] = [
	...(['availableAlerts', 'listWebhooks', 'getWebhook'] as const),
	...(['listPolicies', 'getPolicy', 'listAlertHistory'] as const),
];

export const isAlertingWrite = (operation: AlertingOperation): boolean =>
	!READS.includes(operation);
