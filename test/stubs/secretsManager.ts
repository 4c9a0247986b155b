import type { AwsKeys } from './aws/signature';
import { signatureFault } from './aws/signature';
import type { Fields, SecretVersion } from './aws/secrets';
import { AwsError, Secrets } from './aws/secrets';
import type { FaultyServer, Reply } from './faultyServer';
import { startFaultyServer } from './faultyServer';
import type { Asked } from './jsonServer';

/**
 * A strict stand-in for AWS Secrets Manager's JSON API: signatures (checked by AWS's own signer),
 * rights, versions and staging labels.
 *
 * Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/
 */

export type { AwsKeys } from './aws/signature';
export type { SecretVersion } from './aws/secrets';

export interface SecretsManager extends FaultyServer {
	readonly url: string;
	readonly keys: AwsKeys;
	/** The version of a secret that has a staging label. */
	versionOf(secret: string, stage: string): SecretVersion | undefined;
	/** Names of all secrets. */
	readonly secrets: readonly string[];
	/** The secrets themselves, to look at and to change. */
	readonly inside: Secrets;
	/** Requests in the order they came, by the name of the action; those with a wrong signature are not. */
	readonly actions: readonly string[];
	/** Has an action refused, times times after it was let through skip times. */
	refuseAction(action: string, type: string, times?: number, skip?: number): void;
}

export interface SecretsManagerOptions {
	/** Temporary credentials. */
	sessionToken?: string;
	/** What the access key may do, by action; everything without it. */
	allowed?: Record<string, (name: string) => boolean>;
	/** Milliseconds since 1970. */
	now?: () => number;
}

const KEYS: AwsKeys = {
	region: 'eu-central-1',
	accessKeyId: 'AKIASTANDIN',
	secretAccessKey: 'the secret access key of the stand-in',
};

const TYPE = 'application/x-amz-json-1.1';

function refusal({ type, message, status }: AwsError): Reply {
	// GUESS: errors of the service itself write Message with a capital.
	return {
		status,
		headers: { 'content-type': TYPE, 'x-amzn-errortype': type },
		body: { __type: type, Message: message },
	};
}

const actionOf = ({ headers }: Asked) =>
	String(headers['x-amz-target']).replace(/^secretsmanager\./, '');

function fieldsOf({ text }: Asked): Fields {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		value = undefined;
	}
	if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
	throw new AwsError('SerializationException', 'the body is no JSON object');
}

/** Starts the stand-in on 127.0.0.1. */
export async function startSecretsManager(
	options: SecretsManagerOptions = {},
): Promise<SecretsManager> {
	const { now = Date.now, sessionToken, allowed } = options;
	const keys: AwsKeys = { ...KEYS, ...(sessionToken === undefined ? {} : { sessionToken }) };
	const secrets = new Secrets(now);
	const actions: string[] = [];

	const does: Record<string, (fields: Fields) => Fields> = {
		CreateSecret: (fields) => secrets.create(fields),
		DescribeSecret: (fields) => secrets.describe(fields),
		GetSecretValue: (fields) => secrets.get(fields),
		ListSecrets: (fields) => secrets.list(fields),
		PutSecretValue: (fields) => secrets.put(fields),
		UpdateSecretVersionStage: (fields) => secrets.moveLabel(fields),
	};

	const checkRight = (action: string, fields: Fields): void => {
		const name = String(fields.SecretId ?? fields.Name ?? '*');
		if (allowed === undefined || allowed[action]?.(name)) return;
		throw new AwsError(
			'AccessDeniedException',
			`User: arn:aws:iam::123456789012:user/n8n is not authorized to perform: secretsmanager:${action} on resource: ${name} because no identity-based policy allows the secretsmanager:${action} action`,
		);
	};

	const act = async (asked: Asked): Promise<Reply> => {
		const fault = await signatureFault(asked, keys, now());
		if (fault !== undefined) throw new AwsError(fault.type, fault.message);
		if (asked.method !== 'POST' || asked.url.pathname !== '/') {
			throw new AwsError('UnknownOperationException', '', 404);
		}
		if (asked.headers['content-type'] !== TYPE) {
			throw new AwsError('SerializationException', `the content type is not ${TYPE}`);
		}
		const action = actionOf(asked);
		const doIt = does[action];
		if (doIt === undefined) throw new AwsError('UnknownOperationException', '');
		actions.push(action);
		const refused = refusals.find(
			(one) => one.action === action && one.skip-- <= 0 && one.times > 0,
		);
		if (refused !== undefined) {
			refused.times--;
			throw new AwsError(refused.type, refused.type);
		}
		const fields = fieldsOf(asked);
		checkRight(action, fields);
		return { status: 200, headers: { 'content-type': TYPE }, body: doIt(fields) };
	};

	const refusals: Array<{ action: string; type: string; times: number; skip: number }> = [];
	const server = await startFaultyServer({
		operationOf: actionOf,
		async act(asked) {
			try {
				return await act(asked);
			} catch (error) {
				if (error instanceof AwsError) return refusal(error);
				throw error;
			}
		},
	});
	return {
		...server,
		url: `${server.origin}/`,
		keys,
		inside: secrets,
		versionOf: (name, stage) =>
			[...(secrets.all.get(name)?.versions.values() ?? [])].find(({ stages }) =>
				stages.includes(stage),
			),
		get secrets() {
			return [...secrets.all.keys()];
		},
		actions,
		refuseAction: (action, type, times = 1, skip = 0) =>
			void refusals.push({ action, type, times, skip }),
	};
}
