import type { IWebhookFunctions } from 'n8n-workflow';
import { text } from '../http/json';
import { connectionOf } from '../shared/connection';
import { errorText } from '../shared/errors';
import { hashOf, isOfHash, secretOf } from './secret';
import { readAccess } from './settings';
import type { TriggerState } from './state';

/** The header of a request that holds the secret; Node.js joins several into one text. */
const HEADER = 'cf-webhook-auth';

const FORM = /^[0-9a-f]{64}$/;

async function presentSecret(context: IWebhookFunctions): Promise<string | undefined> {
	try {
		const { credential } = await connectionOf(context, readAccess(context));
		return secretOf(context, credential);
	} catch (error) {
		const { id: workflowId } = context.getWorkflow();
		context.logger.warn(
			`${context.getNode().name}: the credential could not be read to check an alert. ${errorText(error)}`,
			{ workflowId },
		);
		return undefined;
	}
}

/** The secret that a request gives, if it is the right one; undefined for any other request. */
export async function rightSecret(
	context: IWebhookFunctions,
	state: TriggerState,
): Promise<string | undefined> {
	const given = text(context.getHeaderData()[HEADER]);
	if (given === undefined || !FORM.test(given)) return undefined;
	if (isOfHash(given, state.secretHash)) return given;
	const present = await presentSecret(context);
	return present !== undefined && isOfHash(given, hashOf(present)) ? given : undefined;
}
