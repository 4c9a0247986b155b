import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { INode } from 'n8n-workflow';
import type { WorkflowFile } from './engine';
import { PACKAGE, ROOT } from './paths';

/** A file of workflows/, in the format of the editor's Download. */
export interface ShippedWorkflow extends WorkflowFile {
	name: string;
}

const FOLDER = path.join(ROOT, 'workflows');

/** Names of the files in workflows/. */
export const WORKFLOW_FILES: readonly string[] = readdirSync(FOLDER);

/** A workflow as it is shipped. */
export function readWorkflow(file: string): ShippedWorkflow {
	return JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as ShippedWorkflow;
}

/** Values for the Edit Fields node `Settings` of a workflow, by name. */
export type Settings = Record<string, string | number>;

/**
 * A workflow whose Edit Fields node `Settings` has other values.
 *
 * @throws Error for a setting that the workflow does not have
 */
export function withSettings<T extends WorkflowFile>(workflow: T, values: Settings): T {
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

/** The credential type of each vault that Key Rotation knows. */
const VAULT_CREDENTIALS: Readonly<Record<string, string>> = {
	kv2: 'cloudflareMagicVaultApi',
	awsSecretsManager: 'cloudflareMagicAwsApi',
};

/** The types of the credentials that a user chooses in a node of a shipped workflow after the import. */
export function credentialTypesOf({ type, parameters }: INode): string[] {
	const [pack, name] = type.split('.');
	if (pack === PACKAGE.name) {
		// Plan Waves asks nobody.
		if (parameters.operation === 'plan') return [];
		const vault = parameters.resource === 'rotation' && VAULT_CREDENTIALS[String(parameters.vault)];
		return ['cloudflareMagicTokenApi', ...(vault ? [vault] : [])];
	}
	if (name === 'emailSend') return ['smtp'];
	if (name === 'postgres') return ['postgres'];
	if (name === 'ssh') return ['sshPrivateKey'];
	return parameters.genericAuthType === undefined ? [] : [String(parameters.genericAuthType)];
}

/** A workflow in whose nodes a user has chosen credentials, by their types; those not given are left out. */
export function withCredentials<T extends WorkflowFile>(
	workflow: T,
	chosen: Readonly<Record<string, { id: string; name: string } | undefined>>,
): T {
	const changed = structuredClone(workflow);
	for (const node of changed.nodes) {
		const own = credentialTypesOf(node).flatMap((type) => {
			const reference = chosen[type];
			return reference === undefined ? [] : [[type, reference] as const];
		});
		if (own.length > 0) node.credentials = Object.fromEntries(own);
	}
	return changed;
}

/** A workflow in whose Execute Sub-workflow nodes a user has chosen a workflow. */
export function withSubWorkflow<T extends WorkflowFile>(workflow: T, id: string): T {
	const changed = structuredClone(workflow);
	for (const { type, parameters } of changed.nodes) {
		if (type === 'n8n-nodes-base.executeWorkflow') {
			parameters.workflowId = { __rl: true, mode: 'list', value: id };
		}
	}
	return changed;
}

/** The values of workflows that send messages, to a chat and by mail. */
export function messageSettings(chat: { url: string }) {
	return { chat_url: chat.url, mail_from: 'n8n@example.org', mail_to: 'network@example.org' };
}
