import type { JsonRecord } from '../http/json';
import { record as objectOf } from '../http/json';

/** The key that routers use, and Cloudflare's date of it. */
export interface CurrentKey {
	key: string;
	/** `last_generated_on` as Cloudflare's list says it; absent where nobody wrote it down. */
	generatedOn?: string;
}

/** How a run wanted to end: promote by itself, or leave that to Finish. */
export type FinishMode = 'atOnce' | 'later';

/** A key on its way: it may be live at Cloudflare already. */
export interface PendingKey {
	key: string;
	/** Cloudflare's date of the key that this one replaces. */
	replacesGeneratedOn?: string;
	/** Cloudflare's date after this key was set; absent until that is known. */
	generatedOn?: string;
	/** When it was stored, RFC 3339. */
	since?: string;
	/** The run that stored it: a random text for each run. */
	by?: string;
	finish?: FinishMode;
}

/** The former key, which Roll Back sets again. */
export interface PreviousKey {
	key: string;
	/** When it was rolled back, RFC 3339: such a key is never set again. */
	rolledBackOn?: string;
}

/** Which tunnel the record is for. */
export interface RecordOwner {
	tunnelId?: string;
	tunnelName?: string;
	accountId?: string;
}

/**
 * All that the vault holds for one tunnel. It is stored as a flat JSON object whose names are those
 * of `STORED_NAMES`, beside the fields of others, which are kept as they are.
 */
export interface VaultRecord {
	current?: CurrentKey;
	pending?: PendingKey;
	previous?: PreviousKey;
	/** A Roll Back is under way: every operation that finds this completes it. */
	intent?: 'roll_back';
	owner: RecordOwner;
	/** Fields that are not ours. */
	others: Readonly<JsonRecord>;
}

export const EMPTY_RECORD: VaultRecord = { owner: {}, others: {} };

/** The names under which a record is stored. */
export const STORED_NAMES = [
	...['current', 'current_generated_on'],
	...['pending', 'replaces_generated_on', 'pending_generated_on', 'pending_since', 'pending_by'],
	...['finish', 'intent', 'previous', 'previous_rolled_back_on'],
	...['tunnel_id', 'tunnel_name', 'account_id'],
] as const;

/** Levels of objects and lists in a field of others; far deeper ones can't be compared or written again. */
const DEEPEST_FIELD = 100;

type StoredName = (typeof STORED_NAMES)[number];

const OURS: ReadonlySet<string> = new Set(STORED_NAMES);

export type ParsedRecord =
	| { kind: 'record'; record: VaultRecord }
	/** What is wrong, in one sentence without a full stop and without any value. */
	| { kind: 'unreadable'; what: string };

/**
 * The record in a secret's fields. What is not understood is refused and never repaired: a write
 * would throw it away. Null and an empty text count as absent.
 */
export function parseRecord(fields: Readonly<JsonRecord>): ParsedRecord {
	const wrong = STORED_NAMES.find((name) => !isTextOrNothing(fields[name]));
	if (wrong !== undefined) return unreadable(`its field '${wrong}' holds no text`);
	const text = (name: StoredName) => (fields[name] as string | null | undefined) || undefined;
	const [finish, intent] = [text('finish'), text('intent')];
	if (finish !== undefined && finish !== 'atOnce' && finish !== 'later') {
		return unreadable("its field 'finish' holds neither 'atOnce' nor 'later'");
	}
	if (intent !== undefined && intent !== 'roll_back') {
		return unreadable("its field 'intent' does not hold 'roll_back'");
	}
	const others = Object.fromEntries(Object.entries(fields).filter(([name]) => !OURS.has(name)));
	if (!isWithin(others, DEEPEST_FIELD)) {
		return unreadable(`one of its other fields is nested more than ${DEEPEST_FIELD} levels deep`);
	}
	if (!survivesJson(others)) {
		return unreadable(
			'one of its other fields holds a number that is too large to be kept exactly',
		);
	}
	return {
		kind: 'record',
		record: {
			current: part(text('current'), { generatedOn: text('current_generated_on') }),
			pending: part(text('pending'), {
				replacesGeneratedOn: text('replaces_generated_on'),
				generatedOn: text('pending_generated_on'),
				since: text('pending_since'),
				by: text('pending_by'),
				finish,
			}),
			previous: part(text('previous'), { rolledBackOn: text('previous_rolled_back_on') }),
			intent,
			owner: {
				tunnelId: text('tunnel_id'),
				tunnelName: text('tunnel_name'),
				accountId: text('account_id'),
			},
			others,
		},
	};
}

/** The fields under which a record is stored, those of others among them. */
export function fieldsOf({ current, pending, previous, intent, ...rest }: VaultRecord): JsonRecord {
	const fields: Record<StoredName, string | undefined> = {
		current: current?.key,
		current_generated_on: current?.generatedOn,
		pending: pending?.key,
		replaces_generated_on: pending?.replacesGeneratedOn,
		pending_generated_on: pending?.generatedOn,
		pending_since: pending?.since,
		pending_by: pending?.by,
		finish: pending?.finish,
		intent,
		previous: previous?.key,
		previous_rolled_back_on: previous?.rolledBackOn,
		tunnel_id: rest.owner.tunnelId,
		tunnel_name: rest.owner.tunnelName,
		account_id: rest.owner.accountId,
	};
	const ours = Object.entries(fields).filter(([, value]) => value !== undefined);
	return { ...rest.others, ...Object.fromEntries(ours) };
}

/** True if two JSON values are the same, whatever the order of their fields. */
export function sameJson(a: unknown, b: unknown): boolean {
	if (Array.isArray(a) && Array.isArray(b)) {
		return a.length === b.length && a.every((entry, index) => sameJson(entry, b[index]));
	}
	const [left, right] = [objectOf(a), objectOf(b)];
	if (left === undefined || right === undefined) return a === b;
	const names = Object.keys(left);
	return (
		names.length === Object.keys(right).length &&
		names.every((name) => Object.hasOwn(right, name) && sameJson(left[name], right[name]))
	);
}

/** True if a record is this tunnel's, or names none. */
export function belongsTo(record: VaultRecord, tunnelId: string): boolean {
	return record.owner.tunnelId === undefined || record.owner.tunnelId === tunnelId;
}

/** Nothing is under way: neither a key nor a Roll Back. */
export function isSettled(record: VaultRecord): boolean {
	return record.pending === undefined && record.intent === undefined;
}

function unreadable(what: string): ParsedRecord {
	return { kind: 'unreadable', what };
}

function isTextOrNothing(value: unknown): boolean {
	return value === undefined || value === null || typeof value === 'string';
}

/** True if no value is nested in more objects and lists than these, besides the outermost. */
function isWithin(value: unknown, levels: number): boolean {
	if (typeof value !== 'object' || value === null) return true;
	return levels >= 0 && Object.values(value).every((inner) => isWithin(inner, levels - 1));
}

/** False if a whole number was rounded when the JSON was read. */
function survivesJson(value: unknown): boolean {
	if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value);
	if (typeof value !== 'object' || value === null) return true;
	return Object.values(value).every(survivesJson);
}

function part<T>(key: string | undefined, rest: T): ({ key: string } & T) | undefined {
	return key === undefined ? undefined : { key, ...rest };
}
