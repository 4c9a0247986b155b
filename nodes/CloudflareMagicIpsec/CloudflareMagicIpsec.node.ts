import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { accountCredentials, authenticationProperty } from '../shared/connection';
import { atEdge } from '../shared/errors';
import { searchTunnels } from '../shared/listSearch';
import { operationProperties, outputsExpression, shownWhereAsked } from './resources';
import { vaultCredentials } from './rotation/vaults';
import { executeOperation } from './router';

/** Those of the account and, for Key Rotation, of the vault. */
const credentials = [...accountCredentials, ...vaultCredentials].map(shownWhereAsked);

/** Manages Cloudflare Magic IPsec tunnels and their pre-shared keys. */
export class CloudflareMagicIpsec implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Cloudflare Magic IPsec',
		name: 'cloudflareMagicIpsec',
		icon: {
			light: 'file:cloudflareMagicIpsec.svg',
			dark: 'file:cloudflareMagicIpsec.dark.svg',
		},
		group: ['transform'],
		version: 1,
		subtitle: '={{ $parameter["operation"] + ": " + $parameter["resource"] }}',
		description:
			'Manage the IPsec tunnels of Cloudflare WAN (Magic WAN) and Magic Transit, and rotate their keys',
		defaults: { name: 'Cloudflare Magic IPsec' },
		usableAsTool: true,
		sensitiveOutputFields: ['psk'],
		inputs: [NodeConnectionTypes.Main],
		outputs: outputsExpression(),
		credentials,
		properties: [shownWhereAsked(authenticationProperty), ...operationProperties()],
	};

	methods = { listSearch: { searchTunnels } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await atEdge(this, executeOperation(this));
	}
}
