import type { ICredentialDataDecryptedObject, IRun } from 'n8n-workflow';
import type { RunOptions, WorkflowFile } from '../helpers/engine';
import { runWorkflow, typesOfAll, typesOfBuild, typesOfN8n } from '../helpers/engine';

/** A workflow with what it needs to run in any process. */
export interface Flow {
	workflow: WorkflowFile;
	credentials: Record<string, ICredentialDataDecryptedObject>;
}

/** Runs a flow on n8n's engine with the built package and n8n's own nodes. */
export async function runFlow(flow: Flow, onStep?: RunOptions['onStep']): Promise<IRun> {
	const { workflow, credentials } = flow;
	return await runWorkflow(workflow, {
		types: typesOfAll(await typesOfBuild(), typesOfN8n()),
		credentials,
		mode: 'trigger',
		onStep,
	});
}
