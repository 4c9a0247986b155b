import { isUndefined, omitBy } from 'lodash';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Simulator } from '../simulator';
import { byId, byName } from './locators';
import type { NodeResult, NodeRun } from './node';
import { credentialsOf, runNode } from './node';

/** Runs of the psk operations, as most tests want them. */

export { byId, byName };

/** Parameters of a run, and all else that `runNode` takes. */
export type PskRun = Partial<Omit<NodeRun, 'parameters'>> & { parameters?: object };

/** What a psk operation is given where a test does not say otherwise: the tunnel by the item's `id`. */
export function pskParameters(operation: string, more: object = {}): INodeParameters {
	return {
		resource: 'psk',
		operation,
		tunnelId: byId('={{ $json.id }}'),
		...(operation === 'set' ? { psk: '={{ $json.psk }}' } : {}),
		...(operation === 'prepare' ? { keyLength: 43, checkWithCloudflare: true } : {}),
		...more,
	} as INodeParameters;
}

/** One item for each tunnel, with its id, its name and a key to set. */
export function itemsOf(simulator: Simulator): Array<{ id: string; name: string; psk: string }> {
	return simulator.tunnels().map(({ id, name }) => ({ id, name, psk: `new-key-${id}` }));
}

/** Runs a psk operation on an account, by default on all of its tunnels. */
export async function runPsk(
	simulator: Simulator,
	operation: string,
	{ parameters, ...more }: PskRun = {},
): Promise<NodeResult> {
	return await runNode({
		credentials: credentialsOf(simulator),
		items: itemsOf(simulator),
		...more,
		parameters: pskParameters(operation, parameters),
	});
}

/** The same with the parameters and all else in one object, as the shortest way to say a run. */
export async function psk(
	simulator: Simulator,
	operation: string,
	change: IDataObject & Partial<Omit<NodeRun, 'parameters'>> = {},
): Promise<NodeResult> {
	const { items, node, settings, mode, credentials, ...parameters } = change;
	const run = omitBy({ items, node, settings, mode, credentials }, isUndefined);
	return await runPsk(simulator, operation, { ...run, parameters });
}

export const statuses = (items: IDataObject[] | undefined) =>
	(items ?? []).map(({ status }) => status);

export const liveKeys = (simulator: Simulator) =>
	simulator.tunnels().map(({ id }) => simulator.liveKey(id));
