import type { JsonRecord } from '../http/json';
import { record as objectOf, text } from '../http/json';
import type { AwsCalls } from './awsCalls';
import type { Labels, Mark } from './awsLabels';
import { editedRecord, labelsOf, MARK, markOf, standingOf } from './awsLabels';
import { revisionOf } from './awsVersions';
import type { Words } from './failures';
import { failed } from './failures';
import type { VaultRecord } from './record';
import { EMPTY_RECORD, parseRecord } from './record';
import type { VaultFailure, VaultReading, VaultSnapshot } from './vault';

/**
 * Reads a secret: its labels in one answer, then the newest version, which never changes. So both
 * together are one state of it.
 */
export async function readSecret(
	calls: AwsCalls,
	name: string,
): Promise<VaultReading | VaultFailure> {
	const described = await calls.send(
		'DescribeSecret',
		{ SecretId: name },
		{ repeating: 'repeatable' },
	);
	if (described.kind === 'error' && described.type === 'ResourceNotFoundException') {
		return reading(name, { state: 'absent', revision: revisionOf({ exists: false }) });
	}
	if (described.kind !== 'ok') return described.failure;
	if (described.body.DeletedDate !== undefined && described.body.DeletedDate !== null) {
		return failed(WAITS_FOR_DELETION);
	}
	const labels = labelsOf(described.body);
	const head = labels.pending ?? labels.current;
	const revision = revisionOf({ exists: true, ...labels });
	if (head === undefined) return reading(name, { state: 'absent', revision });
	const version = await readVersion(calls, name, head, labels);
	if ('kind' in version) return version;
	const standing = standingOf(labels, head, version.mark, version.record);
	if (standing === 'foreign') return failed(ROTATION_OPEN);
	let { record } = version;
	if (standing === 'edited') {
		const edited = await readVersion(calls, name, labels.current!, labels);
		if ('kind' in edited) return edited;
		record = editedRecord(record, edited.record);
	}
	return reading(name, {
		state: 'present',
		record,
		revision,
		version: head,
		unfinished: standing === 'unfinished',
		warnings: described.body.RotationEnabled === true ? [AWS_ROTATES] : [],
	});
}

function reading(
	name: string,
	known: Partial<VaultSnapshot> & Pick<VaultSnapshot, 'state' | 'revision'>,
): VaultReading {
	const nothing = { record: EMPTY_RECORD, version: '', unfinished: false, warnings: [] };
	return { kind: 'read', snapshot: { name, ...nothing, ...known } };
}

interface Version {
	record: VaultRecord;
	mark: Mark | undefined;
}

async function readVersion(
	calls: AwsCalls,
	name: string,
	id: string,
	{ current }: Labels,
): Promise<Version | VaultFailure> {
	const got = await calls.send(
		'GetSecretValue',
		{ SecretId: name, VersionId: id },
		{ repeating: 'repeatable' },
	);
	if (got.kind === 'error' && got.type === 'ResourceNotFoundException') {
		// A rotation by AWS that failed leaves AWSPENDING on a version without a value.
		return id === current ? got.failure : failed(ROTATION_OPEN);
	}
	if (got.kind !== 'ok') return got.failure;
	const fields = fieldsIn(text(got.body.SecretString));
	if (fields === undefined) return failed(NO_OBJECT);
	const mark = markOf(fields, id);
	delete fields[MARK];
	const parsed = parseRecord(fields);
	return parsed.kind === 'record'
		? { record: parsed.record, mark }
		: failed({ ...UNREADABLE, what: `what the secret holds can't be understood: ${parsed.what}` });
}

function fieldsIn(value: string | undefined): JsonRecord | undefined {
	try {
		return objectOf(JSON.parse(value ?? ''));
	} catch {
		return undefined;
	}
}

const WAITS_FOR_DELETION: Words = {
	fault: 'rejected',
	what: 'the secret is waiting for its deletion',
	remedy: 'Restore it in AWS (RestoreSecret), or take another name.',
};

const ROTATION_OPEN: Words = {
	fault: 'foreign',
	what: 'another rotation of this secret is open: AWSPENDING is on a version that is not ours',
	remedy:
		'Let it end, or take the label AWSPENDING off that version (UpdateSecretVersionStage with RemoveFromVersionId only). A secret that AWS rotates by itself is not for this node.',
};

const NO_OBJECT: Words = {
	fault: 'unreadable',
	what: 'the secret holds no JSON object',
	remedy:
		'Take it to another name, or store it as JSON: its key in the field "current". Nothing was written over it.',
};

const UNREADABLE: Words = {
	fault: 'unreadable',
	what: '',
	remedy:
		'Look at the secret in AWS. Correct the field, or take the secret to another name; nothing was written over it.',
};

const AWS_ROTATES =
	'AWS rotates this secret by itself, which would replace the key by one that no tunnel has: switch that rotation off.';
