import { isPlainWords, SecretFinder } from '../../nodes/http/secrets';
import { ECHO_FORMS } from '../simulator/echoes';

/** Which texts of others may repeat a secret. */

/** The key of an attack: every kind of character that programs write in their own way. */
const ODD = 'Zk9v&Tq3<Lw>Xe7R"bN2m\'Hs5/Yd8é+ Cf1';
const MADE = 'Zk9vTq3LwXe7RbN2mHs5Yd8Cf1Gj4PaUo6';

const bytes = (key: string, form: (byte: number) => string) => [...Buffer.from(key)].map(form);

/** Forms besides those of the simulated account. */
const MORE: Record<string, (key: string) => string> = {
	decimals: (key) => `[${bytes(key, String).join(' ')}]`,
	decimalsWithCommas: (key) => bytes(key, String).join(', '),
	hexList: (key) => bytes(key, (byte) => `0x${byte.toString(16)}`).join(', '),
	escapedBytes: (key) => bytes(key, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
	octal: (key) => bytes(key, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
	codePoints: (key) =>
		[...key].map((one) => `U+${one.codePointAt(0)!.toString(16).padStart(4, '0')}`).join(' '),
	quotedPrintable: (key) => bytes(key, (byte) => `=${byte.toString(16).toUpperCase()}`).join(''),
	urlTwice: (key) => encodeURIComponent(encodeURIComponent(key)),
	jsonInUrl: (key) => encodeURIComponent(JSON.stringify({ psk: key })),
	jsonInBase64: (key) => Buffer.from(JSON.stringify({ psk: key })).toString('base64'),
	base64InLines: (key) => Buffer.from(key).toString('base64').replace(/.{8}/g, '$&\n'),
	base64InUrl: (key) => encodeURIComponent(Buffer.from(key).toString('base64')),
	utf16Hex: (key) => Buffer.from(key, 'utf16le').toString('hex'),
	hexInCapitals: (key) => Buffer.from(key).toString('hex').toUpperCase(),
	withoutMarks: (key) => key.normalize('NFD'),
	inDots: (key) => [...key].join('.'),
	inLines: (key) => [...key].join('\n'),
};

const FORMS = Object.entries({ ...ECHO_FORMS, ...MORE });

describe.each([ODD, MADE])('a secret is found (%s)', (key) => {
	const finder = new SecretFinder(['another secret of the run', key]);

	it.each(FORMS)('as %s', (_, form) => {
		expect(finder.isIn(`psk (${form(key)}) is not allowed`)).toBe(true);
	});

	/** Half of six is no part, and marks between symbols are not told from the symbols. */
	const WHOLE = FORMS.filter(([name]) => !['cutOff', 'cutIn', 'inDots'].includes(name));

	it.each(WHOLE)('by any six characters of it, as %s', (_, form) => {
		for (let start = 0; start + 6 <= key.length; start++) {
			const part = key.slice(start, start + 6);
			expect([part, finder.isIn(`not allowed: ${form(part)}...`)]).toEqual([part, true]);
		}
	});
});

it('five characters of a key are a part of it, four are none', () => {
	const finder = new SecretFinder([MADE]);
	expect(finder.isIn(`begins with ${MADE.slice(0, 5)}`)).toBe(true);
	expect(finder.isIn(`begins with ${MADE.slice(0, 4)}`)).toBe(false);
});

it.each(['a', 'PSK', '0000', 'é'])('the short key %s counts as a whole', (key) => {
	const finder = new SecretFinder([key]);
	expect(finder.isIn(`the key ${key} is too short`)).toBe(true);
	expect(finder.isIn(`cut`)).toBe(false);
});

it('a text that is too long to be looked at may hold anything', () => {
	const started = Date.now();
	expect(new SecretFinder([MADE]).isIn('x '.repeat(20_000_000))).toBe(true);
	expect(Date.now() - started).toBeLessThan(500);
});

it.each([' ', '%', '\\u', '&#', '1 ', '= ', 'A', '\\', '+/'])(
	'a text of nothing but %p is read in no time',
	(text) => {
		const started = Date.now();
		new SecretFinder([MADE]).isIn(text.repeat(2_000 / text.length));
		expect(Date.now() - started).toBeLessThan(500);
	},
);

const TEXTS = [
	'tunnel is locked',
	'Invalid Request: psk is not acceptable',
	"The tunnel 'site-ams-01' of account 023e105f4ecef8ad9ca31a8372d0c353 is being changed by somebody else",
	'Could not find IPsec tunnel 7f30ad10e4de4c4ea4dcb2bcd5e23a9d',
	'failed to persist PSK at 2026-11-21T15:22:29.139535Z, ray 8f1c2a3b4d5e6f70-AMS',
	'error parsing request body while updating IPsec Tunnel: type "string" is not permitted to be null',
];

it.each(TEXTS)('nothing of a thousand keys is found in: %s', (text) => {
	const random = (index: number) => Buffer.from(`${index} ${MADE} ${index * 7919}`);
	const keys = Array.from({ length: 1_000 }, (_, index) => {
		const letters = [...random(index)].map((byte, at) => 'QXZJKVWY'[(byte * (at + index)) % 8]);
		return `${letters.join('')}`;
	});
	expect(new SecretFinder(keys).isIn(text)).toBe(false);
});

describe('plain words', () => {
	it.each([
		'tunnel is locked',
		'Authentication error',
		'Invalid Request: the PSK of the tunnel was not accepted (code 1022).',
		`Could not find IPsec tunnel '${'7f'.repeat(16)}'`,
	])('are shown: %s', (text) => {
		expect(isPlainWords(text, ['7f'.repeat(16)])).toBe(true);
	});

	it.each(FORMS)('are no key, as %s', (_, form) => {
		for (const key of [ODD, MADE, '_2MswzSEWcu0nPIM2ZRoNT2JuKEJul2lW1aoBwsIh1M']) {
			expect([key, isPlainWords(`the key ${form(key)} is not allowed`, [])]).toEqual([key, false]);
		}
	});

	it('are no book', () => {
		expect(isPlainWords('word '.repeat(1_000), [])).toBe(false);
	});
});
