import { createHash, createHmac } from 'node:crypto';

/**
 * AWS Signature Version 4 of one request.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

export interface AwsKeys {
	accessKeyId: string;
	secretAccessKey: string;
	/** Of temporary credentials; empty for others. */
	sessionToken: string;
	region: string;
	service: string;
}

export interface Signable {
	method: string;
	url: URL;
	/** Headers that are to be signed beside host and date, by name. */
	headers: Readonly<Record<string, string>>;
	body: string;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The headers that make a request a signed one, at a time in milliseconds since 1970. */
export function signatureHeaders(
	{ method, url, headers, body }: Signable,
	keys: AwsKeys,
	now: number,
): Record<string, string> {
	const time = new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, '');
	const scope = [time.slice(0, 8), keys.region, keys.service, 'aws4_request'];
	const added: Record<string, string> = {
		'x-amz-date': time,
		...(keys.sessionToken === '' ? {} : { 'x-amz-security-token': keys.sessionToken }),
	};
	const signed = Object.entries({ ...headers, ...added, host: url.host })
		.map(([name, value]) => [name.toLowerCase(), value.trim().replace(/\s+/g, ' ')] as const)
		.sort(byName);
	const names = signed.map(([name]) => name).join(';');
	const canonical = [
		method,
		url.pathname.split('/').map(encode).join('/'),
		canonicalQuery(url),
		...signed.map((header) => header.join(':')),
		'',
		names,
		sha256(body),
	].join('\n');
	const text = [ALGORITHM, time, scope.join('/'), sha256(canonical)].join('\n');
	const key = scope.reduce<string | Buffer>(hmac, `AWS4${keys.secretAccessKey}`);
	const signature = hmac(key, text).toString('hex');
	const credential = [keys.accessKeyId, ...scope].join('/');
	return {
		...added,
		authorization: `${ALGORITHM} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
	};
}

function canonicalQuery({ searchParams }: URL): string {
	return [...searchParams]
		.map(([name, value]) => [encode(name), encode(value)] as const)
		.sort((a, b) => byName(a, b) || compare(a[1], b[1]))
		.map((parameter) => parameter.join('='))
		.join('&');
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
	return compare(a[0], b[0]);
}

function compare(a: string, b: string): number {
	if (a === b) return 0;
	return a < b ? -1 : 1;
}

/** Percent-encoding of everything but letters, digits and `-._~`. */
function encode(text: string): string {
	return encodeURIComponent(text).replace(
		/[!'()*]/g,
		(character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
	);
}

function hmac(key: string | Buffer, text: string): Buffer {
	return createHmac('sha256', key).update(text).digest();
}

function sha256(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}
