import { leaksIn } from '../helpers/scanner';

const SECRET = 'A key/with+odd "signs" & ünïcode';

describe('the scanner finds a planted secret', () => {
	const error = Object.assign(new Error('outer', { cause: new Error(`inner ${SECRET}`) }), {});
	const hidden = Object.defineProperty({}, 'hidden', { value: SECRET, enumerable: false });
	const circle: Record<string, unknown> = { text: SECRET };
	circle.self = circle;

	const planted: Array<[where: string, value: unknown]> = [
		['in a text', `before ${SECRET} after`],
		['deep in an object', { a: [{ b: { c: SECRET } }] }],
		['as the name of a member', { [SECRET]: 1 }],
		['in the cause of an error', error],
		['in a stack', new Error(SECRET)],
		['in a hidden member', hidden],
		['in a circle', circle],
		['in a map', new Map([['a', new Set([SECRET])]])],
		['in bytes', Buffer.from('x A plain key 123')],
		['in JSON', JSON.stringify({ a: SECRET })],
		['in JSON within JSON', JSON.stringify({ a: JSON.stringify({ b: 'A plain key 123' }) })],
		['in a URL', `https://example.com/?key=${encodeURIComponent(SECRET)}`],
		['in hex', Buffer.from(SECRET).toString('hex')],
		...[0, 1, 2, 3, 4].map(
			(offset) =>
				[
					`in base64, after ${offset} characters`,
					Buffer.from(`${'-'.repeat(offset)}${SECRET}--`).toString('base64'),
				] as [string, unknown],
		),
		['in base64url', Buffer.from(`user:${SECRET}`).toString('base64url')],
	];

	it.each(planted)('%s', (_, value) => {
		expect(leaksIn(value, ['something else', SECRET, 'A plain key 123'])).toHaveLength(1);
	});

	it('and nothing where there is none', () => {
		expect(leaksIn({ a: 'A key', b: [1, null, undefined, true] }, [SECRET])).toEqual([]);
	});
});
