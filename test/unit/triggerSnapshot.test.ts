import type { IpsecTunnel } from '../../nodes/api/types';
import {
	changedFields,
	FIELD_NAMES,
	fingerprintsOf,
	rearranged,
	wholeFingerprint,
} from '../../nodes/CloudflareMagicIpsec/trigger/configuration';
import {
	canonical,
	fingerprint,
	UNKNOWN,
} from '../../nodes/CloudflareMagicIpsec/trigger/fingerprint';
import { Remembered, snapshotOf } from '../../nodes/CloudflareMagicIpsec/trigger/snapshot';
import { readStoredForm, storedForm } from '../../nodes/CloudflareMagicIpsec/trigger/storedForm';
import { STORED_ACCOUNT, STORED_FORMAT_1, STORED_FORMAT_2 } from '../helpers/storedForms';

/** What the polling trigger remembers of a tunnel, and the text that it stores. */

const ID = 'ab'.repeat(16);
const ACCOUNT = 'cd'.repeat(16);
const LONGEST = 58;

const tunnelOf = (change: object = {}) =>
	({
		id: ID,
		name: 'site',
		cloudflare_endpoint: '162.159.64.1',
		...change,
	}) as unknown as IpsecTunnel;

const nameOf = (name: unknown) => snapshotOf(tunnelOf({ name }), 0).name;

describe('a value that is compared', () => {
	it.each<[unknown, unknown]>([
		[
			{ b: 1, a: 2 },
			{ a: 2, b: 1 },
		],
		[{ a: null, b: '', c: undefined, d: {}, e: { f: '' } }, {}],
		[{}, ''],
		[null, undefined],
		[{ a: [{ y: 1, x: 2 }] }, { a: [{ x: 2, y: 1 }] }],
	])('%j is the same as %j', (one, other) => {
		expect(canonical(one)).toBe(canonical(other));
	});

	it.each<[unknown, unknown]>([
		[
			[1, 2],
			[2, 1],
		],
		[
			['', 'a'],
			['a', ''],
		],
		[{ a: 1 }, { b: 1 }],
		[{ a: 'true' }, { a: true }],
		[0, ''],
		[false, null],
		[['a', 'b'], 'a,b'],
		[[[1], [2]], [[1, 2]]],
	])('%j is another than %j', (one, other) => {
		expect(canonical(one)).not.toBe(canonical(other));
	});
});

describe('a text that is remembered', () => {
	it('is kept whole up to a length, and no longer than that', () => {
		expect(nameOf('x'.repeat(LONGEST))).toBe('x'.repeat(LONGEST));
		const longer = nameOf('x'.repeat(LONGEST + 1));
		expect(longer).toBe(`${'x'.repeat(LONGEST - 6)}~${fingerprint('x'.repeat(LONGEST + 1))}`);
	});

	it('is as long as it may be where its characters take more than one byte', () => {
		const shown = nameOf('é'.repeat(40));
		expect(shown).toBe(`${'é'.repeat(8)}~${fingerprint('é'.repeat(40))}`);
		expect(nameOf('😀'.repeat(40))).toMatch(/^(😀){4}~/u);
	});

	it('differs where only what is cut off differs', () => {
		expect(nameOf(`${'x'.repeat(80)}1`)).not.toBe(nameOf(`${'x'.repeat(80)}2`));
	});

	it('has a sign for each half of a character', () => {
		expect(nameOf('a\ud83db\ude00c😀')).toBe('a\ufffdb\ufffdc😀');
	});

	it.each([5, null, {}, undefined])('is empty for %j', (value) => {
		expect(nameOf(value)).toBe('');
	});
});

describe('a tunnel as a line', () => {
	const tunnel = () =>
		snapshotOf(
			tunnelOf({
				name: 'a site: with; odd % signs',
				customer_endpoint: '2606:4700::1',
				bgp_status: { state: 'BGP_UP' },
				psk_metadata: { last_generated_on: '2026-11-01T12:34:56.789012Z' },
			}),
			1_795_255_200,
		);
	const line = () => Remembered.of(ID, 'WHOLE', tunnel()).line;

	it('is read as it was written', () => {
		const { id, whole, dueToldAt } = new Remembered(line());
		expect([id, whole, dueToldAt]).toEqual([ID, 'WHOLE', 1_795_255_200]);
		expect(new Remembered(line()).tunnel).toEqual(tunnel());
	});

	it('separates nothing by a character of its own texts, and spends no bytes on colons', () => {
		expect(line()).toContain(' a%20site:%20with%3B%20odd%20%25%20signs ');
		expect(line()).toContain(' 2606:4700::1 BGP_UP 2026-11-01T12:34:56.789012Z ');
		expect(line().split(' ')).toHaveLength(10);
	});
});

