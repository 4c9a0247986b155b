import type { IExecuteFunctions } from 'n8n-workflow';
import { inputError } from '../../../shared/errors';
import type { GivenFields } from './body';
import { valueAt } from './body';
import type { FieldPath } from './field';
import type { AnyField } from './table';
import { ALL_FIELDS, FIELDS } from './table';

/** What is wrong with one field. Never holds its value. */
export interface FieldFault {
	path: FieldPath;
	/** To follow the field's name. */
	text: string;
	/** What to do, where the text does not say it. */
	remedy?: string;
}

function siblingsOf({ path }: AnyField): string {
	return path.slice(0, path.lastIndexOf('.'));
}

function missingText(body: GivenFields, field: AnyField): string | undefined {
	if (field.required === undefined || valueAt(body, field.path) !== undefined) return undefined;
	if (field.required === 'always') return 'is missing';
	const siblings = siblingsOf(field);
	if (valueAt(body, siblings) === undefined) return undefined;
	return `is missing: the other ${siblings.toUpperCase()} fields need it`;
}

/**
 * What a body that is to be a whole tunnel lacks.
 *
 * @param known faults of fields that are given, and so do not count as missing
 */
export function missingFields(body: GivenFields, known: readonly FieldFault[] = []): FieldFault[] {
	return ALL_FIELDS.flatMap((field) => {
		const text = missingText(body, field);
		const isKnown = known.some(({ path }) => path === field.path);
		return text === undefined || isKnown ? [] : [{ path: field.path, text }];
	});
}

/**
 * Throws one error that names all faults of an item.
 *
 * @throws NodeOperationError if there are any
 */
export function refuseFaults(
	context: IExecuteFunctions,
	itemIndex: number,
	faults: readonly FieldFault[],
): void {
	if (faults.length === 0) return;
	const named = faults.map(({ path, text }) => `'${FIELDS[path].property.displayName}' ${text}`);
	const remedies = faults.map(({ remedy }) => remedy).filter((remedy) => remedy !== undefined);
	throw inputError(
		context.getNode(),
		named.length === 1
			? `The tunnel can't be sent to Cloudflare: ${named[0]}`
			: `The tunnel can't be sent to Cloudflare: ${named.length} fields need a correction`,
		[`${named.join('; ')}.`, ...remedies].join(' '),
		itemIndex,
	);
}
