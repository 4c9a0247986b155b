import 'reflect-metadata';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type {
	IConnections,
	ICredentialDataDecryptedObject,
	ICredentialsExpressionResolveValues,
	ICredentialType,
	IDataObject,
	IExecuteData,
	IHttpRequestOptions,
	INode,
	INodeExecutionData,
	INodeParameters,
	INodeType,
	IRun,
	ITaskData,
	IWorkflowSettings,
	WorkflowExecuteMode,
} from 'n8n-workflow';

// n8n-core reads the user folder while it is loaded.
process.env.N8N_USER_FOLDER ??= path.join(tmpdir(), `n8n-engine-${process.pid}`);
// Errors that a test provokes are looked at by the test.
process.env.N8N_LOG_LEVEL ??= 'silent';
mkdirSync(process.env.N8N_USER_FOLDER, { recursive: true });

import * as core from 'n8n-core';
import { createRunExecutionData, NodeHelpers, Workflow } from 'n8n-workflow';
import { nodeThat } from './nodeTypes';
import { ROOT } from './paths';

/** Where the engine gets node and credential types from. */
export interface TypeSource {
	/** @param type the type as a workflow names it, for example `package.node` */
	node(type: string): INodeType | undefined;
	credential(name: string): ICredentialType | undefined;
}

export const PACKAGE_NAME = 'n8n-nodes-cloudflare-magic-ipsec';

/** Types of a package that was built, loaded as n8n loads an installed one. */
export async function typesOfPackage(directory: string): Promise<TypeSource> {
	const loader = new core.PackageDirectoryLoader(directory);
	await loader.loadAll();
	const short = (type: string) => type.slice(type.lastIndexOf('.') + 1);
	return {
		node: (type) =>
			type.startsWith(`${loader.packageName}.`) && short(type) in loader.known.nodes
				? (loader.getNode(short(type)).type as INodeType)
				: undefined,
		credential: (name) =>
			name in loader.known.credentials ? loader.getCredential(name).type : undefined,
	};
}

let builtTypes: Promise<TypeSource> | undefined;

/** The types of this package as it was built, loaded once. */
export async function typesOfBuild(): Promise<TypeSource> {
	builtTypes ??= typesOfPackage(ROOT);
	return await builtTypes;
}

type NodeClasses = Record<string, new () => INodeType>;

const load = createRequire(__filename);

/** Where `npm run n8n-nodes` puts n8n's own nodes. */
export const N8N_NODES = path.join(ROOT, 'tools', 'n8n-nodes', 'n8n-nodes-base-2.41.1');

/**
 * n8n's own nodes. Each is loaded when a workflow first asks for it, by the list that its package
 * carries: n8n's loader reads the descriptions of all of them first, which takes half a second.
 *
 * @throws Error while `npm run n8n-nodes` has not yet fetched them
 */
export function typesOfN8n(): TypeSource {
	if (!existsSync(N8N_NODES)) {
		throw new Error("n8n's own nodes are not there: run npm run n8n-nodes once");
	}
	const known = JSON.parse(
		readFileSync(path.join(N8N_NODES, 'dist', 'known', 'nodes.json'), 'utf8'),
	) as Record<string, { className: string; sourcePath: string }>;
	const loaded = new Map<string, INodeType>();
	return {
		node(type) {
			const [pack, name = ''] = type.split('.');
			const entry = pack === 'n8n-nodes-base' ? known[name] : undefined;
			if (entry === undefined) return undefined;
			let node = loaded.get(name);
			if (node === undefined) {
				const classes = load(path.join(N8N_NODES, entry.sourcePath)) as NodeClasses;
				node = new classes[entry.className]!();
				loaded.set(name, node);
			}
			return node;
		},
		credential: () => undefined,
	};
}

