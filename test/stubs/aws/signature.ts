import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Asked } from '../jsonServer';

/** Signatures of requests, by AWS's official signer. */

export interface AwsKeys {
	region: string;
	accessKeyId: string;
	secretAccessKey: string;
	/** Of temporary credentials. */
	sessionToken?: string;
}

/** What is wrong with a signature, as AWS names it. */
export interface SignatureFault {
	type: string;
	message: string;
}

const AUTHORIZATION =
	/^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** AWS takes a signature for this long before and after its date. */
const VALID_MS = 5 * 60_000;

const fault = (type: string, message: string): SignatureFault => ({ type, message });

/**
 * Signs what was received anew, with the same headers and the same date, and compares.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function signatureFault(
	{ method, url, headers, text }: Asked,
	keys: AwsKeys,
	now: number,
): Promise<SignatureFault | undefined> {
	if (headers.authorization === undefined) {
		return fault('MissingAuthenticationTokenException', 'Missing Authentication Token');
	}
	const parts = AUTHORIZATION.exec(headers.authorization);
	if (parts === null) return fault('IncompleteSignatureException', 'not a SigV4 header');
	const [, accessKeyId, day, region, service, names, signature] = parts as unknown as string[];
	const isKnown =
		accessKeyId === keys.accessKeyId && headers['x-amz-security-token'] === keys.sessionToken;
	if (!isKnown) {
		return fault(
			'UnrecognizedClientException',
			'The security token included in the request is invalid.',
		);
	}
	const date = String(headers['x-amz-date']);
	const time = Date.parse(
		date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
	);
	if (!(Math.abs(time - now) <= VALID_MS) || !date.startsWith(day!)) {
		return fault('InvalidSignatureException', `Signature expired: ${date}`);
	}
	const signed = names!.split(';');
	const unsigned = ['host', 'x-amz-date', 'x-amz-target', 'x-amz-security-token'].find(
		(name) => headers[name] !== undefined && !signed.includes(name),
	);
	if (unsigned !== undefined) {
		return fault('InvalidSignatureException', `'${unsigned}' must be a 'SignedHeader'`);
	}
	const expected = await officialSignature(
		{
			method,
			url,
			text,
			headers: Object.fromEntries(
				signed
					.filter((name) => name !== 'x-amz-date' && name !== 'x-amz-security-token')
					.map((name) => [name, String(headers[name])]),
			),
		},
		{ ...keys, region: region! },
		service!,
		time,
	);
	// n8n's own credential takes the service from the host's name, and that of this server is a number.
	const services = ['secretsmanager', String(headers.host).split('.')[0]];
	const isForUs = region === keys.region && services.includes(service);
	if (expected.signature !== signature || !isForUs) {
		return fault(
			'InvalidSignatureException',
			'The request signature we calculated does not match the signature you provided.',
		);
	}
	return undefined;
}

/** The signature that AWS's own signer makes of a request whose headers are all signed. */
export async function officialSignature(
	{
		method,
		url,
		headers,
		text,
	}: Pick<Asked, 'method' | 'url' | 'text'> & { headers: Record<string, string> },
	{ region, sessionToken, ...keys }: AwsKeys,
	service: string,
	now: number,
) {
	const signer = new SignatureV4({
		credentials: { ...keys, ...(sessionToken === undefined ? {} : { sessionToken }) },
		region,
		service,
		sha256: Sha256,
		applyChecksum: false,
	});
	const signed = await signer.sign(
		{
			method,
			protocol: url.protocol,
			hostname: url.hostname,
			path: url.pathname,
			query: Object.fromEntries(
				[...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)]),
			),
			headers: { ...headers },
			body: text,
		},
		{ signingDate: new Date(now), signableHeaders: new Set(Object.keys(headers)) },
	);
	return {
		headers: signed.headers,
		signature: /Signature=(\w+)$/.exec(signed.headers.authorization ?? '')?.[1],
	};
}
