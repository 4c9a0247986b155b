import { inspect } from 'node:util';
import fc from 'fast-check';
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { VAULTS } from '../../nodes/vaults';
import {
	commonPrefix,
	fillName,
	pathFault,
	secretNameFault,
	templateFault,
} from '../../nodes/vaults/names';
import type { VaultRecord } from '../../nodes/vaults/record';
import {
	belongsTo,
	EMPTY_RECORD,
	fieldsOf,
	isSettled,
	parseRecord,
	sameJson,
	STORED_NAMES,
} from '../../nodes/vaults/record';
import {
	dropPending,
	formerKey,
	intendRollBack,
	noteLive,
	promote,
	putBack,
	restage,
	stage,
} from '../../nodes/vaults/transitions';

const recordIn = (fields: Record<string, unknown>): VaultRecord => {
	const parsed = parseRecord(fields);
	if (parsed.kind !== 'record') throw new Error(parsed.what);
	return parsed.record;
};

const FULL = {
	current: 'key C',
	current_generated_on: '2026-01-01T00:00:00Z',
	pending: 'key P',
	replaces_generated_on: '2026-01-01T00:00:00Z',
	pending_generated_on: '2026-02-01T00:00:00Z',
	pending_since: '2026-02-01T00:00:00Z',
	pending_by: 'run 1',
	finish: 'later',
	intent: 'roll_back',
	previous: 'key V',
	previous_rolled_back_on: '2026-01-02T00:00:00Z',
	tunnel_id: 't1',
	tunnel_name: 'site',
	account_id: 'a1',
};

describe('a record as it is stored', () => {
	it('has the names of the design, and fields of others beside them', () => {
		const fields = { ...FULL, note: 'ours', list: [1, { a: null }] };
		const record = recordIn(fields);
		expect(record.others).toEqual({ note: 'ours', list: [1, { a: null }] });
		expect(record.pending).toMatchObject({ key: 'key P', by: 'run 1', finish: 'later' });
		expect(fieldsOf(record)).toEqual(fields);
		expect(Object.keys(FULL).sort()).toEqual([...STORED_NAMES].sort());
	});

	it('nothing, null and an empty text are the same', () => {
		const record = recordIn({ current: '', pending: null, intent: '', x: '' });
		expect(record).toEqual({ ...EMPTY_RECORD, others: { x: '' } });
		expect(fieldsOf(EMPTY_RECORD)).toEqual({});
	});

	it('a record without a tunnel is any tunnel’s', () => {
		expect(belongsTo(EMPTY_RECORD, 't1')).toBe(true);
		expect([belongsTo(recordIn(FULL), 't1'), belongsTo(recordIn(FULL), 't2')]).toEqual([
			true,
			false,
		]);
	});

	it('fields of a key that is not there are not kept', () => {
		expect(fieldsOf(recordIn({ pending_since: 'x', previous_rolled_back_on: 'y' }))).toEqual({});
	});

	it.each([
		[{ current: 5 }, "'current' holds no text"],
		[{ pending: { a: 1 } }, "'pending' holds no text"],
		[{ tunnel_id: ['x'] }, "'tunnel_id' holds no text"],
		[{ finish: 'soon' }, "'finish'"],
		[{ intent: 'else' }, "'intent'"],
		[{ x: { y: [2 ** 60] } }, 'too large to be kept exactly'],
	])('what is not understood is told without its value: %j', (fields, words) => {
		const parsed = parseRecord({ ...fields, previous: 'the key' });
		expect(parsed).toMatchObject({ kind: 'unreadable', what: expect.stringContaining(words) });
		expect(inspect(parsed)).not.toContain('the key');
	});

	it('any text survives, whatever it is', () => {
		const key = fc.string({ unit: 'binary', minLength: 1 });
		const fields = fc.record(
			{
				current: key,
				pending: key,
				previous: key,
				pending_by: key,
				tunnel_name: key,
				other: fc.json().map((text) => JSON.parse(text) as unknown),
			},
			{ requiredKeys: ['pending'] },
		);
		fc.assert(
			fc.property(fields, (stored) => {
				const parsed = parseRecord(stored);
				if (parsed.kind === 'unreadable') return;
				expect(sameJson(fieldsOf(parsed.record), stored)).toBe(true);
			}),
		);
	});

	it('a field of others that is nested too deeply is refused, a hundred levels are not', () => {
		const nested = (levels: number): unknown =>
			JSON.parse('[{"a":'.repeat(levels / 2) + '1' + '}]'.repeat(levels / 2));
		expect(parseRecord({ other: nested(100) })).toMatchObject({ kind: 'record' });
		for (const levels of [102, 3_000, 20_000]) {
			expect(parseRecord({ current: 'a', other: nested(levels) })).toEqual({
				kind: 'unreadable',
				what: 'one of its other fields is nested more than 100 levels deep',
			});
		}
	});

	it('sameJson sees no order of fields, and every other difference', () => {
		expect(sameJson({ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 })).toBe(true);
		for (const other of [
			{ a: 1 },
			{ a: 1, b: [1] },
			{ a: 1, b: {} },
			{ a: '1', b: [1, 2] },
			[],
			5,
		]) {
			expect(sameJson({ a: 1, b: [1, 2] }, other)).toBe(false);
		}
		expect(sameJson({ a: undefined }, { b: 1 })).toBe(false);
		expect(sameJson([1, 2], [2, 1])).toBe(false);
	});
});

