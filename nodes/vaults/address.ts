import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { pathFault } from './names';

/** Where requests of the vaults' credentials may go: checked by the credentials and by the drivers. */

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** What is wrong with an address that keys and credentials are sent to; undefined if nothing is. */
export function addressFault(address: unknown, field: string): string | undefined {
	if (typeof address !== 'string' || !URL.canParse(address)) return `${field} is not a URL.`;
	const url = new URL(address);
	if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
		return `${field} must start with https://, because every request carries keys and the credential. Only a server on n8n's own machine may be asked without it.`;
	}
	return url.username !== '' || url.password !== '' || /[?#]/.test(address)
		? `${field} must hold no user name, password, query or fragment.`
		: undefined;
}

/** An address without the slashes at its end, and without Vault's `/v1`, which belongs to the path. */
export function trimAddress(address: unknown): string {
	return String(address)
		.trim()
		.replace(/\/+(v1\/*)?$/, '');
}

/** An address as a URL spells it: its host in small letters, without a port that goes without saying. */
export function placeOf(address: string): string {
	return URL.canParse(address) ? new URL(address).href.replace(/\/+$/, '') : address;
}

/** What is wrong with the fields of the credential for Vault and OpenBao; undefined if nothing is. */
export function kv2AddressFault(credential: ICredentialDataDecryptedObject): string | undefined {
	const { address, namespace, method, authMount } = credential;
	const fault = addressFault(address, 'The Address');
	if (fault !== undefined) return fault;
	if (!/^[\x21-\x7e]*$/.test(String(namespace ?? '').trim())) {
		return 'The Namespace holds a character that can not be sent.';
	}
	if (method !== 'appRole') return undefined;
	const mountFault = pathFault(String(authMount ?? '').replace(/^\/+|\/+$/g, ''));
	return mountFault === undefined ? undefined : `The Auth Mount can't be used. ${mountFault}`;
}

const REGION = /^[a-z]{2,}(-[a-z]+)+-\d+$/;

/** What is wrong with the fields of the credential for AWS; undefined if nothing is. */
export function awsAddressFault(credential: ICredentialDataDecryptedObject): string | undefined {
	if (!REGION.test(String(credential.region ?? '').trim())) {
		return 'The Region is none of AWS. It looks like eu-central-1.';
	}
	const endpoint = String(credential.endpoint ?? '').trim();
	return endpoint === '' ? undefined : addressFault(endpoint, 'The Endpoint');
}

/**
 * Where Secrets Manager is, with a slash at its end.
 *
 * Source: https://docs.aws.amazon.com/general/latest/gr/asm.html
 */
export function awsEndpoint(credential: ICredentialDataDecryptedObject): string {
	const endpoint = String(credential.endpoint ?? '').trim();
	if (endpoint !== '') return `${endpoint.replace(/\/+$/, '')}/`;
	const region = String(credential.region).trim();
	const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
	return `https://secretsmanager.${region}.${domain}/`;
}
