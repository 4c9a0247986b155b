import type {
	ICredentialDataDecryptedObject,
	INodeCredentialDescription,
	INodeProperties,
} from 'n8n-workflow';
import { accountIdFault, baseUrlFault, trimBaseUrl } from '../api/account';
import type { ClientSettings } from '../api/client';
import { CloudflareClient } from '../api/client';
import { inputError } from './errors';
import type { RequestContext, ResolvedCredential } from './transport';
import { transportOf } from './transport';

export type CredentialType = 'cloudflareMagicTokenApi' | 'cloudflareMagicKeyApi';

const CREDENTIAL_TYPES: Readonly<Record<string, CredentialType>> = {
	apiToken: 'cloudflareMagicTokenApi',
	apiKey: 'cloudflareMagicKeyApi',
};

/** The credentials of every node of the package: one of the two, by the parameter `authentication`. */
export const accountCredentials: INodeCredentialDescription[] = Object.entries(
	CREDENTIAL_TYPES,
).map(([authentication, name]) => ({
	name,
	required: true,
	displayOptions: { show: { authentication: [authentication] } },
}));

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
	/** The item that the credential's expressions are worked out for. */
	itemIndex?: number;
}

/** What a client acts with: one account at one address, with one credential. */
export interface Connection {
	credential: ResolvedCredential;
	baseUrl: string;
	/** In lower case. */
	accountId: string;
}

/**
 * The connection that the parameters and the credential of an item give.
 *
 * @throws NodeOperationError if the account id or the base URL may not be used
 */
export async function connectionOf(
	context: RequestContext,
	request: AccountRequest,
): Promise<Connection> {
	const { itemIndex } = request;
	const type = CREDENTIAL_TYPES[String(request.authentication)];
	if (type === undefined) {
		throw inputError(
			context.getNode(),
			"The parameter 'Authentication' has no such choice",
			"Choose 'API Token' or 'API Email and Key'.",
			itemIndex,
		);
	}
	const data = await context.getCredentials(type, itemIndex);
	const own = request.accountId === undefined || request.accountId === '';
	const accountId = (own ? data.accountId : request.accountId) as unknown;
	const fault = accountIdFault(accountId) ?? baseUrlFault(data.baseUrl);
	if (fault !== undefined) {
		throw inputError(
			context.getNode(),
			own ? "The credential can't be used" : "The option 'Account ID' can't be used",
			fault,
			itemIndex,
		);
	}
	return {
		credential: { type, data },
		baseUrl: trimBaseUrl(String(data.baseUrl)),
		accountId: String(accountId).trim().toLowerCase(),
	};
}

/** A client for a connection. */
export function clientOf(
	context: RequestContext,
	{ credential, baseUrl, accountId }: Connection,
	more: Pick<ClientSettings, 'timeoutMs' | 'longestWaitMs' | 'pacer'>,
): CloudflareClient {
	return new CloudflareClient({
		transport: transportOf(context, credential),
		baseUrl,
		accountId,
		secrets: secretsIn(credential.data),
		stopSignal: context.getExecutionCancelSignal?.(),
		...more,
	});
}

function secretsIn({ apiToken, apiKey }: ICredentialDataDecryptedObject): string[] {
	return [apiToken, apiKey].filter((secret) => typeof secret === 'string');
}

/**
 * Checks the credential and gives a client for it.
 *
 * @throws NodeOperationError if the account id or the base URL may not be used
 */
export async function clientFor(
	context: RequestContext,
	request: AccountRequest & Pick<ClientSettings, 'timeoutMs' | 'longestWaitMs'>,
): Promise<CloudflareClient> {
	const { timeoutMs, longestWaitMs } = request;
	return clientOf(context, await connectionOf(context, request), { timeoutMs, longestWaitMs });
}
