import { randomUUID } from 'node:crypto';
import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';
import type { CredentialReference, Execution, N8n, Workflow } from '../harness/n8n';
import { UNSAVED } from '../../helpers/saving';
import { NODE_TYPE } from '../harness/workflows';

/** A node of a flow: what makes it different from others. */
export type FlowNode = Pick<INode, 'name' | 'type' | 'typeVersion' | 'parameters'> & Partial<INode>;

type PskOperation = 'prepare' | 'set' | 'generate';

/** The tunnel that the webhook's caller names. */
const TUNNEL = "={{ $('Webhook').item.json.body.tunnel }}";

/** The action node, for the member `tunnel` of the webhook's body unless `parameters` say otherwise. */
export function pskNode(
	name: string,
	operation: PskOperation,
	credential: CredentialReference,
	parameters: INodeParameters = {},
): FlowNode {
	return {
		name,
		type: NODE_TYPE,
		typeVersion: 1,
		parameters: {
			authentication: 'apiToken',
			resource: 'psk',
			operation,
			tunnelId: { __rl: true, mode: 'id', value: TUNNEL },
			...parameters,
		},
		credentials: { cloudflareMagicTokenApi: credential },
	};
}

/**
 * n8n's HTTP Request with a JSON body.
 *
 * @param body an expression of n8n that gives the body as an object
 */
export function httpNode(
	name: string,
	method: 'PUT' | 'POST',
	url: string,
	auth: { type: string; credential: CredentialReference },
	body = '{}',
	settings: Partial<INode> = {},
): FlowNode {
	return {
		name,
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		parameters: {
			method,
			url,
			authentication: 'genericCredentialType',
			genericAuthType: auth.type,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: `={{ JSON.stringify(${body}) }}`,
			options: {},
		},
		credentials: { [auth.type]: auth.credential },
		...settings,
	};
}

/** Get Many for the tunnels whose key is as old as `days`, or was never set. */
export function oldKeysNode(credential: CredentialReference, days: number): FlowNode {
	return {
		name: 'Get Old Keys',
		type: NODE_TYPE,
		typeVersion: 1,
		parameters: {
			authentication: 'apiToken',
			resource: 'tunnel',
			operation: 'getAll',
			returnAll: true,
			simplify: true,
			filters: { pskOlderThanDays: days },
			options: {},
		},
		credentials: { cloudflareMagicTokenApi: credential },
	};
}

/** Get Old Keys → Prepare Keys → Set Keys, started by hand; n8n stores nothing of it. */
export function oldKeysWorkflow(credential: CredentialReference): Workflow {
	const tunnelOf = (value: string) => ({ tunnelId: { __rl: true, mode: 'id', value } });
	const start: FlowNode = {
		name: 'Start',
		type: 'n8n-nodes-base.manualTrigger',
		typeVersion: 1,
		parameters: {},
	};
	const workflow = workflowOf('Rotate old keys as items', start, [
		oldKeysNode(credential, 90),
		pskNode('Prepare Keys', 'prepare', credential, tunnelOf('={{ $json.id }}')),
		pskNode('Set Keys', 'set', credential, {
			...tunnelOf('={{ $json.ipsec_tunnel_id }}'),
			psk: '={{ $json.psk }}',
		}),
	]);
	return { ...workflow, settings: { ...workflow.settings, ...UNSAVED } };
}

/** Key Rotation's Rotate, for the tunnel that each item names; no run is ever busy. */
export function rotateNode(credentials: Record<string, CredentialReference>): FlowNode {
	return {
		name: 'Rotate',
		type: NODE_TYPE,
		typeVersion: 1,
		onError: 'continueRegularOutput',
		parameters: {
			authentication: 'apiToken',
			resource: 'rotation',
			operation: 'rotate',
			scope: 'item',
			tunnelId: { __rl: true, mode: 'id', value: '={{ $json.ipsec_tunnel_id }}' },
			vault: 'kv2',
			mount: 'secret',
			path: 'magic-ipsec/{tunnel_id}',
			olderThanDays: 0,
			finish: 'atOnce',
			options: { leaseMinutes: 0 },
		},
		credentials,
	};
}

/** Where the items of a node go: the names of the next nodes, for each output. */
export type Links = Record<string, string[][]>;

/** Each node's first output to the next node. */
export function chain(nodes: readonly FlowNode[]): Links {
	return Object.fromEntries(
		nodes.slice(0, -1).map(({ name }, n) => [name, [[nodes[n + 1]!.name]]]),
	);
}

/** Trigger → first node, and from there as the links say. */
export function workflowOf(
	name: string,
	trigger: FlowNode,
	nodes: readonly FlowNode[],
	links = chain(nodes),
): Workflow {
	const all: Links = { [trigger.name]: [[nodes[0]!.name]], ...links };
	return {
		name,
		nodes: [trigger, ...nodes].map((node, n) => ({
			id: randomUUID(),
			position: [220 * n, 0],
			...node,
		})),
		connections: Object.fromEntries(
			Object.entries(all).map(([from, outputs]) => [
				from,
				{
					main: outputs.map((names) => names.map((node) => ({ node, type: 'main', index: 0 }))),
				},
			]),
		),
		settings: { executionOrder: 'v1' },
	};
}

/** Webhook → first node, and from there as the links say. */
export function flowOf(name: string, nodes: readonly FlowNode[], links?: Links) {
	const webhookPath = randomUUID();
	const webhook: FlowNode = {
		name: 'Webhook',
		type: 'n8n-nodes-base.webhook',
		typeVersion: 2,
		webhookId: webhookPath,
		parameters: { httpMethod: 'POST', path: webhookPath, options: {} },
	};
	return { webhookPath, workflow: workflowOf(name, webhook, nodes, links) };
}

/** Imports a flow, runs it once in production, and gives the finished execution. */
export async function runFlow(
	n8n: N8n,
	{ webhookPath, workflow }: ReturnType<typeof flowOf>,
	body: IDataObject,
): Promise<Execution> {
	const id = await n8n.importWorkflow(workflow);
	await n8n.activate(id);
	await n8n.callWebhook(webhookPath, body);
	const execution = await n8n.lastExecution(id);
	await n8n.deactivate(id);
	return execution;
}
