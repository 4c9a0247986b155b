import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { inputError } from '../../shared/errors';
import { readsSomething } from '../../shared/expressions';
import { sourceAt } from '../../shared/source';
import { keyReading } from './givenKey';

export const pendingKeyOption: INodeProperties = {
	displayName: 'Pending Key',
	name: 'pendingKey',
	type: 'string',
	typeOptions: { password: true },
	default: '={{ $json.pending }}',
	description:
		'What the vault still holds of a run that was cut off, by an expression: it is used again in place of a new key. If it is empty, a new key is made.',
};

const PATH = `options.${pendingKeyOption.name}`;

const REMEDY =
	'Give what the vault holds as pending by an expression, such as {{ $json.data.pending }}. If it holds none, the expression must give an empty value.';

/**
 * The pending key of an item; undefined if the vault holds none. It may be live already.
 *
 * @throws NodeOperationError if it may not be used, or if the option reads nothing; its text never
 * holds the value
 */
export function pendingKey(context: IExecuteFunctions, itemIndex: number): string | undefined {
	const reading = keyReading(context, PATH, itemIndex, { mayBeLiteral: false, remedy: REMEDY });
	if (reading.kind === 'none') return undefined;
	if (reading.kind === 'key') return reading.key;
	const raw = sourceAt(context, PATH, itemIndex)?.raw;
	const readsVault = typeof raw === 'string' && readsSomething(raw);
	if (reading.isEmpty && readsVault) return undefined;
	const { fault, remedy } = reading.isEmpty ? { fault: 'reads nothing', remedy: REMEDY } : reading;
	const option = `The option '${pendingKeyOption.displayName}'`;
	throw inputError(context.getNode(), `${option} ${fault}`, remedy, itemIndex);
}
