import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { deleteIpsecTunnel } from '../../cloudflare/ipsecTunnels';
import { Run } from '../context';
import {
	accountIdOption,
	optionsCollection,
	readFlag,
	shownFor,
	timeoutOption,
	validateOnlyOption,
} from '../properties';
import { tunnelLocator } from '../tunnelLocator';
import { checkedOnly, forEachItem, whole } from './items';
import { resolveTunnelId } from './resolve';

export const description: INodeProperties[] = shownFor('tunnel', 'delete', [
	tunnelLocator,
	optionsCollection([accountIdOption, timeoutOption, validateOnlyOption]),
]);

/** Delete: removes one tunnel for each item and answers `deleted: true` with what it was. */
export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const run = new Run(context);
	return await forEachItem(
		context,
		async (itemIndex) => ({
			validateOnly: readFlag(context, validateOnlyOption, itemIndex),
			...(await resolveTunnelId(run, itemIndex)),
		}),
		async ({ client, id, validateOnly }, itemIndex) => {
			const { deleted, tunnel } = await deleteIpsecTunnel(client, id, { itemIndex, validateOnly });
			const json = whole({ id, ...tunnel }, client.accountId);
			return [validateOnly ? checkedOnly({ deleted: false, ...json }) : { deleted, ...json }];
		},
	);
}
