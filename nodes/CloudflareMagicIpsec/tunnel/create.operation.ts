import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
} from 'n8n-workflow';
import { createIpsecTunnel } from '../../api/ipsecTunnels';
import type { IpsecTunnelBody } from '../../api/types';
import { Accounts } from '../../shared/accounts';
import type { Operation } from '../../shared/operation';
import {
	accountIdOption,
	optionsCollection,
	readFlag,
	timeoutOption,
	validateOnlyOption,
} from '../../shared/options';
import {
	cloudflareEndpointField,
	interfaceAddressField,
	missingFields,
	nameField,
	optionalFields,
	readFields,
	refuseFaults,
} from './fields';
import { checkedOnly, forEachItem, whole } from '../../shared/items';

const properties: INodeProperties[] = [
	{ ...nameField, required: true },
	{ ...cloudflareEndpointField, required: true },
	{ ...interfaceAddressField, required: true },
	{
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		options: optionalFields,
	},
	optionsCollection([accountIdOption, timeoutOption, validateOnlyOption]),
];

function readBody(context: IExecuteFunctions, itemIndex: number): IpsecTunnelBody {
	const { given, faults } = readFields({
		...(context.getNodeParameter('additionalFields', itemIndex, {}) as IDataObject),
		name: context.getNodeParameter('name', itemIndex) as string,
		cloudflareEndpoint: context.getNodeParameter('cloudflareEndpoint', itemIndex) as string,
		interfaceAddress: context.getNodeParameter('interfaceAddress', itemIndex) as string,
	});
	refuseFaults(context, itemIndex, [...missingFields(given, faults), ...faults]);
	return given as IpsecTunnelBody;
}

/** Create: makes one tunnel for each item, after all items were checked. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	return await forEachItem(
		context,
		async (itemIndex) => ({
			body: readBody(context, itemIndex),
			validateOnly: readFlag(context, validateOnlyOption, itemIndex),
			client: await accounts.client(itemIndex),
		}),
		async ({ body, validateOnly, client }) => {
			const tunnel = await createIpsecTunnel(client, body, { validateOnly });
			const json = whole(tunnel, client.accountId);
			return [validateOnly ? checkedOnly(json) : json];
		},
	);
}

export const create: Operation = {
	value: 'create',
	name: 'Create',
	action: 'Create a tunnel',
	description: 'Create a tunnel',
	properties,
	execute,
};
