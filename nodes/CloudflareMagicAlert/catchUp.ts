import type { ITriggerFunctions } from 'n8n-workflow';
import { listAlertHistory } from '../api/alerting';
import type { CloudflareClient } from '../api/client';
import { clientFor } from '../shared/connection';
import { errorText } from '../shared/errors';
import type { JsonRecord } from '../http/json';
import { text } from '../http/json';
import { alertOfEntry, itemOf, secondsOf } from './alert';
import { concerns } from './delivery';
import { readSettings } from './settings';
import { isNew, known, secondsIn } from './replays';
import { TriggerState } from './state';

/** Seconds before the newest known alert from which on the history is read: one may have been lost. */
const LOOK_BACK = 86_400;

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
 * Starts the workflow with the alerts of this trigger that the account's history has and that never
 * came, oldest first, all in one execution. A history that can't be read is logged, and does not
 * keep the workflow from being activated.
 */
export async function catchUp(context: ITriggerFunctions): Promise<void> {
	try {
		const settings = readSettings(context);
		const state = new TriggerState(context.getWorkflowStaticData('node'));
		if (!settings.catchUp || state.policies.length === 0) return;
		const newest = Math.max(0, ...known(context, state).map(secondsIn));
		const floor = state.since ?? 0;
		const client = await clientFor(context, settings);
		const entries = await historySince(client, Math.max(floor, newest - LOOK_BACK));
		const items = entries
			.reverse()
			.map((entry) => alertOfEntry(entry, client.accountId))
			.map((alert) => ({ alert, seconds: secondsOf(alert) ?? 0 }))
			.filter(({ alert, seconds }) => {
				// Without its id an alert can't be told from one that came: only its time can tell.
				const after = text(alert.alert_correlation_id) === undefined ? newest : floor;
				return seconds > after && concerns(alert, settings, state) && text(alert.policy_id);
			})
			.sort((a, b) => a.seconds - b.seconds)
			.filter(({ alert }) => isNew(context, state, alert))
			.map(({ alert }) => ({ json: itemOf(alert) }));
		if (items.length > 0) context.emit([items]);
	} catch (error) {
		const { id: workflowId } = context.getWorkflow();
		context.logger.warn(
			`${context.getNode().name}: missed alerts could not be looked up. ${errorText(error)}`,
			{ workflowId },
		);
	}
}
