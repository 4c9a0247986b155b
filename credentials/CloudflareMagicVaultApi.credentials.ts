import type {
	IAuthenticate,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';
import { withVaultToken } from '../nodes/vaults/credentials';
import { vaultTest } from '../nodes/vaults/credentialTests';

/** HashiCorp Vault or OpenBao, by a token or by an AppRole that the nodes log in with for each run. */
export class CloudflareMagicVaultApi implements ICredentialType {
	name = 'cloudflareMagicVaultApi';

	displayName = 'Cloudflare Magic: HashiCorp Vault or OpenBao API';

	icon: Icon = {
		light: 'file:../nodes/CloudflareMagicIpsec/cloudflareMagicIpsec.svg',
		dark: 'file:../nodes/CloudflareMagicIpsec/cloudflareMagicIpsec.dark.svg',
	};

	documentationUrl =
		'https://github.com/n8n-nodes-cloudflare-magic-ipsec/n8n-nodes-cloudflare-magic-ipsec#credentials';

	properties: INodeProperties[] = [
		{
			displayName: 'Address',
			name: 'address',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. https://vault.example.com:8200',
			description:
				'The vault, without a path. It must be https, unless the vault runs on the same machine as n8n. The credential is sent to this origin only. With HTTP_PROXY set, n8n sends plain http through that proxy, loopback too: then name it in NO_PROXY.',
		},
		{
			displayName: 'Namespace',
			name: 'namespace',
			type: 'string',
			default: '',
			placeholder: 'e.g. admin/network',
			description: 'Of Vault Enterprise, HCP Vault or OpenBao. Empty for the root namespace.',
		},
		{
			displayName: 'Method',
			name: 'method',
			type: 'options',
			options: [
				{
					name: 'AppRole',
					value: 'appRole',
					description: 'The nodes log in for each run, and revoke their token at its end',
				},
				{
					name: 'Token',
					value: 'token',
					description: 'A token that somebody renews or replaces before it runs out',
				},
			],
			default: 'token',
		},
		{
			displayName: 'Token',
			name: 'token',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			displayOptions: { show: { method: ['token'] } },
			description:
				"Its policy needs create, read and update on the secrets' paths; see docs/vaults.md",
		},
		{
			displayName: 'Role ID',
			name: 'roleId',
			type: 'string',
			default: '',
			displayOptions: { show: { method: ['appRole'] } },
			description: "From 'vault read auth/approle/role/NAME/role-id'",
		},
		{
			displayName: 'Secret ID',
			name: 'secretId',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			displayOptions: { show: { method: ['appRole'] } },
			description:
				"From 'vault write -f auth/approle/role/NAME/secret-id'. It must be good for many logins.",
		},
		{
			displayName: 'Auth Mount',
			name: 'authMount',
			type: 'string',
			default: 'approle',
			displayOptions: { show: { method: ['appRole'] } },
			description: 'The name under which the AppRole method is mounted, without auth/',
		},
	];

	authenticate: IAuthenticate = async (credentials, requestOptions) =>
		withVaultToken(credentials, requestOptions);

	test: ICredentialTestRequest = vaultTest;
}
