import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { deleteIpsecTunnel, getIpsecTunnel } from '../../api/ipsecTunnels';
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
import { whole } from './answers';
import type { Outcome, Ready } from './changes';
import { changeTunnels, isUncertain, refused } from './changes';
import { checkedBy } from './checks';
import type { Look } from './looks';
import { lookAt } from './looks';
import { resolveTunnel } from './resolve';
import { refuseRetries } from './retries';

const properties: INodeProperties[] = [
	tunnelLocator,
	optionsCollection([accountIdOption, timeoutOption, validateOnlyOption]),
];

interface Deletion extends Ready {
	id: string;
}

async function readItem(accounts: Accounts, itemIndex: number): Promise<Deletion> {
	const { context } = accounts;
	refuseRetries(
		context,
		itemIndex,
		'a retry would look in vain for the tunnels that the first run deleted, and the word of them would be lost',
	);
	const validateOnly = readFlag(context, validateOnlyOption, itemIndex);
	return { validateOnly, ...(await resolveTunnel(accounts, itemIndex)) };
}

/** The outcome of a request whose answer was lost, after a look at the tunnel. */
function lostOutcome(error: unknown, look: Look): Outcome {
	const lost = { kind: 'failed', changed: 'maybe', error } as const;
	switch (look.kind) {
		case 'failed':
			return { ...lost, facts: { exists: null } };
		case 'absent':
			return { ...lost, facts: { exists: false }, note: 'The tunnel is gone.' };
		case 'there':
			return { ...lost, facts: { exists: true }, note: 'The tunnel is still there.' };
	}
}

async function deleteOne({ client, id, validateOnly }: Deletion): Promise<Outcome> {
	try {
		const before = validateOnly ? await getIpsecTunnel(client, id) : undefined;
		const { deleted, tunnel } = await deleteIpsecTunnel(client, id, { validateOnly });
		const json = whole({ id, ...tunnel }, client.accountId);
		if (!validateOnly) return { kind: 'done', changed: deleted, json: { deleted, ...json } };
		const look = await lookAt(client, id, before);
		return checkedBy(look, { deleted: look.kind === 'absent', ...json });
	} catch (error) {
		if (!isUncertain(error)) return refused(error);
		return lostOutcome(error, await lookAt(client, id));
	}
}

/** Delete: removes one tunnel for each item and answers `deleted: true` with what it was. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	return await changeTunnels(context, {
		prepare: async (itemIndex) => await readItem(accounts, itemIndex),
		change: deleteOne,
	});
}

export const del: Operation = {
	value: 'delete',
	name: 'Delete',
	action: 'Delete a tunnel',
	description: 'Delete a tunnel',
	properties,
	execute,
};
