import type { ICredentialTestRequest, INodeProperties } from 'n8n-workflow';
import { DEFAULT_BASE_URL } from '../api/account';
import { REMEDIES } from '../api/remedies';

/**
 * What both credential types share. n8n's credential test compares fields of the answer with
 * fixed values, in order, and shows the message of the first that is equal; every status must get
 * through to those rules, so statuses are not treated as errors here.
 */

interface Rule {
	key: string;
	value: unknown;
	message: string;
}

const CODE = 'errors[0].code';
const MESSAGE = 'errors[0].message';

const RULES: Rule[] = [
	{
		key: MESSAGE,
		value: 'Invalid access token',
		message:
			'Cloudflare does not know this API token. Copy it again, or make a new one: it is shown only once.',
	},
	{
		key: MESSAGE,
		value: 'Unauthorized to access requested resource',
		message:
			'The credential is valid, but may not see this account. Check the Account ID, and that the token is for this account.',
	},
	...[6003, 9103, 9106, 9109, 10001, 10502, 1012, 1025, 971, 10429].map((code) => ({
		key: CODE,
		value: code,
		message: REMEDIES[code]!,
	})),
	{
		key: CODE,
		value: 10000,
		message: `Cloudflare refused access. ${REMEDIES[10000]!}`,
	},
	{
		key: CODE,
		value: 7003,
		message: 'Cloudflare knows no such account. Check the Account ID and the Base URL.',
	},
	{
		key: 'success',
		value: false,
		message: 'Cloudflare answered, but refused to list the IPsec tunnels of this account.',
	},
	{
		key: 'success',
		value: undefined,
		message:
			"What answers at the Base URL is not Cloudflare's API, or it is not reachable just now. Check the Base URL: https://api.cloudflare.com/client/v4",
	},
];

/** Reads the account's IPsec tunnels: proves the secret, the account and the permission at once. */
export const credentialTest: ICredentialTestRequest = {
	request: {
		baseURL: '={{$credentials.baseUrl.trim()}}',
		url: '=/accounts/{{$credentials.accountId.trim().toLowerCase()}}/magic/ipsec_tunnels',
		method: 'GET',
		timeout: 30_000,
		json: true,
		ignoreHttpStatusErrors: true,
		disableFollowRedirect: true,
	},
	rules: RULES.map((properties) => ({ type: 'responseSuccessBody' as const, properties })),
};

export const accountIdProperty: INodeProperties = {
	displayName: 'Account ID',
	name: 'accountId',
	type: 'string',
	default: '',
	required: true,
	placeholder: 'e.g. 023e105f4ecef8ad9ca31a8372d0c353',
	description:
		"32 hexadecimal digits. In Cloudflare's dashboard: Account Home, the menu beside the account's name, Copy account ID.",
};

export const baseUrlProperty: INodeProperties = {
	displayName: 'Base URL',
	name: 'baseUrl',
	type: 'string',
	default: DEFAULT_BASE_URL,
	required: true,
	description:
		"Cloudflare's API, or an https address in front of it. The credential is sent to this origin only.",
};
