import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { getIpsecTunnel } from '../../api/ipsecTunnels';
import { Accounts } from '../../shared/accounts';
import { readEach } from '../../shared/items';
import type { Operation } from '../../shared/operation';
import { accountIdOption, optionsCollection, timeoutOption } from '../../shared/options';
import { tunnelLocator } from '../../shared/tunnelLocator';
import { md5KeyOption, readForm, shown, simplifyProperty } from './forms';
import { resolveTunnel } from './resolve';

const properties: INodeProperties[] = [
	tunnelLocator,
	simplifyProperty,
	optionsCollection([accountIdOption, md5KeyOption, timeoutOption]),
];

/** Get: one tunnel for each item. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	return await readEach(
		context,
		async (itemIndex) => ({
			form: readForm(context, itemIndex),
			...(await resolveTunnel(accounts, itemIndex)),
		}),
		async ({ client, id, form }) => [shown(await getIpsecTunnel(client, id), client, form)],
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