describe('the steps', () => {
	const steady = recordIn({ current: 'C', current_generated_on: 'd0', previous: 'V', note: 1 });
	const staged = stage(steady, {
		key: 'P',
		replacesGeneratedOn: 'd0',
		since: 's',
		by: 'b',
		finish: 'atOnce',
		owner: { tunnelId: 't' },
	});
	const keys = ({ current, pending, previous }: VaultRecord) => [
		current?.key,
		pending?.key,
		previous?.key,
	];

	it('stage leaves what is live', () => {
		expect(keys(staged)).toEqual(['C', 'P', 'V']);
		expect(staged).toMatchObject({ owner: { tunnelId: 't' }, others: { note: 1 } });
		expect(isSettled(staged)).toBe(false);
		expect(isSettled(steady)).toBe(true);
	});

	it('restage and noteLive change what is said of the pending key only', () => {
		expect(restage(staged, 's2', 'b2').pending).toEqual({
			...staged.pending,
			since: 's2',
			by: 'b2',
		});
		expect(noteLive(staged, 'd1').pending).toEqual({ ...staged.pending, generatedOn: 'd1' });
		expect([restage(steady, 's', 'b'), noteLive(steady, 'd')]).toEqual([steady, steady]);
	});

	it('promote makes the current key previous, unless it was stale', () => {
		const promoted = promote(noteLive(staged, 'd1'), 'd1');
		expect(keys(promoted)).toEqual(['P', undefined, 'C']);
		expect(promoted.current?.generatedOn).toBe('d1');
		expect(isSettled(promoted)).toBe(true);
		expect(keys(promote(staged, 'd1', 'stale'))).toEqual(['P', undefined, undefined]);
		const first = stage(EMPTY_RECORD, {
			key: 'P',
			since: 's',
			by: 'b',
			finish: 'later',
			owner: {},
		});
		expect(keys(promote(first, 'd1'))).toEqual(['P', undefined, undefined]);
		expect(promote(steady, 'd1')).toBe(steady);
	});

	it('a Roll Back of a pending key drops it to previous, marked, and does nothing more', () => {
		const intended = intendRollBack(staged);
		expect([intended.intent, formerKey(intended)]).toEqual(['roll_back', 'C']);
		const back = putBack(intended, 'd2', 'now');
		expect(keys(back)).toEqual(['C', undefined, 'P']);
		expect(back).toMatchObject({
			current: { generatedOn: 'd2' },
			previous: { rolledBackOn: 'now' },
		});
		expect([back.intent, formerKey(back), isSettled(back)]).toEqual([undefined, undefined, true]);
		expect(putBack(back, 'd3', 'later')).toBe(back);
	});

	it('a Roll Back after a Finish swaps current and previous, once', () => {
		const intended = intendRollBack(promote(staged, 'd1'));
		expect(formerKey(intended)).toBe('C');
		const back = putBack(intended, 'd2', 'now');
		expect(keys(back)).toEqual(['C', undefined, 'P']);
		expect(formerKey(back)).toBeUndefined();
	});

	it('without a former key there is nothing to go back to', () => {
		const first = stage(EMPTY_RECORD, {
			key: 'P',
			since: 's',
			by: 'b',
			finish: 'later',
			owner: {},
		});
		expect(formerKey(first)).toBeUndefined();
		expect(putBack(first, 'd', 'now')).toBe(first);
		expect(keys(dropPending(first))).toEqual([undefined, undefined, undefined]);
		expect(keys(dropPending(staged))).toEqual(['C', undefined, 'V']);
	});
});

