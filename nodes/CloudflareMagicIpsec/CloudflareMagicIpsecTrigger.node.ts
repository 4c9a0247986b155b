import type {
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IPollFunctions,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { authenticationProperty, credentials } from '../shared/connection';
import { getTunnels } from '../shared/listSearch';
import { accountIdOption, optionsCollection, timeoutOption } from '../shared/options';
import { atEdge } from '../shared/errors';
import { poll } from './trigger/poll';

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
			'Starts the workflow when tunnels are created, changed or deleted, or their keys are changed or due',
		defaults: { name: 'Cloudflare Magic IPsec Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials,
		properties: [
			authenticationProperty,
			{
				displayName: 'Events',
				name: 'events',
				type: 'multiOptions',
				required: true,
				options: [
					{
						name: 'BGP State Changed',
						value: 'bgpStateChanged',
						description: "When the state of a tunnel's BGP session has changed",
					},
					{
						name: 'PSK Changed',
						value: 'pskChanged',
						description: 'When a key was made or set, by whomever',
					},
					{
						name: 'PSK Rotation Due',
						value: 'pskRotationDue',
						description: 'When a key has become too old, or was never set; once for each key',
					},
					{ name: 'Tunnel Created', value: 'tunnelCreated', description: 'When a tunnel is new' },
					{
						name: 'Tunnel Deleted',
						value: 'tunnelDeleted',
						description: 'When a tunnel is no longer there',
					},
					{
						name: 'Tunnel Updated',
						value: 'tunnelUpdated',
						description: "When a tunnel's configuration has changed",
					},
				],
				default: ['pskRotationDue'],
			},
			{
				displayName: 'PSK Older Than (Days)',
				name: 'pskOlderThanDays',
				type: 'number',
				typeOptions: { minValue: 0 },
				default: 90,
				displayOptions: { show: { events: ['pskRotationDue'] } },
				description: 'How old a key may become before it is due',
			},
			{
				displayName: 'Filters',
				name: 'filters',
				type: 'collection',
				placeholder: 'Add filter',
				default: {},
				options: [
					{
						displayName: 'Name Contains',
						name: 'nameContains',
						type: 'string',
						default: '',
						description: 'Only tunnels with this in their name, in capitals or not',
					},
					{
						displayName: 'Tunnel Names or IDs',
						name: 'tunnelIds',
						type: 'multiOptions',
						typeOptions: { loadOptionsMethod: 'getTunnels' },
						default: [],
						description:
							'Only these tunnels. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
					},
				],
			},
			optionsCollection([
				accountIdOption,
				{
					displayName: 'Remind After (Days)',
					name: 'remindAfterDays',
					type: 'number',
					typeOptions: { minValue: 0 },
					default: 7,
					description:
						'After how many days a key that is still due is told of again; 0 tells of each key once',
				},
				timeoutOption,
			]),
		],
	};

	methods = { loadOptions: { getTunnels } };

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		return await atEdge(this, poll(this));
	}
}
