import { createHash } from 'node:crypto';
import type { IDataObject } from 'n8n-workflow';
import type { JsonRecord } from '../http/json';
import { field, record, text } from '../http/json';
import { jsonObject, shallowRecord } from './body';

/**
 * Readers of an alert: the body of Cloudflare's generic webhook
 * (https://developers.cloudflare.com/notifications/reference/webhook-payload-schema/) with the
 * `data` of Magic's alerts, of which no page has a sample. Any field may be absent or of another type.
 */

export type AlertEvent = 'start' | 'end';

/** Everything later is taken for milliseconds: as seconds it would be the year 5138. */
const LAST_SECOND = 1e11;

const LAST_MS = Date.UTC(9999, 11, 31);

/** Characters of a number or a time; nobody writes more. */
const LONGEST_VALUE = 100;

/** Data centers of one alert; Cloudflare has some hundreds. */
const MOST_POPS = 1000;

function dataOf(alert: JsonRecord): JsonRecord {
	return record(alert.data) ?? {};
}

/** A number, or a text of one, with or without a percent sign. */
function numberIn(value: unknown): number | null {
	if (typeof value !== 'string') return Number.isFinite(value) ? (value as number) : null;
	if (value.length > LONGEST_VALUE) return null;
	const said = value.trim();
	const digits = said.endsWith('%') ? said.slice(0, -1).trimEnd() : said;
	const found = digits === '' ? NaN : Number(digits);
	return Number.isFinite(found) ? found : null;
}

/** A text that may be a time; undefined for one that is too long to be any. */
function timeText(value: unknown): string | undefined {
	const said = text(value);
	return said === undefined || said.length > LONGEST_VALUE ? undefined : said;
}

/** Milliseconds since 1970 of a time in RFC 3339, or in seconds or milliseconds since 1970. */
function msIn(value: unknown): number | undefined {
	const count = numberIn(value);
	const ms =
		count === null ? Date.parse(timeText(value) ?? '') : count < LAST_SECOND ? count * 1000 : count;
	return ms >= 0 && ms <= LAST_MS ? ms : undefined;
}

/** `MAGIC_TUNNEL_STATUS_DOWN` as `down`; other words in lower case. */
function statusIn(value: unknown): string | null {
	const status = text(value)?.replace(/^MAGIC_TUNNEL_STATUS_/i, '');
	return status?.toLowerCase() ?? null;
}

/** Names of data centers: Cloudflare writes "ZRH, MXP". */
function popsIn(value: unknown): string[] {
	const names = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [];
	return names
		.filter((name) => typeof name === 'string')
		.map((name) => name.trim())
		.filter((name) => name !== '')
		.slice(0, MOST_POPS);
}

/** Whether an incident starts or ends; by the tunnel's status where the alert does not say it. */
export function eventOf(alert: JsonRecord): AlertEvent | null {
	const said = text(alert.alert_event)
		?.replace(/^ALERT_STATE_EVENT_/i, '')
		.toLowerCase();
	if (said === 'start' || said === 'end') return said;
	const status = statusIn(dataOf(alert).new_status);
	if (status === null) return null;
	return status === 'up' || status === 'healthy' ? 'end' : 'start';
}

/** Seconds since 1970 at which an alert was raised; undefined if it does not say it. */
export function secondsOf(alert: JsonRecord): number | undefined {
	const ms = msIn(alert.ts);
	return ms === undefined ? undefined : Math.floor(ms / 1000);
}

/**
 * What makes two deliveries the same alert: its correlation id, event and time; for an alert without
 * a correlation id, everything in it.
 */
export function fingerprint(alert: JsonRecord): string {
	const incident = text(alert.alert_correlation_id);
	const what =
		incident === undefined ? alert : [incident, eventOf(alert), secondsOf(alert) ?? alert.ts];
	return createHash('sha256').update(JSON.stringify(what)).digest('base64url').slice(0, 16);
}

/** False for a body that names none of an alert's own fields, such as Cloudflare's test message. */
export function isAlert(body: JsonRecord): boolean {
	return (
		record(body.data) !== undefined ||
		[body.alert_type, body.policy_id, body.alert_correlation_id].some(
			(value) => text(value) !== undefined,
		)
	);
}

/** The item that an alert starts a workflow with. */
export function itemOf(alert: JsonRecord): IDataObject {
	const data = dataOf(alert);
	const occurred = msIn(data.event_ts) ?? msIn(alert.ts);
	const severity = text(data.severity);
	const siteName = text(data.mwan_site_name);
	return {
		event: eventOf(alert),
		tunnel_id: text(data.tunnel_id) ?? null,
		tunnel_name: text(data.tunnel_name) ?? null,
		status: statusIn(data.new_status),
		previous_status: statusIn(data.previous_status),
		slo: numberIn(data.slo),
		observed_slo: numberIn(data.observed_slo),
		pops: popsIn(data.pop_names),
		alert_type: text(alert.alert_type) ?? null,
		account_id: text(alert.account_id) ?? null,
		policy_id: text(alert.policy_id) ?? null,
		occurred_at: occurred === undefined ? null : new Date(occurred).toISOString(),
		text: text(alert.text) ?? null,
		...(severity === undefined ? {} : { severity }),
		...(siteName === undefined ? {} : { site_name: siteName }),
		raw: alert as IDataObject,
	};
}

/**
 * An entry of the account's history as the alert that the webhook got. `alert_body` is the webhook's
 * body as a text, or an object of `data` and `metadata` (both are in Cloudflare's OpenAPI document),
 * or a text for people.
 */
export function alertOfEntry(entry: JsonRecord, accountId: string): JsonRecord {
	const { alert_body: given } = entry;
	const body = typeof given === 'string' ? jsonObject(given) : shallowRecord(given);
	const { metadata, ...alert }: JsonRecord = body ?? { text: text(given) };
	const event = field(metadata, 'event');
	const beside: JsonRecord = {
		name: text(entry.name),
		account_id: accountId,
		policy_id: text(entry.policy_id),
		alert_type: text(entry.alert_type),
		alert_correlation_id: field(event, 'id'),
		ts: secondsOf({ ts: field(event, 'created_at') }) ?? secondsOf({ ts: entry.sent }),
	};
	const missing = Object.entries(beside).filter(
		([name, value]) => value !== undefined && alert[name] === undefined,
	);
	return { ...alert, ...Object.fromEntries(missing) };
}
