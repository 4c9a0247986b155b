import { toMicroseconds } from '../time';
import type { Instant } from '../types';
import type { HistoryEntry, Policy, StoredPolicy, StoredWebhook, Webhook } from './types';

export interface StoredEntry {
	/** As precise as `sent` shows it, so that `since` and `before` mean what a client saw. */
	at: Instant;
	entry: HistoryEntry;
}

/** The webhooks, policies and sent notifications of one account. */
export class AlertingState {
	readonly webhooks = new Map<string, StoredWebhook>();
	readonly policies = new Map<string, StoredPolicy>();
	private readonly sent: StoredEntry[] = [];

	/** @param at of the dispatch; entries come in the order of time */
	record(entry: Omit<HistoryEntry, 'sent'>, at: Instant): void {
		const rounded = ((at + 500n) / 1000n) * 1000n;
		this.sent.unshift({ at: rounded, entry: { ...entry, sent: toMicroseconds(rounded) } });
	}

	/** Newest first. */
	history(): readonly StoredEntry[] {
		return this.sent;
	}

	/** last_success and last_failure of a webhook that is still there. */
	recordAttempt(webhookId: string, isSuccess: boolean, at: Instant): void {
		const webhook = this.webhooks.get(webhookId);
		if (!webhook) return;
		this.webhooks.set(webhookId, {
			...webhook,
			...(isSuccess ? { lastSuccess: at } : { lastFailure: at }),
		});
	}

	usesWebhook(webhookId: string): boolean {
		return [...this.policies.values()].some(({ fields }) =>
			fields.mechanisms.webhooks?.some(({ id }) => id === webhookId),
		);
	}
}

/** GUESS: a time that never came is left out. Not simulated: types other than generic. */
export const webhookAnswer = (webhook: StoredWebhook): Webhook => {
	const { id, fields, createdAt, lastSuccess, lastFailure } = webhook;
	return {
		id,
		name: fields.name,
		type: 'generic',
		url: fields.url,
		created_at: toMicroseconds(createdAt),
		...(lastSuccess !== undefined && { last_success: toMicroseconds(lastSuccess) }),
		...(lastFailure !== undefined && { last_failure: toMicroseconds(lastFailure) }),
	};
};

/** Stored policies answer their filters as JSON logic too (notification docs). GUESS: its form. */
const conditions = ({ fields }: StoredPolicy): unknown => ({
	and: Object.entries(fields.filters ?? {}).map(([name, values]) => ({
		or: values.map((value) => ({ [name === 'slo' ? '>=' : '==']: [{ var: name }, value] })),
	})),
});

export const policyAnswer = (policy: StoredPolicy): Policy => ({
	id: policy.id,
	...structuredClone(policy.fields),
	conditions: conditions(policy),
	created: toMicroseconds(policy.createdAt),
	modified: toMicroseconds(policy.modifiedAt),
});
