import type { INodeProperties } from 'n8n-workflow';
import { collectionOf } from '../../shared/collections';
import { authenticationProperty } from '../../shared/connection';
import { accountIdOption, optionsCollection, timeoutOption } from '../../shared/options';

/** The trigger's panel. What is not set there counts as the default that is shown: see settings.ts. */

export const eventsProperty: INodeProperties = {
	displayName: 'Events',
	name: 'events',
	type: 'multiOptions',
	required: true,
	options: [
		{
			name: 'BGP State Changed',
			value: 'bgpStateChanged',
			description: "When the state of a tunnel's BGP session has changed",
		},
		{
			name: 'Health Changed',
			value: 'healthChanged',
			description:
				"When a tunnel has become healthy, degraded or down for a quarter of an hour, as the data centers with its traffic see it. The token needs 'Account Analytics Read'.",
		},
		{
			name: 'PSK Changed',
			value: 'pskChanged',
			description: 'When a key was made or set, by whomever',
		},
		{
			name: 'PSK Rotation Due',
			value: 'pskRotationDue',
			description:
				'When a key has become too old, or was never set; again after some days while it is due',
		},
		{ name: 'Tunnel Created', value: 'tunnelCreated', description: 'When a tunnel is new' },
		{
			name: 'Tunnel Deleted',
			value: 'tunnelDeleted',
			description: 'When a tunnel is no longer there',
		},
		{
			name: 'Tunnel Updated',
			value: 'tunnelUpdated',
			description: "When a tunnel's configuration has changed",
		},
	],
	default: ['pskRotationDue'],
};

export const pskOlderThanProperty: INodeProperties = {
	displayName: 'PSK Older Than (Days)',
	name: 'pskOlderThanDays',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 90,
	displayOptions: { show: { events: ['pskRotationDue'] } },
	description: 'How old a key may become before it is due',
};

export const nameContainsFilter: INodeProperties = {
	displayName: 'Name Contains',
	name: 'nameContains',
	type: 'string',
	default: '',
	description: 'Only tunnels with this in their name, in capitals or not',
};

export const tunnelsFilter: INodeProperties = {
	displayName: 'Tunnel Names or IDs',
	name: 'tunnelIds',
	type: 'multiOptions',
	typeOptions: { loadOptionsMethod: 'getTunnels' },
	default: [],
	description:
		'Only these tunnels. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
};

export const filtersProperty = collectionOf(
	{ displayName: 'Filters', name: 'filters', placeholder: 'Add filter' },
	[nameContainsFilter, tunnelsFilter],
);

export const remindAfterOption: INodeProperties = {
	displayName: 'Remind After (Days)',
	name: 'remindAfterDays',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 7,
	description:
		'After how many days a key that is still due is told of again, 7 without this option; 0 tells of each key once',
};

export const optionsProperty = optionsCollection([
	accountIdOption,
	remindAfterOption,
	timeoutOption,
]);

export const properties: INodeProperties[] = [
	authenticationProperty,
	eventsProperty,
	pskOlderThanProperty,
	filtersProperty,
	optionsProperty,
];
