import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { Accounts } from '../../shared/accounts';
import { inputError } from '../../shared/errors';
import { readEach } from '../../shared/items';
import type { Operation } from '../../shared/operation';
import { accountIdOption, optionsCollection, timeoutOption } from '../../shared/options';
import { filtersProperty, readSelection } from './filters';
import { md5KeyOption, readForm, shown, simplifyProperty } from './forms';

const properties: INodeProperties[] = [
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		description: 'Whether to return all results or only up to a given limit',
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 50,
		displayOptions: { show: { returnAll: [false] } },
		description: 'Max number of results to return',
	},
	simplifyProperty,
	filtersProperty,
	optionsCollection([accountIdOption, md5KeyOption, timeoutOption]),
];

function readLimit(context: IExecuteFunctions, itemIndex: number): number {
	if (context.getNodeParameter('returnAll', itemIndex) === true) return Infinity;
	const limit = context.getNodeParameter('limit', itemIndex) as unknown;
	if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1) return limit;
	throw inputError(
		context.getNode(),
		"The parameter 'Limit' can't be used",
		"Give a whole number, 1 or more, or turn 'Return All' on.",
		itemIndex,
	);
}

/** Get Many: the tunnels of an account that pass the filters, from one list for all items. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	return await readEach(
		context,
		async (itemIndex) => ({
			isSelected: readSelection(context, itemIndex),
			limit: readLimit(context, itemIndex),
			form: readForm(context, itemIndex),
			client: await accounts.client(itemIndex),
		}),
		async ({ isSelected, limit, form, client }) => {
			const { all } = await accounts.tunnels(client);
			return all
				.filter(isSelected)
				.slice(0, limit)
				.map((tunnel) => shown(tunnel, client, form));
		},
	);
}

export const getAll: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many tunnels',
	description: 'Get many tunnels, for example those whose key is old',
	properties,
	execute,
};
