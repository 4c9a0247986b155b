import type { CloudflareClient } from '../../nodes/api/client';
import {
	createIpsecTunnel,
	deleteIpsecTunnel,
	getIpsecTunnel,
	lastGeneratedOn,
	listIpsecTunnels,
	neverHadPsk,
	updateIpsecTunnel,
	updateIpsecTunnels,
} from '../../nodes/api/ipsecTunnels';
import { generatePsk, pskIn, setPsks } from '../../nodes/api/psks';
import { CallError, effectOf, isTunnelNotFound } from '../../nodes/api/failure';
import { useAccount } from '../helpers/account';
import { answerFault, statusFault } from '../helpers/answer';
import { BODY, clientOf, failing, ID } from '../helpers/client';
import { useVirtualClock } from '../helpers/virtualClock';
import type { Operation } from '../simulator';

/** The calls about tunnels and their keys: what counts as an answer, and what is made of it. */

const account = useAccount({ tunnels: 1, seed: 9 });

useVirtualClock();

const OTHER_ID = 'a'.repeat(32);

const TUNNEL = { id: ID, name: 'x', psk: 'echoed' };
const SHOWN = { id: ID, name: 'x' };

const check = { validateOnly: true };

const answering = (operation: Operation, result: unknown): CloudflareClient => {
	account().faults.clear();
	account().faults.add(answerFault(operation, result, { times: Infinity }));
	return clientOf(account());
};

/** What the error says of the answer's form. */
async function unexpected(call: Promise<unknown>): Promise<string> {
	const { message } = await failing(call);
	return /unexpected form \((.*)\)$/.exec(message)?.[1] ?? message;
}

describe('a list of tunnels', () => {
	const list = async (tunnels: unknown) =>
		await listIpsecTunnels(answering('list', { ipsec_tunnels: tunnels }));

	it('holds no key, names each, and each once, whatever was answered', async () => {
		const others = [null, 5, {}, { id: 'x' }, [TUNNEL]];
		const again = { id: ID.toUpperCase(), name: 'again' };
		const nameless = { id: OTHER_ID, name: 5 };
		expect(await list([TUNNEL, ...others, nameless, again])).toEqual([
			again,
			{ id: OTHER_ID, name: OTHER_ID },
		]);
		expect(await list([TUNNEL])).toEqual([SHOWN]);
		expect(await list([])).toEqual([]);
	});

	it('is none of another form', async () => {
		for (const tunnels of [undefined, null, {}, 'x']) {
			expect(await unexpected(list(tunnels))).toBe('no list of tunnels');
		}
		expect(await unexpected(list([{ id: 'x' }]))).toBe('no tunnel has an id');
	});
});

describe('one tunnel', () => {
	it('is the one that was asked for, in whatever writing of its id', async () => {
		expect(await getIpsecTunnel(answering('get', { ipsec_tunnel: TUNNEL }), ID)).toEqual(SHOWN);
		const inCapitals = { ...SHOWN, id: ID.toUpperCase() };
		expect(await getIpsecTunnel(answering('get', { ipsec_tunnel: inCapitals }), ID)).toEqual(
			inCapitals,
		);
	});

	it('is no other one, and none of another form', async () => {
		const get = async (tunnel: unknown) =>
			await unexpected(getIpsecTunnel(answering('get', { ipsec_tunnel: tunnel }), ID));
		expect(await get({ ...TUNNEL, id: OTHER_ID })).toBe(`it is about the tunnel ${OTHER_ID}`);
		expect(await get({ name: 'x' })).toBe('no tunnel');
		expect(await get(undefined)).toBe('no tunnel');
	});
});

describe('a tunnel that was made', () => {
	const make = async (result: unknown, options = {}) =>
		await createIpsecTunnel(answering('create', result), BODY, options);

	it('is read on its own and from a list', async () => {
		expect(await make(TUNNEL)).toEqual(SHOWN);
		expect(await make({ ipsec_tunnels: [TUNNEL] })).toEqual(SHOWN);
	});

	it('has an id, unless it was only checked', async () => {
		expect(await unexpected(make({ name: 'x' }))).toBe('no tunnel');
		expect(await unexpected(make({ ipsec_tunnels: [] }))).toBe('no tunnel');
		expect(await make({ name: 'x', psk: 'echoed' }, check)).toEqual({ name: 'x' });
		expect(await make('x', check)).toEqual({});
	});

	it('only checked, is asked for as such', async () => {
		await make({}, check);
		await make(TUNNEL);
		expect(account().requests.map(({ query }) => query.validate_only)).toEqual(['true', undefined]);
	});
});

