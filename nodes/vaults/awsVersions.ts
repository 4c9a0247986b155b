import type { JsonRecord } from '../http/json';
import { MAX_REPEATS } from '../http/retry';
import type { AwsCalls, AwsResult } from './awsCalls';
import { ARRIVED, CURRENT, hasVersion, labelsOf, PENDING } from './awsLabels';
import type { Labels } from './awsLabels';
import { failed } from './failures';
import type { Revision, VaultConflict, VaultFailure } from './vault';

/** Versions that are put and labels that are moved, with lost answers settled by a look. */

/** The state of a secret that a write starts from: the revision of this driver. */
export interface Before extends Labels {
	exists: boolean;
}

export function revisionOf({ exists, current, pending }: Before): Revision {
	return JSON.stringify({ exists, current, pending }) as Revision;
}

export function stateOf(revision: Revision): Before {
	return JSON.parse(revision) as Before;
}

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html */
const MOST_BYTES = 65_536;

const CONFLICT: VaultConflict = { kind: 'conflict' };

/**
 * Puts a version that nobody reads yet. The id makes this repeatable: AWS takes the same id with the
 * same value as often as it comes.
 *
 * @returns what kept it from being put; undefined if it is there
 */
export async function putVersion(
	calls: AwsCalls,
	name: string,
	before: Before,
	id: string,
	value: string,
): Promise<VaultConflict | VaultFailure | undefined> {
	if (Buffer.byteLength(value) > MOST_BYTES) {
		return failed({
			fault: 'rejected',
			what: 'the secret is too large for AWS',
			remedy: 'Keep other fields in another secret: AWS takes 65,536 bytes.',
		});
	}
	const content = { ClientRequestToken: id, SecretString: value };
	const put = before.exists
		? await calls.send(
				'PutSecretValue',
				{ SecretId: name, ...content, VersionStages: [ARRIVED] },
				{ repeating: 'repeatable' },
			)
		: await calls.send('CreateSecret', { Name: name, ...content }, { repeating: 'repeatable' });
	if (put.kind === 'ok') return undefined;
	const type = put.kind === 'error' ? put.type : '';
	const exists = type === 'ResourceExistsException';
	// Gone since it was read.
	if (before.exists && type === 'ResourceNotFoundException') return CONFLICT;
	let doubtful = put.failure.mayHaveHappened || exists;
	if (doubtful) {
		const described = await describe(calls, name);
		if (described.kind === 'ok' && hasVersion(described.body, id)) return undefined;
		if (described.kind === 'ok' && exists) return CONFLICT;
	}
	// A version that is not the first is no one's until AWSPENDING is on it.
	doubtful &&= before.current === undefined && before.pending === undefined;
	return { ...put.failure, mayHaveHappened: doubtful };
}

/**
 * Moves a label from one version to another, if it still is on the first.
 *
 * @param from undefined if it is on none
 * @returns what kept it from being moved; undefined if it is where it should be
 */
export async function moveLabel(
	calls: AwsCalls,
	name: string,
	label: typeof CURRENT | typeof PENDING,
	to: string,
	from: string | undefined,
): Promise<VaultConflict | VaultFailure | undefined> {
	const fields: JsonRecord = {
		SecretId: name,
		VersionStage: label,
		MoveToVersionId: to,
		...(from === undefined ? {} : { RemoveFromVersionId: from }),
	};
	// Moving AWSCURRENT completes a write that counts already.
	const options = { repeating: 'once', despiteStop: label === CURRENT } as const;
	let doubtful = false;
	for (let attempt = 0; ; attempt++) {
		const moved = await calls.send('UpdateSecretVersionStage', fields, options);
		if (moved.kind === 'ok') return undefined;
		doubtful ||= moved.kind === 'unclear';
		const failure = { ...moved.failure, mayHaveHappened: doubtful };
		if (!doubtful && !mayBeElsewhere(moved)) return failure;
		const described = await describe(calls, name);
		// Even a refusal may be the answer to a repetition that a proxy made.
		if (described.kind !== 'ok') return { ...described.failure, mayHaveHappened: true };
		const labels = labelsOf(described.body);
		const holder = label === CURRENT ? labels.current : labels.pending;
		if (holder === to) return undefined;
		if (holder !== from) return CONFLICT;
		// What AWS shows may be some seconds old.
		if (attempt === MAX_REPEATS || failure.fault === 'stopped') return failure;
		await calls.pause(attempt);
	}
}

/** AWS has no type of its own for a label that is on another version than the one named. */
function mayBeElsewhere(result: AwsResult): boolean {
	return (
		result.kind === 'error' &&
		/^(InvalidParameter|InvalidRequest|ResourceNotFound)Exception$/.test(result.type)
	);
}

async function describe(calls: AwsCalls, name: string): Promise<AwsResult> {
	const options = { repeating: 'repeatable', despiteStop: true } as const;
	return await calls.send('DescribeSecret', { SecretId: name }, options);
}
