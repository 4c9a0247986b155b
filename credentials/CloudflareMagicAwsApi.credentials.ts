import type {
	IAuthenticate,
	Icon,
	ICredentialTestRequest,
	ICredentialType,
	INodeProperties,
} from 'n8n-workflow';
import { withAwsSignature } from '../nodes/vaults/credentials';
import { awsTest } from '../nodes/vaults/credentialTests';

/**
 * An access key for AWS Secrets Manager. n8n's own credential for AWS can't be used: a community
 * package may name only credentials that it brings itself.
 */
export class CloudflareMagicAwsApi implements ICredentialType {
	name = 'cloudflareMagicAwsApi';

	displayName = 'Cloudflare Magic: AWS Secrets Manager API';

	icon: Icon = {
		light: 'file:../nodes/CloudflareMagicIpsec/cloudflareMagicIpsec.svg',
		dark: 'file:../nodes/CloudflareMagicIpsec/cloudflareMagicIpsec.dark.svg',
	};

	documentationUrl =
		'https://github.com/n8n-nodes-cloudflare-magic-ipsec/n8n-nodes-cloudflare-magic-ipsec#credentials';

	properties: INodeProperties[] = [
		{
			displayName: 'Region',
			name: 'region',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. eu-central-1',
			description: 'The region that holds the secrets',
		},
		{
			displayName: 'Access Key ID',
			name: 'accessKeyId',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. AKIAIOSFODNN7EXAMPLE',
			description:
				"Of an IAM user whose policy allows reading and writing the tunnels' secrets; see docs/vaults.md",
		},
		{
			displayName: 'Secret Access Key',
			name: 'secretAccessKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description: 'It signs the requests and is never sent',
		},
		{
			displayName: 'Session Token',
			name: 'sessionToken',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description: 'Only with temporary credentials, whose Access Key ID begins with ASIA',
		},
		{
			displayName: 'Endpoint',
			name: 'endpoint',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://vpce-0123.secretsmanager.eu-central-1.vpce.amazonaws.com',
			description:
				"Only for a VPC endpoint, FIPS, or a region with another domain. Empty for the region's own. Requests go to this origin only. With HTTP_PROXY set, n8n sends plain http through that proxy, loopback too: then name it in NO_PROXY.",
		},
	];

	authenticate: IAuthenticate = async (credentials, requestOptions) =>
		withAwsSignature(credentials, requestOptions);

	test: ICredentialTestRequest = awsTest;
}
