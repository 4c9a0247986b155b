import { field, record as objectOf } from '../http/json';
import type { HttpAnswer } from '../http/transport';
import type { Exchanged } from './exchange';
import type { Words } from './failures';
import { failed } from './failures';
import { deletionWarning } from './kv2Mount';
import type { Kv2Session } from './kv2Session';
import { CAS_MISMATCH, errorsOf, kv2Failure, says } from './kv2Words';
import { encodePath } from './names';
import type { VaultRecord } from './record';
import { EMPTY_RECORD, parseRecord } from './record';
import type { Revision, VaultFailure, VaultNames, VaultReading, VaultSnapshot } from './vault';

/** A secret as a version of it says; `metadata` is the version's. */
export function snapshotOf(name: string, record: VaultRecord, metadata: unknown): VaultSnapshot {
	const version = String(field(metadata, 'version'));
	return {
		name,
		state: 'present',
		record,
		revision: version as Revision,
		version,
		unfinished: false,
		warnings: deletionWarning(metadata, name),
	};
}

/**
 * What an answer to a read says. A 404 has three forms: nothing was ever there, the newest version
 * was deleted, or the path is none of this engine. `cas` is 0 only for the first; a deleted secret
 * still needs its number.
 */
export function readingOf(name: string, { reply }: Exchanged): VaultReading | VaultFailure {
	if (reply.kind === 'none') return kv2Failure(reply);
	const data = field(reply.body, 'data');
	const metadata = field(data, 'metadata');
	const version = field(metadata, 'version');
	const hasVersion = Number.isSafeInteger(version) && Number(version) > 0;
	const fields = objectOf(field(data, 'data'));
	if (reply.status === 200 && hasVersion && fields !== undefined) {
		const parsed = parseRecord(fields);
		return parsed.kind === 'record'
			? { kind: 'read', snapshot: snapshotOf(name, parsed.record, metadata) }
			: failed({
					...UNREADABLE,
					what: `what the secret holds can't be understood: ${parsed.what}`,
				});
	}
	if (reply.status === 200) return failed(NO_VERSIONS, { httpCode: '200' });
	if (reply.status !== 404) return kv2Failure(reply);
	if (hasVersion) return nothing(name, 'deleted', String(version));
	if (errorsOf(reply.body)?.length === 0) return nothing(name, 'absent', '0');
	return isWrongPath(reply) ? failed(WRONG_PATH, { httpCode: '404' }) : kv2Failure(reply);
}

function nothing(name: string, state: 'absent' | 'deleted', version: string): VaultReading {
	return {
		kind: 'read',
		snapshot: {
			name,
			state,
			record: EMPTY_RECORD,
			revision: version as Revision,
			version: state === 'absent' ? '' : version,
			unfinished: false,
			warnings: [],
		},
	};
}

function isWrongPath({ body }: HttpAnswer): boolean {
	const warnings = field(body, 'warnings');
	return Array.isArray(warnings) && warnings.some((text) => /versioned K\/V/.test(String(text)));
}

const UNREADABLE: Words = {
	fault: 'unreadable',
	what: '',
	remedy:
		'Look at the secret in the vault. Correct the field, or take the secret to another path; nothing was written over it.',
};

const NO_VERSIONS: Words = {
	fault: 'unreadable',
	what: 'the answer is not that of a key-value engine of version 2',
	remedy:
		"Check Mount and Path in the node, and the credential's address: an engine of version 1 may be mounted there.",
};

const WRONG_PATH: Words = {
	fault: 'notThisVault',
	what: 'Mount and Path do not fit the engine',
	remedy: 'Put into Mount only the name under which the engine is mounted, and the rest into Path.',
	reach: 'vault',
};

export type WriteOutcome =
	| { kind: 'version'; metadata: unknown }
	/** The secret is not at the version that was read. */
	| { kind: 'mismatch' }
	/** Surely not made. */
	| { kind: 'refused' }
	| { kind: 'unclear' };

/** What the reply to a write at version `cas` says. */
export function outcomeOf({ reply, verdict }: Exchanged, cas: number): WriteOutcome {
	if (verdict === 'unclear') return { kind: 'unclear' };
	if (reply.kind === 'none') return { kind: 'refused' };
	if (reply.status >= 200 && reply.status < 300) {
		const metadata = field(reply.body, 'data');
		const isNext = field(metadata, 'version') === cas + 1;
		return isNext ? { kind: 'version', metadata } : { kind: 'unclear' };
	}
	return says(reply, CAS_MISMATCH) ? { kind: 'mismatch' } : { kind: 'refused' };
}

/** Folders are asked for one by one; more than this is no folder of ours. */
const MOST_FOLDERS = 1_000;

/** Names of all secrets that begin with a prefix, in folders below it, too. */
export async function listNames(
	session: Kv2Session,
	mount: string,
	prefix: string,
): Promise<VaultNames | VaultFailure> {
	const names: string[] = [];
	const folders = [prefix.slice(0, prefix.lastIndexOf('/') + 1)];
	for (const folder of folders) {
		const listed = await session.send({
			method: 'GET',
			path: `${mount}/metadata/${encodePath(folder)}`,
			query: { list: 'true' },
			repeating: 'repeatable',
		});
		if ('kind' in listed) return listed;
		const keys = keysOf(listed);
		if (!Array.isArray(keys)) return keys;
		const below = keys.map((key) => folder + key).filter((name) => overlaps(name, prefix));
		names.push(...below.filter((name) => !name.endsWith('/')));
		folders.push(...below.filter((name) => name.endsWith('/')));
		if (folders.length > MOST_FOLDERS) return failed(TOO_MANY_FOLDERS);
	}
	return { kind: 'names', names: names.sort() };
}

function overlaps(name: string, prefix: string): boolean {
	return name.startsWith(prefix) || (name.endsWith('/') && prefix.startsWith(name));
}

function keysOf({ reply }: Exchanged): string[] | VaultFailure {
	if (reply.kind === 'none') return kv2Failure(reply);
	// Nothing is there.
	if (reply.status === 404 && errorsOf(reply.body)?.length === 0) return [];
	const keys = field(field(reply.body, 'data'), 'keys');
	return reply.status === 200 && Array.isArray(keys) ? keys.map(String) : kv2Failure(reply);
}

const TOO_MANY_FOLDERS: Words = {
	fault: 'rejected',
	what: `there are more than ${MOST_FOLDERS} folders below this path`,
	remedy: 'Give the secrets of tunnels a folder of their own.',
};
