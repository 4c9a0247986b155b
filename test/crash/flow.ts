import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { ICredentialDataDecryptedObject, INode, IRun } from 'n8n-workflow';
import type { RunOptions, TypeSource, WorkflowFile } from '../helpers/engine';
import {
	PACKAGE_NAME,
	runWorkflow,
	typesOfAll,
	typesOfN8n,
	typesOfPackage,
} from '../helpers/engine';

const ROOT = path.join(__dirname, '..', '..');

/** A workflow with what it needs to run in any process. */
export interface Flow {
	workflow: WorkflowFile;
	credentials: Record<string, ICredentialDataDecryptedObject>;
}

let loaded: Promise<TypeSource> | undefined;

/** The built package's types and n8n's own. */
async function types(): Promise<TypeSource> {
	loaded ??= typesOfPackage(ROOT).then((own) => typesOfAll(own, typesOfN8n()));
	return await loaded;
}

/** Runs a flow on n8n's engine with the built package and n8n's own nodes. */
export async function runFlow(flow: Flow, onStep?: RunOptions['onStep']): Promise<IRun> {
	const { workflow, credentials } = flow;
	return await runWorkflow(workflow, {
		types: await types(),
		credentials,
		mode: 'trigger',
		onStep,
	});
}

export const readWorkflow = (file: string): WorkflowFile =>
	JSON.parse(readFileSync(path.join(ROOT, 'workflows', file), 'utf8')) as WorkflowFile;

/** A workflow whose Edit Fields node `Settings` has other values. */
export function withSettings(
	workflow: WorkflowFile,
	values: Record<string, string | number>,
): WorkflowFile {
	const changed = structuredClone(workflow);
	const settings = changed.nodes.find(({ name }) => name === 'Settings');
	const { assignments } = settings?.parameters.assignments as {
		assignments: Array<{ name: string; value: unknown }>;
	};
	for (const [name, value] of Object.entries(values)) {
		const assignment = assignments.find((one) => one.name === name);
		if (assignment === undefined) throw new Error(`The workflow has no setting ${name}`);
		assignment.value = value;
	}
	return changed;
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
