import fc from 'fast-check';
import {
	keyFault,
	LONGEST_KEY,
	makeKey,
	SHORTEST_KEY,
} from '../../nodes/CloudflareMagicIpsec/keys/key';
import { sameInstant } from '../../nodes/CloudflareMagicIpsec/keys/dates';

describe('a key that is made here', () => {
	it('has the wished length, letters and digits only, and never begins with 0', () => {
		fc.assert(
			fc.property(fc.integer({ min: SHORTEST_KEY, max: LONGEST_KEY }), (length) => {
				const key = makeKey(length);
				expect(key).toHaveLength(length);
				expect(key).toMatch(/^[1-9A-Za-z][0-9A-Za-z]*$/);
			}),
			{ numRuns: 500 },
		);
	});

	it('is drawn evenly', () => {
		const counts = new Map<string, number>();
		const keys = 3_000;
		for (let n = 0; n < keys; n++) {
			for (const character of makeKey(63).slice(1)) {
				counts.set(character, (counts.get(character) ?? 0) + 1);
			}
		}
		// 62 characters, 3,000 expected of each. Chi-square with 61 degrees of freedom stays below
		// 130 but for one run in a million.
		const chiSquare = [...counts.values()].reduce(
			(sum, count) => sum + (count - keys) ** 2 / keys,
			0,
		);
		expect(counts.size).toBe(62);
		expect(chiSquare).toBeLessThan(130);
	});

	it('never comes twice', () => {
		const keys = Array.from({ length: 2_000 }, () => makeKey(SHORTEST_KEY));
		expect(new Set(keys).size).toBe(keys.length);
	});
});

describe('a key that is given', () => {
	it.each<[unknown, string]>([
		['', 'no key'],
		[undefined, 'no key'],
		[null, 'no key'],
		[12345678, 'type number'],
		[{ __redacted: true }, 'type object'],
		[['a'], 'a list'],
		['line\nbreak', 'control character'],
		['delete\x7f', 'control character'],
		...['undefined', 'null', 'NaN', ' null ', '[object Object]', 'a[object Promise]b'].map(
			(text): [unknown, string] => [text, 'in place of a value'],
		),
		...[' key', 'key ', 'key\u00a0', '\ufeffkey', '\u3000key'].map((text): [unknown, string] => [
			text,
			'white space at its beginning or end',
		]),
	])('%p is refused: %s', (key, text) => {
		expect(keyFault(key)).toContain(text);
	});

	it.each([
		'abcde',
		'1234asd',
		'with space and "quotes"',
		'ünïcode',
		'undefined-1',
		'NULL',
		'[object]',
	])('%s is accepted', (key) => {
		expect(keyFault(key)).toBeUndefined();
	});

	it('is never repeated in the text', () => {
		expect(keyFault('secret\nsecret')).not.toContain('secret');
	});
});

describe('dates of keys', () => {
	it.each([
		['2025-03-13T14:28:47.054317925Z', '2025-03-13T14:28:47.054318Z', true],
		['2025-03-13T14:28:47.054317425Z', '2025-03-13T14:28:47.054317Z', true],
		['2025-03-13T14:28:47.999999900Z', '2025-03-13T14:28:48Z', true],
		['2025-03-13T14:28:47.054317925Z', '2025-03-13T14:28:47.054320Z', false],
		['2025-03-13T14:28:47Z', '2025-03-13T14:28:48Z', false],
		['2025-03-13T15:28:47.5+01:00', '2025-03-13T14:28:47.500000Z', true],
		[undefined, '2025-03-13T14:28:47Z', false],
		['2025-03-13T14:28:47Z', undefined, false],
		['yesterday', 'yesterday', false],
	])('%s and %s: same instant %s', (left, right, same) => {
		expect(sameInstant(left, right)).toBe(same);
	});
});
