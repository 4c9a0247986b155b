import type { IDataObject, IExecuteFunctions, INode, INodeExecutionData } from 'n8n-workflow';
import { field, record } from '../http/json';

/**
 * A quick way to read parameters whose value is plain to see: no expression at all, or one that names
 * a text of the item. An expression takes n8n some 70 µs, and a rotation reads several for each of
 * thousands of items; what that comes to is in docs/benchmarks.md.
 *
 * It can't differ from n8n's answer: n8n answers the first time that a parameter is read so in a
 * run, and only where both agree is the quick way taken for the other items.
 */

/** `={{ $json.name }}`: the field of the item itself, by the grammar of n8n's expressions. */
const FIELD_OF_ITEM = /^=\{\{\s*\$json\.([A-Za-z_]\w*)\s*\}\}$/;

/** Half of a pair that makes one character; n8n's engines hand such a text on in different ways. */
const HALF_CHARACTER = /\p{Cs}/u;

/** The text that an object holds itself under a name, if it is a plain object. */
function ownText(json: IDataObject, name: string): string | undefined {
	const prototype: unknown = Object.getPrototypeOf(json);
	if (prototype !== Object.prototype && prototype !== null) return undefined;
	const value: unknown = Object.getOwnPropertyDescriptor(json, name)?.value;
	return typeof value === 'string' && !HALF_CHARACTER.test(value) ? value : undefined;
}

/** The text in the field that an expression names; undefined where only n8n can tell its value. */
function fieldOfItem(raw: unknown, item: INodeExecutionData | undefined): string | undefined {
	const name = typeof raw === 'string' ? FIELD_OF_ITEM.exec(raw)?.[1] : undefined;
	return name === undefined || item === undefined ? undefined : ownText(item.json, name);
}

/** A resource locator whose value is a text of the item and whose other members are no expressions. */
function locatorOf(raw: unknown, item: INodeExecutionData | undefined): IDataObject | undefined {
	const locator = record(raw);
	if (locator?.__rl !== true) return undefined;
	const value = fieldOfItem(locator.value, item);
	const arePlain = Object.entries(locator).every(
		([name, member]) =>
			name === 'value' ||
			typeof member === 'boolean' ||
			(typeof member === 'string' && !member.startsWith('=')),
	);
	return value !== undefined && arePlain ? ({ ...locator, value } as IDataObject) : undefined;
}

/** What is plain to see of a parameter; undefined where only n8n can tell its value. */
function plainValue(
	raw: unknown,
	item: INodeExecutionData | undefined,
	fallback: unknown,
): unknown {
	if (raw === undefined) return fallback;
	if (typeof raw === 'boolean' || typeof raw === 'number') return raw;
	if (typeof raw !== 'string') return locatorOf(raw, item);
	return raw.startsWith('=') ? fieldOfItem(raw, item) : raw;
}

function isSame(a: unknown, b: unknown): boolean {
	const [left, right] = [record(a), record(b)];
	if (left === undefined || right === undefined) return Object.is(a, b);
	const names = new Set([...Object.keys(left), ...Object.keys(right)]);
	return [...names].every((name) => Object.is(left[name], right[name]));
}

type Read = (path: string, itemIndex: number, fallback?: unknown, options?: object) => unknown;

class QuickReader {
	/** By path: whether n8n's answer was the plain one when it was asked. */
	private readonly agreed = new Map<string, boolean>();

	constructor(
		private readonly node: INode,
		private readonly items: readonly INodeExecutionData[],
		private readonly ask: Read,
	) {}

	read(path: string, itemIndex: number, fallback?: unknown, options?: object): unknown {
		const agreed = this.agreed.get(path);
		const plain =
			options === undefined && agreed !== false ? this.plain(path, itemIndex, fallback) : undefined;
		if (plain !== undefined && agreed === true) return plain;
		const answer = this.ask(path, itemIndex, fallback, options);
		if (plain !== undefined) this.agreed.set(path, isSame(plain, answer));
		return answer;
	}

	private plain(path: string, itemIndex: number, fallback: unknown): unknown {
		const raw = path.split('.').reduce<unknown>(field, this.node.parameters);
		return plainValue(raw, this.items[itemIndex], fallback);
	}
}

/** The same context, with the node and its parameters read quickly where they can be. */
export function withQuickParameters(context: IExecuteFunctions): IExecuteFunctions {
	const node = context.getNode();
	const ask: Read = (path, itemIndex, fallback, options) =>
		context.getNodeParameter(path, itemIndex, fallback, options as never) as unknown;
	const reader = new QuickReader(node, context.getInputData(), ask);
	return Object.create(context, {
		// n8n makes a copy of the node at each call.
		getNode: { value: () => node },
		getNodeParameter: { value: reader.read.bind(reader) },
	}) as IExecuteFunctions;
}
