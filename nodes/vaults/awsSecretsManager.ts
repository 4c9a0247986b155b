import { randomUUID } from 'node:crypto';
import type { INodeProperties } from 'n8n-workflow';
import { field, text } from '../http/json';
import type { Transport } from '../http/transport';
import { awsAddressFault, awsEndpoint, placeOf } from './address';
import { AwsCalls } from './awsCalls';
import { CURRENT, markFields, PENDING } from './awsLabels';
import { readSecret } from './awsReading';
import type { Before } from './awsVersions';
import { moveLabel, putVersion, revisionOf, stateOf } from './awsVersions';
import type { Words } from './failures';
import { failed, refusingVault } from './failures';
import { secretNameFault } from './names';
import type { VaultRecord } from './record';
import { fieldsOf, isSettled } from './record';
import type {
	ReadPurpose,
	RunLimits,
	Vault,
	VaultClosed,
	VaultConflict,
	VaultFailure,
	VaultKind,
	VaultNames,
	VaultOpened,
	VaultReading,
	VaultSettings,
	VaultSnapshot,
	VaultStored,
} from './vault';

/**
 * AWS Secrets Manager. It has no record with a compare-and-set, but versions that never change and
 * staging labels, each on one version at a time, whose moves name the version that they leave and
 * fail if the label is elsewhere. The labels play the parts that AWS gave them:
 *
 * - AWSPENDING is on the newest version, which holds the whole record. Moving it is the
 *   compare-and-set: whoever moves it from the version that was read has written.
 * - AWSCURRENT is on the newest version whose record has nothing on its way, so that AWS's rule holds
 *   that both labels are on one version while no rotation is open. Routers read `current` there, and
 *   `pending` of AWSPENDING while their tunnel is being rotated.
 * - AWSPREVIOUS follows AWSCURRENT by itself.
 *
 * A write is: put a new version under a label of ours, which changes nothing for anybody (a
 * PutSecretValue with AWSPENDING would take that label from wherever it is); move AWSPENDING from the
 * version that was read to it, without RemoveFromVersionId if it was on none, which fails if it is on
 * one meanwhile; where nothing is on its way any more, move AWSCURRENT to it, too. Killed before the
 * second step, nothing happened. Killed before the third, the record is written and routers still
 * read the former key: the next read for a change completes it. Both labels never come back to a
 * version that they left, so that a stalled run can't move one by mistake.
 *
 * The very first version gets AWSCURRENT from AWS, whatever is asked. AWSCURRENT and AWSPENDING on one
 * first version mean a pending key without a current one, and the record in it says just that.
 *
 * Each version names itself (awsLabels.ts), so that one that somebody stored by other means is told
 * from ours: with AWSCURRENT its key is taken over as the current one; with AWSPENDING another
 * rotation is open, and the secret is left alone. AWSCURRENT that somebody moved to an older version
 * of ours is moved on again as soon as nothing is on its way: what the record says counts.
 *
 * Sources: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html,
 * …/API_PutSecretValue.html, …/API_RotateSecret.html and the user guide's whats-in-a-secret.html
 */
class AwsSecretsManager implements Vault {
	constructor(private readonly calls: AwsCalls) {}

	/** There is nothing to be looked at that a least-privilege policy would allow: the reads tell. */
	async open(): Promise<VaultOpened> {
		return { kind: 'opened', warnings: [] };
	}

	async read(name: string, purpose: ReadPurpose): Promise<VaultReading | VaultFailure> {
		const reading = await readSecret(this.calls, name);
		if (reading.kind === 'failed' || !reading.snapshot.unfinished || purpose === 'look') {
			return reading;
		}
		const finished = await this.finished(reading.snapshot);
		return 'kind' in finished && finished.kind === 'failed'
			? finished
			: await readSecret(this.calls, name);
	}

	async write(
		snapshot: VaultSnapshot,
		record: VaultRecord,
	): Promise<VaultStored | VaultConflict | VaultFailure> {
		const { name } = snapshot;
		const before = await this.finished(snapshot);
		if ('kind' in before) return before;
		const id = randomUUID();
		const isFirst = before.current === undefined && before.pending === undefined;
		const value = { ...fieldsOf(record), ...markFields({ id, currentBefore: before.current }) };
		const problem =
			(await putVersion(this.calls, name, before, id, JSON.stringify(value))) ??
			(await this.makeNewest(name, before, id, isFirst)) ??
			(isSettled(record) && !isFirst ? await this.finish(name, id, before.current) : undefined);
		if (problem !== undefined) return problem;
		const current = isSettled(record) ? id : (before.current ?? id);
		return {
			kind: 'stored',
			snapshot: {
				name,
				state: 'present',
				record,
				revision: revisionOf({ exists: true, pending: id, current }),
				version: id,
				unfinished: false,
				warnings: [],
			},
		};
	}

