import type { INodeCredentialDescription, INodeProperties } from 'n8n-workflow';
import { accountIdFault, baseUrlFault, trimBaseUrl } from '../api/account';
import type { CredentialType, RequestContext } from '../api/client';
import { CloudflareClient } from '../api/client';
import { inputError } from './errors';

const CREDENTIAL_TYPES: Readonly<Record<string, CredentialType>> = {
	apiToken: 'cloudflareMagicTokenApi',
	apiKey: 'cloudflareMagicKeyApi',
};

/** The credentials of every node of the package: one of the two, by the parameter `authentication`. */
export const credentials: INodeCredentialDescription[] = Object.entries(CREDENTIAL_TYPES).map(
	([authentication, name]) => ({
		name,
		required: true,
		displayOptions: { show: { authentication: [authentication] } },
	}),
);

export const authenticationProperty: INodeProperties = {
	displayName: 'Authentication',
	name: 'authentication',
	type: 'options',
	options: [
		{ name: 'API Token', value: 'apiToken' },
		{ name: 'API Email and Key', value: 'apiKey' },
	],
	default: 'apiToken',
};

export interface AccountRequest {
	/** Value of the parameter `authentication`. */
	authentication: unknown;
	/** Value of the option `accountId`; empty for the credential's own. */
	accountId: unknown;
	itemIndex?: number;
	/** Milliseconds. */
	timeoutMs?: number;
	/** Milliseconds that one call may spend waiting between attempts. */
	longestWaitMs?: number;
}

/**
 * Checks the credential and gives a client for it.
 *
 * @throws NodeOperationError if the account id or the base URL may not be used
 */
export async function clientFor(
	context: RequestContext,
	request: AccountRequest,
): Promise<CloudflareClient> {
	const { itemIndex, timeoutMs, longestWaitMs } = request;
	const credentialType = CREDENTIAL_TYPES[String(request.authentication)];
	if (credentialType === undefined) {
		throw inputError(
			context.getNode(),
			"The parameter 'Authentication' has no such choice",
			"Choose 'API Token' or 'API Email and Key'.",
			itemIndex,
		);
	}
	const data = await context.getCredentials(credentialType, itemIndex);
	const own = request.accountId === undefined || request.accountId === '';
	const accountId = String(own ? data.accountId : request.accountId).trim();
	const baseUrl = String(data.baseUrl).trim();
	const fault = accountIdFault(accountId) ?? baseUrlFault(baseUrl);
	if (fault !== undefined) {
		throw inputError(
			context.getNode(),
			own ? "The credential can't be used" : "The option 'Account ID' can't be used",
			fault,
			itemIndex,
		);
	}
	return new CloudflareClient(context, {
		credentialType,
		baseUrl: trimBaseUrl(baseUrl),
		accountId: accountId.toLowerCase(),
		secrets: [data.apiToken, data.apiKey].filter((s) => typeof s === 'string'),
		timeoutMs,
		longestWaitMs,
	});
}