describe('a tunnel that was updated', () => {
	const update = async (result: unknown, options = {}) =>
		await updateIpsecTunnel(answering('update', result), ID, BODY, options);

	it('is what was answered, with whether anything was changed', async () => {
		const modified_ipsec_tunnel = TUNNEL;
		for (const modified of [true, false]) {
			expect(await update({ modified, modified_ipsec_tunnel })).toEqual({
				modified,
				answer: SHOWN,
			});
		}
		expect((await update({ modified: 'yes', modified_ipsec_tunnel })).modified).toBeUndefined();
	});

	it('is no other one, and none of another form', async () => {
		const other = { modified_ipsec_tunnel: { ...TUNNEL, id: OTHER_ID } };
		expect(await unexpected(update(other))).toBe(`it is about the tunnel ${OTHER_ID}`);
		expect(await unexpected(update(other, check))).toBe(`it is about the tunnel ${OTHER_ID}`);
		const odd = { modified_ipsec_tunnel: { id: 'x' } };
		expect(await unexpected(update(odd, check))).toBe('it is about something that is no tunnel');
		expect(await unexpected(update(odd))).toBe('no modified tunnel');
		expect((await update({}, check)).answer).toEqual({});
	});

	it('among many, is left out where it has no id', async () => {
		const result = { modified: true, modified_ipsec_tunnels: [TUNNEL, { id: 'x' }, null] };
		const tunnels = [{ id: ID, ...BODY }];
		expect(await updateIpsecTunnels(answering('bulkUpdate', result), tunnels)).toStrictEqual({
			modified: true,
			answer: [SHOWN],
		});
		expect(await unexpected(updateIpsecTunnels(answering('bulkUpdate', {}), tunnels))).toBe(
			'no list of modified tunnels',
		);
	});
});

describe('a tunnel that was deleted', () => {
	const remove = async (result: unknown) =>
		await deleteIpsecTunnel(answering('delete', result), ID);

	it('is so by what Cloudflare says', async () => {
		expect(await remove({ deleted: true, deleted_ipsec_tunnel: TUNNEL })).toEqual({
			deleted: true,
			tunnel: SHOWN,
		});
		expect(await remove({ deleted: false })).toEqual({ deleted: false, tunnel: undefined });
		expect(await unexpected(remove({ deleted: 'yes' }))).toBe('not said whether it was deleted');
	});

	it('is no other one', async () => {
		const other = { deleted: true, deleted_ipsec_tunnel: { ...TUNNEL, id: OTHER_ID } };
		expect(await unexpected(remove(other))).toBe(`it is about the tunnel ${OTHER_ID}`);
	});
});

describe('the calls', () => {
	it('say what was to be done', async () => {
		const calls: Array<[Operation, string, (c: CloudflareClient) => Promise<unknown>]> = [
			['list', 'list the tunnels', (c) => listIpsecTunnels(c)],
			['get', `get the tunnel ${ID}`, (c) => getIpsecTunnel(c, ID)],
			['create', "create the tunnel 'x'", (c) => createIpsecTunnel(c, BODY)],
			['update', `update the tunnel ${ID}`, (c) => updateIpsecTunnel(c, ID, BODY)],
			['bulkUpdate', 'update 0 tunnels', (c) => updateIpsecTunnels(c, [])],
			['delete', `delete the tunnel ${ID}`, (c) => deleteIpsecTunnel(c, ID)],
			['pskGenerate', `generate a PSK for the tunnel ${ID}`, (c) => generatePsk(c, ID)],
			['pskSet', 'set 0 PSKs', (c) => setPsks(c, [])],
			['pskSet', 'set 1 PSK', (c) => setPsks(c, [{ id: ID, psk: 'k' }])],
			['pskSet', 'check 1 PSK', (c) => setPsks(c, [{ id: ID, psk: 'k' }], check)],
		];
		for (const [operation, action, call] of calls) {
			account().faults.add(statusFault(operation, 403, 1, { message: 'no' }));
			const { message } = await failing(call(clientOf(account())));
			expect(message).toBe(`Could not ${action}: Cloudflare refused the request (HTTP 403)`);
		}
	});

	it('never show a BGP key or a PSK that an answer repeats', async () => {
		const bgp = { customer_asn: 1, md5_key: 'the key of BGP 9#' };
		const calls: Array<[Operation, (c: CloudflareClient) => Promise<unknown>]> = [
			['create', (c) => createIpsecTunnel(c, { ...BODY, bgp })],
			['update', (c) => updateIpsecTunnel(c, ID, { ...BODY, bgp })],
			[
				'bulkUpdate',
				(c) =>
					updateIpsecTunnels(c, [
						{ id: ID, ...BODY },
						{ id: ID, ...BODY, bgp },
					]),
			],
		];
		for (const [operation, call] of calls) {
			account().faults.add(statusFault(operation, 400, 1, { message: `bad ${bgp.md5_key}` }));
			const { description } = await failing(call(clientOf(account())));
			expect(description).toContain('left out');
			expect(description).not.toContain(bgp.md5_key);
		}
	});
});

