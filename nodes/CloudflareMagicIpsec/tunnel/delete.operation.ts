import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { deleteIpsecTunnel } from '../../api/ipsecTunnels';
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
import { checkedOnly, forEachItem, whole } from '../../shared/items';
import { resolveTunnelId } from './resolve';

const properties: INodeProperties[] = [
	tunnelLocator,
	optionsCollection([accountIdOption, timeoutOption, validateOnlyOption]),
];

/** Delete: removes one tunnel for each item and answers `deleted: true` with what it was. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	return await forEachItem(
		context,
		async (itemIndex) => ({
			validateOnly: readFlag(context, validateOnlyOption, itemIndex),
			...(await resolveTunnelId(accounts, itemIndex)),
		}),
		async ({ client, id, validateOnly }) => {
			const { deleted, tunnel } = await deleteIpsecTunnel(client, id, { validateOnly });
			const json = whole({ id, ...tunnel }, client.accountId);
			return [validateOnly ? checkedOnly({ deleted: false, ...json }) : { deleted, ...json }];
		},
	);
}

export const del: Operation = {
	value: 'delete',
	name: 'Delete',
	action: 'Delete a tunnel',
	description: 'Delete a tunnel',
	properties,
	execute,
};
