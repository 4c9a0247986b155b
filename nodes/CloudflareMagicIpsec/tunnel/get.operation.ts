import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { getIpsecTunnel } from '../../api/ipsecTunnels';
import { clock } from '../../http/clock';
import { Accounts } from '../../shared/accounts';
import type { Operation } from '../../shared/operation';
import { accountIdOption, optionsCollection, timeoutOption } from '../../shared/options';
import { tunnelLocator } from '../../shared/tunnelLocator';
import { forEachItem, simplified, whole } from '../../shared/items';
import { resolveTunnelId } from './resolve';

const properties: INodeProperties[] = [
	tunnelLocator,
	{
		displayName: 'Simplify',
		name: 'simplify',
		type: 'boolean',
		default: true,
		description: 'Whether to return a simplified version of the response instead of the raw data',
	},
	optionsCollection([accountIdOption, timeoutOption]),
];

/** Get: one tunnel for each item. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	return await forEachItem(
		context,
		async (itemIndex) => await resolveTunnelId(accounts, itemIndex),
		async ({ client, id }, itemIndex) => {
			const tunnel = await getIpsecTunnel(client, id);
			const simplify = context.getNodeParameter('simplify', itemIndex) as boolean;
			return [
				simplify
					? simplified(tunnel, client.accountId, clock.now())
					: whole(tunnel, client.accountId),
			];
		},
	);
}

export const get: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get a tunnel',
	description: 'Get a tunnel',
	properties,
	execute,
};