describe('a date of a key', () => {
	const dated = (last_generated_on: unknown) => ({ psk_metadata: { last_generated_on } });

	it.each([
		'2026-11-01T12:34:56Z',
		'2026-11-01T12:34:56.789012345Z',
		'2026-11-01T12:34:56+01:00',
		'2026-11-01T12:34:56-0130',
	])('%s is one', (date) => {
		expect(lastGeneratedOn(dated(date))).toBe(date);
	});

	it.each<unknown>([
		'soon',
		'x2026-11-01T12:34:56Z',
		'2026-11-01T12:34:56Zx',
		'2026-11-01T12:34:56',
		'2026-11-01T12Z',
		`2026-11-01T${'1'.repeat(30)}Z`,
		'2026-11-01 12:34:56Z',
		'',
		5,
		undefined,
	])('%j is none', (date) => {
		expect(lastGeneratedOn(dated(date))).toBeUndefined();
	});

	it('is missing for certain only where Cloudflare tells of the key without one', () => {
		const never = (psk_metadata: unknown) => neverHadPsk({ psk_metadata } as never);
		expect([{}, { last_generated_on: null }].map(never)).toEqual([true, true]);
		expect([undefined, null, 'x', { last_generated_on: 'x' }].map(never)).toEqual([
			false,
			false,
			false,
			false,
		]);
	});
});

describe('a generated key', () => {
	const generate = async (result: unknown, options = {}, id = ID) =>
		await generatePsk(answering('pskGenerate', result), id, options);

	it('comes with its id and date, where they have the form of one', async () => {
		const ipsec_id = `123_${ID}`;
		const date = '2026-11-01T12:34:56Z';
		const answer = { psk: 'k', ipsec_tunnel_id: ID.toUpperCase(), ipsec_id };
		expect(await generate({ ...answer, psk_metadata: { last_generated_on: date } })).toEqual({
			psk: 'k',
			ipsec_id,
			last_generated_on: date,
		});
		for (const odd of [`${'1'.repeat(21)}_${ID}`, `x y_${ID}`, `1_${ID}0`, `1${ID}`, 5]) {
			expect(await generate({ ...answer, ipsec_id: odd })).toEqual({ psk: 'k' });
		}
		expect(await generate({ ...answer, ipsec_id: `_${ID}` })).toMatchObject({
			ipsec_id: `_${ID}`,
		});
	});

	it('is asked for by the id in small letters, once, and for a check as such', async () => {
		await generate({}, check, ID.toUpperCase());
		await generate({ psk: 'k' });
		expect(
			account().requests.map(({ path, query }) => [path.split('/').at(-2), query.validate_only]),
		).toEqual([
			[ID, 'true'],
			[ID, undefined],
		]);
	});

	it('may be missing after a check only, in which it is looked for everywhere', async () => {
		expect(await unexpected(generate({}))).toBe('no PSK');
		expect(await generate({}, check)).toEqual({});
		expect(await generate({ inner: { psk: 'k' } }, check)).toEqual({ psk: 'k' });
	});

	it('of another tunnel is an error that holds it', async () => {
		const error: unknown = await generate({ psk: 'k', ipsec_tunnel_id: OTHER_ID }).catch(
			(reason: unknown) => reason,
		);
		expect(pskIn(error)).toBe('k');
		expect((error as Error).message).toContain(`it names the tunnel ${OTHER_ID}`);
		expect(await unexpected(generate({ psk: 'k', ipsec_tunnel_id: 'x' }))).toBe(
			'it names something that is no tunnel',
		);
		expect(pskIn(new Error('{"psk":"k"}'))).toBeUndefined();
	});
});