/** The types of several sources; the first that has one gives it. */
export function typesOfAll(...sources: TypeSource[]): TypeSource {
	const first = <T>(find: (source: TypeSource) => T | undefined): T | undefined => {
		for (const source of sources) {
			const found = find(source);
			if (found !== undefined) return found;
		}
		return undefined;
	};
	return {
		node: (type) => first((source) => source.node(type)),
		credential: (name) => first((source) => source.credential(name)),
	};
}

/** Types given as objects, for tests of the sources. */
export function typesOf(nodes: INodeType[], credentials: ICredentialType[]): TypeSource {
	return {
		// n8n offers a node that may be an agent's tool a second time, as a type that ends in Tool.
		node: (type) =>
			nodes.find(({ description: { name } }) =>
				[name, `${name}Tool`].includes(type.replace(`${PACKAGE_NAME}.`, '')),
			),
		credential: (name) => credentials.find((type) => type.name === name),
	};
}

/** A trigger without behaviour, and nodes without any: what n8n's own are for the engine. */
const INERT: Readonly<Record<string, 'trigger' | 'node'>> = {
	'n8n-nodes-base.manualTrigger': 'trigger',
	'n8n-nodes-base.scheduleTrigger': 'trigger',
	'n8n-nodes-base.stickyNote': 'node',
	'n8n-nodes-base.noOp': 'node',
};

function inertNode(type: string): INodeType | undefined {
	const kind = INERT[type];
	if (kind === undefined) return undefined;
	const trigger = { group: ['trigger' as const], inputs: [] };
	return nodeThat(
		async function () {
			return [this.getInputData()];
		},
		kind === 'trigger' ? trigger : {},
	);
}

export interface WorkflowFile {
	nodes: INode[];
	connections: IConnections;
	settings?: IWorkflowSettings;
}

export interface RunOptions {
	types: TypeSource;
	/** Decrypted data of each credential type. */
	credentials: Record<string, ICredentialDataDecryptedObject>;
	/** Items that the first node gets. */
	input?: INodeExecutionData[];
	mode?: WorkflowExecuteMode;
	/** Called, and waited for, before and after each node. */
	onStep?: (when: 'before' | 'after', node: string) => Promise<void>;
	/** Called whenever a credential is read, with the index of the item that it is resolved for. */
	onCredential?: (type: string, itemIndex: number | undefined) => void;
	/** The execution is stopped when it settles, as by a person or a time-out. */
	stopWhen?: Promise<unknown>;
	/** The node that the run starts with, by default the file's first. */
	start?: string;
	/** What a sub-workflow answers to the items that it is called with. */
	subWorkflow?: (items: INodeExecutionData[]) => Promise<INodeExecutionData[]>;
}

/** A credential as n8n 2.41 resolves its expressions: for the item that the engine names, if it names one. */
function resolved(
	data: ICredentialDataDecryptedObject,
	mode: WorkflowExecuteMode,
	executeData?: IExecuteData,
	item?: ICredentialsExpressionResolveValues,
): ICredentialDataDecryptedObject {
	if (item === undefined) return { ...data };
	return item.workflow.expression.getParameterValue(
		{ ...data } as INodeParameters,
		item.runExecutionData,
		item.runIndex,
		item.itemIndex,
		item.node.name,
		item.connectionInputData,
		mode,
		{},
		executeData,
		false,
		{},
	) as ICredentialDataDecryptedObject;
}

function credentialsHelper(options: RunOptions) {
	return {
		getParentTypes: () => [],
		getCredentialsProperties: () => [],
		isCredentialUsableByNode: () => true,
		preAuthentication: async () => undefined,
		getDecrypted: async (
			_data: unknown,
			_node: unknown,
			type: string,
			mode: WorkflowExecuteMode,
			executeData?: IExecuteData,
			_raw?: boolean,
			item?: ICredentialsExpressionResolveValues,
		) => {
			const data = options.credentials[type];
			if (data === undefined) throw new Error(`The test gives no credential of type ${type}`);
			options.onCredential?.(type, item?.itemIndex);
			return resolved(data, mode, executeData, item);
		},
		authenticate: async (
			data: ICredentialDataDecryptedObject,
			type: string,
			request: IHttpRequestOptions,
		) => {
			const authenticate = options.types.credential(type)?.authenticate;
			if (typeof authenticate !== 'function')
				throw new Error(`${type} has no authenticate function`);
			return await authenticate(data, request);
		},
	};
}

