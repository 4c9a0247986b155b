import type { Clock } from '../time';
import type { Instant } from '../types';
import type { Random } from '../random';
import type { Messenger } from './messenger';
import type { AlertingState } from './state';

/** How the account sends notifications; see `SimulatorOptions`. */
export interface AlertingOptions {
	/** Accept webhooks on loopback, on any port; Cloudflare refuses them. */
	allowLoopback?: boolean;
	/** Origins on the public Internet, and where on loopback they are answered in truth. */
	publicOrigins?: Readonly<Record<string, string>>;
	/** How long a receiver may take to answer, ms; default 5,000. */
	timeoutMs?: number;
	/** Form of `alert_body` in the history: the spec says string, its own example shows an object. */
	historyBody?: 'string' | 'object';
}

/** What the alerting operations of one account work on. */
export interface AlertingAccount {
	id: string;
	/** Whether the account may subscribe to alerts about Magic tunnels. */
	hasMagic: boolean;
	state: AlertingState;
	clock: Clock;
	random: Random;
	messenger: Messenger;
	historyBody: 'string' | 'object';
}

export interface WebhookFields {
	name: string;
	url: string;
	secret?: string;
}

export interface StoredWebhook {
	readonly id: string;
	readonly fields: WebhookFields;
	readonly createdAt: Instant;
	readonly lastSuccess?: Instant;
	readonly lastFailure?: Instant;
}

/** A webhook destination as Cloudflare answers it. The secret is never part of it. */
export interface Webhook {
	id: string;
	name: string;
	type: 'generic';
	url: string;
	created_at: string;
	last_success?: string;
	last_failure?: string;
}

export interface Mechanisms {
	email?: { id: string }[];
	pagerduty?: { id: string }[];
	webhooks?: { id: string }[];
}

export type Filters = Record<string, string[]>;

export interface PolicyFields {
	name: string;
	description?: string;
	enabled: boolean;
	alert_type: string;
	alert_interval?: string;
	filters?: Filters;
	mechanisms: Mechanisms;
}

export interface StoredPolicy {
	readonly id: string;
	readonly fields: PolicyFields;
	readonly createdAt: Instant;
	readonly modifiedAt: Instant;
}

/** A notification policy as Cloudflare answers it. */
export interface Policy extends PolicyFields {
	id: string;
	conditions: unknown;
	created: string;
	modified: string;
}

/** One notification that was sent, or that could not be, to one mechanism. */
export interface HistoryEntry {
	id: string;
	name: string;
	description?: string;
	alert_body: unknown;
	alert_type: string;
	mechanism: string;
	mechanism_type: 'email' | 'pagerduty' | 'webhook';
	policy_id: string;
	sent: string;
}

/** The body of a generic webhook (notifications/reference/webhook-payload-schema). */
export interface NotificationBody {
	name: string;
	text: string;
	data: Record<string, unknown>;
	/** Seconds since 1970. */
	ts: number;
	account_id: string;
	policy_id: string;
	policy_name: string;
	alert_type: string;
	alert_correlation_id?: string;
	alert_event?: string;
}

/** One notification on its way to one webhook. */
export interface Delivery {
	policyId: string;
	webhookId: string;
	url: string;
	/** Status answered; 0 when there was no answer, or nothing was sent. */
	status: number;
	body: NotificationBody;
}

export type TunnelStatus = 'down' | 'up';

/** Something that happens to a tunnel. */
export interface Alert {
	/** Id or name. */
	tunnel: string;
	status: TunnelStatus;
	/** Default the other one. */
	previous?: TunnelStatus;
	/** Only policies with this SLO (or with none) hear of it; default every policy's own. */
	slo?: string;
	/** Share of health checks that succeeded, percent. */
	observedSlo?: string;
	/** Data centres; default two. */
	popNames?: string[];
	/** Default both alert types about Magic tunnels. */
	alertType?: string;
	/** Default one for each incident of a tunnel, from its start to its end. */
	correlationId?: string;
	/** Default start when it goes down, end when it comes up. */
	event?: 'start' | 'end';
	/** Seconds since 1970; default now. */
	ts?: number;
	/** False: the notification is lost on its way, but the history has it. */
	deliver?: boolean;
}

/** The account's notifications beside its API. */
export interface Alerts {
	/**
	 * Notifies every policy that the alert concerns, one webhook after the other.
	 * @throws Error when there is no such tunnel
	 */
	fire(alert: Alert): Promise<Delivery[]>;
	/**
	 * Sends a notification once more, byte for byte, as at-least-once delivery does; the history does not
	 * grow.
	 * @throws Error when the webhook is gone
	 */
	replay(delivery: Pick<Delivery, 'policyId' | 'webhookId' | 'body'>): Promise<Delivery>;
	/** All webhooks, secrets included. */
	webhooks(): (Webhook & { secret?: string })[];
	policies(): Policy[];
	/** Newest first. */
	history(): HistoryEntry[];
	/** Somebody else deletes a webhook; a policy may still name it. */
	removeWebhook(id: string): boolean;
	removePolicy(id: string): boolean;
}
