import type { JsonRecord } from '../http/json';
import { field, record, text } from '../http/json';
import { isSettled } from './record';
import type { VaultRecord } from './record';

/** Which version each staging label is on, and what that says of a secret. See awsSecretsManager.ts. */

export const CURRENT = 'AWSCURRENT';
export const PENDING = 'AWSPENDING';

/** The label under which a version is put before AWSPENDING is moved to it. */
export const ARRIVED = 'MAGIC_IPSEC_ARRIVED';

/** The field of a version by which it is known as ours. */
export const MARK = 'magic_ipsec_version';

/** Ids of the versions that hold the labels. */
export interface Labels {
	current?: string;
	pending?: string;
}

/** What is noted in each version beside the record. */
export interface Mark {
	/** The version's own id: a copy that somebody edits and stores has another one. */
	id: string;
	/** Where AWSCURRENT was when the version was written. */
	currentBefore?: string;
}

/** The labels in an answer to DescribeSecret. */
export function labelsOf(described: JsonRecord): Labels {
	const versions = Object.entries(record(described.VersionIdsToStages) ?? {});
	const holder = (label: string) =>
		versions.find(([, stages]) => Array.isArray(stages) && stages.includes(label))?.[0];
	return { current: holder(CURRENT), pending: holder(PENDING) };
}

/** True if a version is known to AWS, with or without a label. */
export function hasVersion(described: JsonRecord, id: string): boolean {
	return Object.hasOwn(record(described.VersionIdsToStages) ?? {}, id);
}

export function markFields({ id, currentBefore }: Mark): JsonRecord {
	return {
		[MARK]: { id, ...(currentBefore === undefined ? {} : { current_before: currentBefore }) },
	};
}

/** The mark in a version's fields, if that very version was written by this driver. */
export function markOf(fields: JsonRecord, id: string): Mark | undefined {
	const mark = fields[MARK];
	if (text(field(mark, 'id')) !== id) return undefined;
	return { id, currentBefore: text(field(mark, 'current_before')) };
}

/** What the labels say of the newest version, the one that holds the record. */
export type Standing =
	/** All labels are where they belong. */
	| 'settled'
	/** AWSCURRENT is still to be moved to it. */
	| 'unfinished'
	/** Somebody stored another version as AWSCURRENT by other means. */
	| 'edited'
	/** AWSPENDING is on a version of somebody else: a rotation by AWS is under way. */
	| 'foreign';

/**
 * @param head id of the newest version: that with AWSPENDING or, while there is none, AWSCURRENT
 * @param mark of that version, if it is ours
 */
export function standingOf(
	{ current, pending }: Labels,
	head: string,
	mark: Mark | undefined,
	record: VaultRecord,
): Standing {
	if (current === head || (current === undefined && pending === head)) return 'settled';
	if (mark === undefined) return 'foreign';
	if (mark.currentBefore !== current) return 'edited';
	return isSettled(record) ? 'unfinished' : 'settled';
}

/**
 * The record where somebody stored another AWSCURRENT: theirs is the current key now, and ours was the
 * one before, just as AWS's own labels say it. A key that is on its way stays.
 */
export function editedRecord(ours: VaultRecord, theirs: VaultRecord): VaultRecord {
	const isOther = ours.current !== undefined && ours.current.key !== theirs.current?.key;
	return {
		...ours,
		current: theirs.current,
		previous: isOther ? { key: ours.current!.key } : ours.previous,
		others: theirs.others,
	};
}
