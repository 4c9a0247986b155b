import type { JsonRecord } from '../http/json';
import { field, record, text } from '../http/json';
import type { HttpAnswer, Transport } from '../http/transport';
import type { Exchanged, Reply, Sending, Verdict } from './exchange';
import { Exchange } from './exchange';
import type { Words } from './failures';
import { failed, unanswered } from './failures';
import type { RunLimits, VaultFailure } from './vault';

/**
 * AWS Secrets Manager's JSON API: one action a request, errors by their type.
 *
 * Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/ and its CommonErrors
 */

export type AwsAction =
	| 'CreateSecret'
	| 'DescribeSecret'
	| 'GetSecretValue'
	| 'ListSecrets'
	| 'PutSecretValue'
	| 'UpdateSecretVersionStage';

const READS: ReadonlySet<AwsAction> = new Set(['DescribeSecret', 'GetSecretValue', 'ListSecrets']);

/** What an action came to. */
export type AwsResult =
	| { kind: 'ok'; body: JsonRecord }
	/** Refused: surely not done by the last attempt. */
	| { kind: 'error'; type: string; failure: VaultFailure }
	/** It may have been done. */
	| { kind: 'unclear'; failure: VaultFailure };

type Options = Pick<Sending, 'repeating' | 'despiteStop'>;

/** The actions of one run. The credential signs each request by itself. */
export class AwsCalls {
	private readonly exchange: Exchange;

	/** @param endpoint with a slash at its end */
	constructor(
		transport: Transport,
		private readonly endpoint: string,
		limits: RunLimits,
	) {
		this.exchange = new Exchange(transport, limits, judgeAws);
	}

	async send(action: AwsAction, fields: JsonRecord, options: Options): Promise<AwsResult> {
		const exchanged = await this.exchange.send({
			...options,
			method: 'POST',
			url: this.endpoint,
			headers: {
				'content-type': 'application/x-amz-json-1.1',
				'x-amz-target': `secretsmanager.${action}`,
			},
			// As a text, because the signature is over these very bytes.
			body: JSON.stringify(fields),
		});
		const result = resultOf(action, exchanged);
		if (result.kind === 'ok' || !READS.has(action)) return result;
		return { ...result, failure: { ...result.failure, mayHaveHappened: false } };
	}

	async pause(repeat: number): Promise<void> {
		await this.exchange.pause(repeat);
	}
}

function resultOf(action: AwsAction, { reply, verdict, doubtful }: Exchanged): AwsResult {
	const type = reply.kind === 'answer' ? typeOf(reply) : undefined;
	if (verdict === 'unclear') return { kind: 'unclear', failure: awsFailure(action, reply, true) };
	const failure = awsFailure(action, reply, doubtful);
	if (reply.kind === 'none') return { kind: 'error', type: '', failure };
	if (reply.status < 200 || reply.status >= 300) {
		return { kind: 'error', type: type ?? '', failure };
	}
	const body = record(reply.body);
	const isAnswer = body !== undefined && body[ALWAYS_THERE[action]] !== undefined;
	return isAnswer
		? { kind: 'ok', body }
		: { kind: 'unclear', failure: { ...failure, mayHaveHappened: true } };
}

/** A field that a good answer always has: something else than AWS may say 200, too. */
const ALWAYS_THERE: Readonly<Record<AwsAction, string>> = {
	CreateSecret: 'VersionId',
	DescribeSecret: 'ARN',
	GetSecretValue: 'VersionId',
	ListSecrets: 'SecretList',
	PutSecretValue: 'VersionId',
	UpdateSecretVersionStage: 'ARN',
};

