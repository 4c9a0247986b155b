import type { ICredentialDataDecryptedObject, IHttpRequestOptions } from 'n8n-workflow';
import { OperationalError } from 'n8n-workflow';
import { accountIdFault, baseUrlFault } from '../api/account';

/** The credential must not be used for a request; nothing was sent. */
export class RefusedCredentialError extends OperationalError {}

function originOf(url: string | undefined, base?: string): string | undefined {
	if (url === undefined || !URL.canParse(url, base)) return undefined;
	return new URL(url, base).origin;
}

/**
 * Puts a credential's headers into a request, if the credential is in order and the request goes
 * to the origin of its Base URL. Anything else is refused, so that no key or token can be sent
 * elsewhere, not even by the HTTP Request node with this credential.
 *
 * @throws RefusedCredentialError with what is wrong and what to do
 */
export function withHeaders(
	credentials: ICredentialDataDecryptedObject,
	request: IHttpRequestOptions,
	headers: Record<string, string>,
): IHttpRequestOptions {
	const fault = accountIdFault(credentials.accountId) ?? baseUrlFault(credentials.baseUrl);
	if (fault !== undefined) throw new RefusedCredentialError(fault);
	const baseUrl = String(credentials.baseUrl);
	const base =
		request.baseURL === undefined || request.baseURL === '' ? undefined : request.baseURL;
	if (originOf(request.url, base) !== new URL(baseUrl).origin) {
		throw new RefusedCredentialError(
			"The request does not go to the credential's Base URL, so the credential is not sent.",
		);
	}
	return { ...request, headers: { ...request.headers, ...headers }, disableFollowRedirect: true };
}
