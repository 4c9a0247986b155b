import { randomUUID } from 'node:crypto';
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { inputError } from '../../shared/errors';
import { accountIdOption, optionsCollection, readCount, timeoutOption } from '../../shared/options';
import { tunnelLocator } from '../../shared/tunnelLocator';
import { batchSizeOption } from '../keys/send';
import { vaultProperties } from './vaults';

const MINUTE_MS = 60_000;

const DEFAULT_LEASE_MINUTES = 15;

/** After so many milliseconds the requests of a run that has stored a key are over. */
export const DEFAULT_LEASE_MS = DEFAULT_LEASE_MINUTES * MINUTE_MS;

/**
 * A key is sent within so many milliseconds of its staging, however long the lease: other runs, which
 * do not know that lease, go by it, too. A lease of 0 says only that nothing is ever busy.
 */
export const LONGEST_SENDING_MS = DEFAULT_LEASE_MS / 2;

export const scopeProperty: INodeProperties = {
	displayName: 'Scope',
	name: 'scope',
	type: 'options',
	options: [
		{
			name: 'All Tunnels of the Account',
			value: 'all',
			description: 'Run once, for every tunnel of the account, whatever the number of items',
		},
		{ name: 'One Tunnel an Item', value: 'item', description: 'Run for the tunnel of each item' },
	],
	default: 'item',
	description: 'Which tunnels to work on',
};

const locatorProperty: INodeProperties = {
	...tunnelLocator,
	default: { mode: 'id', value: '={{ $json.id }}' },
	displayOptions: { show: { scope: ['item'] } },
};

const vaultConcurrencyOption: INodeProperties = {
	displayName: 'Vault Concurrency',
	name: 'vaultConcurrency',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 100 },
	default: 10,
	description: 'How many requests to the vault are under way at the same time, at most',
};

export const leaseOption: INodeProperties = {
	displayName: 'Lease (Minutes)',
	name: 'leaseMinutes',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 1440 },
	default: DEFAULT_LEASE_MINUTES,
	description:
		'For how long a pending key of another run is left alone; 0 takes it over at once, for when it is known that no other run is at work',
};

/** The parameters that every operation of the resource has, with its own between. */
export function rotationProperties(
	own: readonly INodeProperties[],
	options: readonly INodeProperties[] = [],
): INodeProperties[] {
	return [
		scopeProperty,
		locatorProperty,
		...vaultProperties,
		...own,
		optionsCollection([accountIdOption, timeoutOption, vaultConcurrencyOption, ...options]),
	];
}

/** What counts for a whole run. */
export interface RunSettings {
	scope: 'item' | 'all';
	/** Calls to the vault that are under way at once. */
	concurrency: number;
	batchSize: number;
	/** Milliseconds for which a pending key of another run is left alone. */
	leaseMs: number;
	/** Milliseconds after its staging within which a key may be sent. */
	sendWithinMs: number;
	/** Milliseconds until an unanswered request to the vault is given up. */
	vaultTimeoutMs: number;
	/** Random for each run. */
	by: string;
}

/** @throws NodeOperationError if a parameter can't be used */
export function readSettings(context: IExecuteFunctions): RunSettings {
	const scope = context.getNodeParameter('scope', 0, 'item') as unknown;
	if (scope !== 'item' && scope !== 'all') {
		throw inputError(
			context.getNode(),
			"The parameter 'Scope' has no such choice",
			'Choose one from the list.',
		);
	}
	const leaseMs = readCount(context, leaseOption) * MINUTE_MS;
	return {
		scope,
		concurrency: readCount(context, vaultConcurrencyOption),
		batchSize: readCount(context, batchSizeOption),
		leaseMs,
		sendWithinMs: leaseMs === 0 ? LONGEST_SENDING_MS : Math.min(leaseMs / 2, LONGEST_SENDING_MS),
		vaultTimeoutMs: readCount(context, timeoutOption) * 1000,
		by: randomUUID(),
	};
}
