import { createHash, createHmac } from 'node:crypto';
import type { Answer, Asked, StubServer } from './jsonServer';
import { parsedObject, Refusal, startJsonServer } from './jsonServer';

/**
 * A strict stand-in for AWS Secrets Manager's JSON API: signatures, versions and staging labels.
 *
 * Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/
 */

export interface AwsKeys {
	region: string;
	accessKeyId: string;
	secretAccessKey: string;
}

export interface SecretVersion {
	SecretString: string;
	/** Its staging labels, in alphabetical order. */
	stages: string[];
}

export interface SecretsManager extends StubServer {
	readonly url: string;
	readonly keys: AwsKeys;
	/** The version of a secret that has a staging label. */
	versionOf(secret: string, stage: string): SecretVersion | undefined;
	/** Names of all secrets. */
	readonly secrets: readonly string[];
	/** Requests in the order they came, by the name of the action. */
	readonly actions: readonly string[];
	/** Has an action refused, times times after it was let through skip times. */
	refuseAction(action: string, type: string, times?: number, skip?: number): void;
}

const KEYS: AwsKeys = {
	region: 'eu-central-1',
	accessKeyId: 'AKIASTANDIN',
	secretAccessKey: 'the secret access key of the stand-in',
};

const hmac = (key: string | Buffer, text: string) =>
	createHmac('sha256', key).update(text).digest();

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const aws = (status: number, type: string, Message = type): never => {
	throw new Refusal(status, { __type: type, Message });
};

