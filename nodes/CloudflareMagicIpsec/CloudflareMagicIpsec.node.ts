import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { authenticationProperty, credentials } from '../shared/connection';
import { atEdge } from '../shared/errors';
import { searchTunnels } from '../shared/listSearch';
import { executeOperation } from './router';
import * as create from './tunnel/create.operation';
import * as del from './tunnel/delete.operation';
import * as get from './tunnel/get.operation';
import * as getAll from './tunnel/getAll.operation';
import * as update from './tunnel/update.operation';
import * as updateMany from './tunnel/updateMany.operation';
import * as generate from './psk/generate.operation';
import * as prepare from './psk/prepare.operation';
import * as set from './psk/set.operation';

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
			'Manage Cloudflare Magic WAN and Magic Transit IPsec tunnels and rotate their keys',
		defaults: { name: 'Cloudflare Magic IPsec' },
		usableAsTool: true,
		sensitiveOutputFields: ['psk'],
		inputs: [NodeConnectionTypes.Main],
		outputs: `={{ $parameter["resource"] === "psk" ? [{ type: "${NodeConnectionTypes.Main}", displayName: "Secret" }, { type: "${NodeConnectionTypes.Main}", displayName: "Notification" }] : [{ type: "${NodeConnectionTypes.Main}" }] }}`,
		credentials,
		properties: [
			authenticationProperty,
			{
				displayName: 'Resource',
				name: 'resource',
				type: 'options',
				noDataExpression: true,
				options: [
					{ name: 'PSK', value: 'psk', description: 'The pre-shared keys of tunnels' },
					{ name: 'Tunnel', value: 'tunnel', description: 'The IPsec tunnels of an account' },
				],
				default: 'tunnel',
			},
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				displayOptions: { show: { resource: ['tunnel'] } },
				options: [
					{
						name: 'Create',
						value: 'create',
						description: 'Create a tunnel',
						action: 'Create a tunnel',
					},
					{
						name: 'Delete',
						value: 'delete',
						description: 'Delete a tunnel',
						action: 'Delete a tunnel',
					},
					{ name: 'Get', value: 'get', description: 'Get a tunnel', action: 'Get a tunnel' },
					{
						name: 'Get Many',
						value: 'getAll',
						description: 'Get many tunnels, for example those whose key is old',
						action: 'Get many tunnels',
					},
					{
						name: 'Update',
						value: 'update',
						description: 'Update a tunnel',
						action: 'Update a tunnel',
					},
					{
						name: 'Update Many',
						value: 'updateMany',
						description: 'Update many tunnels in one request',
						action: 'Update many tunnels',
					},
				],
				default: 'getAll',
			},
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				displayOptions: { show: { resource: ['psk'] } },
				options: [
					{
						name: 'Generate',
						value: 'generate',
						description: 'Have Cloudflare make new keys, live at once',
						action: 'Generate keys',
					},
					{
						name: 'Prepare',
						value: 'prepare',
						description: 'Make new keys here and store them before they are set',
						action: 'Prepare keys',
					},
					{
						name: 'Set',
						value: 'set',
						description: 'Set the keys of the items, live at once',
						action: 'Set keys',
					},
				],
				default: 'prepare',
			},
			...create.description,
			...del.description,
			...get.description,
			...getAll.description,
			...update.description,
			...updateMany.description,
			...generate.description,
			...prepare.description,
			...set.description,
		],
	};

	methods = { listSearch: { searchTunnels } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await atEdge(
			this,
			executeOperation(this, {
				tunnel: { create, delete: del, get, getAll, update, updateMany },
				psk: { generate, prepare, set },
			}),
		);
	}
}
