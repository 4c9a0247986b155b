import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { errorText, inputError } from '../../shared/errors';
import { answer } from './answer';
import { emptyItemFault, refuseAgents, storageFault } from './guard';
import { allRefused } from './targets';

/** The options of a run, or its outputs where it can't start. */
export type Start<Options> =
	| { ok: true; options: Options }
	| { ok: false; outputs: INodeExecutionData[][] };

/**
 * Checks what must be so before a psk operation looks at any item, and reads the options that count
 * for the whole run, each once.
 *
 * @param action for messages: "set the PSKs"
 * @param ownFault why this operation can't start, or undefined
 * @param readOptions throws NodeOperationError
 * @throws NodeOperationError for an agent, and in the default On Error mode if the run can't start
 */
export function start<Options>(
	context: IExecuteFunctions,
	action: string,
	ownFault: () => string | undefined,
	readOptions: () => Options,
): Start<Options> {
	refuseAgents(context);
	let fault: string | undefined;
	try {
		fault = emptyItemFault(context) ?? ownFault() ?? storageFault(context);
		if (fault === undefined) return { ok: true, options: readOptions() };
	} catch (error) {
		fault = errorText(error);
	}
	const stopping = inputError(context.getNode(), `Could not ${action}`, fault);
	if (!context.continueOnFail()) throw stopping;
	const outputs = answer(context, action, allRefused(context, stopping));
	return { ok: false, outputs: markEmptySecret(context, outputs) };
}

/**
 * With Always Output Data n8n puts an item on an empty Secret output whatever a node does. One that
 * says what it is, and names no tunnel that a vault could take it for, is the better one.
 */
function markEmptySecret(
	context: IExecuteFunctions,
	outputs: INodeExecutionData[][],
): INodeExecutionData[][] {
	const reason = emptyItemFault(context);
	if (reason === undefined) return outputs;
	// A run that can't start has no key.
	return [[{ json: { status: 'unapplied', reason } }], ...outputs.slice(1)];
}
