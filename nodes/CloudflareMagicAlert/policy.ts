import type { NotificationPolicy, PolicyBody } from '../api/alertingTypes';
import { field, text } from '../http/json';
import type { Settings } from './settings';

/** The notification policy that the parameters ask for. */

/** @param names of the tunnels; empty for all */
export function policyBody(
	settings: Settings,
	name: string,
	webhookId: string,
	names: string[],
): PolicyBody {
	const { alertType, alertInterval, slo } = settings;
	return {
		name,
		description: 'Made by n8n for a workflow, and removed with it',
		enabled: true,
		alert_type: alertType,
		...(alertInterval === undefined ? {} : { alert_interval: `${alertInterval}m` }),
		filters: { slo: [slo], ...(names.length === 0 ? {} : { tunnel_name: names }) },
		mechanisms: { webhooks: [{ id: webhookId }] },
	};
}

function textsIn(value: unknown): string[] {
	return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string').sort() : [];
}

/** Minutes of a duration such as `1h30m0s`; NaN for anything else. */
function minutesIn(duration: unknown): number {
	const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text(duration) ?? '-');
	if (parts === null) return NaN;
	const [hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
	return hours! * 60 + minutes! + seconds! / 60;
}

/** False for a policy that somebody changed, or that was made for other parameters. */
export function isAsWanted(policy: NotificationPolicy, body: PolicyBody): boolean {
	const { slo, tunnel_name: names = [] } = body.filters;
	const webhooks = field(policy.mechanisms, 'webhooks');
	return (
		policy.enabled === true &&
		policy.alert_type === body.alert_type &&
		textsIn(field(policy.filters, 'slo')).map(Number).join() === slo.map(Number).join() &&
		textsIn(field(policy.filters, 'tunnel_name')).join('\n') === [...names].sort().join('\n') &&
		(body.alert_interval === undefined ||
			minutesIn(policy.alert_interval) === minutesIn(body.alert_interval)) &&
		Array.isArray(webhooks) &&
		webhooks.some((webhook) => field(webhook, 'id') === body.mechanisms.webhooks[0]!.id)
	);
}
