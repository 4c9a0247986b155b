import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
} from 'n8n-workflow';
import { clock } from '../../http/clock';
import { inputError } from '../../shared/errors';
import type { IpsecTunnel } from '../../api/types';
import { Accounts } from '../../shared/accounts';
import type { Operation } from '../../shared/operation';
import { accountIdOption, optionsCollection, timeoutOption } from '../../shared/options';
import { DAY_MS, forEachItem, pskAge, simplified, whole } from '../../shared/items';

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
	{
		displayName: 'Simplify',
		name: 'simplify',
		type: 'boolean',
		default: true,
		description: 'Whether to return a simplified version of the response instead of the raw data',
	},
	{
		displayName: 'Filters',
		name: 'filters',
		type: 'collection',
		placeholder: 'Add filter',
		default: {},
		options: [
			{
				displayName: 'BGP State',
				name: 'bgpState',
				type: 'options',
				options: [
					{ name: 'Down', value: 'BGP_DOWN' },
					{ name: 'Establishing', value: 'BGP_ESTABLISHING' },
					{ name: 'Up', value: 'BGP_UP' },
				],
				default: 'BGP_DOWN',
				description: 'Only tunnels whose BGP session is in this state',
			},
			{
				displayName: 'Health Check',
				name: 'healthCheck',
				type: 'options',
				options: [
					{ name: 'Off', value: 'off' },
					{ name: 'On', value: 'on' },
				],
				default: 'on',
				description: 'Only tunnels whose health check is on, or off',
			},
			{
				displayName: 'Name Contains',
				name: 'nameContains',
				type: 'string',
				default: '',
				description: 'Only tunnels with this in their name, in capitals or not',
			},
			{
				displayName: 'No PSK Yet',
				name: 'noPsk',
				type: 'boolean',
				default: true,
				description:
					'Whether to return tunnels for which no PSK was ever made; alone, only these; with PSK Older Than, these too',
			},
			{
				displayName: 'PSK Older Than (Days)',
				name: 'pskOlderThanDays',
				type: 'number',
				typeOptions: { minValue: 0 },
				default: 90,
				description: 'Only tunnels whose PSK was made more than this many days ago',
			},
		],
	},
	optionsCollection([accountIdOption, timeoutOption]),
];

interface Filters {
	nameContains?: string;
	pskOlderThanDays?: number;
	noPsk?: boolean;
	bgpState?: string;
	healthCheck?: 'on' | 'off';
}

function matchesPskAge(tunnel: IpsecTunnel, filters: Filters, now: number): boolean {
	const { pskOlderThanDays: days, noPsk = false } = filters;
	if (days === undefined && !noPsk) return true;
	const age = pskAge(tunnel, now);
	if (age === undefined) return noPsk;
	return days !== undefined && age > days * DAY_MS;
}

/** True for a tunnel that passes all filters; `now` in milliseconds. */
function matches(tunnel: IpsecTunnel, filters: Filters, now: number): boolean {
	const wanted = filters.nameContains?.trim().toLowerCase() ?? '';
	return (
		tunnel.name.toLowerCase().includes(wanted) &&
		matchesPskAge(tunnel, filters, now) &&
		(filters.bgpState === undefined || tunnel.bgp_status?.state === filters.bgpState) &&
		(filters.healthCheck === undefined ||
			(tunnel.health_check?.enabled === true) === (filters.healthCheck === 'on'))
	);
}

function readFilters(context: IExecuteFunctions, itemIndex: number): Filters {
	const filters = context.getNodeParameter('filters', itemIndex, {}) as Filters;
	const days = filters.pskOlderThanDays;
	if (days !== undefined && !(typeof days === 'number' && days >= 0)) {
		throw inputError(
			context.getNode(),
			"The filter 'PSK Older Than (Days)' can't be used",
			'Give a number of days, 0 or more.',
			itemIndex,
		);
	}
	return filters;
}

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

/** Get Many: Cloudflare answers all tunnels at once and filters nothing, so that is done here. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	return await forEachItem(
		context,
		async (itemIndex) => ({
			filters: readFilters(context, itemIndex),
			limit: readLimit(context, itemIndex),
			simplify: context.getNodeParameter('simplify', itemIndex) as boolean,
			client: await accounts.client(itemIndex),
		}),
		async ({ filters, limit, simplify, client }): Promise<IDataObject[]> => {
			const now = clock.now();
			const { all } = await accounts.tunnels(client);
			return all
				.filter((tunnel) => matches(tunnel, filters, now))
				.slice(0, limit)
				.map((tunnel) =>
					simplify ? simplified(tunnel, client.accountId, now) : whole(tunnel, client.accountId),
				);
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
