import type { IHttpRequestOptions } from 'n8n-workflow';
import { OperationalError } from 'n8n-workflow';
import { record, text } from './json';

/** The credential must not be used for a request; nothing was sent. */
export class RefusedCredentialError extends OperationalError {}

function originOf(url: string | undefined, base?: string): string | undefined {
	if (url === undefined || !URL.canParse(url, base)) return undefined;
	return new URL(url, base).origin;
}

/**
 * Where a request goes: `url`, or `uri` as the HTTP Request node and n8n's older helper call it.
 * Undefined for a request that names two places.
 */
function targetOf(request: IHttpRequestOptions): string | undefined {
	const { url, uri, baseURL, baseUrl } = request as IHttpRequestOptions & Record<string, unknown>;
	const places = [url, uri].map(text).filter((place) => place !== undefined);
	if (places.length !== 1) return undefined;
	return originOf(places[0], text(baseURL) ?? text(baseUrl));
}

/** Settings of a request by which its headers could be read on the way. */
function unsafeSetting(request: IHttpRequestOptions): string | undefined {
	const { proxy, skipSslCertificateValidation, rejectUnauthorized, strictSSL, agentOptions } =
		request as unknown as Record<string, unknown>;
	if (proxy) return 'a proxy';
	const unchecked =
		skipSslCertificateValidation === true ||
		rejectUnauthorized === false ||
		strictSSL === false ||
		record(agentOptions)?.rejectUnauthorized === false;
	return unchecked ? 'no check of certificates' : undefined;
}

/**
 * The request as it may carry a credential: to the one origin that the credential is for, by a way on
 * which nobody reads along, and without following redirects, whichever of n8n's helpers sends it.
 *
 * @param field the credential's field that holds the address, for the message
 * @throws RefusedCredentialError for any other request
 */
export function guardedRequest(
	request: IHttpRequestOptions,
	origin: string,
	field: string,
): IHttpRequestOptions {
	if (targetOf(request) !== origin) {
		throw new RefusedCredentialError(
			`The request does not go to the credential's ${field}, so the credential is not sent.`,
		);
	}
	const unsafe = unsafeSetting(request);
	if (unsafe !== undefined) {
		throw new RefusedCredentialError(
			`The request has ${unsafe}, so the credential is not sent. Remove that from the request; a proxy for all of n8n is set by HTTPS_PROXY.`,
		);
	}
	const once = {
		disableFollowRedirect: true,
		followRedirect: false,
		followAllRedirects: false,
		maxRedirects: 0,
	};
	return { ...request, ...once };
}
