import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * True if the node runs as an AI agent's tool: whatever it answers goes to the model and its
 * provider. n8n tells by the context or, where the engine calls the tool, by the node's type alone.
 */
export function isAgentsTool(context: IExecuteFunctions): boolean {
	return context.isToolExecution?.() === true || context.getNode().type.endsWith('Tool');
}