describe('names of secrets', () => {
	const parts = { tunnelId: 't1', tunnelName: 'site $& {tunnel_id}', accountId: 'a1' };

	it('are made of a template and the tunnel', () => {
		expect(fillName('magic/{account_id}/{tunnel_id}', parts)).toBe('magic/a1/t1');
		expect(fillName('{tunnel_name}', parts)).toBe('site $& {tunnel_id}');
		expect(commonPrefix('magic-ipsec/{tunnel_id}')).toBe('magic-ipsec/');
		expect(commonPrefix('{tunnel_id}')).toBe('');
	});

	it.each([
		['', 'empty'],
		['\ud800{tunnel_id}', 'half a character'],
		[5, 'empty'],
		['magic/{account_id}', 'share one secret'],
		['{tunnel}', 'no other braces'],
		['{tunnel_id}}', 'no other braces'],
		['{constructor}{tunnel_id}', 'no other braces'],
	])('the template %j is refused', (template, words) => {
		expect(templateFault(template)).toContain(words);
	});

	it('a good template has no fault', () => {
		expect(templateFault('magic-ipsec/{tunnel_id}')).toBeUndefined();
		expect(templateFault('{account_id}-{tunnel_name}')).toBeUndefined();
	});

	it.each(['', '/a', 'a/', 'a//b', 'a/../b', '.', 'a\nb', 'a\ud800', '\udc00a', 'x'.repeat(513)])(
		'the path %j is refused in Vault',
		(path) => expect(pathFault(path)).toMatch(/\.$/),
	);

	it.each(['', 'a b', 'ä', 'a:b', 'x'.repeat(513)])('the name %j is refused in AWS', (name) =>
		expect(secretNameFault(name)).toMatch(/\.$/),
	);

	it('others are fine', () => {
		for (const path of ['a', 'a/b c/ä', '...', 'a😀']) expect(pathFault(path)).toBeUndefined();
		for (const name of ['a', 'magic/a_+=.@-b']) expect(secretNameFault(name)).toBeUndefined();
	});
});

describe('the place of secrets', () => {
	const kv2 = (address: string, namespace: string, mount: string) =>
		VAULTS.kv2.place({ credential: { address, namespace, token: mount }, parameters: { mount } });
	const aws = (credential: ICredentialDataDecryptedObject) =>
		VAULTS.awsSecretsManager.place({ credential, parameters: {} });

	it('is one for all spellings of a vault, its namespace and its mount', () => {
		const places = [
			kv2('https://vault.example.com', 'a', 'secret'),
			kv2('https://VAULT.example.com:443/v1/', '/a/', '/secret/'),
			kv2(' https://vault.example.com/', '', 'a/secret'),
		];
		expect(new Set(places).size).toBe(1);
		const aws1 = { region: 'eu-central-1', accessKeyId: 'A' };
		const endpoint = 'https://secretsmanager.EU-central-1.amazonaws.com';
		expect(aws({ ...aws1, endpoint })).toBe(aws({ ...aws1, region: ' eu-central-1 ' }));
	});

	it('tells apart what may be different', () => {
		const places = [
			kv2('https://vault.example.com', '', 'secret'),
			kv2('https://vault.example.com:8200', '', 'secret'),
			kv2('https://vault.example.com', '', 'Secret'),
			kv2('https://vault.example.com', 'a', 'secret'),
			aws({ region: 'eu-central-1', accessKeyId: 'A' }),
			aws({ region: 'eu-central-1', accessKeyId: 'B' }),
			aws({ region: 'eu-west-1', accessKeyId: 'A' }),
		];
		expect(new Set(places).size).toBe(places.length);
	});
});

describe('the list of vaults', () => {
	it.each(Object.entries(VAULTS))('%s has what the node needs to know', (_, kind) => {
		expect(kind.properties.map(({ name }) => name)).toContain(kind.nameParameter);
		const template = kind.properties.find(({ name }) => name === kind.nameParameter)!.default;
		expect(templateFault(template)).toBeUndefined();
		expect(kind.credentialType).toMatch(/^cloudflareMagic\w+Api$/);
		expect(kind.nameFault(fillName(String(template), { ...parts() }))).toBeUndefined();
	});
	const parts = () => ({ tunnelId: 'f'.repeat(32), tunnelName: 'site', accountId: 'a' });
});
