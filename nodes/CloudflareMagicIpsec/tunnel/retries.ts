import type { IExecuteFunctions } from 'n8n-workflow';
import { inputError } from '../../shared/errors';

/**
 * Refuses to start with n8n's Retry On Fail, which runs the whole node again for all items and keeps
 * the last run only.
 *
 * @param why what a retry would do
 * @throws NodeOperationError if the setting is on
 */
export function refuseRetries(context: IExecuteFunctions, itemIndex: number, why: string): void {
	if (context.getNode().retryOnFail !== true) return;
	throw inputError(
		context.getNode(),
		"The node can't run with 'Retry On Fail'",
		`Turn 'Retry On Fail' off in the node's settings: ${why}.`,
		itemIndex,
	);
}
