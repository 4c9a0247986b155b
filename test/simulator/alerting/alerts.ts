import { uuid } from '../random';
import type { StoredTunnel } from '../types';
import { MAGIC_ALERT_TYPES } from './alertTypes';
import { alertEvent, dispatch, envelopeOf } from './dispatch';
import { isDelivered } from './messenger';
import { policyAnswer, webhookAnswer } from './state';
import type {
	Alert,
	AlertingAccount,
	Alerts,
	NotificationBody,
	PolicyFields,
	StoredPolicy,
	TunnelStatus,
} from './types';

const POP_NAMES = ['AMS', 'FRA'];

const statusName = (status: TunnelStatus): string => `MAGIC_TUNNEL_STATUS_${status.toUpperCase()}`;

const isConcerned = (
	{ enabled, alert_type: alertType, filters = {} }: PolicyFields,
	{ slo, alertType: wanted, popNames = POP_NAMES }: Alert,
	{ fields }: StoredTunnel,
): boolean => {
	const { slo: slos, tunnel_name: names, pop_names: pops } = filters;
	return (
		enabled &&
		(wanted === undefined ? MAGIC_ALERT_TYPES.includes(alertType) : alertType === wanted) &&
		(slo === undefined || !slos || slos.some((one) => Number(one) === Number(slo))) &&
		(!names || names.includes(fields.name)) &&
		(!pops || pops.some((pop) => popNames.includes(pop)))
	);
};

/**
 * `data` as a receiver of Magic Transit's alerts reads it (2026-02).
 * GUESS: all values; that receiver's samples are made up, and no page has one.
 */
const tunnelData = (
	{ fields: { filters } }: StoredPolicy,
	alert: Alert,
	{ id, fields }: StoredTunnel,
	ts: number,
): NotificationBody['data'] => {
	const { status, previous = status === 'down' ? 'up' : 'down' } = alert;
	return {
		tunnel_name: fields.name,
		tunnel_id: id,
		new_status: statusName(status),
		previous_status: statusName(previous),
		pop_names: (alert.popNames ?? POP_NAMES).join(', '),
		slo: alert.slo ?? filters?.slo?.[0] ?? '99.9',
		observed_slo: alert.observedSlo ?? (status === 'down' ? '85.5' : '100'),
		mwan_site_name: fields.description ?? '',
		event_ts: `${new Date(ts * 1000).toISOString().slice(0, 19)}Z`,
		severity: status === 'down' ? 'HIGH' : 'INFO',
	};
};

/**
 * Not simulated: alert_interval, and that Cloudflare stays silent about tunnels without traffic.
 * @param tunnelOf throws when there is no such tunnel
 */
export const createAlerts = (
	account: AlertingAccount,
	tunnelOf: (idOrName: string) => StoredTunnel,
): Alerts => {
	const { state, messenger, clock, random } = account;
	const incidents = new Map<string, string>();

	const correlationOf = ({ id }: StoredTunnel, event: 'start' | 'end'): string => {
		const known = incidents.get(id) ?? uuid(random);
		if (event === 'start') incidents.set(id, known);
		else incidents.delete(id);
		return known;
	};

	return {
		async fire(alert) {
			const tunnel = tunnelOf(alert.tunnel);
			const { status, event = status === 'down' ? 'start' : 'end', deliver } = alert;
			const ts = alert.ts ?? Math.floor(clock.ms() / 1000);
			const correlationId = alert.correlationId ?? correlationOf(tunnel, event);
			const concerned = [...state.policies.values()].filter(({ fields }) =>
				isConcerned(fields, alert, tunnel),
			);
			const deliveries = [];
			for (const policy of concerned) {
				const body: NotificationBody = {
					...envelopeOf(account, policy),
					// GUESS: the words.
					text: `The tunnel ${tunnel.fields.name} is ${status}.`,
					data: tunnelData(policy, alert, tunnel, ts),
					ts,
					alert_correlation_id: correlationId,
					alert_event: alertEvent(event),
				};
				deliveries.push(...(await dispatch(account, policy, body, deliver)));
			}
			return deliveries;
		},
		async replay({ policyId, webhookId, body }) {
			const webhook = state.webhooks.get(webhookId);
			if (!webhook) throw new Error(`The simulated account has no webhook ${webhookId}`);
			const { url, secret } = webhook.fields;
			const status = await messenger.post(url, body, secret);
			state.recordAttempt(webhookId, isDelivered(status), clock.instant());
			return { policyId, webhookId, url, status, body };
		},
		webhooks: () =>
			[...state.webhooks.values()].map((webhook) => ({
				...webhookAnswer(webhook),
				...(webhook.fields.secret !== undefined && { secret: webhook.fields.secret }),
			})),
		policies: () => [...state.policies.values()].map(policyAnswer),
		history: () => state.history().map(({ entry }) => structuredClone(entry)),
		removeWebhook: (id) => state.webhooks.delete(id),
		removePolicy: (id) => state.policies.delete(id),
	};
};

const ALERT_FIELDS: Record<keyof Alert, string> = {
	tunnel: 'string',
	status: 'string',
	previous: 'string',
	slo: 'string',
	observedSlo: 'string',
	popNames: 'object',
	alertType: 'string',
	correlationId: 'string',
	event: 'string',
	ts: 'number',
	deliver: 'boolean',
};

/** @throws Error when JSON does not name an alert */
export const alertFromJson = (json: unknown): Alert => {
	if (typeof json !== 'object' || json === null) throw new Error('an alert is an object');
	for (const [name, value] of Object.entries(json)) {
		const type: string | undefined = Object.hasOwn(ALERT_FIELDS, name)
			? ALERT_FIELDS[name as keyof Alert]
			: undefined;
		if (type === undefined) throw new Error(`an alert has no ${name}`);
		if (typeof value !== type) throw new Error(`${name} must be of type ${type}`);
	}
	const alert = json as Alert;
	if (alert.tunnel === undefined) throw new Error('tunnel is required');
	const statuses: unknown[] = ['down', 'up'];
	if (!statuses.includes(alert.status) || !statuses.includes(alert.previous ?? 'up')) {
		throw new Error('status and previous are down or up');
	}
	if (alert.popNames && !Array.isArray(alert.popNames)) throw new Error('popNames is a list');
	if (!['start', 'end'].includes(alert.event ?? 'start')) throw new Error('event is start or end');
	return alert;
};
