import { keyIn } from '../../nodes/api/answeredKey';

/** A key in an answer that is not as Cloudflare makes it: what is in it is the only copy. */

const KEY = 'a "quoted" \\ key';

function wrapped(value: unknown, levels: number): unknown {
	return levels === 0 ? value : { result: wrapped(value, levels - 1) };
}

describe('the key of an answer', () => {
	const whole = JSON.stringify({ result: { psk: KEY, ipsec_id: '1_a' } });

	it.each<[string, unknown]>([
		['on its own', { psk: KEY }],
		['within other objects', { success: true, result: { more: 5, inner: { psk: KEY } } }],
		['after others that are empty', { errors: null, messages: [], result: [{}, { psk: KEY }] }],
		['beside one that is none', { psk: '', result: { psk: KEY } }],
		['beside one that is no text', { psk: 5, result: { psk: KEY } }],
		['in a text', whole],
		['in a text with spaces', JSON.stringify({ psk: KEY }, null, 2).replace(':', ' : ')],
		['in a text that is cut off behind it', whole.slice(0, whole.indexOf('ipsec_id'))],
		['in a text within a text', JSON.stringify({ body: whole })],
		['in a text within a text within a text', JSON.stringify({ a: JSON.stringify({ b: whole }) })],
		['in a text within an object', { body: whole }],
		['behind one that does not end', `{"psk":"${'A'.repeat(20_000)}","x":${whole}}`],
		['five levels down', wrapped({ psk: KEY }, 5)],
	])('is found %s', (_, answer) => {
		expect(keyIn(answer)).toBe(KEY);
	});

	it('is the first of several', () => {
		expect(keyIn({ a: { psk: 'one' }, b: { psk: 'two' } })).toBe('one');
	});

	it.each<[string, unknown]>([
		['nothing', undefined],
		['null', null],
		['a number', 5],
		['a text without it', 'psk'],
		['a text with other escapes', 'C:\\psk\\x'],
		['a text in which it is empty', '{"psk":""}'],
		['a text in which it is cut off', '{"psk":"abc'],
		['a text in which it can not be read', '{"psk":"\\x"}'],
		['six levels', wrapped({ psk: KEY }, 6)],
		['a number in its place', { psk: 5 }],
		['a text in which it is longer than any key', `{"psk":"${'A'.repeat(20_000)}"}`],
	])('is none in %s', (_, answer) => {
		expect(keyIn(answer)).toBeUndefined();
	});
});
