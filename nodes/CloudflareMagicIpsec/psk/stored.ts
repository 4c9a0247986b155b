import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { inputError } from '../../shared/errors';
import { readsSomething } from '../../shared/expressions';
import { sourceAt, workedOut } from '../../shared/source';

export const storedOption: INodeProperties = {
	displayName: 'Stored',
	name: 'stored',
	type: 'string',
	default: '={{ $json.stored }}',
	description:
		'Whether the vault stored the key, by an expression that reads its answer. A key is set only where this gives true; a text does not count, nor does nothing.',
};

const PATH = `options.${storedOption.name}`;

/**
 * Why a key must not be set, although its item is as it should be; undefined if it may be. Only
 * `true` counts: whatever else a vault's answer comes to, the key may be nowhere but in this run.
 *
 * @throws NodeOperationError if the option reads nothing, so that it proves nothing
 */
export function storingFault(context: IExecuteFunctions, itemIndex: number): string | undefined {
	const source = sourceAt(context, PATH, itemIndex);
	if (source === undefined) return undefined;
	if (typeof source.raw !== 'string' || !readsSomething(source.raw)) {
		throw inputError(
			context.getNode(),
			`The option '${storedOption.displayName}' reads nothing`,
			"What is typed in proves nothing. Give an expression that is true if the vault's answer says that it stored the key, such as {{ $json.stored }}.",
			itemIndex,
		);
	}
	const worked = workedOut(source);
	if (worked !== 'failed' && worked.value === true) return undefined;
	const gave = worked === 'failed' ? 'an expression that failed' : kindOf(worked.value);
	return `The vault did not store it, so it was not sent: '${storedOption.displayName}' gave ${gave}.`;
}

/** What a value is, without what is in it: an answer of the vault may hold the key. */
function kindOf(value: unknown): string {
	if (value === false) return 'false';
	if (value === undefined || value === null) return 'nothing';
	if (typeof value === 'string') return 'a text';
	return typeof value === 'number' ? 'a number' : 'no boolean';
}
