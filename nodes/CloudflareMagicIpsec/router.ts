import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { inputError } from '../shared/errors';
import type { Operation } from '../shared/operation';
import { withQuickParameters } from '../shared/quickParameters';
import { resources } from './resources';

function operationOf(resource: string, operation: string): Operation | undefined {
	return resources
		.find(({ value }) => value === resource)
		?.operations.find(({ value }) => value === operation);
}

/**
 * Runs the operation that the node's parameters choose.
 *
 * @throws NodeOperationError if there is no such operation
 */
export async function executeOperation(
	context: IExecuteFunctions,
): Promise<INodeExecutionData[][]> {
	const resource = context.getNodeParameter('resource', 0) as string;
	const name = context.getNodeParameter('operation', 0) as string;
	const operation = operationOf(resource, name);
	if (operation !== undefined) return await operation.execute(withQuickParameters(context));
	throw inputError(
		context.getNode(),
		`The resource '${resource}' has no operation '${name}'`,
		'Choose the resource and the operation from their lists again.',
	);
}
