import type { IExecuteFunctions, INodeProperties, IWorkflowSettings } from 'n8n-workflow';
import { isAgentsTool } from '../../shared/agents';
import { inputError } from '../../shared/errors';
import { warn } from '../../shared/hints';
import { readFlag } from '../../shared/options';

/**
 * Keeps keys out of an AI agent's context.
 *
 * @throws NodeOperationError if the node runs as an agent's tool
 */
export function refuseAgents(context: IExecuteFunctions): void {
	if (!isAgentsTool(context)) return;
	throw inputError(
		context.getNode(),
		'PSK operations are not for AI agents',
		"A tool's answer goes to the model, and a pre-shared key must not. Put the rotation into a workflow of its own, and give the agent a tool that starts it and returns the Notification items.",
	);
}

/**
 * Why `generate` must not start, or undefined: n8n's Retry On Fail runs the whole node again for
 * all items, and each run replaces the keys that the one before made.
 */
export function retryFault(context: IExecuteFunctions): string | undefined {
	return context.getNode().retryOnFail === true
		? "Turn 'Retry On Fail' off in the node's settings, or use 'Prepare' and 'Set': a retry would generate all keys again and replace those that are live by then."
		: undefined;
}

/**
 * Why no psk operation must start, or undefined: n8n's Always Output Data puts an empty item on a
 * Secret output that has none, and a vault behind it would store an empty key.
 */
export function emptyItemFault(context: IExecuteFunctions): string | undefined {
	return context.getNode().alwaysOutputData === true
		? "Turn 'Always Output Data' off in the node's settings: where no key was changed, n8n would put an empty item on the Secret output, and what comes next would store an empty key."
		: undefined;
}

/**
 * The settings of the workflow by which n8n may store this run's data, by the names that n8n shows.
 * One that is not set follows the instance, so only an explicit "do not save" counts.
 */
export function storingSettings(settings: IWorkflowSettings, manual: boolean): string[] {
	const names: string[] = [];
	if (manual) {
		if (settings.saveManualExecutions !== false) names.push("'Save manual executions'");
	} else {
		if (settings.saveDataSuccessExecution !== 'none') {
			names.push("'Save successful production executions'");
		}
		if (settings.saveDataErrorExecution !== 'none') {
			names.push("'Save failed production executions'");
		}
	}
	if (settings.saveExecutionProgress !== false) names.push("'Save execution progress'");
	return names;
}

/**
 * The workflow's settings. n8n before 1.123.21, and 2.0 to 2.4.8, have no method that tells them; there
 * the context's own workflow does.
 */
function settingsOf(context: IExecuteFunctions): IWorkflowSettings {
	if (context.getWorkflowSettings !== undefined) return context.getWorkflowSettings();
	const { workflow } = context as unknown as { workflow?: { settings?: IWorkflowSettings } };
	return workflow?.settings ?? {};
}

function settingsThatStore(context: IExecuteFunctions): string[] {
	return storingSettings(settingsOf(context), context.getMode() === 'manual');
}

export const requireUnsavedOption: INodeProperties = {
	displayName: 'Require Unsaved Executions',
	name: 'requireUnsaved',
	type: 'boolean',
	default: false,
	description:
		"Whether to refuse to run unless the workflow's settings say that n8n must not store the keys in its database",
};

/** Why an operation that must leave nothing in n8n's database can't start, or undefined. */
export function storageFault(context: IExecuteFunctions): string | undefined {
	if (!readFlag(context, requireUnsavedOption, 0)) return undefined;
	const names = settingsThatStore(context);
	return names.length === 0
		? undefined
		: `The option '${requireUnsavedOption.displayName}' is on, and n8n may store the keys of this run. Open the workflow's Settings and choose 'Do not save' (not the default) for ${names.join(' and ')}.`;
}

/** Tells, where n8n may store the keys, which of the workflow's settings to change. */
export function hintAtStorage(context: IExecuteFunctions): void {
	const names = settingsThatStore(context);
	if (names.length === 0) return;
	warn(
		context,
		`n8n may store the data of this run, and with it the keys of the Secret output, in its database. To stop that, open the workflow's Settings and choose 'Do not save' (not the default) for ${names.join(' and ')}.`,
	);
}
