import type { INode, INodeParameters } from 'n8n-workflow';
import { additionalData, PACKAGE_NAME, workflowOf } from '../../test/helpers/engine';
import * as core from 'n8n-core';
import { ACCOUNT_ID, API_TOKEN } from '../server/account';
import { typesWith } from './engine';

/** Our polling trigger on n8n's poll context, and what every poll has to do at least. */

const NAME = 'Trigger';
const TYPE = `${PACKAGE_NAME}.cloudflareMagicIpsecTrigger`;

/** Every event that a change brings about. */
const PARAMETERS: INodeParameters = {
	authentication: 'apiToken',
	events: ['bgpStateChanged', 'pskChanged', 'tunnelCreated', 'tunnelDeleted', 'tunnelUpdated'],
	filters: {},
	options: {},
};

/** Why the trigger can't be measured, or undefined. */
export async function triggerMissing(): Promise<string | undefined> {
	return (await typesWith()).node(TYPE) === undefined
		? 'the package has no polling trigger yet'
		: undefined;
}

export interface Poller {
	/** Polls once; the number of items that come out. */
	poll(): Promise<number>;
	/** Bytes of the JSON that n8n keeps between two polls. */
	staticBytes(): number;
}

/** An activated trigger whose static data lasts from poll to poll. */
export async function pollerFor(url: string): Promise<Poller> {
	const types = await typesWith();
	const credentials = {
		cloudflareMagicTokenApi: { apiToken: API_TOKEN, accountId: ACCOUNT_ID, baseUrl: url },
	};
	const node: INode = {
		id: '1',
		name: NAME,
		type: TYPE,
		typeVersion: 1,
		position: [0, 0],
		parameters: PARAMETERS,
		credentials: { cloudflareMagicTokenApi: { id: '1', name: 'Cloudflare' } },
	};
	const workflow = workflowOf({ nodes: [node], connections: {} }, types);
	const context = new core.PollContext(
		workflow,
		workflow.getNode(NAME)!,
		additionalData({ types, credentials }) as never,
		'trigger',
		'activate',
	);
	const type = types.node(TYPE)!;
	return {
		poll: async () => {
			await workflow.expression.acquireIsolate();
			try {
				const outputs = (await type.poll!.call(context)) ?? [];
				return outputs.flat().length;
			} finally {
				await workflow.expression.releaseIsolate();
			}
		},
		staticBytes: () => JSON.stringify(context.getWorkflowStaticData('node')).length,
	};
}

/** The limit: the same list, read and parsed, and nothing done with it. */
export async function fetchAndParse(url: string): Promise<number> {
	const response = await fetch(`${url}/accounts/${ACCOUNT_ID}/magic/ipsec_tunnels`, {
		headers: { authorization: `Bearer ${API_TOKEN}`, 'x-magic-new-hc-target': 'true' },
	});
	const { result } = JSON.parse(await response.text()) as {
		result: { ipsec_tunnels: unknown[] };
	};
	return result.ipsec_tunnels.length;
}
