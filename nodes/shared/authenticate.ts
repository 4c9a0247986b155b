import type { ICredentialDataDecryptedObject, IHttpRequestOptions } from 'n8n-workflow';
import { accountIdFault, baseUrlFault } from '../api/account';
import { guardedRequest, RefusedCredentialError } from '../http/guard';

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
	const { origin } = new URL(String(credentials.baseUrl).trim());
	const guarded = guardedRequest(request, origin, 'Base URL');
	return { ...guarded, headers: { ...request.headers, ...headers } };
}
