import * as core from 'n8n-core';
import fc from 'fast-check';
import type { IDataObject, INode, INodeExecutionData, INodeParameters } from 'n8n-workflow';
import { createEmptyRunExecutionData } from 'n8n-workflow';
import { withQuickParameters } from '../../nodes/shared/quickParameters';
import { additionalData, PACKAGE_NAME, workflowOf } from '../helpers/engine';
import { NODE, sources } from '../helpers/node';

/**
 * The quick way to read a parameter is a shortcut and no second expression language: whatever it
 * answers, for whatever is in the workflow and in the items, is what n8n's own engine answers, and it
 * fails where that fails.
 */

/** Names of fields: common ones, those that n8n refuses, and those that every object has. */
const NAMES = [
	...['psk', 'id', '_x', 'x1', 'with space', 'ünï', '$json', 'class', 'length', 'extend'],
	...['constructor', 'prototype', '__proto__', 'binding', 'caller', 'arguments', 'mainModule'],
	...['toString', 'valueOf', 'hasOwnProperty', '__lookupGetter__', '_load', 'then', 'json'],
];

const name = fc.constantFrom(...NAMES);

const text = fc.oneof(
	fc.string({ unit: 'binary' }),
	fc.constantFrom(
		'a key',
		'',
		' padded ',
		'={{ $json.id }}',
		'{{ 1 + 1 }}',
		'=',
		'\\u0041',
		'\ud800',
	),
);

const member = fc.oneof(
	{ weight: 3, arbitrary: text },
	fc.constantFrom<unknown>(0, 7, NaN, true, false, null, undefined, ['a'], { a: 1 }, new Date(0)),
);

class Inherited {
	readonly own = 'own';

	get psk(): string {
		return 'from a getter';
	}
}

const plainJson = fc.array(fc.tuple(name, member), { maxLength: 8 }).map((entries) => {
	const json = {};
	for (const [key, value] of entries) {
		Object.defineProperty(json, key, {
			value,
			enumerable: true,
			writable: true,
			configurable: true,
		});
	}
	return json;
});

const json = fc.oneof(
	{ weight: 8, arbitrary: plainJson },
	plainJson.map((own): object => Object.assign(Object.create(null) as object, own)),
	plainJson.map((inherited) => Object.create(inherited) as object),
	fc.constant(new Inherited()),
	fc.constant(Object.defineProperty({}, 'psk', { get: () => 'from a getter', enumerable: true })),
);

const blank = fc.constantFrom('', ' ', '\n', '\t ');

const reading = fc.tuple(blank, name, blank).map(([a, field, b]) => `={{${a}$json.${field}${b}}}`);

const expression = fc.oneof(
	{ weight: 6, arbitrary: reading },
	reading.map((one) => `${one} and more`),
	fc.tuple(reading, reading).map(([a, b]) => `${a}${b.slice(1)}`),
	name.map((field) => `={{ $json["${field}"] }}`),
	name.map((field) => `={{ $json.${field} + "!" }}`),
	name.map((field) => `={{ $json.psk.${field} }}`),
	name.map((field) => `={{ $input.item.json.${field} }}`),
	fc.constantFrom('=plain', '={{ }}', '={{ no such thing }}', '={{ $json }}', '={{ $json.psk', '='),
);

const raw = fc.oneof(
	{ weight: 6, arbitrary: expression },
	fc.constantFrom<unknown>('plain', '', 0, 7, true, false, null, { a: '={{ $json.psk }}' }, [
		'={{ $json.psk }}',
	]),
	fc.record({ __rl: fc.constant(true), mode: fc.constantFrom('id', 'list'), value: expression }),
	fc.record({
		__rl: fc.constant(true),
		mode: fc.constantFrom('name', '={{ "id" }}', '={{ $json.psk }}', 7),
		value: expression,
		cachedResultName: fc.constantFrom('x', '={{ $json.id }}', undefined),
	}),
);

