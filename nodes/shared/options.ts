import type { IExecuteFunctions, INode, INodeProperties } from 'n8n-workflow';
import { updateDisplayOptions } from 'n8n-workflow';
import { collectionOf, refuseWhole } from './collections';
import { inputError } from './errors';

/** Properties that show up for one operation of a resource only. */
export function shownFor(
	resource: string,
	operation: string,
	properties: INodeProperties[],
): INodeProperties[] {
	return updateDisplayOptions(
		{ show: { resource: [resource], operation: [operation] } },
		properties,
	);
}

export const accountIdOption: INodeProperties = {
	displayName: 'Account ID',
	name: 'accountId',
	type: 'string',
	default: '',
	placeholder: 'e.g. 023e105f4ecef8ad9ca31a8372d0c353',
	description: "The account to work on, in place of the credential's (32 hexadecimal digits)",
};

export const timeoutOption: INodeProperties = {
	displayName: 'Timeout',
	name: 'timeout',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 600 },
	default: 60,
	description: 'Seconds until a request without an answer is given up',
};

export const validateOnlyOption: INodeProperties = {
	displayName: 'Validate Only',
	name: 'validateOnly',
	type: 'boolean',
	default: false,
	description: 'Whether to have Cloudflare check the change without making it',
};

/** Properties by their names; `localeCompare` would load all of n8n's collation data at its start. */
export function alphabetical(properties: readonly INodeProperties[]): INodeProperties[] {
	return [...properties].sort((a, b) => (a.displayName < b.displayName ? -1 : 1));
}

const OPTIONS = { displayName: 'Options', name: 'options' };

/** The collection `options` of an operation, in alphabetical order. */
export function optionsCollection(options: readonly INodeProperties[]): INodeProperties {
	return collectionOf({ ...OPTIONS, placeholder: 'Add option' }, alphabetical(options));
}

/**
 * Refuses options of which n8n reads nothing.
 *
 * @throws NodeOperationError
 */
export function refuseUnreadOptions(context: { getNode(): INode }, itemIndex?: number): void {
	refuseWhole(context, OPTIONS, itemIndex);
}

/**
 * The value of an option that is true or false. An expression may give anything, and a text must
 * not pass for one of the two: validate only is no matter for a guess.
 *
 * @throws NodeOperationError if it is neither
 */
export function readFlag(
	context: IExecuteFunctions,
	option: INodeProperties,
	itemIndex: number,
): boolean {
	refuseUnreadOptions(context, itemIndex);
	const value = context.getNodeParameter(`options.${option.name}`, itemIndex, false) as unknown;
	if (typeof value === 'boolean') return value;
	throw inputError(
		context.getNode(),
		`The option '${option.displayName}' can't be used`,
		'It must be true or false.',
		itemIndex,
	);
}

/**
 * A number of days, which need not be whole.
 *
 * @param path of the parameter, as `getNodeParameter` takes it
 * @param name how messages name it, such as "parameter 'Older Than (Days)'"
 * @throws NodeOperationError if it is none, or below 0
 */
export function readDays(
	context: IExecuteFunctions,
	path: string,
	name: string,
	itemIndex: number,
): number {
	const days = context.getNodeParameter(path, itemIndex, 0) as unknown;
	if (typeof days === 'number' && days >= 0) return days;
	throw inputError(
		context.getNode(),
		`The ${name} can't be used`,
		'Give a number of days, 0 or more.',
		itemIndex,
	);
}

/**
 * The option `timeout` in milliseconds.
 *
 * @throws NodeOperationError if it is no number of seconds that may be waited
 */
export function readTimeout(node: INode, seconds: unknown, itemIndex?: number): number {
	if (typeof seconds === 'number' && seconds >= 1 && seconds <= 600) return seconds * 1000;
	throw inputError(
		node,
		"The option 'Timeout' can't be used",
		'Give the seconds until an unanswered request is given up, from 1 to 600.',
		itemIndex,
	);
}

function isCount(value: unknown, { typeOptions }: INodeProperties): value is number {
	const { minValue = 1, maxValue = Infinity } = typeOptions ?? {};
	return Number.isInteger(value) && Number(value) >= minValue && Number(value) <= maxValue;
}

function countError(
	node: INode,
	kind: 'option' | 'parameter',
	property: INodeProperties,
	itemIndex?: number,
) {
	const { displayName, typeOptions: { minValue = 1, maxValue = Infinity } = {} } = property;
	const bounds = maxValue === Infinity ? `${minValue} or more` : `from ${minValue} to ${maxValue}`;
	return inputError(
		node,
		`The ${kind} '${displayName}' can't be used`,
		`'${displayName}' must be a whole number ${bounds}.`,
		itemIndex,
	);
}

/**
 * The value of an option that is a whole number and the same for the whole run. To be read once: an
 * expression may give another value each time.
 *
 * @throws NodeOperationError if it is none, or out of the option's bounds
 */
export function readCount(context: IExecuteFunctions, option: INodeProperties): number {
	refuseUnreadOptions(context);
	const value = context.getNodeParameter(`options.${option.name}`, 0, option.default) as unknown;
	if (isCount(value, option)) return value;
	throw countError(context.getNode(), 'option', option);
}

/** As `readCount`, of a parameter that is no option; of an item, if it may differ from item to item. */
export function readCountParameter(
	context: IExecuteFunctions,
	parameter: INodeProperties,
	itemIndex?: number,
): number {
	const value: unknown = context.getNodeParameter(
		parameter.name,
		itemIndex ?? 0,
		parameter.default,
	);
	if (isCount(value, parameter)) return value;
	throw countError(context.getNode(), 'parameter', parameter, itemIndex);
}
