import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { getIpsecTunnel, updateIpsecTunnel } from '../../api/ipsecTunnels';
import type { IpsecTunnel, IpsecTunnelBody } from '../../api/types';
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
import { allowLiteralOption } from '../psk/givenKey';
import { written } from './answers';
import type { Outcome, Ready } from './changes';
import { changeTunnels, isUncertain, refused } from './changes';
import { checkedBy, lostUpdate } from './checks';
import type { GivenFields } from './fields/body';
import { overlay } from './fields/body';
import { missingFields, refuseFaults } from './fields/faults';
import { readUpdate, updateFields } from './fields/read';
import { lookAt } from './looks';
import { resolveTunnel } from './resolve';

const properties: INodeProperties[] = [
	tunnelLocator,
	{
		displayName: 'Mode',
		name: 'mode',
		type: 'options',
		options: [
			{
				name: 'Merge',
				value: 'merge',
				description: 'Read the tunnel, change the fields below and keep all others',
			},
			{
				name: 'Replace',
				value: 'replace',
				description:
					'Send the fields below as the whole tunnel; a field that is missing may be reset',
			},
		],
		default: 'merge',
		description: 'What happens to the fields that are not given',
	},
	updateFields,
	optionsCollection([accountIdOption, allowLiteralOption, timeoutOption, validateOnlyOption]),
];

interface Update extends Ready {
	id: string;
	given: GivenFields;
	replace: boolean;
}

async function readItem(accounts: Accounts, itemIndex: number): Promise<Update> {
	const { context } = accounts;
	const replace = context.getNodeParameter('mode', itemIndex) === 'replace';
	const { given, faults } = readUpdate(context, itemIndex);
	refuseFaults(context, itemIndex, [...(replace ? missingFields(given, faults) : []), ...faults]);
	const validateOnly = readFlag(context, validateOnlyOption, itemIndex);
	return { given, replace, validateOnly, ...(await resolveTunnel(accounts, itemIndex)) };
}

async function updateOne(
	context: IExecuteFunctions,
	{ client, id, given, replace, validateOnly }: Update,
	itemIndex: number,
): Promise<Outcome> {
	let before: IpsecTunnel | undefined;
	try {
		const isCompared = validateOnly || given.psk !== undefined;
		if (!replace || isCompared) before = await getIpsecTunnel(client, id);
		const body = replace || before === undefined ? given : overlay(before, given);
		refuseFaults(context, itemIndex, missingFields(body));
		const { modified, answer } = await updateIpsecTunnel(client, id, body as IpsecTunnelBody, {
			validateOnly,
		});
		const circumstances = validateOnly ? undefined : { modified, before };
		const json = written({ id, ...answer }, client, body, circumstances);
		if (validateOnly) return checkedBy(await lookAt(client, id, before), json);
		return { kind: 'done', changed: true, json };
	} catch (error) {
		if (!isUncertain(error)) return refused(error);
		return lostUpdate(error, await lookAt(client, id, before));
	}
}

/** Update: writes one tunnel for each item, after all items were checked. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	return await changeTunnels(context, {
		prepare: async (itemIndex) => await readItem(accounts, itemIndex),
		change: async (item, itemIndex) => await updateOne(context, item, itemIndex),
		collection: updateFields,
	});
}

export const update: Operation = {
	value: 'update',
	name: 'Update',
	action: 'Update a tunnel',
	description: 'Update a tunnel',
	properties,
	execute,
};