function contextOf(parameters: INodeParameters, jsons: object[]): core.ExecuteContext {
	const node: INode = {
		id: '1',
		name: NODE,
		type: `${PACKAGE_NAME}.cloudflareMagicIpsec`,
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
	};
	const workflow = workflowOf({ nodes: [node], connections: {} }, sources);
	workflow.getNode(NODE)!.parameters = parameters;
	const items = jsons.map(
		(one, item): INodeExecutionData => ({
			json: one as IDataObject,
			pairedItem: { item },
		}),
	);
	return new core.ExecuteContext(
		workflow,
		workflow.getNode(NODE)!,
		additionalData({ types: sources, credentials: {} }) as never,
		'manual',
		createEmptyRunExecutionData(),
		0,
		items,
		{ main: [items] },
		{ node, data: { main: [items] }, source: null },
		[],
	);
}

interface Question {
	path: string;
	item: number;
	fallback: unknown;
}

/** What reading gives: the value, or that it throws. */
function read(context: { getNodeParameter: unknown }, { path, item, fallback }: Question) {
	const get = context.getNodeParameter as (...parameters: unknown[]) => unknown;
	try {
		return { value: get.call(context, path, item, fallback) };
	} catch (error) {
		return { throws: (error as Error).message };
	}
}

const questions = fc.array(
	fc.record({
		path: fc.constantFrom('psk', 'options.of', 'options.missing', 'nowhere', 'options.of.value'),
		item: fc.integer({ min: 0, max: 5 }),
		fallback: fc.constantFrom(undefined, '', 60, false, null),
	}),
	{ minLength: 1, maxLength: 30 },
);

const RUNS = 120;

describe("on n8n's engine", () => {
	it('a parameter that is read quickly is what n8n reads, in whatever order it is asked', async () => {
		let quickly = 0;
		await fc.assert(
			fc.asyncProperty(
				raw,
				fc.array(json, { minLength: 6, maxLength: 6 }),
				questions,
				async (value, jsons, asked) => {
					const parameters = {
						resource: 'psk',
						operation: 'set',
						psk: value,
						options: { of: value },
					} as INodeParameters;
					const context = contextOf(parameters, jsons);
					const count = jest.spyOn(context, 'getNodeParameter');
					const quick = withQuickParameters(context as never);
					await context.workflow.expression.acquireIsolate();
					try {
						for (const question of asked) {
							const before = count.mock.calls.length;
							const answer = read(quick, question);
							if (count.mock.calls.length === before) quickly += 1;
							expect({ question, ...answer }).toEqual({ question, ...read(context, question) });
						}
					} finally {
						await context.workflow.expression.releaseIsolate();
					}
				},
			),
			{ numRuns: RUNS },
		);
		// Else nothing was shown.
		expect(quickly).toBeGreaterThan(RUNS);
	});
});

describe('the first answer', () => {
	const PARAMETERS = { resource: 'psk', operation: 'set', psk: '={{ $json.psk }}' };
	const ITEMS = [{ psk: 'one' }, { psk: 'two' }];

	it('is asked of n8n, and what differs from it is never taken for its answer', async () => {
		const context = contextOf(PARAMETERS, ITEMS);
		const asked = jest
			.spyOn(context, 'getNodeParameter')
			.mockImplementation(((_: string, item: number) => `n8n ${item}`) as never);
		const quick = withQuickParameters(context as never);
		const value = (item: number) => read(quick, { path: 'psk', item, fallback: '' }).value;
		expect([value(0), value(1), value(1)]).toEqual(['n8n 0', 'n8n 1', 'n8n 1']);
		expect(asked).toHaveBeenCalledTimes(3);
	});

	it('is asked once for each parameter, if it is the plain one', async () => {
		const context = contextOf(PARAMETERS, ITEMS);
		const asked = jest.spyOn(context, 'getNodeParameter');
		const quick = withQuickParameters(context as never);
		await context.workflow.expression.acquireIsolate();
		try {
			const value = (item: number) => read(quick, { path: 'psk', item, fallback: '' }).value;
			expect([value(0), value(1), value(0)]).toEqual(['one', 'two', 'one']);
			expect(asked).toHaveBeenCalledTimes(1);
		} finally {
			await context.workflow.expression.releaseIsolate();
		}
	});
});
