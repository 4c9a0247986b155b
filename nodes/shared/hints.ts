import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * Shows a warning beside the output. Never throws, since it is called when changes are made already:
 * an n8n that knows no hints shows none.
 */
export function warn(context: IExecuteFunctions, message: string): void {
	context.addExecutionHints?.({ type: 'warning', location: 'outputPane', message });
}

/** Names that a hint tells; with thousands of tunnels nobody reads them all. */
const NAMES_SHOWN = 10;

/** Names in quotes, in a text of bounded length. */
export function namesShown(names: readonly string[]): string {
	const rest = names.length - NAMES_SHOWN;
	const shown = names.slice(0, NAMES_SHOWN).map((name) => `'${name.slice(0, 100)}'`);
	return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** Shows beside the output what is no trouble, but may not be expected. Never throws. */
export function inform(context: IExecuteFunctions, message: string): void {
	context.addExecutionHints?.({ type: 'info', location: 'outputPane', message });
}
