import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	INodeExecutionData,
	IRun,
} from 'n8n-workflow';
import type { RunOptions, TypeSource } from '../helpers/engine';
import { outputsOf, runWorkflow, typesOfAll, typesOfBuild, typesOfN8n } from '../helpers/engine';
import { nodeThat, typeNamed } from '../helpers/nodeTypes';
import type { Settings } from '../helpers/shippedWorkflows';
import {
	readWorkflow,
	withCredentials,
	withSettings,
	withSubWorkflow,
} from '../helpers/shippedWorkflows';

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
	onStep?: RunOptions['onStep'];
	start?: RunOptions['start'];
	stopWhen?: RunOptions['stopWhen'];
	subWorkflow?: RunOptions['subWorkflow'];
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

/** Runs an example workflow on n8n's engine with n8n's own nodes and the built package. */
export async function runExample(example: Example): Promise<IRun> {
	const { file, settings, credentials, types = [], ...options } = example;
	const chosen = Object.fromEntries(
		Object.keys(credentials).map((type) => [type, { id: type, name: type }]),
	);
	const own = withCredentials(withSettings(readWorkflow(file), settings), chosen);
	const workflow = withSubWorkflow(own, 'sub-workflow');
	return await runWorkflow(workflow, {
		types: typesOfAll(...types, await typesOfBuild(), typesOfN8n()),
		credentials,
		mode: 'trigger',
		...options,
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
