import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
} from 'n8n-workflow';
import { createIpsecTunnel } from '../../api/ipsecTunnels';
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
import type { TunnelIndex } from '../../shared/tunnelLocator';
import { allowLiteralOption } from '../psk/givenKey';
import { written } from './answers';
import type { Outcome, Ready } from './changes';
import { changeTunnels, isUncertain, refused } from './changes';
import { changedAnyway, uncertain, unchanged } from './checks';
import { missingFields, refuseFaults } from './fields/faults';
import { additionalFields, readFields } from './fields/read';
import { requiredProperties } from './fields/table';
import type { Look } from './looks';
import { lookForNew } from './looks';
import { refuseRetries } from './retries';

const properties: INodeProperties[] = [
	...requiredProperties,
	additionalFields,
	optionsCollection([accountIdOption, allowLiteralOption, timeoutOption, validateOnlyOption]),
];

interface NewTunnel extends Ready {
	body: IpsecTunnelBody;
	/** The tunnels that there are, where that is needed to tell whether a check made one. */
	before: TunnelIndex | undefined;
}

async function readItem(accounts: Accounts, itemIndex: number): Promise<NewTunnel> {
	const { context } = accounts;
	refuseRetries(
		context,
		itemIndex,
		'a retry would create all tunnels again, and the word of those that the first run made would be lost',
	);
	const { given, faults } = readFields(context, additionalFields, itemIndex);
	refuseFaults(context, itemIndex, [...missingFields(given, faults), ...faults]);
	const body = given as IpsecTunnelBody;
	const validateOnly = readFlag(context, validateOnlyOption, itemIndex);
	const client = await accounts.client(itemIndex);
	const before = validateOnly ? await accounts.tunnels(client) : undefined;
	return { client, validateOnly, tunnel: { name: body.name }, body, before };
}

/** The outcome of a request whose answer was lost, after a look for the tunnel. */
function lostOutcome(error: unknown, look: Look): Outcome {
	const lost = { kind: 'failed', changed: 'maybe', error } as const;
	switch (look.kind) {
		case 'failed':
			return { ...lost, facts: { exists: null } };
		case 'absent':
			return {
				...lost,
				facts: { exists: false },
				note: "The account's list shows no tunnel of this name, so it was probably not made.",
			};
		case 'there': {
			const { id } = look.tunnel;
			return {
				...lost,
				facts: { id, exists: true },
				note: `The account's list shows a tunnel of this name, with the ID ${id}: it was made by this request, unless it was there before.`,
			};
		}
	}
}

/** The outcome of a check that Cloudflare accepted, after a look for a tunnel that it may have made. */
function checkedOutcome(json: IDataObject, look: Look): Outcome {
	switch (look.kind) {
		case 'failed':
			return uncertain(json, look.why);
		case 'absent':
			return unchanged(json);
		case 'there': {
			const { id } = look.tunnel;
			return changedAnyway({ ...json, id }, `the tunnel exists now, with the ID ${id}`);
		}
	}
}

async function createOne({ client, body, before, validateOnly }: NewTunnel): Promise<Outcome> {
	try {
		const tunnel = await createIpsecTunnel(client, body, { validateOnly });
		const json = written(tunnel, client, body, validateOnly ? undefined : {});
		if (!validateOnly) return { kind: 'done', changed: true, json };
		return checkedOutcome(json, await lookForNew(client, body.name, before));
	} catch (error) {
		if (!isUncertain(error)) return refused(error);
		return lostOutcome(error, await lookForNew(client, body.name, before));
	}
}

/** Create: makes one tunnel for each item, after all items were checked. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	return await changeTunnels(context, {
		prepare: async (itemIndex) => await readItem(accounts, itemIndex),
		change: createOne,
		collection: additionalFields,
	});
}

export const create: Operation = {
	value: 'create',
	name: 'Create',
	action: 'Create a tunnel',
	description: 'Create a tunnel',
	properties,
	execute,
};
