import type {
	IAuthenticate,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';
import { withHeaders } from '../nodes/shared/authenticate';
import { accountIdProperty, baseUrlProperty, credentialTest } from '../nodes/shared/credentialTest';

/** An API token of a user or of an account, sent as `Authorization: Bearer`. */
export class CloudflareMagicTokenApi implements ICredentialType {
	name = 'cloudflareMagicTokenApi';

	displayName = 'Cloudflare Magic Token API';

	icon: Icon = {
		light: 'file:../nodes/CloudflareMagicIpsec/cloudflareMagicIpsec.svg',
		dark: 'file:../nodes/CloudflareMagicIpsec/cloudflareMagicIpsec.dark.svg',
	};

	documentationUrl =
		'https://github.com/n8n-nodes-cloudflare-magic-ipsec/n8n-nodes-cloudflare-magic-ipsec#credentials';

	properties: INodeProperties[] = [
		{
			displayName: 'API Token',
			name: 'apiToken',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description:
				"In Cloudflare's dashboard: Manage Account > Account API Tokens (or My Profile > API Tokens) > Create Token > Custom Token. Permission: Account > Magic WAN (or Magic Transit) > Edit; Read is enough for Get and Get Many. Tunnels' health (Get Health, the event Health Changed) also needs Account > Account Analytics > Read, the Magic Alert Trigger Notifications > Edit.",
		},
		accountIdProperty,
		baseUrlProperty,
	];

	authenticate: IAuthenticate = async (credentials, requestOptions) =>
		withHeaders(credentials, requestOptions, {
			Authorization: `Bearer ${String(credentials.apiToken).trim()}`,
		});

	test: ICredentialTestRequest = credentialTest;
}
