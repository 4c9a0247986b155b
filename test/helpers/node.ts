import type {
	IDataObject,
	INode,
	INodeExecutionData,
	INodeParameters,
	IRun,
	IWorkflowSettings,
	NodeExecutionHint,
	WorkflowExecuteMode,
} from 'n8n-workflow';
import { CloudflareMagicKeyApi } from '../../credentials/CloudflareMagicKeyApi.credentials';
import { CloudflareMagicAwsApi } from '../../credentials/CloudflareMagicAwsApi.credentials';
import { CloudflareMagicVaultApi } from '../../credentials/CloudflareMagicVaultApi.credentials';
import { CloudflareMagicTokenApi } from '../../credentials/CloudflareMagicTokenApi.credentials';
import { CloudflareMagicAlertTrigger } from '../../nodes/CloudflareMagicAlert/CloudflareMagicAlertTrigger.node';
import { CloudflareMagicIpsec } from '../../nodes/CloudflareMagicIpsec/CloudflareMagicIpsec.node';
import { CloudflareMagicIpsecTrigger } from '../../nodes/CloudflareMagicIpsec/CloudflareMagicIpsecTrigger.node';
import type { Credentials } from './account';
import type { RunOptions, TypeSource } from './engine';
import { outputsOf, PACKAGE_NAME, runWorkflow, taskOf, typesOf } from './engine';

export { credentialsOf } from './account';
export type { Credentials } from './account';

/** The package's types from their sources, so that coverage sees them. */
export const sources: TypeSource = typesOf(
	[
		new CloudflareMagicIpsec(),
		new CloudflareMagicIpsecTrigger(),
		new CloudflareMagicAlertTrigger(),
	],
	[
		new CloudflareMagicTokenApi(),
		new CloudflareMagicKeyApi(),
		new CloudflareMagicVaultApi(),
		new CloudflareMagicAwsApi(),
	],
);

export const NODE = 'Cloudflare Magic IPsec';

/** The action node as a workflow holds it, with the credential of its authentication. */
export function actionNode(parameters: INodeParameters, changes: Partial<INode> = {}): INode {
	const type =
		(parameters.authentication ?? 'apiToken') === 'apiToken'
			? 'cloudflareMagicTokenApi'
			: 'cloudflareMagicKeyApi';
	return {
		id: 'node',
		name: NODE,
		type: `${PACKAGE_NAME}.cloudflareMagicIpsec`,
		typeVersion: 1,
		position: [200, 0],
		parameters,
		credentials: { [type]: { id: '1', name: 'Cloudflare' } },
		...changes,
	};
}

export interface NodeRun {
	credentials: Credentials;
	parameters: INodeParameters;
	/** Items that the node gets, each as its json; one empty item without it. */
	items?: IDataObject[];
	/** Settings of the node, such as onError and retryOnFail. */
	node?: Partial<INode>;
	settings?: IWorkflowSettings;
	mode?: WorkflowExecuteMode;
	onCredential?: RunOptions['onCredential'];
	stopWhen?: RunOptions['stopWhen'];
}

export interface NodeResult {
	/** The items of each output. */
	outputs: INodeExecutionData[][];
	/** The json of each item of each output. */
	jsons: IDataObject[][];
	/** The error that stopped the run, as n8n keeps it. */
	error: (Error & IDataObject) | undefined;
	hints: NodeExecutionHint[];
	run: IRun;
}

/** Runs the action node behind a node that gives it the items, on n8n's engine. */
export async function runNode(options: NodeRun): Promise<NodeResult> {
	const node = actionNode(options.parameters, options.node);
	const before: INode = {
		id: 'before',
		name: 'Before',
		type: 'n8n-nodes-base.noOp',
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
	};
	const run = await runWorkflow(
		{
			nodes: [before, node],
			connections: { Before: { main: [[{ node: NODE, type: 'main', index: 0 }]] } },
			settings: options.settings,
		},
		{
			types: sources,
			credentials: options.credentials,
			input: (options.items ?? [{}]).map((json, item) => ({ json, pairedItem: { item } })),
			mode: options.mode,
			onCredential: options.onCredential,
			stopWhen: options.stopWhen,
		},
	);
	const task = taskOf(run, NODE);
	const outputs = outputsOf(run, NODE);
	return {
		outputs,
		jsons: outputs.map((items) => items.map(({ json }) => json)),
		error: task.error as never,
		hints: task.hints ?? [],
		run,
	};
}
