import type { IPollFunctions } from 'n8n-workflow';
import { isId } from '../../api/account';
import { authenticationProperty } from '../../shared/connection';
import { DAY_MS } from '../../shared/items';
import { accountIdOption, readTimeout, timeoutOption } from '../../shared/options';
import type { EventSettings, TunnelEvent } from './events';
import { EVENTS } from './events';
import type { Setting } from './parameter';
import { unusable, valueOf } from './parameter';
import {
	eventsProperty,
	filtersProperty,
	nameContainsFilter,
	optionsProperty,
	pskOlderThanProperty,
	remindAfterOption,
	tunnelsFilter,
} from './properties';

/** What a poll reads of the panel. */
export interface Settings {
	wanted: EventSettings;
	authentication: unknown;
	/** Empty for the credential's own. */
	accountId: unknown;
	/** Milliseconds until a request without an answer is given up. */
	timeoutMs: number;
}

const EVENTS_SETTING: Setting = { property: eventsProperty };
const PSK_OLDER_THAN: Setting = { property: pskOlderThanProperty };
const AUTHENTICATION: Setting = { property: authenticationProperty };
const NAME_CONTAINS: Setting = { property: nameContainsFilter, collection: filtersProperty };
const TUNNELS: Setting = { property: tunnelsFilter, collection: filtersProperty };
const REMIND_AFTER: Setting = { property: remindAfterOption, collection: optionsProperty };
const ACCOUNT_ID: Setting = { property: accountIdOption, collection: optionsProperty };
const TIMEOUT: Setting = { property: timeoutOption, collection: optionsProperty };

/**
 * Reads the panel and checks it, before anything is asked of Cloudflare.
 *
 * @throws NodeOperationError for a setting that can't be used
 */
export function readSettings(context: IPollFunctions): Settings {
	return {
		wanted: {
			events: readEvents(context),
			includes: readFilters(context),
			dueAfterMs: readDays(context, PSK_OLDER_THAN),
			remindAfterMs: readDays(context, REMIND_AFTER),
		},
		authentication: valueOf(context, AUTHENTICATION),
		accountId: valueOf(context, ACCOUNT_ID),
		timeoutMs: readTimeout(context.getNode(), valueOf(context, TIMEOUT)),
	};
}

function isEvent(value: unknown): value is TunnelEvent {
	return EVENTS.includes(value as TunnelEvent);
}

function readEvents(context: IPollFunctions): ReadonlySet<TunnelEvent> {
	const events = valueOf(context, EVENTS_SETTING);
	if (Array.isArray(events) && events.length > 0 && events.every(isEvent)) return new Set(events);
	throw unusable(context, EVENTS_SETTING, 'Choose at least one of the events that it offers.');
}

/** Days in milliseconds. */
function readDays(context: IPollFunctions, setting: Setting): number {
	const days = valueOf(context, setting);
	if (typeof days === 'number' && Number.isFinite(days) && days >= 0) return days * DAY_MS;
	throw unusable(context, setting, 'Give a number of days, 0 or more.');
}

function readFilters(context: IPollFunctions): EventSettings['includes'] {
	const part = readNamePart(context);
	const wanted = readTunnels(context);
	const names = new Set(wanted);
	const ids = new Set(wanted.filter(isId).map((id) => id.toLowerCase()));
	return ({ id, name }) =>
		name.toLowerCase().includes(part) &&
		(wanted.length === 0 || names.has(name) || ids.has(id.toLowerCase()));
}

/** A text or a number, without spaces around it; undefined for anything else. */
function asText(value: unknown): string | undefined {
	if (typeof value === 'string') return value.trim();
	return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}

/** In lower case. */
function readNamePart(context: IPollFunctions): string {
	const part = asText(valueOf(context, NAME_CONTAINS));
	if (part !== undefined) return part.toLowerCase();
	throw unusable(context, NAME_CONTAINS, 'Give a text.');
}

/** Names and IDs; an expression may give them as one text, too. */
function readTunnels(context: IPollFunctions): string[] {
	const value = valueOf(context, TUNNELS);
	if (value === '') return [];
	const list: unknown[] = Array.isArray(value) ? value : (asText(value)?.split(',') ?? [value]);
	const texts = list.map(asText).filter((text) => text !== undefined && text !== '');
	if (texts.length === list.length) return texts as string[];
	throw unusable(
		context,
		TUNNELS,
		'Give a list of names or IDs, or a text with commas between them.',
	);
}
