import * as core from 'n8n-core';
import type { IDataObject, IExecuteFunctions, INode, INodeParameters } from 'n8n-workflow';
import { createEmptyRunExecutionData } from 'n8n-workflow';
import { additionalData, PACKAGE_NAME, workflowOf } from './engine';
import { NODE, sources } from './node';

/**
 * Calls a function with the context that n8n's engine gives the action node, for what is to be looked
 * at without a run.
 */
export async function inContext<T>(
	parameters: INodeParameters,
	items: IDataObject[],
	work: (context: IExecuteFunctions) => T,
	change: Partial<INode> = {},
): Promise<T> {
	const node: INode = {
		id: '1',
		name: NODE,
		type: `${PACKAGE_NAME}.cloudflareMagicIpsec`,
		typeVersion: 1,
		position: [0, 0],
		parameters,
		...change,
	};
	const workflow = workflowOf({ nodes: [node], connections: {} }, sources);
	// As they are given: n8n's own reading of a workflow empties a collection that is one expression.
	workflow.getNode(NODE)!.parameters = parameters;
	const input = items.map((json, item) => ({ json, pairedItem: { item } }));
	const context = new core.ExecuteContext(
		workflow,
		workflow.getNode(NODE)!,
		additionalData({ types: sources, credentials: {} }) as never,
		'manual',
		createEmptyRunExecutionData(),
		0,
		input,
		{ main: [input] },
		{ node, data: { main: [input] }, source: null },
		[],
	);
	await workflow.expression.acquireIsolate();
	try {
		return work(context as never);
	} finally {
		await workflow.expression.releaseIsolate();
	}
}
