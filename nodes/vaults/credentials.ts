import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IHttpRequestOptions,
} from 'n8n-workflow';
import { clock } from '../http/clock';
import { guardedRequest, RefusedCredentialError } from '../http/guard';
import { awsAddressFault, awsEndpoint, kv2AddressFault, trimAddress } from './address';
import { isAwsTest } from './credentialTests';
import { signatureHeaders } from './sigV4';

/**
 * What the vaults' credentials put into a request. This is the only place that sees their secrets: the
 * drivers send requests without any.
 */

/** Marks a credential that this package uses itself. Nothing in a workflow can name a symbol. */
const OWN = Symbol.for('n8n-nodes-cloudflare-magic-ipsec: own request');

/**
 * The credential for requests of this package's own nodes. Without this mark it is good for nothing but
 * its test: the HTTP Request node would give the vault's answers out as items, tokens and keys in them.
 * n8n's own `restrictToSupportedNodes` would refuse this package's node, too, where n8n loads it from a
 * custom extensions directory: it knows no supported nodes there.
 */
export function forOwnRequests(
	credentials: ICredentialDataDecryptedObject,
): ICredentialDataDecryptedObject {
	return { ...credentials, [OWN]: true } as ICredentialDataDecryptedObject;
}

function refuseOthers(credentials: ICredentialDataDecryptedObject, isTest: boolean): void {
	if (isTest || Object.hasOwn(credentials, OWN)) return;
	throw new RefusedCredentialError(
		'Only the nodes of this package use this credential: what a vault answers holds keys and tokens. For other requests use a credential of their own.',
	);
}

/**
 * A request to Vault or OpenBao. With AppRole, role id and secret id go into the login and nowhere
 * else; every other request must bring the token that the login gave.
 *
 * @throws RefusedCredentialError with what is wrong and what to do
 */
export function withVaultToken(
	credentials: ICredentialDataDecryptedObject,
	request: IHttpRequestOptions,
): IHttpRequestOptions {
	const fault = kv2AddressFault(credentials);
	if (fault !== undefined) throw new RefusedCredentialError(fault);
	const address = trimAddress(credentials.address);
	const guarded = guardedRequest(request, new URL(address).origin, 'Address');
	const login = loginPath(credentials, address);
	const { pathname } = targetUrl(request);
	const lookup = new URL(`${address}/v1/auth/token/lookup-self`).pathname;
	refuseOthers(credentials, isFromTester(request) && pathname === (login ?? lookup));
	const namespace = text(credentials.namespace);
	const headers: IDataObject = {
		...request.headers,
		'X-Vault-Request': 'true',
		...(namespace === '' ? {} : { 'X-Vault-Namespace': namespace }),
	};
	if (login === undefined) {
		return { ...guarded, headers: { ...headers, 'X-Vault-Token': text(credentials.token) } };
	}
	if (pathname === login) {
		const body = { role_id: text(credentials.roleId), secret_id: text(credentials.secretId) };
		return { ...guarded, headers, body };
	}
	if (!Object.keys(headers).some((name) => name.toLowerCase() === 'x-vault-token')) {
		throw new RefusedCredentialError(
			'An AppRole has no token of its own, so a request without one is not sent.',
		);
	}
	return { ...guarded, headers };
}

/** Where an AppRole logs in; undefined for a credential with a token. */
function loginPath(
	credentials: ICredentialDataDecryptedObject,
	address: string,
): string | undefined {
	if (credentials.method !== 'appRole') return undefined;
	const mount = text(credentials.authMount).replace(/^\/+|\/+$/g, '');
	return new URL(`${address}/v1/auth/${mount}/login`).pathname;
}

/**
 * True if a request may be that of n8n's credentials tester. No setting of n8n's HTTP Request node
 * makes one that reads the status by itself, and in all its versions it names its address `uri`.
 */
function isFromTester(request: IHttpRequestOptions): boolean {
	return request.ignoreHttpStatusErrors === true && !Object.hasOwn(request, 'uri');
}

/**
 * A request to AWS Secrets Manager, with its signature. The body is sent as the text that was signed.
 *
 * @throws RefusedCredentialError with what is wrong and what to do
 */
export function withAwsSignature(
	credentials: ICredentialDataDecryptedObject,
	request: IHttpRequestOptions,
): IHttpRequestOptions {
	const fault = awsAddressFault(credentials);
	if (fault !== undefined) throw new RefusedCredentialError(fault);
	const guarded = guardedRequest(request, new URL(awsEndpoint(credentials)).origin, 'Endpoint');
	const url = targetUrl(request);
	if (url.search !== '' || Object.keys(request.qs ?? {}).length > 0) {
		throw new RefusedCredentialError(
			'Secrets Manager takes no query, so the request is not signed.',
		);
	}
	const body = typeof request.body === 'string' ? request.body : JSON.stringify(request.body ?? {});
	const headers = {
		'content-type': 'application/x-amz-json-1.1',
		...lowerCased(request.headers ?? {}),
	};
	refuseOthers(credentials, isAwsTest(headers, body));
	const signed = Object.fromEntries(
		Object.entries(headers).filter(([name]) => /^(content-type|x-amz-target)$/.test(name)),
	);
	const signature = signatureHeaders(
		{ method: String(request.method ?? 'POST'), url, headers: signed, body },
		{
			accessKeyId: text(credentials.accessKeyId),
			secretAccessKey: text(credentials.secretAccessKey),
			sessionToken: text(credentials.sessionToken),
			region: text(credentials.region),
			service: 'secretsmanager',
		},
		clock.now(),
	);
	return { ...guarded, body, json: false, headers: { ...headers, ...signature } };
}

/** Where a guarded request goes; both of n8n's helpers' names for it are known. */
function targetUrl(request: IHttpRequestOptions): URL {
	const { url, uri, baseURL } = request as IHttpRequestOptions & { uri?: string };
	return new URL(url || uri || '', baseURL || undefined);
}

function lowerCased(headers: object): Record<string, string> {
	return Object.fromEntries(
		Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
	);
}

function text(value: unknown): string {
	return String(value ?? '').trim();
}
