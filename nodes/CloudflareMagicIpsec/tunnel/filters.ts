import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { BgpState, IpsecTunnel } from '../../api/types';
import { clock } from '../../http/clock';
import { record } from '../../http/json';
import { collectionOf, refuseWhole } from '../../shared/collections';
import { inputError } from '../../shared/errors';
import { DAY_MS, pskAge } from '../../shared/items';
import type { Reader } from './fields/field';
import { flag, number, oneOf, text } from './fields/readers';

/** The filters of Get Many. Cloudflare answers all tunnels and filters nothing, so that is done here. */
interface Filters {
	bgpState?: BgpState;
	healthCheck?: 'on' | 'off';
	nameContains?: string;
	noPsk?: boolean;
	pskOlderThanDays?: number;
}

interface Filter<T> {
	property: INodeProperties;
	/** A filter that is there and gives nothing is a fault: it would select every tunnel. */
	read: Reader<T>;
}

const FILTERS: { [Name in keyof Required<Filters>]: Filter<NonNullable<Filters[Name]>> } = {
	bgpState: {
		property: {
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
		read: oneOf('BGP_DOWN', 'BGP_ESTABLISHING', 'BGP_UP'),
	},
	healthCheck: {
		property: {
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
		read: oneOf('off', 'on'),
	},
	nameContains: {
		property: {
			displayName: 'Name Contains',
			name: 'nameContains',
			type: 'string',
			default: '',
			description: 'Only tunnels with this in their name, in capitals or not',
		},
		read: text(),
	},
	noPsk: {
		property: {
			displayName: 'No PSK Yet',
			name: 'noPsk',
			type: 'boolean',
			default: true,
			description:
				'Whether to return tunnels for which no PSK was ever made; alone, only these; with PSK Older Than, these too',
		},
		read: flag,
	},
	pskOlderThanDays: {
		property: {
			displayName: 'PSK Older Than (Days)',
			name: 'pskOlderThanDays',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 90,
			description: 'Only tunnels whose PSK was made more than this many days ago',
		},
		read: number((days) => (days >= 0 ? undefined : 'must be a number of days, 0 or more')),
	},
};

/** The collection `filters`, in alphabetical order. */
export const filtersProperty = collectionOf(
	{ displayName: 'Filters', name: 'filters', placeholder: 'Add filter' },
	Object.values<Filter<unknown>>(FILTERS).map(({ property }) => property),
);

/** True for a tunnel that is wanted. */
export type Selection = (tunnel: IpsecTunnel) => boolean;

/**
 * The tunnels that the filters of an item select.
 *
 * @throws NodeOperationError for a filter that can't be used, also one that gives nothing
 */
export function readSelection(context: IExecuteFunctions, itemIndex: number): Selection {
	const refuse = (name: string, fault: string) =>
		inputError(
			context.getNode(),
			`The filter '${name}' can't be used`,
			`It ${fault}. To select by something else, remove the filter.`,
			itemIndex,
		);
	refuseWhole(context, filtersProperty, itemIndex);
	const given = record(context.getNodeParameter('filters', itemIndex, {}));
	if (given === undefined) throw refuse('Filters', 'must be an object');
	const filters = Object.entries(given).map(([name, value]) => {
		const filter = Object.entries<Filter<unknown>>(FILTERS).find(([known]) => known === name)?.[1];
		if (filter === undefined) throw refuse(name, 'does not exist');
		const reading = filter.read(value);
		if (reading !== undefined && 'value' in reading) return [name, reading.value];
		throw refuse(filter.property.displayName, reading?.fault ?? 'is empty');
	});
	return selectionBy(Object.fromEntries(filters) as Filters);
}

function selectionBy(filters: Filters): Selection {
	const { bgpState, healthCheck, nameContains = '' } = filters;
	const now = clock.now();
	const wanted = nameContains.toLowerCase();
	return (tunnel) =>
		tunnel.name.toLowerCase().includes(wanted) &&
		hasPskOfAge(tunnel, filters, now) &&
		(bgpState === undefined || tunnel.bgp_status?.state === bgpState) &&
		(healthCheck === undefined ||
			(tunnel.health_check?.enabled === true) === (healthCheck === 'on'));
}

function hasPskOfAge(tunnel: IpsecTunnel, filters: Filters, now: number): boolean {
	const { pskOlderThanDays: days, noPsk = false } = filters;
	if (days === undefined && !noPsk) return true;
	const age = pskAge(tunnel, now);
	if (age === undefined) return noPsk;
	return days !== undefined && age > days * DAY_MS;
}
