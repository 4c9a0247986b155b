import fc from 'fast-check';
import { siteFinder } from '../../nodes/CloudflareMagicIpsec/rotation/sitePattern';

const find = (pattern: string, name: string): string | undefined => {
	const finder = siteFinder(pattern);
	if (typeof finder !== 'function') throw new Error(finder.fault);
	return finder(name);
};

const fault = (pattern: string): string | undefined => {
	const finder = siteFinder(pattern);
	return typeof finder === 'function' ? undefined : finder.fault;
};

describe('a site pattern', () => {
	it.each([
		['^(.+)-(?:a|b)$', 'paris-a', 'paris'],
		['^(.+)-(?:a|b)$', 'paris-c', undefined],
		['^(.+?)-', 'new-york-1', 'new'],
		['^(.+)-', 'new-york-1', 'new-york'],
		['([a-z]{3})-\\d+$', 'store-ams-01', 'ams'],
		['(?<site>[^_]+)_', 'Zürich_primary', 'Zürich'],
		['\\b(\\w{2,3})\\b', 'x-abc-defg', 'abc'],
		['^((?:[a-z]+-)*[a-z]+)-\\d$', 'rio-de-janeiro-1', 'rio-de-janeiro'],
		['^(?:vpn|tun)\\.([^.]+)\\.', 'tun.oslo.example', 'oslo'],
		['^(x?)', 'paris', undefined],
		['(\\u{1F5FC}|tower)', '\u{1F5FC}-1', '\u{1F5FC}'],
	])('%s finds in %s: %s', (pattern, name, site) => {
		expect(find(pattern, name)).toBe(site);
	});

	it.each([
		['(', /^is no regular expression \(Unterminated group\)$/],
		['a{2,1}(b)', /^is no regular expression/],
		['^paris$', /^has no group/],
		['(?:a)', /^has no group/],
		['(a)\\1', /^refers back to a group/],
		['(?<x>a)\\k<x>', /^refers back to a group/],
		['(a)(?=b)', /^looks ahead or behind/],
		['(?<!b)(a)', /^looks ahead or behind/],
		['(a*)*', /^repeats something that may be empty$/],
		['(?:\\b|^){3}(a)', /^repeats something that may be empty$/],
		['(a{9999})', /^is too large/],
		['((((a{99}){99}){99}){99})', /^is too large/],
		[`(${'a'.repeat(500)})`, /^is longer than 500 characters$/],
	])('%s is refused with its reason', (pattern, words) => {
		expect(fault(pattern)).toMatch(words);
	});

	it('takes no longer for a name that JavaScript would try in countless ways', () => {
		const name = `${'a'.repeat(198)}!`;
		const started = performance.now();
		expect(find('^(a+)+$', name)).toBeUndefined();
		expect(find('^(?:a|aa)+?(?:a|a)*(x)', name)).toBeUndefined();
		expect(find('(.*).*.*.*.*.*x', name)).toBeUndefined();
		expect(performance.now() - started).toBeLessThan(500);
	});

	it('looks at no name that is longer than any of a tunnel', () => {
		expect(find('^(a)', 'a'.repeat(200))).toBe('a');
		expect(find('^(a)', 'a'.repeat(201))).toBeUndefined();
	});

	it("finds what JavaScript's own engine finds", () => {
		const atom = fc.constantFrom(
			'a',
			'b',
			'-',
			'.',
			'\\d',
			'\\w',
			'[ab]',
			'[^a\\]]',
			'\\.',
			'\\x62',
			'\\u{61}',
		);
		const { tree } = fc.letrec<{ tree: string }>((tie) => ({
			tree: fc.oneof(
				{ depthSize: 'small', withCrossShrink: true },
				atom,
				fc.constantFrom('^a', 'b$', '\\b', 'a\\B', ''),
				fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
				fc.tuple(tie('tree'), tie('tree')).map(([one, other]) => `(?:${one}|${other})`),
				tie('tree').map((inner) => `(${inner})`),
				tie('tree').map((inner) => `(?<s${inner.length}>${inner})`),
				fc
					.tuple(
						tie('tree'),
						fc.constantFrom(
							'*',
							'+',
							'?',
							'*?',
							'+?',
							'??',
							'{2}',
							'{0,2}',
							'{1,3}?',
							'{2,}',
							'{0}',
						),
					)
					.map(([inner, sign]) => `(?:${inner})${sign}`),
			),
		}));
		const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '1', '.'), maxLength: 8 });
		let compared = 0;
		fc.assert(
			fc.property(tree, name, (pattern, text) => {
				const finder = siteFinder(pattern);
				if (typeof finder !== 'function') return;
				compared += 1;
				expect(finder(text)).toBe(new RegExp(pattern, 'u').exec(text)?.[1] || undefined);
			}),
			{ numRuns: 20_000, seed: 12 },
		);
		expect(compared).toBeGreaterThan(5_000);
	});
});
