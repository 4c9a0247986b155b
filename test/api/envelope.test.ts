import type { Call } from '../../nodes/api/call';
import { judgedEnvelope, LEFT_OUT, whatHappened } from '../../nodes/api/envelope';
import { effectOfFault, worse } from '../../nodes/api/failure';

/** What is read of an answer: its result, or what it says against it. */

const CALL: Call = { method: 'GET', path: '/x', repeat: 'read', action: 'look' };

const answerOf = (body: unknown, status = 400, headers: object = {}) =>
	({ kind: 'answer', status, body, headers }) as never;

const factsOf = (
	body: unknown,
	{
		call = {},
		headers = {},
		status = 400,
		secret = '',
	}: {
		call?: Partial<Call>;
		headers?: object;
		status?: number;
		secret?: string;
	} = {},
) => {
	const isSecret = (text: string) => secret !== '' && text.includes(secret);
	const judged = judgedEnvelope(answerOf(body, status, headers), { ...CALL, ...call }, isSecret);
	if (judged.ok) throw new Error('It is a result');
	const { what, ...facts } = judged.failure;
	expect(what).not.toBe('');
	return facts;
};

const judgedOf = (body: unknown, status?: number) =>
	judgedEnvelope(answerOf(body, status), CALL, () => false);

describe('a result', () => {
	it.each([200, 201, 299])('is that of a good answer (%d), also where it is nothing', (status) => {
		expect(judgedOf({ success: true, result: 5 }, status)).toEqual({ ok: true, result: 5 });
		expect(judgedOf({ success: true }, status)).toEqual({ ok: true, result: undefined });
	});

	it.each<[number, unknown]>([
		[199, { success: true }],
		[300, { success: true }],
		[200, { success: false }],
		[200, { success: 'true' }],
		[200, {}],
		[200, null],
		[200, 'text'],
		[200, [{ success: true }]],
	])('is none with %d and %j', (status, body) => {
		expect(judgedOf(body, status).ok).toBe(false);
	});
});

describe('a refusal', () => {
	it('is one that says so itself', () => {
		const said = (body: unknown) => {
			const judged = judgedOf(body);
			return !judged.ok && judged.failure.what.startsWith('Cloudflare refused');
		};
		expect([{ success: false }, { success: 'false' }, {}, null].map(said)).toEqual([
			true,
			false,
			false,
			false,
		]);
	});

	it('tells all that Cloudflare says, the chain of the first error as well', () => {
		const first = {
			code: 1022,
			message: 'one',
			documentation_url: 'https://developers.cloudflare.com/x',
			source: { pointer: '/name' },
			error_chain: [{ message: 'chained' }, null, { message: 5 }],
		};
		const second = { code: 7003, message: 'two', error_chain: [{ message: 'not this' }] };
		expect(factsOf({ errors: [null, first, {}, second] })).toMatchObject({
			code: 1022,
			detail: 'one; two; chained',
			documentationUrl: 'https://developers.cloudflare.com/x',
			pointer: '/name',
			httpCode: '400',
			remedy: expect.stringContaining('Check the fields of the item'),
		});
	});

	it.each<unknown>([undefined, null, 5, 'x', [], [null], [5], {}])(
		'tells its status where its errors are %j',
		(errors) => {
			expect(factsOf({ success: false, errors })).toEqual({ httpCode: '400' });
		},
	);

	it('without a message has no words', () => {
		expect(factsOf({ errors: [{ code: 5 }] })).toEqual({ code: 5, httpCode: '400' });
	});

	it.each<[unknown, number | undefined]>([
		['1022', 1022],
		['102', 102],
		['10', undefined],
		['1022x', undefined],
		['1234567', undefined],
		[true, undefined],
		[null, undefined],
	])('with the code %j has %j', (code, expected) => {
		expect(factsOf({ errors: [{ code, message: 'x' }] }).code).toBe(expected);
		expect(factsOf({ errors: [{ extensions: { code }, message: 'x' }] }).code).toBe(expected);
	});

	it('leaves out each text that repeats a secret, and says that of the message', () => {
		const error = {
			message: 'no key1',
			documentation_url: 'https://x/key1',
			source: { pointer: '/key1' },
		};
		expect(factsOf({ errors: [error] }, { secret: 'key1' })).toEqual({
			detail: LEFT_OUT,
			httpCode: '400',
		});
	});

	it('has the remedy of the call, then of the code, then of the status of the call', () => {
		const remedyOf = (code: number, call: Partial<Call>) =>
			factsOf({ errors: [{ code, message: 'x' }] }, { call }).remedy;
		const call = { remedies: { 1022: 'of the call' }, statusRemedies: { 400: 'of the status' } };
		expect(remedyOf(1022, call)).toBe('of the call');
		expect(remedyOf(7003, call)).toBe('Check the Account ID and the Base URL of the credential.');
		expect(remedyOf(5, call)).toBe('of the status');
		expect(remedyOf(5, { statusRemedies: { 401: 'of another' } })).toBeUndefined();
		expect(factsOf({}, { call }).remedy).toBe('of the status');
	});

	it.each<[unknown, boolean]>([
		['0123456789abcdef-FRA', true],
		['0123456789ABCDEF', true],
		['0123456789abcdef-FRAN', false],
		['x0123456789abcdef-FRA', false],
		['0123456789abcde-FRA', false],
		['0123456789abcdef-FR1', false],
		[['0123456789abcdef'], false],
		[undefined, false],
	])('with the ray %j tells it: %s', (ray, isTold) => {
		expect(factsOf({}, { headers: { 'cf-ray': ray } }).rayId).toBe(isTold ? ray : undefined);
	});
});

describe('what happened', () => {
	const JSON_OF_CLOUDFLARE = "Cloudflare's JSON";

	it.each<[number, unknown, boolean, string]>([
		[429, {}, true, 'Cloudflare is limiting the rate of requests'],
		[302, {}, true, 'Cloudflare refused the request (HTTP 302)'],
		[500, {}, true, 'Cloudflare refused the request (HTTP 500)'],
		[299, {}, false, `the answer is not ${JSON_OF_CLOUDFLARE} (HTTP 299)`],
		[300, {}, false, 'a redirect came (HTTP 300), which is not followed'],
		[399, {}, false, 'a redirect came (HTTP 399), which is not followed'],
		[400, '', false, `the answer was HTTP 400, and not ${JSON_OF_CLOUDFLARE}`],
		[200, '', false, 'the answer was empty (HTTP 200)'],
		[200, undefined, false, 'the answer was empty (HTTP 200)'],
		[204, null, false, 'the answer was empty (HTTP 204)'],
		[200, 'x', false, `the answer is not ${JSON_OF_CLOUDFLARE} (HTTP 200)`],
	])('with %d, %j (a refusal: %s) is: %s', (status, body, refusal, words) => {
		expect(whatHappened(answerOf(body, status), refusal)).toBe(words);
	});
});

describe('what may have changed', () => {
	it('is what leaves more open', () => {
		const effects = ['none', 'refused', 'unknown'] as const;
		const table = effects.map((one) => effects.map((other) => worse(one, other)));
		expect(table).toEqual([
			['none', 'refused', 'unknown'],
			['refused', 'refused', 'unknown'],
			['unknown', 'unknown', 'unknown'],
		]);
	});

	it.each([
		['refused', 'none'],
		['lost', 'unknown'],
		['unreadable', 'unknown'],
		['server', 'unknown'],
		['throttled', 'refused'],
		['rejected', 'refused'],
	] as const)('by a fault of the kind %s is %s', (fault, effect) => {
		expect(effectOfFault(fault)).toBe(effect);
	});
});
