import type { INodeExecutionData, INodeParameters, IRun } from 'n8n-workflow';
import { outputsOf, PACKAGE_NAME } from '../../test/helpers/engine';
import { ACCOUNT_ID, API_TOKEN } from '../server/account';
import type { Contender, Entry, Keys } from './contender';
import { itemsOf, runChain, typesWith } from './engine';

/** Our node, from the built package, on n8n's engine. */

const NAME = 'Cloudflare Magic IPsec';

export type PskOperation = 'set' | 'generate';

/** Our node's default, which the benchmarks' requests are counted against. */
export const BATCH_SIZE = 100;

/** Requests of psk set that our node has under way at the same time. */
export const BATCHES_AT_A_TIME = 10;

export function inputOf(entries: readonly Entry[]): INodeExecutionData[] {
	return itemsOf(entries.map(({ id, psk }) => ({ ipsec_tunnel_id: id, psk })));
}

function parametersOf(operation: PskOperation): INodeParameters {
	return {
		authentication: 'apiToken',
		resource: 'psk',
		operation,
		tunnelId: { __rl: true, mode: 'id', value: '={{ $json.ipsec_tunnel_id }}' },
		...(operation === 'set' ? { psk: '={{ $json.psk }}' } : {}),
		options: {},
	};
}

/** Runs one of our psk operations for all items with the options' defaults. */
export async function runOurs(
	operation: PskOperation,
	url: string,
	items: INodeExecutionData[],
): Promise<IRun> {
	return await runChain({
		nodes: [
			{
				name: NAME,
				type: `${PACKAGE_NAME}.cloudflareMagicIpsec`,
				typeVersion: 1,
				parameters: parametersOf(operation),
				credentials: { cloudflareMagicTokenApi: { id: '1', name: 'Cloudflare' } },
			},
		],
		types: await typesWith(),
		credentials: {
			cloudflareMagicTokenApi: { apiToken: API_TOKEN, accountId: ACCOUNT_ID, baseUrl: url },
		},
		items,
	});
}

/** The keys of the Secret output, all of which our node must have verified. */
export function keysOfOurs(run: IRun): Keys {
	if (run.data.resultData.error !== undefined) throw run.data.resultData.error;
	const secrets = outputsOf(run, NAME)[0]!.map(({ json }) => json);
	const unverified = secrets.filter(({ verified }) => verified !== true).length;
	if (unverified > 0) throw new Error(`Our node did not verify ${unverified} keys`);
	return new Map(secrets.map((item) => [String(item.ipsec_tunnel_id), String(item.psk)]));
}

export const ours: Contender = {
	name: 'this node: Set',
	run: async (url, entries) => {
		const run = await runOurs('set', url, inputOf(entries));
		return () => keysOfOurs(run);
	},
};
