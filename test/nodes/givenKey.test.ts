import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';
import { givenKey, keyReading } from '../../nodes/CloudflareMagicIpsec/psk/givenKey';
import { PACKAGE_NAME } from '../helpers/engine';
import { inContext } from '../helpers/context';

/** The one way by which a key gets from a parameter into an operation, on n8n's own engine. */

const KEY = 'the-key-of-the-item-0123456789';

const ITEM: IDataObject = {
	psk: KEY,
	deep: { list: [{ key: KEY }] },
	short: 'abc',
	seven: 'k-34567',
	eight: 'k-345678',
	fields: { psk: KEY },
};

const ALLOWED = { options: { allowLiteral: true } };

async function reading(psk: unknown, more: INodeParameters = {}, change?: Partial<INode>) {
	const parameters = { resource: 'psk', operation: 'set', psk, ...more } as INodeParameters;
	return await inContext(parameters, [ITEM], (context) => keyReading(context, 'psk', 0), change);
}

describe('a key that is given', () => {
	it.each([
		'={{ $json.psk }}',
		'={{$json["psk"]}}',
		'={{ $input.item.json.psk }}',
		'={{ $vars.psk ?? $json.psk }}',
		'={{ $json.deep.list[0].key }}',
		'={{ `${$json.psk}` }}',
		'={{ /* from the vault */ $json.psk }}',
		"={{ 'https://vault' && $json.psk }}",
		'={{ $if(true, $json.psk, "no") }}',
	])('by %s is taken', async (psk) => {
		expect(await reading(psk)).toEqual({ kind: 'key', key: KEY });
	});

	it('by an expression that names a part of it is taken where that may be chance', async () => {
		const read = async (name: string) =>
			await reading(`={{ $json.${name} || "no ${ITEM[name]}" }}`);
		expect(await read('short')).toEqual({ kind: 'key', key: 'abc' });
		expect(await read('seven')).toEqual({ kind: 'key', key: 'k-34567' });
		expect(await read('eight')).toMatchObject({ kind: 'fault' });
	});

	it("by $('Node') is not taken for a typed one, even if there is no such node", async () => {
		expect(await reading("={{ $('Vault').item.json.psk }}")).toMatchObject({
			fault: 'holds an expression that failed',
		});
	});

	it.each([
		'mykey',
		'=mykey',
		"={{ 'mykey' }}",
		'={{ "mykey" }}',
		'={{ `mykey` }}',
		'=my{{ "key" }}',
		"={{ 'my' + 'key' }}",
		"={{ '$json' }}",
		"={{ 'mykey' /* $json.psk */ }}",
		"={{ 'mykey' // $json.psk\n }}",
		'=$json.psk',
		'=\\{{ $json.psk }}',
		"={{ ['mykey'][0] }}",
		"={{ $json.missing ? $json.psk : 'mykey' }}",
		'={{ $if(true, "a-long-key-that-was-typed-in", "") }}',
		'={{ ("no a-long-key-that-was-typed-in").slice(3) + ($json.missing ?? "") }}',
		'={{ { fixed$json: "mykey" }.fixed$json }}',
	])('by %s was typed in', async (psk) => {
		expect(await reading(psk)).toMatchObject({
			kind: 'fault',
			fault: 'holds a key that was typed in, which n8n stores in the workflow in clear text',
			remedy: expect.stringContaining('Allow Literal Key') as string,
		});
		expect(await reading(psk, ALLOWED)).toMatchObject({ kind: 'key' });
	});

	it.each([
		['', 'holds no key'],
		['={{ "" }}', 'holds no key'],
		['={{ $json.missing }}', 'holds no key'],
		['={{ null }}', 'holds no key'],
		// n8n answers null where an expression throws.
		['={{ JSON.parse($json.psk) }}', 'holds no key'],
		['={{ $json.psk.nothing.there }}', 'holds no key'],
		['={{ $json.deep }}', 'holds no text, but a value of type object'],
		['={{ $json.deep.list }}', 'holds no text, but a list'],
		['={{ $json.psk }} ', 'white space at its beginning or end'],
		['= {{ $json.psk }}', 'white space at its beginning or end'],
		['={{ $json.deep }} ', "'[object …]'"],
		['={{ `${$json.missing}` }}', "'undefined'"],
		['={{ "" + null + ($json.missing ?? "") }}', "'null'"],
		['={{ `${Number($json.psk)}` }}', "'NaN'"],
		['={{ $json.psk + "\\n" }}', 'holds a line break or another control character'],
		[{ a: '={{ $json.psk }}' }, 'holds no text, but a value of type object'],
		[12345678, 'holds no text, but a value of type number'],
	])('by %j is none', async (psk, fault) => {
		expect(await reading(psk)).toMatchObject({
			kind: 'fault',
			fault: expect.stringContaining(fault) as string,
		});
	});

	it.each(["={{ $('the-key-of-no-node').item.json.psk }}", '={{ the-key is no thing }}'])(
		"by %s, which fails, is answered without n8n's own words",
		async (psk) => {
			const got = await reading(psk);
			expect(got).toMatchObject({ kind: 'fault', fault: 'holds an expression that failed' });
			expect(JSON.stringify(got)).not.toMatch(/the-key|invalid/);
		},
	);

	it('is not one of an agent', async () => {
		const type = `${PACKAGE_NAME}.cloudflareMagicIpsecTool`;
		for (const more of [{}, ALLOWED]) {
			expect(await reading('={{ $json.psk }}', more, { type })).toMatchObject({
				kind: 'fault',
				fault: "can't be set by an AI agent",
				remedy: expect.stringContaining('a pre-shared key must not') as string,
			});
		}
	});

	it('needs true or false to allow a literal', async () => {
		await expect(reading('mykey', { options: { allowLiteral: 'yes' } })).rejects.toThrow(
			"'Allow Literal Key' can't be used",
		);
	});
});

describe('a key among the fields of a collection', () => {
	const ofCollection = async (additionalFields: unknown) =>
		await inContext(
			{ resource: 'tunnel', operation: 'create', additionalFields } as INodeParameters,
			[ITEM],
			(context) => keyReading(context, 'additionalFields.psk', 0),
		);

	it('is read by itself', async () => {
		expect(
			await ofCollection({ psk: '={{ $json.psk }}', description: '={{ no.such.thing }}' }),
		).toEqual({ kind: 'key', key: KEY });
		expect(await ofCollection({ psk: 'mykey' })).toMatchObject({ kind: 'fault' });
		expect(await ofCollection({ description: 'x' })).toEqual({ kind: 'none' });
	});
});

describe('a key that must be given', () => {
	const given = async (psk: string) =>
		await inContext({ resource: 'psk', operation: 'set', psk }, [ITEM], (context) =>
			givenKey(context, 'psk', 0),
		);

	it('is given, or the error says what is wrong and what to do', async () => {
		expect(await given('={{ $json.psk }}')).toBe(KEY);
		await expect(given('={{ the-key is no thing }}')).rejects.toMatchObject({
			name: 'NodeOperationError',
			message: "The parameter 'Pre-Shared Key' holds an expression that failed",
			description: expect.stringContaining('Try the expression') as string,
			context: { itemIndex: 0 },
		});
		const missing = inContext({ resource: 'tunnel', operation: 'get' }, [ITEM], (context) =>
			givenKey(context, 'psk', 0),
		);
		await expect(missing).rejects.toThrow("The parameter 'Pre-Shared Key' holds no key");
	});
});
