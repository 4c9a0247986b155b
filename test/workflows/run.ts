import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	IRun,
} from 'n8n-workflow';
import type { TypeSource } from '../helpers/engine';
import { outputsOf, runWorkflow, typesOfAll, typesOfBuild, typesOfN8n } from '../helpers/engine';
import { nodeThat, typeNamed } from '../helpers/nodeTypes';
import type { Settings } from '../helpers/shippedWorkflows';
import { chooseSubWorkflow, readWorkflow, withSettings } from '../helpers/shippedWorkflows';

/** What an example workflow is run with. */
export interface Example {
	/** Name of the file in workflows/. */
	file: string;
	/** Values for the Edit Fields node `Settings`, by name. */
	settings: Settings;
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
	const workflow = withSettings(readWorkflow(file), settings);
	if (subWorkflow !== undefined) chooseSubWorkflow(workflow, 'sub-workflow');
	return await runWorkflow(workflow, {
		types: typesOfAll(...subTypes, ...types, await typesOfBuild(), typesOfN8n()),
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
