import { uuid } from '../random';
import { isDelivered } from './messenger';
import type { AlertingAccount, Delivery, NotificationBody, StoredPolicy } from './types';

/** `ALERT_STATE_EVENT_START` and `_END` (notifications/reference/webhook-payload-schema). */
export const alertEvent = (event: 'start' | 'end'): string =>
	`ALERT_STATE_EVENT_${event.toUpperCase()}`;

/** The part of a notification that every one of a policy's has. */
export const envelopeOf = ({ id }: AlertingAccount, { id: policyId, fields }: StoredPolicy) => ({
	name: fields.name,
	account_id: id,
	policy_id: policyId,
	policy_name: fields.name,
	alert_type: fields.alert_type,
});

/** GUESS: the text form is the webhook's body, the object form as in the spec's one example. */
const historyBody = ({ historyBody: form }: AlertingAccount, body: NotificationBody): unknown =>
	form === 'string'
		? JSON.stringify(body)
		: {
				data: body.data,
				metadata: {
					account: { id: body.account_id },
					event: {
						id: body.alert_correlation_id ?? '',
						type: body.alert_type,
						created_at: new Date(body.ts * 1000).toISOString(),
					},
					zone: null,
				},
			};

const record = (
	account: AlertingAccount,
	{ id: policyId, fields }: StoredPolicy,
	body: NotificationBody,
	mechanism: { id: string; type: 'email' | 'webhook' },
): void => {
	const { state, random, clock } = account;
	state.record(
		{
			id: uuid(random),
			name: fields.name,
			...(fields.description !== undefined && { description: fields.description }),
			alert_body: historyBody(account, body),
			alert_type: body.alert_type,
			// The e-mail address (spec's example). GUESS: for a webhook its id.
			mechanism: mechanism.id,
			mechanism_type: mechanism.type,
			policy_id: policyId,
		},
		clock.instant(),
	);
};

/**
 * Sends one notification to every mechanism of a policy, and keeps it in the history whatever becomes of
 * it. E-mail goes nowhere else.
 * @param deliver false: as if no webhook could be reached
 * @returns what was sent to webhooks that are still there
 */
export const dispatch = async (
	account: AlertingAccount,
	policy: StoredPolicy,
	body: NotificationBody,
	deliver = true,
): Promise<Delivery[]> => {
	const { state, messenger, clock } = account;
	const { email = [], webhooks = [] } = policy.fields.mechanisms;
	for (const { id } of email) record(account, policy, body, { id, type: 'email' });
	const deliveries: Delivery[] = [];
	for (const { id } of webhooks) {
		const webhook = state.webhooks.get(id);
		if (!webhook) continue;
		const { url, secret } = webhook.fields;
		record(account, policy, body, { id, type: 'webhook' });
		const status = deliver ? await messenger.post(url, body, secret) : 0;
		state.recordAttempt(id, isDelivered(status), clock.instant());
		deliveries.push({ policyId: policy.id, webhookId: id, url, status, body });
	}
	return deliveries;
};
