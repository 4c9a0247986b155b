import * as core from 'n8n-core';
import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { createEmptyRunExecutionData } from 'n8n-workflow';
import type { Credentials } from './account';
import { additionalData, workflowOf } from './engine';
import { actionNode, sources } from './node';

export interface ContextOptions {
	parameters: INodeParameters;
	credentials?: Credentials;
	/** Items that the node gets, each as its json; one empty item without it. */
	items?: IDataObject[];
	/** Stops the execution. */
	cancel?: AbortSignal;
}

/** The contexts in which n8n-core calls the action node, for tests of what the node calls. */
export function contextsOf({ parameters, credentials = {}, items = [{}], cancel }: ContextOptions) {
	const node = actionNode(parameters);
	const workflow = workflowOf({ nodes: [node], connections: {} }, sources);
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
