import { accountIdFault, baseUrlFault, idsIn, isId, trimBaseUrl } from '../../nodes/api/account';

/** Where requests may go, and what counts as an id. */

const ID = '0123456789abcdefABCDEF0123456789';

describe('a base URL', () => {
	it.each([
		'https://api.cloudflare.com/client/v4',
		' https://api.cloudflare.com/client/v4/ ',
		'http://localhost:8080/x',
		'http://127.0.0.1:8080',
		'http://127.255.12.3',
		'http://[::1]:9',
		'\u00a0https://api.cloudflare.com\u00a0',
	])('%j may be used', (url) => {
		expect(baseUrlFault(url)).toBeUndefined();
	});

	it.each<[unknown, string]>([
		[5, 'is not a URL'],
		[undefined, 'is not a URL'],
		['', 'is not a URL'],
		['api.cloudflare.com', 'is not a URL'],
		['http://api.cloudflare.com', 'must start with https://'],
		['ftp://localhost', 'must start with https://'],
		['http://localhost.example.com', 'must start with https://'],
		['http://my-localhost', 'must start with https://'],
		['http://127.example.com', 'must start with https://'],
		['http://10.127.0.0.1.example.com', 'must start with https://'],
		['https://user@api.cloudflare.com', 'must hold no user name'],
		['https://:word@api.cloudflare.com', 'must hold no user name'],
		['https://api.cloudflare.com/?a=1', 'must hold no user name'],
		['https://api.cloudflare.com/#a', 'must hold no user name'],
	])('%j may not: it %s', (url, words) => {
		expect(baseUrlFault(url)).toContain(words);
		expect(baseUrlFault(url)).toContain('https://api.cloudflare.com/client/v4');
	});

	it('has one writing, without spaces and slashes around it', () => {
		expect(trimBaseUrl('\u00a0https://a.example.com/\u00a0')).toBe('https://a.example.com');
		expect(trimBaseUrl(' HTTPS://API.Cloudflare.com:443/client/v4// ')).toBe(
			'https://api.cloudflare.com/client/v4',
		);
		expect(trimBaseUrl('https://api.cloudflare.com/a//b')).toBe('https://api.cloudflare.com/a//b');
	});
});

describe('an id', () => {
	it('is 32 hexadecimal digits', () => {
		expect([isId(ID), accountIdFault(ID), accountIdFault(` ${ID} `)]).toEqual([
			true,
			undefined,
			undefined,
		]);
	});

	it.each<unknown>([`${ID}0`, `0${ID}`, ID.slice(1), `${ID.slice(1)}g`, '', 5, undefined, [ID]])(
		'is not %j',
		(value) => {
			expect(isId(value)).toBe(false);
			expect(accountIdFault(value)).toContain('32 hexadecimal digits');
		},
	);

	it('is no id with spaces around it, where it goes into a path', () => {
		expect(isId(` ${ID}`)).toBe(false);
	});

	it('is found in a path', () => {
		const other = 'f'.repeat(32);
		expect(idsIn(`/ipsec_tunnels/${ID}/x/${other}`)).toEqual([ID, other]);
		expect(idsIn('/ipsec_tunnels')).toEqual([]);
	});
});