	async names(prefix: string): Promise<VaultNames | VaultFailure> {
		const names: string[] = [];
		const Filters = prefix === '' ? undefined : [{ Key: 'name', Values: [prefix] }];
		let NextToken: string | undefined;
		for (let page = 0; page < MOST_PAGES; page++) {
			const listed = await this.calls.send(
				'ListSecrets',
				{ Filters, MaxResults: 100, NextToken },
				{ repeating: 'repeatable' },
			);
			if (listed.kind !== 'ok') return listed.failure;
			const { SecretList } = listed.body;
			for (const secret of Array.isArray(SecretList) ? SecretList : []) {
				const name = text(field(secret, 'Name'));
				if (name?.startsWith(prefix)) names.push(name);
			}
			NextToken = text(listed.body.NextToken);
			if (NextToken === undefined) return { kind: 'names', names: names.sort() };
		}
		return failed(TOO_MANY);
	}

	async close(): Promise<VaultClosed> {
		return { kind: 'closed' };
	}

	/** The state that a snapshot shows, after what was cut off in it is completed. */
	private async finished({
		name,
		revision,
		unfinished,
	}: VaultSnapshot): Promise<Before | VaultConflict | VaultFailure> {
		const before = stateOf(revision);
		if (!unfinished) return before;
		const problem = await this.finish(name, before.pending!, before.current);
		// What is new in this call has not begun.
		if (problem?.kind === 'failed') return { ...problem, mayHaveHappened: false };
		return problem ?? { ...before, current: before.pending };
	}

	/** Moves AWSPENDING to a version: from here on its record is the secret's. */
	private async makeNewest(name: string, before: Before, id: string, isFirst: boolean) {
		const moved = await moveLabel(this.calls, name, PENDING, id, before.pending);
		// A first version is the secret's record as soon as it is there.
		if (moved?.kind === 'failed' && isFirst) return { ...moved, mayHaveHappened: true };
		return moved;
	}

	/** Moves AWSCURRENT to the newest version, after AWSPENDING was moved there. */
	private async finish(
		name: string,
		id: string,
		current: string | undefined,
	): Promise<VaultConflict | VaultFailure | undefined> {
		const moved = await moveLabel(this.calls, name, CURRENT, id, current);
		if (moved?.kind !== 'failed') return moved;
		return {
			...moved,
			what: `the record is stored, but routers still read the former one: ${moved.what}`,
			mayHaveHappened: true,
		};
	}
}

/** An account has no more secrets than this many pages of 100. */
const MOST_PAGES = 5_000;

const TOO_MANY: Words = {
	fault: 'unreadable',
	what: 'the list of secrets has no end',
	remedy: 'Check the Endpoint in the credential: something else than AWS may answer there.',
};

/** Holds a name and no secret, whatever it is called. */
const NAME_PARAMETER = 'secretName';

const SECRET_NAME: INodeProperties = {
	displayName: 'Secret Name',
	name: NAME_PARAMETER,
	type: 'string',
	default: 'magic-ipsec/{tunnel_id}',
	required: true,
	description:
		"The name of a tunnel's secret in AWS. {tunnel_id}, {tunnel_name} and {account_id} stand for the tunnel's own.",
};

export const awsSecretsManager: VaultKind = {
	displayName: 'AWS Secrets Manager',
	description: 'Secrets with staging labels',
	credentialType: 'cloudflareMagicAwsApi',
	properties: [SECRET_NAME],
	nameParameter: NAME_PARAMETER,
	nameFault: secretNameFault,
	// Two access keys may be of two accounts, each with its own secret of the name.
	place: ({ credential }) =>
		[placeOf(awsEndpoint(credential)), credential.region, credential.accessKeyId]
			.map((part) => String(part ?? '').trim())
			.join(' '),
	connect(transport: Transport, { credential }: VaultSettings, limits: RunLimits): Vault {
		const fault = awsAddressFault(credential);
		if (fault !== undefined) {
			return refusingVault(
				failed({
					fault: 'settings',
					what: "the credential for AWS can't be used",
					remedy: fault,
					reach: 'vault',
				}),
			);
		}
		return new AwsSecretsManager(new AwsCalls(transport, awsEndpoint(credential), limits));
	},
};
