import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * Shows a warning beside the output. Never throws, since it is called when changes are made already:
 * an n8n that knows no hints shows none.
 */
export function warn(context: IExecuteFunctions, message: string): void {
	context.addExecutionHints?.({ type: 'warning', location: 'outputPane', message });
}

/** Shows beside the output what is no trouble, but may not be expected. Never throws. */
export function inform(context: IExecuteFunctions, message: string): void {
	context.addExecutionHints?.({ type: 'info', location: 'outputPane', message });
}