describe('fingerprints of fields', () => {
	const now = () => fingerprintsOf(tunnelOf());
	const before = () => fingerprintsOf(tunnelOf({ description: 'x', replay_protection: true }));

	const names = (one: string, other: string) => changedFields(one, other).map(({ name }) => name);

	it('tell which fields differ', () => {
		expect(names(before(), now())).toEqual(['description', 'replay_protection']);
		expect(names(now(), now())).toEqual([]);
	});

	it('say nothing of a field that was not known', () => {
		const unknown = UNKNOWN + before().slice(UNKNOWN.length);
		expect(names(unknown, now())).toEqual(['replay_protection']);
	});

	it('can be those of other fields, in another order', () => {
		const reversed = [...FIELD_NAMES].reverse();
		const parts = FIELD_NAMES.map((_, index) => before().slice(index * 5, index * 5 + 5));
		expect(rearranged([...parts].reverse().join(''), reversed)).toBe(before());
		expect(rearranged(parts.join(''), FIELD_NAMES.slice(1))).toMatch(/^\.{5}[^.]/);
	});

	it.each<[string, object, object]>([
		['a flag that is left out', {}, { allow_null_cipher: false }],
		['an effective target', health('1.1.1.1'), health('2.2.2.2')],
		['a BGP key', { bgp: { md5_key: 'one' } }, { bgp: { md5_key: 'other' } }],
		['a date', { modified_on: '2026' }, { modified_on: '2027' }],
	])('are the same with %s', (_, one, other) => {
		expect(fingerprintsOf(tunnelOf(one))).toBe(fingerprintsOf(tunnelOf(other)));
	});

	it('differ with the saved target of a health check, or with one that is a text', () => {
		const shown = [
			health('1.1.1.1', 'a'),
			health('1.1.1.1', 'b'),
			{ health_check: { target: 'a' } },
			{ health_check: { target: 'b' } },
		].map((check) => fingerprintsOf(tunnelOf(check)));
		expect(new Set(shown).size).toBe(4);
	});

	it('hold nothing of a BGP key in that of the whole either', () => {
		const whole = (bgp: object) => wholeFingerprint(tunnelOf({ bgp }));
		expect(whole({ asn: 1, md5_key: 'one' })).toBe(whole({ asn: 1, md5_key: 'other' }));
		expect(whole({ asn: 1, md5_key: 'one' })).not.toBe(whole({ asn: 2, md5_key: 'one' }));
	});

	function health(effective: string, saved = '') {
		return { health_check: { enabled: true, target: { saved, effective } } };
	}
});

describe('what is stored', () => {
	const known = () => new Map([[ID, Remembered.of(ID, 'WHOLE', snapshotOf(tunnelOf(), 0))]]);
	const stored = () => storedForm(ACCOUNT, known());

	it('is read as it was written, with no tunnel as well', () => {
		expect(readStoredForm(stored(), ACCOUNT)).toEqual({ tunnels: known() });
		expect(readStoredForm(storedForm(ACCOUNT, new Map()), ACCOUNT)).toEqual({ tunnels: new Map() });
	});

	it('says nothing where nothing is stored, or what is of another account', () => {
		expect(readStoredForm({}, ACCOUNT)).toEqual({ tunnels: undefined });
		expect(readStoredForm(stored(), ID)).toEqual({ tunnels: undefined });
	});

	it.each<[string, (text: string) => object]>([
		['a tunnel less', (text) => ({ tunnels: text.replace(/;[^;]*$/, '') })],
		['another sign after the check', (text) => ({ tunnels: text.replace(';', ',') })],
		['no text', () => ({ tunnels: 5 })],
		['no tunnels', () => ({ tunnels: undefined })],
		['no account', () => ({ account_id: undefined })],
		['no format', () => ({ format: undefined })],
		['a format that never was', () => ({ format: 0 })],
		['a format that is a text', () => ({ format: '3' })],
	])('is damaged with %s', (_, change) => {
		const damaged = { ...stored(), ...change(String(stored().tunnels)) };
		expect(readStoredForm(damaged, ACCOUNT)).toEqual({
			tunnels: undefined,
			fault: 'it is damaged',
		});
	});

	it('of other fields is read by the names of those, and compared anew', () => {
		const tunnel = snapshotOf(tunnelOf({ description: 'x', replay_protection: true }), 5);
		const parts = FIELD_NAMES.map((_, index) =>
			tunnel.fingerprints.slice(index * 5, index * 5 + 5),
		);
		const fingerprints = [...parts].reverse().join('');
		const { line } = Remembered.of(ID, 'WHOLE', { ...tunnel, fingerprints });
		const rows = `${[...FIELD_NAMES].reverse().join(' ')};${line}`;
		const reversed = { ...stored(), tunnels: `${fingerprint(rows)};${rows}` };
		const read = readStoredForm(reversed, ACCOUNT).tunnels?.get(ID);
		expect(read?.tunnel).toEqual(tunnel);
		expect(read?.whole).toBe(UNKNOWN);
	});

	it('in the first format, which named no fields, is read as it was meant', () => {
		const first = readStoredForm(STORED_FORMAT_1, STORED_ACCOUNT);
		expect(first).toEqual(readStoredForm(STORED_FORMAT_2, STORED_ACCOUNT));
		expect(first.tunnels?.size).toBe(3);
		const empty = { ...STORED_FORMAT_1, tunnels: `${fingerprint('')};` };
		expect(readStoredForm(empty, STORED_ACCOUNT)).toEqual({ tunnels: new Map() });
	});

	it('in a newer format is left alone', () => {
		const { fault } = readStoredForm({ ...stored(), format: 4 }, ACCOUNT);
		expect(fault).toBe('it was stored by a newer version of this package');
	});
});
