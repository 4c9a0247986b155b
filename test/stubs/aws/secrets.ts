/**
 * Secrets, versions and staging labels, as the reference of AWS Secrets Manager describes them. What it
 * does not say is marked with GUESS.
 *
 * Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/
 */

export interface SecretVersion {
	SecretString: string;
	/** Its staging labels, in alphabetical order. */
	stages: string[];
}

interface StoredVersion extends SecretVersion {
	created: number;
}

export interface Secret {
	name: string;
	versions: Map<string, StoredVersion>;
	/** AWS rotates it by itself. */
	rotationEnabled: boolean;
	/** Milliseconds since 1970. */
	deletedAt?: number;
}

export type Fields = Record<string, unknown>;

export class AwsError extends Error {
	constructor(
		readonly type: string,
		message: string,
		readonly status = 400,
	) {
		super(message);
	}
}

const invalid = (message: string): never => {
	throw new AwsError('InvalidParameterException', message);
};

const MOST_VERSIONS = 100;
const MOST_LABELS = 20;
const MOST_BYTES = 65_536;
const DAY_MS = 86_400_000;

export class Secrets {
	readonly all = new Map<string, Secret>();

	/** How many of the next looks show the labels as they were before the last change. */
	staleLooks = 0;

	private readonly before = new Map<string, Fields>();

	constructor(private readonly now: () => number) {}

	create(fields: Fields): Fields {
		const name = text(fields, 'Name', 512);
		if (!/^[A-Za-z0-9/_+=.@-]+$/.test(name)) invalid('Invalid name.');
		const id = token(fields);
		const value = fields.SecretString === undefined ? undefined : secretString(fields);
		const there = this.all.get(name);
		if (there?.deletedAt !== undefined) {
			throw new AwsError(
				'InvalidRequestException',
				"You can't create this secret because a secret with this name is already scheduled for deletion.",
			);
		}
		if (there !== undefined && there.versions.get(id)?.SecretString !== value) {
			throw new AwsError(
				'ResourceExistsException',
				`The operation failed because the secret ${name} already exists.`,
			);
		}
		if (there === undefined) {
			const secret: Secret = { name, versions: new Map(), rotationEnabled: false };
			this.all.set(name, secret);
			if (value !== undefined) this.add(secret, id, value, ['AWSCURRENT']);
		}
		return { ARN: arn(name), Name: name, ...(value === undefined ? {} : { VersionId: id }) };
	}

	describe(fields: Fields): Fields {
		const secret = this.find(fields, true);
		if (this.staleLooks > 0 && this.before.has(secret.name)) {
			this.staleLooks--;
			return this.before.get(secret.name)!;
		}
		return this.described(secret);
	}

	get(fields: Fields): Fields {
		const secret = this.find(fields);
		const stage =
			fields.VersionStage ?? (fields.VersionId === undefined ? 'AWSCURRENT' : undefined);
		const id = String(fields.VersionId ?? this.holder(secret, String(stage)));
		const version = secret.versions.get(id);
		if (version === undefined || (stage !== undefined && !version.stages.includes(String(stage)))) {
			throw new AwsError(
				'ResourceNotFoundException',
				`Secrets Manager can't find the specified secret value for VersionId: ${id}`,
			);
		}
		const { SecretString, stages } = version;
		return {
			ARN: arn(secret.name),
			Name: secret.name,
			VersionId: id,
			SecretString,
			VersionStages: stages,
		};
	}

	put(fields: Fields): Fields {
		const secret = this.find(fields);
		const id = token(fields);
		const value = secretString(fields);
		const stages = (fields.VersionStages as string[] | undefined) ?? ['AWSCURRENT'];
		if (stages.length === 0 || stages.length > MOST_LABELS) invalid('1 to 20 labels');
		const there = secret.versions.get(id);
		if (there !== undefined && there.SecretString !== value) {
			throw new AwsError(
				'ResourceExistsException',
				"You can't modify an existing version, you can only create a new version.",
			);
		}
		if (there === undefined) {
			this.add(secret, id, value, stages);
		}
		return {
			ARN: arn(secret.name),
			Name: secret.name,
			VersionId: id,
			VersionStages: secret.versions.get(id)!.stages,
		};
	}

	moveLabel(fields: Fields): Fields {
		const secret = this.find(fields);
		const label = text(fields, 'VersionStage', 256);
		const { MoveToVersionId: to, RemoveFromVersionId: from } = fields as Record<string, string>;
		const holder = this.holder(secret, label);
		if (to === undefined && from === undefined) invalid('one of both versions must be named');
		if (to === undefined && label === 'AWSCURRENT') {
			invalid('You can only move staging label AWSCURRENT to a different secret version.');
		}
		if (holder !== undefined && from === undefined && holder !== to) {
			invalid(
				`The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
			);
		}
		if (from !== undefined && from !== holder) {
			// GUESS: the same where the label is on no version at all.
			invalid(
				`When you move staging label ${label}, if you specify RemoveFromVersionId, it must be set to the version that currently has the staging label ${label}.`,
			);
		}
		if (to !== undefined && !secret.versions.has(to)) {
			throw new AwsError(
				'ResourceNotFoundException',
				`Secrets Manager can't find the specified secret version.`,
			);
		}
		this.remember(secret);
		if (to === undefined) this.takeLabel(secret, label);
		// GUESS: a label that is there already is no error.
		else if (holder !== to) this.putLabel(secret, label, to);
		return { ARN: arn(secret.name), Name: secret.name };
	}

