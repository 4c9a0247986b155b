import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	IRun,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { withSettings } from '../crash/flow';
import type { TypeSource, WorkflowFile } from '../helpers/engine';
import { outputsOf, runWorkflow, typesOfAll, typesOfN8n, typesOfPackage } from '../helpers/engine';

/** What an example workflow is run with. */
export interface Example {
	/** Name of the file in workflows/. */
	file: string;
	/** Values for the Edit Fields node `Settings`, by name. */
	settings: Record<string, string | number>;
	credentials: Record<string, ICredentialDataDecryptedObject>;
	/** Items that the trigger gives; one empty item without it. */
	input?: INodeExecutionData[];
	/** Types that stand before n8n's own, for what the engine alone can't run. */
	types?: TypeSource[];
	/** Called, and waited for, before and after each node. */
	onStep?: (when: 'before' | 'after', node: string) => Promise<void>;
	/** Run for every Execute Sub-workflow node, with its items. */
	subWorkflow?: Example;
}

const ROOT = path.join(__dirname, '..', '..');
const FOLDER = path.join(ROOT, 'workflows');

let loaded: Promise<TypeSource> | undefined;

/** The built package's types. */
async function ownTypes(): Promise<TypeSource> {
	loaded ??= typesOfPackage(ROOT);
	return await loaded;
}

/** An example workflow as it is shipped. */
export function readExample(file: string): WorkflowFile {
	return JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as WorkflowFile;
}

/** A type source that has one node type. */
export function typeNamed(type: string, node: INodeType): TypeSource {
	return { node: (asked) => (asked === type ? node : undefined), credential: () => undefined };
}

/** A node type that runs as given, with the outputs of a simple node. */
export function nodeThat(execute: INodeType['execute']): INodeType {
	return {
		description: {
			displayName: 'Stand-in',
			name: 'standIn',
			group: ['transform'],
			version: [1, 1.1, 2, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6],
			description: '',
			defaults: { name: 'Stand-in' },
			inputs: [NodeConnectionTypes.Main],
			outputs: [NodeConnectionTypes.Main],
			properties: [],
		},
		execute,
	};
}

/** A trigger that gives the items of the run. */
export function triggerOf(type: string): TypeSource {
	return typeNamed(
		type,
		nodeThat(async function () {
			return [this.getInputData()];
		}),
	);
}

/**
 * n8n's Execute Sub-workflow node, for which the engine alone has no database of workflows: the
 * node is n8n's own, and only what it calls to have the other workflow run is the test's.
 */
function executeWorkflowWith(
	run: (items: INodeExecutionData[]) => Promise<INodeExecutionData[][]>,
) {
	const type = 'n8n-nodes-base.executeWorkflow';
	const own = typesOfN8n().node(type)!;
	const executeWorkflow = async (_info: unknown, items: INodeExecutionData[]) => ({
		executionId: '2',
		data: await run(items),
	});
	const members: Record<PropertyKey, unknown> = {
		executeWorkflow,
		getExecutionDataById: async () => undefined,
	};
	const execute = async function (this: IExecuteFunctions) {
		const context = new Proxy(this, {
			get: (target, name) =>
				name in members ? members[name] : (Reflect.get(target, name, target) as unknown),
		});
		return await own.execute!.call(context);
	};
	return typeNamed(type, Object.assign(Object.create(own) as INodeType, { execute }));
}

/** What a user does after the import: n8n runs no workflow that names no sub-workflow. */
function chooseSubWorkflow({ nodes }: WorkflowFile): void {
	for (const { type, parameters } of nodes) {
		if (type !== 'n8n-nodes-base.executeWorkflow') continue;
		parameters.workflowId = { __rl: true, mode: 'id', value: 'sub-workflow' };
	}
}

/** What a sub-workflow gives to the one that called it: the outputs of the node that ran last. */
async function outputsOfLast(example: Example): Promise<INodeExecutionData[][]> {
	const run = await runExample(example);
	const { error, lastNodeExecuted } = run.data.resultData;
	if (error !== undefined) throw error;
	// Across the boundary n8n keeps nothing but the items.
	return outputsOf(run, lastNodeExecuted!).map((items) => items.map(({ json }) => ({ json })));
}

/** Runs an example workflow on n8n's engine with n8n's own nodes and the built package. */
export async function runExample(example: Example): Promise<IRun> {
	const { file, settings, credentials, input, types = [], onStep, subWorkflow } = example;
	const subTypes =
		subWorkflow === undefined
			? []
			: [
					executeWorkflowWith(
						async (items) => await outputsOfLast({ ...subWorkflow, input: items }),
					),
				];
	const workflow = withSettings(readExample(file), settings);
	if (subWorkflow !== undefined) chooseSubWorkflow(workflow);
	return await runWorkflow(workflow, {
		types: typesOfAll(...subTypes, ...types, await ownTypes(), typesOfN8n()),
		credentials,
		input,
		mode: 'trigger',
		onStep,
	});
}

/** The error that stopped a run. */
export function errorOf(run: IRun): string | undefined {
	return run.data.resultData.error?.message;
}

/** The json of the items that a node gave on one of its outputs. */
export function itemsOf(run: IRun, node: string, output = 0): IDataObject[] {
	return (outputsOf(run, node)[output] ?? []).map(({ json }) => json);
}
