import type { ITriggerFunctions } from 'n8n-workflow';
import { listAlertHistory } from '../api/alerting';
import type { CloudflareClient } from '../api/client';
import { clientOf, connectionOf } from '../shared/connection';
import { errorText } from '../shared/errors';
import type { JsonRecord } from '../http/json';
import { text } from '../http/json';
import { alertOfEntry, itemOf, secondsOf } from './alert';
import { isWanted } from './delivery';
import type { Settings } from './settings';
import { readSettings } from './settings';
import { withoutSecret } from './echo';
import { known, newestOf, remember, REMEMBERED_TIME } from './replays';
import { secretOf } from './secret';
import type { TriggerState } from './state';
import { openState } from './state';

const PAGE_SIZE = 1000;

/** An end for a history that has none. */
const MOST_PAGES = 100;

async function historySince(client: CloudflareClient, seconds: number): Promise<JsonRecord[]> {
	const since = new Date(seconds * 1000).toISOString();
	const entries: JsonRecord[] = [];
	for (let page = 1; page <= MOST_PAGES; page++) {
		const found = await listAlertHistory(client, { since, page, per_page: PAGE_SIZE });
		entries.push(...found);
		if (found.length < PAGE_SIZE) break;
	}
	return entries;
}

/**
 * Of the history's alerts, newest first, those of this trigger that never came, oldest first. They
 * are remembered from then on.
 *
 * @param newest seconds since 1970 of the newest alert that had come before the history was read
 */
function takeMissed(
	context: ITriggerFunctions,
	state: TriggerState,
	settings: Settings,
	alerts: JsonRecord[],
	newest: number,
): JsonRecord[] {
	const { policies, since: floor = 0 } = state;
	return alerts
		.reverse()
		.map((alert) => ({ alert, seconds: secondsOf(alert) ?? 0 }))
		.filter(({ alert, seconds }) => {
			// Without its id an alert can't be told from one that came: only its time can tell.
			const after = text(alert.alert_correlation_id) === undefined ? newest : floor;
			const policy = text(alert.policy_id);
			return seconds > after && policy && policies.includes(policy) && isWanted(alert, settings);
		})
		.sort((a, b) => a.seconds - b.seconds)
		.map(({ alert }) => alert)
		.filter((alert) => remember(context, state, alert));
}

/**
 * Starts the workflow with the alerts of this trigger that the account's history has and that never
 * came, oldest first, all in one execution. A history that can't be read is logged, and does not
 * keep the workflow from being activated. A copy of the workflow in another n8n has none: what its
 * static data know was made, and is answered, elsewhere.
 */
export async function catchUp(context: ITriggerFunctions): Promise<void> {
	try {
		const settings = readSettings(context);
		const state = openState(context);
		const { home = context.getInstanceBaseUrl() } = state;
		if (!settings.catchUp || state.policies.length === 0) return;
		if (home !== context.getInstanceBaseUrl()) return;
		const connection = await connectionOf(context, settings);
		const client = clientOf(context, connection, { timeoutMs: settings.timeoutMs });
		const newest = newestOf(known(context, state));
		const start = Math.max(state.since ?? 0, newest - REMEMBERED_TIME);
		const entries = await historySince(client, start);
		const secret = secretOf(context, connection.credential);
		const alerts = entries
			.map((entry) => alertOfEntry(entry, connection.accountId))
			.map((alert) => (secret === undefined ? alert : withoutSecret(alert, secret)));
		const missed = takeMissed(context, state, settings, alerts, newest);
		const items = missed.map((alert) => ({ json: itemOf(alert) }));
		if (items.length > 0) context.emit([items]);
	} catch (error) {
		const { id: workflowId } = context.getWorkflow();
		context.logger.warn(
			`${context.getNode().name}: missed alerts could not be looked up. ${errorText(error)}`,
			{ workflowId },
		);
	}
}
