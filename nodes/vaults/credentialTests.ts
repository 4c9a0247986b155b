import type { ICredentialTestRequest, IHttpRequestMethods } from 'n8n-workflow';

/**
 * The tests of the vaults' credentials. n8n's tester sends one request and compares fields of the
 * answer with fixed values, in order; the first that is equal gives the message. What depends on a
 * mount or on a secret's name is looked at by the drivers, because the credential has neither.
 */

interface Rule {
	key: string;
	value: unknown;
	message: string;
}

function credentialTest(
	request: ICredentialTestRequest['request'],
	rules: readonly Rule[],
): ICredentialTestRequest {
	return {
		request: {
			timeout: 30_000,
			ignoreHttpStatusErrors: true,
			disableFollowRedirect: true,
			...request,
		},
		rules: rules.map((properties) => ({ type: 'responseSuccessBody' as const, properties })),
	};
}

const ERROR = 'errors[0]';

const SEALED =
	"The vault is sealed. Ask its administrator to unseal it: the credential can't be tested until then.";

const WRONG_TOKEN =
	'The vault refused the token: it is wrong, has run out or was revoked, belongs to another namespace, or its policies do not let it look at itself (the policy "default" does).';

const WRONG_ROLE =
	"The vault does not know this AppRole. Check Role ID, Secret ID and Auth Mount: a Secret ID may have run out, be used up, or not be allowed from n8n's address.";

/**
 * Looks the token up, or logs in with the AppRole: that login's token runs out by itself.
 *
 * Source: https://developer.hashicorp.com/vault/api-docs/auth/token#lookup-a-token-self
 */
export const vaultTest: ICredentialTestRequest = credentialTest(
	{
		baseURL: "={{ $credentials.address.replace(/\\/+(v1\\/*)?$/, '') }}",
		url: "=/v1/auth/{{ $credentials.method === 'appRole' ? $credentials.authMount.replace(/^\\/+|\\/+$/g, '') + '/login' : 'token/lookup-self' }}",
		method:
			"={{ $credentials.method === 'appRole' ? 'POST' : 'GET' }}" as unknown as IHttpRequestMethods,
		json: true,
	},
	[
		{ key: ERROR, value: 'Vault is sealed', message: SEALED },
		// GUESS: OpenBao's own text, after its sources.
		{ key: ERROR, value: 'OpenBao is sealed', message: SEALED },
		{ key: ERROR, value: 'permission denied', message: WRONG_TOKEN },
		{ key: ERROR, value: '1 error occurred:\n\t* permission denied\n\n', message: WRONG_TOKEN },
		{
			key: ERROR,
			value: '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n',
			message: WRONG_TOKEN,
		},
		{ key: ERROR, value: 'bad token', message: WRONG_TOKEN },
		{ key: ERROR, value: 'missing client token', message: WRONG_TOKEN },
		{ key: ERROR, value: 'invalid role or secret ID', message: WRONG_ROLE },
		{ key: ERROR, value: 'invalid role ID', message: WRONG_ROLE },
		{ key: ERROR, value: 'invalid secret id', message: WRONG_ROLE },
		{ key: ERROR, value: 'missing role_id', message: WRONG_ROLE },
		{ key: ERROR, value: 'missing secret_id', message: WRONG_ROLE },
		{
			key: 'auth.client_token',
			value: '',
			message:
				'The AppRole gave no token: it may ask for a second factor, which nobody could enter here.',
		},
		{
			key: 'lease_id',
			value: undefined,
			message:
				'What answered is not the vault, is a standby that sends its clients elsewhere, or has no such login. Check Address, Namespace and, for an AppRole, Auth Mount; the Address is that of the active server or of the load balancer, like https://vault.example.com:8200.',
		},
	],
);

const TYPE = '__type';

/** The name of a secret that nobody has. */
const NOBODYS = 'magic-ipsec/credential-test';

const TEST_HEADERS = {
	'content-type': 'application/x-amz-json-1.1',
	'x-amz-target': 'secretsmanager.DescribeSecret',
};

const TEST_BODY = { SecretId: NOBODYS };

/** True if a request is that of the test, whoever sends it: its answer tells nothing of any secret. */
export function isAwsTest(headers: Readonly<Record<string, string>>, body: string): boolean {
	return (
		headers['x-amz-target'] === TEST_HEADERS['x-amz-target'] && body === JSON.stringify(TEST_BODY)
	);
}

const AWS_TYPES: ReadonlyArray<readonly [string, string]> = [
	[
		'UnrecognizedClientException',
		'AWS does not know this access key in this region. Check Access Key ID and Region; a key that begins with ASIA needs its Session Token.',
	],
	['InvalidClientTokenId', 'AWS does not know this access key. Check Access Key ID.'],
	[
		'InvalidSignatureException',
		"AWS takes the signature for wrong. Check Secret Access Key and Region, and the clock of n8n's host.",
	],
	['IncompleteSignature', 'AWS could not read the signature. Check the Endpoint.'],
	['IncompleteSignatureException', 'AWS could not read the signature. Check the Endpoint.'],
	['MissingAuthenticationTokenException', 'The signature got lost on the way. Check the Endpoint.'],
	[
		'ExpiredTokenException',
		'The temporary credentials have run out. Take new ones, or an access key of an IAM user.',
	],
	['ThrottlingException', 'AWS is limiting the rate of requests. Wait a moment and test again.'],
	['InternalServiceError', 'AWS is in trouble. Wait a moment and test again.'],
];

/**
 * Asks for a secret that nobody has. That it is not there, or that the access key may not look at it,
 * are both good answers: the signature was right. More than that no policy of least privilege allows.
 */
export const awsTest: ICredentialTestRequest = credentialTest(
	{
		url: "={{ $credentials.endpoint ? $credentials.endpoint.replace(/\\/+$/, '') + '/' : 'https://secretsmanager.' + $credentials.region.trim() + ($credentials.region.trim().startsWith('cn-') ? '.amazonaws.com.cn/' : '.amazonaws.com/') }}",
		method: 'POST',
		headers: TEST_HEADERS,
		body: TEST_BODY,
	},
	[
		...AWS_TYPES.flatMap(([type, message]) => [
			{ key: TYPE, value: type, message },
			{ key: TYPE, value: `com.amazon.coral.service#${type}`, message },
		]),
		{
			key: TYPE,
			value: undefined,
			message:
				'What answered is not AWS Secrets Manager. Check Region and Endpoint; the Endpoint is empty, or that of a VPC or FIPS.',
		},
	],
);
