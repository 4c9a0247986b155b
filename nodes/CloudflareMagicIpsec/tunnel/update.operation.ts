import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
} from 'n8n-workflow';
import { getIpsecTunnel, updateIpsecTunnel } from '../../api/ipsecTunnels';
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
import { tunnelLocator } from '../../shared/tunnelLocator';
import { missingFields, overlay, refuseFaults } from './fields';
import { checkedOnly, forEachItem, whole } from '../../shared/items';
import { resolveTunnelId } from './resolve';
import { readUpdate, updateFieldsCollection } from './updateFields';

const properties: INodeProperties[] = [
	tunnelLocator,
	{
		displayName: 'Mode',
		name: 'mode',
		type: 'options',
		options: [
			{
				name: 'Merge',
				value: 'merge',
				description: 'Read the tunnel, change the fields below and keep all others',
			},
			{
				name: 'Replace',
				value: 'replace',
				description:
					'Send the fields below as the whole tunnel; a field that is missing may be reset',
			},
		],
		default: 'merge',
		description: 'What happens to the fields that are not given',
	},
	updateFieldsCollection,
	optionsCollection([accountIdOption, timeoutOption, validateOnlyOption]),
];

/** Update: writes one tunnel for each item, after all items were checked. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	return await forEachItem(
		context,
		async (itemIndex) => {
			const replace = context.getNodeParameter('mode', itemIndex) === 'replace';
			const { given, faults } = readUpdate(context, itemIndex);
			refuseFaults(context, itemIndex, [
				...(replace ? missingFields(given, faults) : []),
				...faults,
			]);
			return {
				given,
				replace,
				validateOnly: readFlag(context, validateOnlyOption, itemIndex),
				...(await resolveTunnelId(accounts, itemIndex)),
			};
		},
		async ({ given, replace, validateOnly, client, id }, itemIndex): Promise<IDataObject[]> => {
			const body = replace ? given : overlay(await getIpsecTunnel(client, id), given);
			refuseFaults(context, itemIndex, missingFields(body));
			const tunnel = await updateIpsecTunnel(client, id, body as IpsecTunnelBody, {
				validateOnly,
			});
			const json = whole({ id, ...tunnel }, client.accountId);
			return [validateOnly ? checkedOnly(json) : json];
		},
	);
}

export const update: Operation = {
	value: 'update',
	name: 'Update',
	action: 'Update a tunnel',
	description: 'Update a tunnel',
	properties,
	execute,
};
