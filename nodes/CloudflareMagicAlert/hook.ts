import type { IHookFunctions } from 'n8n-workflow';
import type { CloudflareClient } from '../api/client';
import { clientFor } from '../shared/connection';
import type { Access } from './settings';
import { readAccess } from './settings';
import type { TriggerState } from './state';
import type { Tags } from './tags';
import { tagsOf } from './tags';

/** What the steps of one of n8n's hooks share. */
export interface Hook {
	context: IHookFunctions;
	state: TriggerState;
	access: Access;
	/** The webhook's; empty if n8n gives none. */
	url: string;
	/** Of this URL, by which own things are told from those of another n8n. */
	tags: Tags;
}

/** @throws NodeOperationError if the parameters say nothing usable about the account */
export function openHook(context: IHookFunctions, state: TriggerState): Hook {
	const url = context.getNodeWebhookUrl('default') ?? '';
	const tags = tagsOf(url, context.getNode().webhookId);
	return { context, state, access: readAccess(context), url, tags };
}

/** @throws NodeOperationError if the credential can't be used */
export async function clientIn(
	{ context, access }: Hook,
	accountId: unknown,
): Promise<CloudflareClient> {
	return await clientFor(context, { ...access, accountId });
}

/** Writes a warning into n8n's log. */
export function warn(context: IHookFunctions, message: string): void {
	const { id: workflowId } = context.getWorkflow();
	context.logger.warn(`${context.getNode().name}: ${message}`, { workflowId });
}
