import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { inputError } from '../../shared/errors';
import { alphabetical } from '../../shared/options';
import {
	cloudflareEndpointField,
	interfaceAddressField,
	nameField,
	optionalFields,
	readFields,
} from './fields';

/** The collection `updateFields` of Update and Update Many. */
export const updateFieldsCollection: INodeProperties = {
	displayName: 'Update Fields',
	name: 'updateFields',
	type: 'collection',
	placeholder: 'Add Field',
	default: {},
	options: alphabetical([
		...optionalFields,
		nameField,
		cloudflareEndpointField,
		interfaceAddressField,
	]),
};

/**
 * The fields that an item gives.
 *
 * @throws NodeOperationError if it gives none
 */
export function readUpdate(
	context: IExecuteFunctions,
	itemIndex: number,
): ReturnType<typeof readFields> {
	const read = readFields(context.getNodeParameter('updateFields', itemIndex, {}) as IDataObject);
	if (Object.keys(read.given).length > 0 || read.faults.length > 0) return read;
	throw inputError(
		context.getNode(),
		'There is nothing to update',
		"Add a field to 'Update Fields'. An empty field does not count.",
		itemIndex,
	);
}