/**
 * Checks Signature Version 4 of a request without a query.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function checkSignature({ method, url, headers, text }: Asked, keys: AwsKeys): void {
	const parts =
		/^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/([^/]+)\/([^/]+)\/aws4_request), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
			headers.authorization ?? '',
		);
	if (parts === null) return aws(400, 'MissingAuthenticationTokenException');
	const [, accessKeyId, scope, region, service, signed, signature] = parts as unknown as string[];
	if (accessKeyId !== keys.accessKeyId) aws(400, 'UnrecognizedClientException');
	const names = signed!.split(';');
	for (const name of ['host', 'x-amz-date', 'x-amz-target']) {
		if (!names.includes(name)) aws(400, 'InvalidSignatureException', `${name} is not signed`);
	}
	const canonical = [
		method,
		url.pathname,
		url.search.slice(1),
		...names.map((name) => `${name}:${String(headers[name]).trim()}`),
		'',
		signed,
		sha256(text),
	].join('\n');
	const date = String(headers['x-amz-date']);
	const [day] = scope!.split('/');
	const key = [day!, region!, service!, 'aws4_request'].reduce<string | Buffer>(
		hmac,
		`AWS4${keys.secretAccessKey}`,
	);
	const expected = hmac(key, ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n'));
	if (expected.toString('hex') !== signature) aws(400, 'InvalidSignatureException');
	if (region !== keys.region) aws(400, 'InvalidSignatureException', `signed for ${region}`);
}

type Versions = Map<string, SecretVersion>;
type Fields = Record<string, unknown>;

function textOf(fields: Fields, name: string): string {
	const value = fields[name];
	return typeof value === 'string' && value !== ''
		? value
		: aws(400, 'ValidationException', `${name} is missing`);
}

function tokenOf(fields: Fields): string {
	const token = textOf(fields, 'ClientRequestToken');
	return token.length >= 32 && token.length <= 64
		? token
		: aws(400, 'ValidationException', 'ClientRequestToken has 32 to 64 characters');
}

const holderOf = (versions: Versions, stage: string): string | undefined =>
	[...versions].find(([, { stages }]) => stages.includes(stage))?.[0];

function takeLabel(versions: Versions, stage: string): void {
	for (const version of versions.values()) {
		version.stages = version.stages.filter((one) => one !== stage);
	}
}

function putLabel(versions: Versions, stage: string, id: string): void {
	const before = holderOf(versions, stage);
	takeLabel(versions, stage);
	const { stages } = versions.get(id)!;
	stages.push(stage);
	stages.sort();
	if (stage === 'AWSCURRENT' && before !== undefined && before !== id) {
		putLabel(versions, 'AWSPREVIOUS', before);
	}
}

function addVersion(versions: Versions, id: string, SecretString: string, stages: string[]): void {
	const there = versions.get(id);
	if (there !== undefined) {
		if (there.SecretString !== SecretString) aws(400, 'ResourceExistsException');
		return;
	}
	// The first version of a secret is AWSCURRENT, whatever was asked.
	const labels = versions.size === 0 ? [...new Set([...stages, 'AWSCURRENT'])] : stages;
	versions.set(id, { SecretString, stages: [] });
	for (const label of labels) putLabel(versions, label, id);
}

/** Starts the stand-in on 127.0.0.1. */
export async function startSecretsManager(): Promise<SecretsManager> {
	const secrets = new Map<string, Versions>();
	const actions: string[] = [];
	const refusals: Array<{ action: string; type: string; times: number; skip: number }> = [];

	const versionsOf = (fields: Fields): Versions =>
		secrets.get(textOf(fields, 'SecretId')) ?? aws(400, 'ResourceNotFoundException');

	const does: Record<string, (fields: Fields) => unknown> = {
		CreateSecret(fields) {
			const name = textOf(fields, 'Name');
			if (secrets.has(name)) aws(400, 'ResourceExistsException');
			const [id, text] = [tokenOf(fields), textOf(fields, 'SecretString')];
			const versions: Versions = new Map();
			addVersion(versions, id, text, ['AWSCURRENT']);
			secrets.set(name, versions);
			return { Name: name, VersionId: id };
		},
		DescribeSecret(fields) {
			const entries = [...versionsOf(fields)].filter(([, { stages }]) => stages.length > 0);
			return {
				Name: fields.SecretId,
				VersionIdsToStages: Object.fromEntries(entries.map(([id, { stages }]) => [id, stages])),
			};
		},
		GetSecretValue(fields) {
			const id = textOf(fields, 'VersionId');
			const version = versionsOf(fields).get(id) ?? aws(400, 'ResourceNotFoundException');
			return { Name: fields.SecretId, VersionId: id, SecretString: version.SecretString };
		},
		PutSecretValue(fields) {
			const versions = versionsOf(fields);
			const id = tokenOf(fields);
			const stages = (fields.VersionStages as string[] | undefined) ?? ['AWSCURRENT'];
			addVersion(versions, id, textOf(fields, 'SecretString'), stages);
			return { Name: fields.SecretId, VersionId: id, VersionStages: versions.get(id)!.stages };
		},
		UpdateSecretVersionStage(fields) {
			const versions = versionsOf(fields);
			const [stage, to] = [textOf(fields, 'VersionStage'), textOf(fields, 'MoveToVersionId')];
			if (!versions.has(to)) aws(400, 'ResourceNotFoundException');
			const holder = holderOf(versions, stage);
			if (holder !== undefined && holder !== to && holder !== fields.RemoveFromVersionId) {
				aws(400, 'InvalidParameterException', `${stage} is attached to another version`);
			}
			putLabel(versions, stage, to);
			return { Name: fields.SecretId };
		},
	};

	const refuse = (action: string): void => {
		for (const refusal of refusals.filter((one) => one.action === action)) {
			if (refusal.skip > 0) refusal.skip--;
			else if (refusal.times-- > 0) aws(400, refusal.type);
		}
	};
	const server = await startJsonServer((request): Answer => {
		checkSignature(request, KEYS);
		if (request.method !== 'POST' || request.url.pathname !== '/') aws(404, 'UnknownOperation');
		if (request.headers['content-type'] !== 'application/x-amz-json-1.1') {
			aws(400, 'SerializationException', 'the content type is not application/x-amz-json-1.1');
		}
		const action = String(request.headers['x-amz-target']).replace(/^secretsmanager\./, '');
		const act = does[action] ?? aws(400, 'UnknownOperationException');
		actions.push(action);
		refuse(action);
		const body = act(parsedObject(request.text));
		return { status: 200, body, contentType: 'application/x-amz-json-1.1' };
	});
	return {
		...server,
		url: `${server.origin}/`,
		keys: KEYS,
		versionOf: (secret, stage) =>
			[...(secrets.get(secret)?.values() ?? [])].find(({ stages }) => stages.includes(stage)),
		get secrets() {
			return [...secrets.keys()];
		},
		actions,
		refuseAction: (action, type, times = 1, skip = 0) =>
			void refusals.push({ action, type, times, skip }),
	};
}
