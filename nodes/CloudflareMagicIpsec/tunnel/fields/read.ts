import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { field as member } from '../../../http/json';
import { collectionOf, refuseWhole } from '../../../shared/collections';
import { inputError } from '../../../shared/errors';
import { textsIn } from '../../../shared/withheld';
import { keyReading } from '../../psk/givenKey';
import type { GivenFields } from './body';
import { withValues } from './body';
import type { FieldFault } from './faults';
import type { FieldPath, Reading } from './field';
import type { AnyField } from './table';
import { ALL_FIELDS, allProperties, optionalProperties } from './table';

/** What an item gives for the fields of a tunnel, and what is wrong with it. */
export interface ReadFields {
	given: GivenFields;
	faults: FieldFault[];
}

/** The collection of Create; the required fields stand beside it. */
export const additionalFields = collectionOf(
	{ displayName: 'Additional Fields', name: 'additionalFields', placeholder: 'Add Field' },
	optionalProperties,
);

/** The collection of Update and Update Many. */
export const updateFields = collectionOf(
	{ displayName: 'Update Fields', name: 'updateFields', placeholder: 'Add Field' },
	allProperties,
);

/** Reads the parameters of one item by the table of fields. */
class ItemFields {
	/** The collection as the workflow holds it. */
	private readonly raw: unknown;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly collection: INodeProperties,
		private readonly itemIndex: number,
	) {
		refuseWhole(context, collection, itemIndex);
		this.raw = context.getNode().parameters[collection.name];
	}

	reading(field: AnyField): Reading<unknown> {
		if (!this.isGiven(field)) return undefined;
		if (field.read === 'givenKey') return this.keyGiven(field);
		const worked = this.worked(field);
		return worked === undefined
			? { fault: 'holds an expression that failed: try it in the editor' }
			: field.read(worked.value);
	}

	/** The texts of all secrets that are given, right or wrong; `unknown` if one of them can't be told. */
	secrets(): string[] | 'unknown' {
		const texts = ALL_FIELDS.filter((field) => field.secret === true && this.isGiven(field)).map(
			(field) => textsIn(this.worked(field)?.value),
		);
		return texts.some((found) => found.length === 0) ? 'unknown' : texts.flat();
	}

	private keyGiven(field: AnyField): Reading<string> {
		const reading = keyReading(this.context, this.pathOf(field), this.itemIndex);
		if (reading.kind === 'none') return undefined;
		return reading.kind === 'key'
			? { value: reading.key }
			: { fault: reading.fault, remedy: reading.remedy };
	}

	private isBeside({ required }: AnyField): boolean {
		return required === 'always' && this.collection === additionalFields;
	}

	private pathOf(field: AnyField): string {
		const { name } = field.property;
		return this.isBeside(field) ? name : `${this.collection.name}.${name}`;
	}

	private isGiven(field: AnyField): boolean {
		return this.isBeside(field) || member(this.raw, field.property.name) !== undefined;
	}

	/** Undefined if it fails; n8n's own words on that may repeat what the expression read, such as a key. */
	private worked(field: AnyField): { value: unknown } | undefined {
		try {
			return { value: this.context.getNodeParameter(this.pathOf(field), this.itemIndex, null) };
		} catch {
			return undefined;
		}
	}
}

/**
 * The fields that an item gives.
 *
 * @param collection `additionalFields` or `updateFields`
 * @throws NodeOperationError if the collection is one expression of which n8n reads nothing
 */
export function readFields(
	context: IExecuteFunctions,
	collection: INodeProperties,
	itemIndex: number,
): ReadFields {
	const item = new ItemFields(context, collection, itemIndex);
	const values: Array<[FieldPath, unknown]> = [];
	const faults: FieldFault[] = [];
	for (const field of ALL_FIELDS) {
		const reading = item.reading(field);
		if (reading === undefined) continue;
		if ('value' in reading) values.push([field.path, reading.value]);
		else faults.push({ path: field.path, text: reading.fault, remedy: reading.remedy });
	}
	return { given: withValues({}, values), faults };
}

/**
 * The fields that an item gives to Update or Update Many.
 *
 * @throws NodeOperationError if it gives none
 */
export function readUpdate(context: IExecuteFunctions, itemIndex: number): ReadFields {
	const read = readFields(context, updateFields, itemIndex);
	if (Object.keys(read.given).length > 0 || read.faults.length > 0) return read;
	throw inputError(
		context.getNode(),
		'There is nothing to update',
		"Add a field to 'Update Fields'. An empty field does not count.",
		itemIndex,
	);
}

/**
 * The secrets that an item gives in a collection, right or wrong, so that they can be kept from every
 * output; `unknown` if one is given that can't be told, because then anything of the item may be it.
 */
export function secretsGiven(
	context: IExecuteFunctions,
	collection: INodeProperties | undefined,
	itemIndex: number,
): string[] | 'unknown' {
	if (collection === undefined) return [];
	try {
		return new ItemFields(context, collection, itemIndex).secrets();
	} catch {
		return 'unknown';
	}
}
