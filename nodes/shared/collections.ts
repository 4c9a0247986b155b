import type { INode, INodeProperties } from 'n8n-workflow';
import { field } from '../http/json';
import { inputError } from './errors';

/**
 * Collections that are one expression. The editor offers no such thing, but the file of a workflow may
 * hold it, and n8n then hands on an empty collection: it looks for each entry in the text itself, finds
 * none, and says nothing. A change that was only to be checked would be made, in another account.
 */

/**
 * The entry that tells: the only name under which n8n finds something in a text is that of its length.
 * The panel shows it where a workflow was opened in the editor, and stored, after that.
 */
const wholeMark: INodeProperties = {
	displayName: 'Unreadable Expression',
	name: 'length',
	type: 'number',
	default: 0,
	displayOptions: { show: { length: [{ _cnd: { gte: 1 } }] } },
	description:
		'What n8n found of a collection that is one expression, which it can not read. Remove this entry, and add what is needed one by one.',
};

type Collection = Pick<INodeProperties, 'displayName' | 'name'>;

/** A collection by its entries, which stay in their order. */
export function collectionOf(
	collection: Collection & Pick<INodeProperties, 'placeholder'>,
	entries: readonly INodeProperties[],
): INodeProperties {
	return { ...collection, type: 'collection', default: {}, options: [...entries, wholeMark] };
}

/**
 * Refuses a collection that is one expression, since nothing of it is read.
 *
 * @throws NodeOperationError
 */
export function refuseWhole(
	context: { getNode(): INode },
	{ displayName, name }: Collection,
	itemIndex?: number,
): void {
	const node = context.getNode();
	const raw = node.parameters[name];
	const length = typeof raw === 'string' ? raw.length : field(raw, wholeMark.name);
	if (length === undefined || length === 0) return;
	throw inputError(
		node,
		`The collection '${displayName}' can't be used`,
		"It is one expression, or was, and n8n reads nothing of that: everything in it would count as not given. Remove it, and add what is needed one by one from the collection's list, each with an expression of its own.",
		itemIndex,
	);
}
