import type { ICredentialDataDecryptedObject, INode, IRun } from 'n8n-workflow';
import type { RunOptions, WorkflowFile } from '../helpers/engine';
import { PACKAGE_NAME, runWorkflow, typesOfAll, typesOfBuild, typesOfN8n } from '../helpers/engine';

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

/**
 * The flow that the two-stage one is compared with: Cloudflare makes the keys, and the vault gets
 * them afterwards. Settings and vault nodes are those of the two-stage workflow.
 */
export function generateWorkflow(twoStage: WorkflowFile): WorkflowFile {
	const of = (name: string, changes: Partial<INode> = {}): INode => ({
		...twoStage.nodes.find((node) => node.name === name)!,
		...changes,
	});
	const { credentials } = of('Set Keys');
	const names = ['Start', 'Settings', 'Get Tunnels', 'Generate Keys', 'Store Key'];
	return {
		nodes: [
			of('When Executed by Another Workflow', { name: 'Start' }),
			of('Settings'),
			of('Get Tunnels'),
			{
				id: 'generate',
				name: 'Generate Keys',
				type: `${PACKAGE_NAME}.cloudflareMagicIpsec`,
				typeVersion: 1,
				position: [0, 0],
				credentials,
				parameters: {
					authentication: 'apiToken',
					resource: 'psk',
					operation: 'generate',
					tunnelId: { __rl: true, mode: 'id', value: '={{ $json.id }}' },
					options: {},
				},
			},
			of('Promote to Current', {
				name: 'Store Key',
				parameters: {
					...of('Promote to Current').parameters,
					jsonBody: '={{ { data: { current: $json.psk } } }}',
				},
			}),
		],
		connections: Object.fromEntries(
			names
				.slice(1)
				.map((node, index) => [
					names[index],
					{ main: [[{ node, type: 'main' as const, index: 0 }]] },
				]),
		),
		settings: twoStage.settings,
	};
}
