/** What Cloudflare's Notifications take and answer: https://developers.cloudflare.com/api/resources/alerting/. */

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
