import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Simulator } from '../simulator';
import type { NodeResult, NodeRun } from './node';
import { credentialsOf, runNode } from './node';

export const byId = (value: string) => ({ __rl: true, mode: 'id', value });
export const byName = (value: string) => ({ __rl: true, mode: 'name', value });

/**
 * Runs an operation on tunnels.
 *
 * @param change parameters of the operation, and `items` and `node` as `runNode` takes them
 */
export async function runTunnel(
	simulator: Simulator,
	operation: string,
	change: IDataObject = {},
): Promise<NodeResult> {
	const { items, node, ...parameters } = change;
	return await runNode({
		credentials: credentialsOf(simulator),
		parameters: { resource: 'tunnel', operation, ...parameters } as INodeParameters,
		items: items as NodeRun['items'],
		node: node as NodeRun['node'],
		mode: 'trigger',
	});
}
