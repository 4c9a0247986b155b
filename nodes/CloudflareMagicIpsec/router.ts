import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { inputError } from '../shared/errors';
import type { Operation } from '../shared/operation';
import { withQuickParameters } from '../shared/quickParameters';

/** All operations of the node, by resource and by value of the parameter `operation`. */
export type Operations = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/**
 * Runs the operation that the node's parameters choose.
 *
 * @throws NodeOperationError if there is no such operation
 */
export async function executeOperation(
	context: IExecuteFunctions,
	operations: Operations,
): Promise<INodeExecutionData[][]> {
	const resource = context.getNodeParameter('resource', 0) as string;
	const name = context.getNodeParameter('operation', 0) as string;
	const operation = operations[resource]?.[name];
	if (operation !== undefined) return await operation.execute(withQuickParameters(context));
	throw inputError(
		context.getNode(),
		`The resource '${resource}' has no operation '${name}'`,
		'Choose the resource and the operation from their lists again.',
	);
}
