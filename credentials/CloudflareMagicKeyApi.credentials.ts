import type {
	IAuthenticate,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';
import { withHeaders } from '../nodes/shared/authenticate';
import { accountIdProperty, baseUrlProperty, credentialTest } from '../nodes/shared/credentialTest';

/** A user's email and Global API Key, sent as `X-Auth-Email` and `X-Auth-Key`. */
export class CloudflareMagicKeyApi implements ICredentialType {
	name = 'cloudflareMagicKeyApi';

	displayName = 'Cloudflare Magic Email and Key API';

	icon: Icon = {
		light: 'file:../nodes/CloudflareMagicIpsec/cloudflareMagicIpsec.svg',
		dark: 'file:../nodes/CloudflareMagicIpsec/cloudflareMagicIpsec.dark.svg',
	};

	documentationUrl =
		'https://github.com/n8n-nodes-cloudflare-magic-ipsec/n8n-nodes-cloudflare-magic-ipsec#credentials';

	properties: INodeProperties[] = [
		{
			displayName: 'Email',
			name: 'email',
			type: 'string',
			placeholder: 'e.g. name@example.com',
			default: '',
			required: true,
			description:
				"The email of the Cloudflare user. The user needs the role 'Network Services (Magic)' in the account, or the read-only one for Get and Get Many.",
		},
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description:
				"The Global API Key. In Cloudflare's dashboard: My Profile > API Tokens > API Keys > Global API Key > View. It may do all that the user may: an API token with the one permission it needs is safer.",
		},
		accountIdProperty,
		baseUrlProperty,
	];

	authenticate: IAuthenticate = async (credentials, requestOptions) =>
		withHeaders(credentials, requestOptions, {
			'X-Auth-Email': String(credentials.email).trim(),
			'X-Auth-Key': String(credentials.apiKey).trim(),
		});

	test: ICredentialTestRequest = credentialTest;
}
