/**
 * Where requests may go. Both credential types and the client check the same things here, so that
 * a key or a token never leaves for an address that the user did not choose.
 */

export const DEFAULT_BASE_URL = 'https://api.cloudflare.com/client/v4';

/** Cloudflare's ids (accounts, tunnels) are 32 hexadecimal digits. */
export const ID_PATTERN = '^[0-9a-fA-F]{32}$';

const ID_REGEX = new RegExp(ID_PATTERN);

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** What is wrong with a base URL, or undefined if it may be used; spaces around it do not count. */
export function baseUrlFault(baseUrl: unknown): string | undefined {
	const shown = "Set the credential's Base URL to https://api.cloudflare.com/client/v4";
	if (typeof baseUrl !== 'string' || !URL.canParse(baseUrl.trim())) {
		return `The Base URL is not a URL. ${shown}.`;
	}
	const url = new URL(baseUrl.trim());
	if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
		return `The Base URL must start with https://, because every request carries the credential. ${shown}, or to the https address of your gateway.`;
	}
	if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
		return `The Base URL must hold no user name, password, query or fragment. ${shown}.`;
	}
	return undefined;
}

/** What is wrong with an account id, or undefined if it may be used; spaces around it do not count. */
export function accountIdFault(accountId: unknown): string | undefined {
	if (typeof accountId === 'string' && ID_REGEX.test(accountId.trim())) return undefined;
	return "The Account ID must be 32 hexadecimal digits. Copy it from Cloudflare's dashboard: Account Home, the menu beside the account's name, 'Copy account ID'.";
}

/** True for a string of 32 hexadecimal digits, the form of a tunnel's id. */
export function isId(value: unknown): value is string {
	return typeof value === 'string' && ID_REGEX.test(value);
}

/** The ids in a path. */
export function idsIn(path: string): string[] {
	return path.match(/[0-9a-fA-F]{32}/g) ?? [];
}

/** A valid base URL in the one writing of its address, without slashes at its end. */
export function trimBaseUrl(baseUrl: string): string {
	return new URL(baseUrl.trim()).href.replace(/\/+$/, '');
}
