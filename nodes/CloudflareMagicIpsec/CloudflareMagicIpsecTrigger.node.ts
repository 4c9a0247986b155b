import type {
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IPollFunctions,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { accountCredentials } from '../shared/connection';
import { getTunnels } from '../shared/listSearch';
import { atEdge } from '../shared/errors';
import { poll } from './trigger/poll';
import { properties } from './trigger/properties';

/** Starts a workflow when something about the account's IPsec tunnels has changed. */
export class CloudflareMagicIpsecTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Cloudflare Magic IPsec Trigger',
		name: 'cloudflareMagicIpsecTrigger',
		icon: {
			light: 'file:cloudflareMagicIpsec.svg',
			dark: 'file:cloudflareMagicIpsec.dark.svg',
		},
		group: ['trigger'],
		version: 1,
		subtitle: '={{ $parameter["events"].join(", ") }}',
		description:
			'Starts the workflow when tunnels are created, changed or deleted, their keys are changed or due, or their health changes',
		defaults: { name: 'Cloudflare Magic IPsec Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: accountCredentials,
		properties,
	};

	methods = { loadOptions: { getTunnels } };

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		return await atEdge(this, poll(this));
	}
}