/** The type of an error, which may come with a name space before it. */
function typeOf(answer: HttpAnswer): string | undefined {
	return text(field(answer.body, '__type'))?.replace(/^.*#/, '');
}

const THROTTLED =
	/^(Throttling|ThrottlingException|ThrottledException|TooManyRequestsException|RequestLimitExceeded|RequestThrottled)$/;

const UNCLEAR = /^(InternalService(Error|ErrorException)|InternalFailure|ServiceUnavailable)$/;

function judgeAws(answer: HttpAnswer): Verdict {
	const type = typeOf(answer) ?? '';
	if (answer.status === 429 || THROTTLED.test(type)) return 'notNow';
	const inTrouble = answer.status === 408 || answer.status >= 500;
	return inTrouble || UNCLEAR.test(type) ? 'unclear' : 'answered';
}

const CREDENTIAL: Omit<Words, 'what'> = {
	fault: 'denied',
	remedy:
		'Check Access Key ID, Secret Access Key, Session Token and Region in the credential: temporary credentials need their session token, and run out.',
	reach: 'vault',
};

const CLOCK = "Also check the clock of n8n's host: AWS takes a signature for five minutes.";

const BY_TYPE: Readonly<Record<string, Words>> = {
	AccessDeniedException: {
		fault: 'denied',
		what: 'the access key may not do this',
		remedy: "Allow this action on the secret in the access key's IAM policy; see docs/vaults.md.",
	},
	UnrecognizedClientException: { ...CREDENTIAL, what: 'AWS does not know the access key' },
	InvalidClientTokenId: { ...CREDENTIAL, what: 'AWS does not know the access key' },
	ExpiredTokenException: { ...CREDENTIAL, what: 'the temporary credentials have run out' },
	MissingAuthenticationTokenException: {
		...CREDENTIAL,
		what: 'the request came without signature',
	},
	MissingAuthenticationToken: { ...CREDENTIAL, what: 'the request came without signature' },
	IncompleteSignature: { ...CREDENTIAL, what: 'AWS could not read the signature' },
	InvalidSignatureException: {
		...CREDENTIAL,
		what: 'AWS takes the signature for wrong',
		remedy: `${CREDENTIAL.remedy} ${CLOCK}`,
	},
	ResourceNotFoundException: {
		fault: 'rejected',
		what: 'AWS knows no such secret or version',
		remedy: 'Check the Secret Name in the node and the Region in the credential.',
	},
	LimitExceededException: {
		fault: 'rejected',
		what: 'a quota of AWS is used up',
		remedy: 'A secret takes about 100 versions in a day; wait, or take labels off old versions.',
	},
	DecryptionFailure: {
		fault: 'denied',
		what: "AWS can't decrypt the secret with its KMS key",
		remedy: 'Allow kms:Decrypt on the key that the secret is encrypted with, and check its state.',
	},
	EncryptionFailure: {
		fault: 'denied',
		what: "AWS can't encrypt the secret with its KMS key",
		remedy:
			'Allow kms:GenerateDataKey and kms:Decrypt on the key that the secret is encrypted with, and check its state.',
	},
	InvalidRequestException: {
		fault: 'rejected',
		what: 'AWS refuses this for the secret in its present state',
		remedy: 'It may be waiting for its deletion: restore it, or take another name.',
	},
};

const BY_VERDICT: Readonly<Record<Verdict, Words>> = {
	answered: {
		fault: 'rejected',
		what: 'AWS did not accept the request',
		remedy: 'Check the Secret Name in the node, and Region and Endpoint in the credential.',
	},
	notNow: {
		fault: 'throttled',
		what: 'AWS is limiting the rate of requests',
		remedy:
			'Run fewer at once (option Vault Concurrency): AWS takes 50 writes a second for an account.',
	},
	unclear: {
		fault: 'server',
		what: 'AWS or a proxy in front of it is in trouble',
		remedy: 'Run the same operation again later.',
	},
};

const NOT_AWS: Words = {
	fault: 'unreadable',
	what: 'the answer is not that of AWS Secrets Manager',
	remedy: "Check Region and Endpoint in the credential, and what is between n8n's host and AWS.",
};

/** What a reply that is not the hoped-for one means. Nothing that the server wrote is in it. */
function awsFailure(action: AwsAction, reply: Reply, mayHaveHappened = false): VaultFailure {
	if (reply.kind === 'none') return unanswered(reply, mayHaveHappened);
	const { status } = reply;
	const type = typeOf(reply) ?? '';
	const known = Object.hasOwn(BY_TYPE, type) ? BY_TYPE[type]! : undefined;
	const isAws = type !== '' || status === 429 || status >= 500;
	const words = known ?? (isAws ? BY_VERDICT[judgeAws(reply)] : NOT_AWS);
	const name = known === undefined ? '' : ` ${type}`;
	const what = `${words.what} (${action}: HTTP ${status}${name})`;
	return failed({ ...words, what }, { mayHaveHappened, httpCode: String(status) });
}
