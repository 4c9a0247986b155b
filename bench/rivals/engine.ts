import type {
	ICredentialDataDecryptedObject,
	IConnections,
	IDataObject,
	INode,
	INodeExecutionData,
	IRun,
} from 'n8n-workflow';
import type { TypeSource } from '../../test/helpers/engine';
import { runWorkflow, typesOfAll, typesOfBuild } from '../../test/helpers/engine';

/** What the contenders that run on n8n's engine share. */

/** The types of our built package, and those that a rival needs. */
export async function typesWith(...more: TypeSource[]): Promise<TypeSource> {
	return typesOfAll(await typesOfBuild(), ...more);
}

export type NodeOf = Pick<INode, 'name' | 'type' | 'typeVersion' | 'parameters'> & Partial<INode>;

export interface Chain {
	/** The workflow's nodes, each behind the one before. */
	nodes: NodeOf[];
	types: TypeSource;
	credentials: Record<string, ICredentialDataDecryptedObject>;
	/** What the first node gets. */
	items: INodeExecutionData[];
}

export function itemsOf(jsons: readonly IDataObject[]): INodeExecutionData[] {
	return jsons.map((json, item) => ({ json, pairedItem: { item } }));
}

/** Runs a chain of nodes in a workflow whose settings store nothing, as a production run. */
export async function runChain({ nodes, types, credentials, items }: Chain): Promise<IRun> {
	const connections: IConnections = {};
	for (const [index, { name }] of nodes.slice(1).entries()) {
		connections[nodes[index]!.name] = { main: [[{ node: name, type: 'main', index: 0 }]] };
	}
	return await runWorkflow(
		{
			nodes: nodes.map((node, index) => ({ id: String(index), position: [0, 0], ...node })),
			connections,
			settings: { saveDataSuccessExecution: 'none', saveDataErrorExecution: 'none' },
		},
		{ types, credentials, input: items, mode: 'trigger' },
	);
}
