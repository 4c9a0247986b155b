import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { withQuickParameters } from '../../nodes/shared/quickParameters';
import { contextsOf } from '../helpers/context';

/**
 * The quick way to read a parameter is a shortcut and no second expression language: whatever it
 * answers is what n8n's own engine answers.
 */

const ITEMS: IDataObject[] = [
	{ psk: 'a key', id: '0'.repeat(32), 'with space': 'x', _x: 'under' },
	{ psk: '', id: ' padded ', constructor: 'own', toString: 'shadow' },
	{ psk: 7, id: null, nested: { psk: 'inner' } },
	{ psk: ['a'], id: { a: 1 } },
	{ psk: '={{ $json.id }}', id: '{{ 1 + 1 }}' },
	{},
];

const VALUES = [
	'={{ $json.psk }}',
	'={{$json.id}}',
	'={{  $json._x  }}',
	'={{ $json.nested.psk }}',
	'={{ $json["with space"] }}',
	'={{ $json.missing }}',
	'={{ $json.psk + "!" }}',
	'={{ $json.psk }} and more',
	'=plain after the sign',
	'plain',
	'',
	0,
	7,
	true,
	false,
	null,
	{ a: '={{ $json.psk }}' },
	['={{ $json.psk }}'],
	{ __rl: true, mode: 'id', value: '={{ $json.id }}' },
	{ __rl: true, mode: '={{ "name" }}', value: '={{ $json.id }}' },
	{ __rl: true, mode: 'list', value: 'fixed' },
];

/** What reading gives: the value, or that it throws. */
function read(
	context: { getNodeParameter: unknown },
	path: string,
	item: number,
	fallback?: unknown,
) {
	const get = context.getNodeParameter as (...parameters: unknown[]) => unknown;
	try {
		return { value: get.call(context, path, item, fallback) };
	} catch (error) {
		return { throws: (error as Error).message };
	}
}

describe('parameters that are read quickly', () => {
	const contextOf = (value: unknown) => {
		const parameters = { resource: 'psk', operation: 'set', psk: value, options: { of: value } };
		return contextsOf({ parameters: parameters as INodeParameters, items: ITEMS }).execute;
	};

	it.each(VALUES.map((value) => [JSON.stringify(value), value]))(
		'%s is what n8n reads',
		async (_, value) => {
			const context = contextOf(value);
			const quick = withQuickParameters(context as never);
			await context.workflow.expression.acquireIsolate();
			try {
				for (const path of ['psk', 'options.of', 'options.missing', 'nowhere']) {
					for (let item = 0; item < ITEMS.length; item++) {
						for (const fallback of [undefined, '', 60, false]) {
							const one = { path, item, fallback };
							expect({ ...one, ...read(quick, path, item, fallback) }).toEqual({
								...one,
								...read(context, path, item, fallback),
							});
						}
					}
				}
			} finally {
				await context.workflow.expression.releaseIsolate();
			}
		},
	);

	it('leaves names to n8n that its expressions refuse', async () => {
		const context = contextOf('={{ $json.constructor }}');
		await context.workflow.expression.acquireIsolate();
		try {
			expect(read(withQuickParameters(context as never), 'psk', 1)).toEqual(
				read(context, 'psk', 1),
			);
		} finally {
			await context.workflow.expression.releaseIsolate();
		}
	});
});
