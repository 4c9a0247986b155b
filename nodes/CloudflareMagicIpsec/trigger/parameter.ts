import type { INodeProperties, IPollFunctions, NodeOperationError } from 'n8n-workflow';
import { refuseWhole } from '../../shared/collections';
import { errorText, inputError } from '../../shared/errors';

/** A parameter of the trigger, or an option of one of its collections. */
export interface Setting {
	property: INodeProperties;
	/** The collection that it is an option of. */
	collection?: INodeProperties;
}

/** The error for a setting that can't be used. */
export function unusable(
	context: IPollFunctions,
	{ property, collection }: Setting,
	remedy: string,
): NodeOperationError {
	const kind =
		collection === undefined ? 'parameter' : collection.name === 'filters' ? 'filter' : 'option';
	const message = `The ${kind} '${property.displayName}' can't be used`;
	return inputError(context.getNode(), message, remedy);
}

function isNothing(value: unknown): boolean {
	return value === undefined || value === null;
}

function isEmpty(value: unknown): boolean {
	if (typeof value === 'string') return value.trim() === '';
	return isNothing(value) || (Array.isArray(value) && value.length === 0);
}

function isExpression(raw: unknown): boolean {
	return typeof raw === 'string' && raw.startsWith('=');
}

/**
 * The value of a setting. One that is not made counts as the default of its property, which is what
 * the panel shows. One whose expression gives nothing does not count as that: a filter would let every
 * tunnel through.
 *
 * @throws NodeOperationError if an expression gives nothing or fails
 */
export function valueOf(context: IPollFunctions, setting: Setting): unknown {
	const { property, collection } = setting;
	if (collection !== undefined) refuseWhole(context, collection);
	const path = collection === undefined ? property.name : `${collection.name}.${property.name}`;
	const raw: unknown = context.getNodeParameter(path, property.default, { rawExpressions: true });
	const value = evaluated(context, setting, path);
	if (isExpression(raw) ? isEmpty(value) : isNothing(value)) {
		throw unusable(
			context,
			setting,
			'Its expression gives nothing, which does not mean that there is no such setting. Correct the expression, or remove the setting.',
		);
	}
	return value;
}

function evaluated(context: IPollFunctions, setting: Setting, path: string): unknown {
	try {
		return context.getNodeParameter(path, setting.property.default);
	} catch (error) {
		throw unusable(context, setting, `Its expression fails: ${errorText(error)}`);
	}
}