interface SubWorkflowCall {
	inputData?: INodeExecutionData[];
}

/** What n8n gives a node besides the workflow. */
export function additionalData(options: RunOptions): IDataObject {
	return {
		credentialsHelper: credentialsHelper(options),
		executionId: '1',
		restApiUrl: '',
		instanceBaseUrl: '',
		webhookBaseUrl: 'http://localhost/webhook',
		webhookWaitingBaseUrl: 'http://localhost/webhook-waiting',
		webhookTestBaseUrl: 'http://localhost/webhook-test',
		formWaitingBaseUrl: 'http://localhost/form-waiting',
		variables: {},
		externalSecretsProxy: {},
		executeWorkflow: async (_info: unknown, _data: unknown, call: SubWorkflowCall) => {
			if (options.subWorkflow === undefined) throw new Error('The test gives no sub-workflow');
			return { executionId: '2', data: [await options.subWorkflow(call.inputData ?? [])] };
		},
		getRunExecutionData: async () => undefined,
	} as unknown as IDataObject;
}

/** The workflow as n8n's engine holds it, with the static data that was saved with it. */
export function workflowOf(
	file: WorkflowFile,
	types: TypeSource,
	staticData?: IDataObject,
): Workflow {
	const find = (type: string) => {
		const found = types.node(type) ?? inertNode(type);
		if (found === undefined) throw new Error(`The test gives no node of type ${type}`);
		return found;
	};
	return new Workflow({
		id: 'workflow',
		name: 'Workflow',
		nodes: file.nodes,
		connections: file.connections,
		active: false,
		nodeTypes: {
			getByName: find,
			getByNameAndVersion: (type: string, version?: number) =>
				NodeHelpers.getVersionedNodeType(find(type), version),
			getKnownTypes: () => ({}),
		},
		settings: { executionOrder: 'v1', ...file.settings },
		staticData,
	});
}

/** Runs a workflow on n8n's own engine, from its first node. */
export async function runWorkflow(file: WorkflowFile, options: RunOptions): Promise<IRun> {
	const mode = options.mode ?? 'manual';
	const workflow = workflowOf(file, options.types);
	const hooks = new core.ExecutionLifecycleHooks(mode, '1', {
		...file,
		id: 'workflow',
		name: 'Workflow',
	} as never);
	const { onStep } = options;
	if (onStep !== undefined) {
		hooks.addHandler('nodeExecuteBefore', async (node) => await onStep('before', node));
		hooks.addHandler('nodeExecuteAfter', async (node) => await onStep('after', node));
	}
	const start = workflow.getNode(options.start ?? file.nodes[0]!.name)!;
	const execution = createRunExecutionData({
		executionData: {
			nodeExecutionStack: [
				{ node: start, data: { main: [options.input ?? [{ json: {} }]] }, source: null },
			],
		},
	} as never);
	const engine = new core.WorkflowExecute(
		{ ...additionalData(options), hooks } as never,
		mode,
		execution,
	);
	await workflow.expression.acquireIsolate();
	try {
		const running = engine.processRunExecutionData(workflow);
		void options.stopWhen?.then(() => running.cancel());
		return await running;
	} finally {
		await workflow.expression.releaseIsolate();
	}
}

/** What one node did in a run. */
export function taskOf(run: IRun, node: string): ITaskData {
	const task = run.data.resultData.runData[node]?.[0];
	if (task === undefined) throw new Error(`The node ${node} did not run`);
	return task;
}

/** The items of each main output of a node; an output without items is an empty list. */
export function outputsOf(run: IRun, node: string): INodeExecutionData[][] {
	return (taskOf(run, node).data?.main ?? []).map((items) => items ?? []);
}