describe('a refusal of a change of keys', () => {
	it.each<[Operation, (c: CloudflareClient) => Promise<unknown>]>([
		['pskGenerate', (c) => generatePsk(c, ID)],
		['pskSet', (c) => setPsks(c, [{ id: ID, psk: 'Ws4-Hn6-Jt8-Rb2' }])],
	])(
		'%s shows plain words only: others may be of a key that nobody here knows',
		async (operation, call) => {
			const describedAs = async (message: string) => {
				account().faults.add(statusFault(operation, 400, 1, { message }));
				return (await failing(call(clientOf(account())))).description;
			};
			expect(await describedAs('The tunnel is locked')).toContain('The tunnel is locked');
			expect(await describedAs('not Zk9vTq3LwXe7')).toContain('left out');
		},
	);
});

describe('the verdicts on keys', () => {
	const entry = { id: ID.toUpperCase(), psk: 'the key that was sent' };

	const verdict = async (applied: unknown, unapplied?: unknown) => {
		const result = { successfully_applied_psks: applied, unapplied_psks: unapplied };
		const verdicts = await setPsks(answering('pskSet', result), [entry]);
		return verdicts.get(entry.id);
	};

	it('are those by the id, in whatever writing', async () => {
		expect(await verdict({ [ID]: {} })).toEqual({ kind: 'applied' });
		expect(await verdict({ [ID]: { ipsec_tunnel_id: ID.toUpperCase(), psk: entry.psk } })).toEqual({
			kind: 'applied',
		});
		expect(await verdict({}, { [ID]: 'too plain' })).toEqual({
			kind: 'unapplied',
			reason: 'too plain',
		});
		expect(await verdict({}, { [ID]: 5 })).toEqual({
			kind: 'unapplied',
			reason: 'Cloudflare gave no reason',
		});
	});

	it.each<[unknown, unknown, string]>([
		[{ [ID]: {} }, { [ID]: 'x' }, 'both as applied and as not applied'],
		[{}, {}, 'did not say'],
		[undefined, undefined, 'did not say'],
		['x', [], 'did not say'],
		[{ [ID]: 'yes' }, {}, 'did not say'],
		[{ [OTHER_ID]: {} }, {}, 'did not say'],
		[{ [ID]: { psk: 'another' } }, {}, 'another key'],
		[{ [ID]: { ipsec_tunnel_id: OTHER_ID } }, {}, 'another tunnel'],
	])('%j and %j are unclear', async (applied, unapplied, words) => {
		expect(await verdict(applied, unapplied)).toEqual({
			kind: 'unclear',
			reason: expect.stringContaining(words),
		});
	});

	it('that repeat a key have no words', async () => {
		expect(await verdict({}, { [ID]: `bad: ${entry.psk}` })).toEqual({
			kind: 'unapplied',
			reason: 'Cloudflare refused the key; its text is left out, because it may repeat a secret',
		});
	});

	it('that say no after an answer that was lost are unclear', async () => {
		account().faults.add({ kind: 'reset', when: 'after', operation: 'pskSet' });
		const result = { unapplied_psks: { [ID]: 'too plain' } };
		account().faults.add(answerFault('pskSet', result));
		const verdicts = await setPsks(clientOf(account()), [entry]);
		expect([...verdicts.values()]).toEqual([
			{ kind: 'unclear', reason: 'too plain (an earlier request may have set the key)' },
		]);
	});

	it('are none without a result', async () => {
		for (const result of [null, 'x', []]) {
			expect(await unexpected(setPsks(answering('pskSet', result), [entry]))).toBe('no result');
		}
	});

	it('send the ids in small letters', async () => {
		await setPsks(clientOf(account()), [entry]);
		expect(account().requests[0]!.body).toEqual({ psks: [{ id: ID, psk: entry.psk }] });
	});
});

describe('an error', () => {
	const errorWith = (code?: number) =>
		new CallError({ action: 'x', effect: 'refused', what: 'x', code });

	it('is about a tunnel that is not there by its code alone', () => {
		expect(
			[errorWith(1032), errorWith(1033), errorWith(), new Error()].map(isTunnelNotFound),
		).toEqual([true, false, false, false]);
	});

	it('tells what may have changed, if it is one of a call', () => {
		expect([errorWith(), new Error(), undefined].map(effectOf)).toEqual([
			'refused',
			'unknown',
			'unknown',
		]);
	});
});