	list({ Filters, MaxResults = 100, NextToken }: Fields): Fields {
		const filters = (Filters ?? []) as Array<{ Key: string; Values: string[] }>;
		if (typeof MaxResults !== 'number' || MaxResults < 1 || MaxResults > 100) invalid('MaxResults');
		const matching = [...this.all.values()]
			.filter(({ deletedAt }) => deletedAt === undefined)
			.filter(({ name }) =>
				filters.every(
					({ Key, Values }) => Key !== 'name' || Values.some((v) => name.startsWith(v)),
				),
			);
		const start = Number(NextToken ?? 0);
		const end = start + Number(MaxResults);
		return {
			SecretList: matching.slice(start, end).map(({ name }) => ({ ARN: arn(name), Name: name })),
			...(end < matching.length ? { NextToken: String(end) } : {}),
		};
	}

	delete(name: string): void {
		this.all.get(name)!.deletedAt = this.now();
	}

	restore(name: string): void {
		delete this.all.get(name)!.deletedAt;
	}

	/** The version that has a label. */
	holder(secret: Secret, label: string): string | undefined {
		return [...secret.versions].find(([, { stages }]) => stages.includes(label))?.[0];
	}

	private described(secret: Secret): Fields {
		const labelled = [...secret.versions].filter(([, { stages }]) => stages.length > 0);
		return {
			ARN: arn(secret.name),
			Name: secret.name,
			...(secret.rotationEnabled ? { RotationEnabled: true } : {}),
			...(secret.deletedAt === undefined ? {} : { DeletedDate: secret.deletedAt / 1000 }),
			...(labelled.length === 0
				? {}
				: {
						VersionIdsToStages: Object.fromEntries(
							labelled.map(([id, { stages }]) => [id, [...stages]]),
						),
					}),
		};
	}

	private find(fields: Fields, evenDeleted = false): Secret {
		const name = text(fields, 'SecretId', 2048);
		const secret = this.all.get(name);
		if (secret === undefined) {
			throw new AwsError(
				'ResourceNotFoundException',
				"Secrets Manager can't find the specified secret.",
			);
		}
		if (secret.deletedAt !== undefined && !evenDeleted) {
			throw new AwsError(
				'InvalidRequestException',
				"You can't perform this operation on the secret because it was marked for deletion.",
			);
		}
		return secret;
	}

	private remember(secret: Secret): void {
		this.before.set(secret.name, this.described(secret));
	}

	private add(secret: Secret, id: string, SecretString: string, stages: string[]): void {
		this.makeRoom(secret);
		this.remember(secret);
		// The first version of a secret is AWSCURRENT, whatever was asked.
		const labels = secret.versions.size === 0 ? new Set([...stages, 'AWSCURRENT']) : stages;
		secret.versions.set(id, { SecretString, stages: [], created: this.now() });
		for (const label of labels) this.putLabel(secret, label, id);
	}

	private makeRoom({ versions }: Secret): void {
		for (const [id, { stages, created }] of versions) {
			if (versions.size < MOST_VERSIONS) return;
			if (stages.length === 0 && this.now() - created > DAY_MS) versions.delete(id);
		}
		if (versions.size >= MOST_VERSIONS) {
			throw new AwsError('LimitExceededException', 'too many versions');
		}
	}

	private takeLabel(secret: Secret, label: string): void {
		for (const version of secret.versions.values()) {
			version.stages = version.stages.filter((one) => one !== label);
		}
	}

	private putLabel(secret: Secret, label: string, id: string): void {
		const before = this.holder(secret, label);
		const { stages } = secret.versions.get(id)!;
		if (stages.length >= MOST_LABELS) throw new AwsError('LimitExceededException', 'labels');
		this.takeLabel(secret, label);
		const version = secret.versions.get(id)!;
		version.stages = [...version.stages, label].sort();
		if (label === 'AWSCURRENT' && before !== undefined && before !== id) {
			this.putLabel(secret, 'AWSPREVIOUS', before);
		}
	}
}

function arn(name: string): string {
	return `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${name}-AbCdEf`;
}

function text(fields: Fields, name: string, most: number): string {
	const value = fields[name];
	if (typeof value !== 'string' || value === '' || value.length > most) {
		throw new AwsError(
			'ValidationException',
			`1 validation error detected: Value at '${name}' failed to satisfy constraint`,
		);
	}
	return value;
}

function token(fields: Fields): string {
	const value = text(fields, 'ClientRequestToken', 64);
	if (value.length < 32) invalid('ClientRequestToken has 32 to 64 characters');
	return value;
}

function secretString(fields: Fields): string {
	const value = text(fields, 'SecretString', Infinity);
	if (Buffer.byteLength(value) > MOST_BYTES) {
		throw new AwsError('ValidationException', "Value at 'secretString' is too long");
	}
	return value;
}
