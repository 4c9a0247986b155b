import * as core from 'n8n-core';
import type {
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	INodeParameters,
} from 'n8n-workflow';
import { createEmptyRunExecutionData } from 'n8n-workflow';
import type { Credentials } from './account';
import { additionalData, workflowOf } from './engine';
import { actionNode, NODE, sources } from './node';

export interface ContextOptions {
	parameters: INodeParameters;
	/** What else is not usual of the node. */
	node?: Partial<INode>;
	credentials?: Credentials;
	/** Items that the node gets, each as its json; one empty item without it. */
	items?: IDataObject[];
	/** Stops the execution. */
	cancel?: AbortSignal;
}

/** The contexts in which n8n-core calls the action node, for tests of what the node calls. */
export function contextsOf({
	parameters,
	node: change,
	credentials = {},
	items = [{}],
	cancel,
}: ContextOptions) {
	const file = actionNode(parameters, change);
	const workflow = workflowOf({ nodes: [file], connections: {} }, sources);
	const node = workflow.getNode(NODE)!;
	const data = additionalData({ types: sources, credentials }) as never;
	const input: INodeExecutionData[] = items.map((json, item) => ({ json, pairedItem: { item } }));
	return {
		execute: new core.ExecuteContext(
			workflow,
			node,
			data,
			'manual',
			createEmptyRunExecutionData(),
			0,
			input,
			{ main: [input] },
			{ node, data: { main: [input] }, source: null },
			[],
			cancel,
		),
		loadOptions: new core.LoadOptionsContext(workflow, node, data, ''),
	};
}

/**
 * Calls a function with the context that n8n's engine gives the action node, for what is to be looked
 * at without a run.
 */
export async function inContext<T>(
	parameters: INodeParameters,
	items: IDataObject[],
	work: (context: IExecuteFunctions) => T,
	node: Partial<INode> = {},
): Promise<T> {
	const { execute } = contextsOf({ parameters, items, node });
	// As they are given: n8n's own reading of a workflow empties a collection that is one expression.
	execute.workflow.getNode(NODE)!.parameters = parameters;
	await execute.workflow.expression.acquireIsolate();
	try {
		return work(execute as never);
	} finally {
		await execute.workflow.expression.releaseIsolate();
	}
}
