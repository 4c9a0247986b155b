import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { WorkflowFile } from './engine';
import { ROOT } from './paths';

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

/** The values of workflows that send messages, to a chat and by mail. */
export function messageSettings(chat: { url: string }) {
	return { chat_url: chat.url, mail_from: 'n8n@example.org', mail_to: 'network@example.org' };
}

/** Chooses the sub-workflow, as the note of the workflow tells its user to do. */
export function chooseSubWorkflow({ nodes }: WorkflowFile, id: string): void {
	for (const { type, parameters } of nodes) {
		if (type === 'n8n-nodes-base.executeWorkflow') {
			parameters.workflowId = { __rl: true, mode: 'id', value: id };
		}
	}
}
