import { randomUUID } from 'node:crypto';
import type {
	IDataObject,
	INode,
	INodeParameters,
	IWorkflowSettings,
	WorkflowParameters,
} from 'n8n-workflow';
import type { CredentialReference, Execution, N8n, Workflow } from './n8n';
import { PACKAGE } from '../../helpers/paths';
import { readWorkflow, withCredentials } from '../../helpers/shippedWorkflows';

/** What the action node is called in the workflows made here. */
export const NODE = 'Cloudflare Magic IPsec';

/** The n8n type of the action node, as an installed package has it. */
export const NODE_TYPE = `${PACKAGE.name}.cloudflareMagicIpsec`;

type Credentials = Record<string, CredentialReference>;

export interface NodeUnderTest {
	parameters: INodeParameters;
	/** By credential type. */
	credentials: Credentials;
	/** Settings of the node, such as onError. */
	node?: Partial<INode>;
	settings?: IWorkflowSettings;
}

function link(node: string): WorkflowParameters['connections'][string] {
	return { main: [[{ node, type: 'main', index: 0 }]] };
}

function actionNode(x: number, { parameters, credentials, node }: NodeUnderTest): INode {
	return {
		id: randomUUID(),
		name: NODE,
		type: NODE_TYPE,
		typeVersion: 1,
		position: [x, 0],
		parameters,
		credentials,
		...node,
	};
}

/** Webhook → one item for each entry of `items` in its body → the action node. */
function workflowOf(webhookPath: string, under: NodeUnderTest): Workflow {
	const shared = (name: string, x: number) => ({
		id: randomUUID(),
		name,
		position: [x, 0] as [number, number],
	});
	const { resource, operation } = under.parameters;
	return {
		name: `${String(resource)} ${String(operation)}`,
		nodes: [
			{
				...shared('Webhook', 0),
				type: 'n8n-nodes-base.webhook',
				typeVersion: 2,
				webhookId: webhookPath,
				parameters: { httpMethod: 'POST', path: webhookPath, options: {} },
			},
			{
				...shared('Items', 220),
				type: 'n8n-nodes-base.splitOut',
				typeVersion: 1,
				parameters: { fieldToSplitOut: 'body.items', options: {} },
			},
			actionNode(440, under),
		],
		connections: { Webhook: link('Items'), Items: link(NODE) },
		settings: { executionOrder: 'v1', ...under.settings },
	};
}

/** A manual trigger named Start, and behind it the action node if it is given. */
export function manualWorkflow(name: string, under?: NodeUnderTest): Workflow {
	const start: INode = {
		id: randomUUID(),
		name: 'Start',
		type: 'n8n-nodes-base.manualTrigger',
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
	};
	const settings = { executionOrder: 'v1' as const, ...under?.settings };
	if (under === undefined) return { name, nodes: [start], connections: {}, settings };
	return {
		name,
		nodes: [start, actionNode(220, under)],
		connections: { Start: link(NODE) },
		settings,
	};
}

/** Runs the action node on items in a production execution of an imported, active workflow. */
export async function runOnItems(
	n8n: N8n,
	items: readonly IDataObject[],
	under: NodeUnderTest,
): Promise<Execution> {
	const webhookPath = randomUUID();
	const id = await n8n.importWorkflow(workflowOf(webhookPath, under));
	await n8n.activate(id);
	await n8n.callWebhook(webhookPath, { items });
	const execution = await n8n.lastExecution(id);
	await n8n.deactivate(id);
	return execution;
}

/**
 * A file of workflows/ with the credentials chosen in its nodes.
 *
 * @param credentials by credential type; a node's other credentials stay to be chosen
 */
export function exampleWorkflow(file: string, credentials: Credentials): Workflow {
	return withCredentials(readWorkflow(file), credentials);
}
