import { startSimulator } from '../simulator';
import type { FaultSpec, Simulator } from '../simulator';
import { createCaller } from '../simulator/caller';
import type { Called, Caller } from '../simulator/caller';
import { ECHO_FORMS, echoOf } from '../simulator/echoes';
import type { EchoForm } from '../simulator/echoes';

/** Answers that a bad gateway, or a Cloudflare of tomorrow, may give; the change is made all the same. */

let simulator: Simulator;
let caller: Caller;
let ids: string[];
let first: string;
let second: string;
let third: string;

beforeEach(async () => {
	simulator = await startSimulator({ tunnels: 3, seed: 31 });
	caller = createCaller(simulator);
	ids = simulator.tunnels().map(({ id }) => id);
	[first, second, third] = ids as [string, string, string];
});
afterEach(() => simulator.close());

const add = (fault: object) => simulator.faults.add(fault as FaultSpec<Simulator>);

const generate = async (id: string): Promise<{ ipsec_tunnel_id: string; psk: string }> =>
	(await caller.magic('POST', `/${id}/psk_generate`)).body.result as never;

interface Maps {
	successfully_applied_psks: Record<string, { ipsec_tunnel_id: string; psk: string }>;
	unapplied_psks: Record<string, string>;
}

/** Sets a key of its own for each tunnel. */
const setAll = async (of = ids): Promise<Maps> => {
	const psks = of.map((id) => ({ id, psk: `key of ${id}` }));
	return (await caller.magic('POST', '/psk', { body: { psks } })).body.result as never;
};
const isSet = (id: string): boolean => simulator.liveKey(id) === `key of ${id}`;

const list = async (): Promise<{ id: string; name?: string }[]> =>
	((await caller.magic('GET')).body.result as { ipsec_tunnels: { id: string }[] }).ipsec_tunnels;

describe('ids', () => {
	it('of another tunnel: the next one of the account, or one that is given', async () => {
		add({ kind: 'otherId' });
		const next = await generate(first);
		expect(next).toMatchObject({
			ipsec_tunnel_id: second,
			ipsec_id: `${simulator.accountNumber}_${second}`,
			psk: simulator.liveKey(first),
		});
		add({ kind: 'otherId', id: 'e'.repeat(32) });
		expect((await generate(third)).ipsec_tunnel_id).toBe('e'.repeat(32));
		add({ kind: 'otherId' });
		expect((await generate(third)).ipsec_tunnel_id).toBe(first);
	});

	it('of another tunnel in every answer about one', async () => {
		add({ kind: 'otherId', times: 'always' });
		const got = await caller.magic('GET', `/${first}`);
		expect(got.body.result).toMatchObject({ ipsec_tunnel: { id: second } });
		const updated = await caller.magic('PUT', `/${first}`, { body: { description: 'x' } });
		expect(updated.body.result).toMatchObject({ modified_ipsec_tunnel: { id: second } });
		expect(simulator.tunnel(first)?.description).toBe('x');
		const created = await caller.magic('POST', '', {
			body: {
				name: 'site-new',
				cloudflare_endpoint: '162.159.64.41',
				interface_address: '10.250.0.0/31',
			},
		});
		expect(ids).toContain((created.body.result as { id: string }).id);
		const deleted = await caller.magic('DELETE', `/${first}`);
		expect(deleted.body.result).toMatchObject({ deleted_ipsec_tunnel: { id: second } });
	});

	it('that change places with those of a request at the same time', async () => {
		const fault = add({ kind: 'swapAnswers', operation: 'pskGenerate' });
		const [one, two] = await Promise.all([generate(first), generate(second)]);
		expect([one.ipsec_tunnel_id, two.ipsec_tunnel_id]).toEqual([second, first]);
		expect([one.psk, two.psk]).toEqual([simulator.liveKey(second), simulator.liveKey(first)]);
		expect(fault.hits).toBe(2);
		expect((await generate(third)).ipsec_tunnel_id).toBe(third);
	});

	it('of the request before', async () => {
		add({ kind: 'swapAnswers', with: 'previous', operation: 'pskGenerate', times: 'always' });
		const answered = [await generate(first), await generate(second), await generate(third)];
		expect(answered.map((answer) => answer.ipsec_tunnel_id)).toEqual([first, first, second]);
		expect(answered[2]?.psk).toBe(simulator.liveKey(second));
	});

	it('in capitals, but for keys', async () => {
		const [one, two] = [first.toUpperCase(), second.toUpperCase()];
		add({ kind: 'capitalIds', times: 'always' });
		expect((await list()).map(({ id }) => id)).toEqual(ids.map((id) => id.toUpperCase()));
		expect((await generate(first)).ipsec_tunnel_id).toBe(one);
		const { successfully_applied_psks: applied } = await setAll([first, second]);
		expect(Object.keys(applied)).toEqual([one, two]);
		expect(applied[one]).toMatchObject({ ipsec_tunnel_id: one, psk: `key of ${first}` });
	});

	it('in capitals as names or as values only', async () => {
		add({ kind: 'capitalIds', of: 'names' });
		const names = (await setAll([first])).successfully_applied_psks;
		expect(names).toMatchObject({ [first.toUpperCase()]: { ipsec_tunnel_id: first } });
		add({ kind: 'capitalIds', of: 'values' });
		const values = (await setAll([first])).successfully_applied_psks;
		expect(values).toMatchObject({ [first]: { ipsec_tunnel_id: first.toUpperCase() } });
	});
});

describe('verdicts of a psk set', () => {
	it.each([true, false])('twice, applied: %s', async (applied) => {
		add({ kind: 'bothVerdicts', ids: [first], applied, reason: 'no luck' });
		const { successfully_applied_psks: yes, unapplied_psks: no } = await setAll();
		expect([Object.keys(yes), no]).toEqual([ids, { [first]: 'no luck' }]);
		expect(ids.map(isSet)).toEqual([applied, true, true]);
	});

	it('under the id of another', async () => {
		add({ kind: 'crossVerdicts', count: 2 });
		const { successfully_applied_psks: applied } = await setAll();
		expect(applied).toMatchObject({
			[first]: { ipsec_tunnel_id: second, psk: `key of ${second}` },
			[second]: { ipsec_tunnel_id: first },
			[third]: { ipsec_tunnel_id: third },
		});
		expect(ids.every(isSet)).toBe(true);
	});

	it('that say of each what became of the other', async () => {
		add({ kind: 'unapply', ids: [first] });
		add({ kind: 'crossVerdicts' });
		const { successfully_applied_psks: applied, unapplied_psks: unapplied } = await setAll([
			first,
			second,
		]);
		expect([Object.keys(applied), Object.keys(unapplied)]).toEqual([[first], [second]]);
		expect([isSet(first), isSet(second)]).toEqual([false, true]);
	});

	it('on tunnels that nobody asked about', async () => {
		add({ kind: 'extraVerdicts' });
		add({ kind: 'extraVerdicts', ids: ['e'.repeat(32), 'site'], of: 'unapplied' });
		const { successfully_applied_psks: applied, unapplied_psks: unapplied } = await setAll([first]);
		expect(Object.keys(applied)).toEqual([first, second]);
		expect(Object.keys(unapplied)).toEqual(['e'.repeat(32), 'site']);
		expect([isSet(first), isSet(second)]).toEqual([true, false]);
	});

	it('that are left out stay so, and what is refused is not set', async () => {
		add({ kind: 'omit', ids: [first], applied: true });
		add({ kind: 'bothVerdicts', ids: [first, second], applied: true });
		add({ kind: 'unapply', ids: [second] });
		const { successfully_applied_psks: applied, unapplied_psks: unapplied } = await setAll();
		expect([Object.keys(applied), Object.keys(unapplied)]).toEqual([[third], [second]]);
		expect(ids.map(isSet)).toEqual([true, false, true]);
	});
});

describe('envelopes', () => {
	const forms: [string, (whole: Called['body']) => unknown][] = [
		['unwrapped', ({ result }) => result],
		['textSuccess', (whole) => ({ ...whole, success: 'true' })],
		['falseSuccess', (whole) => ({ ...whole, success: false })],
		['noSuccess', ({ result }) => ({ result, errors: [], messages: [] })],
	];

	it.each(forms)('%s', async (form, expected) => {
		add({ kind: 'envelope', form, operation: 'pskGenerate' });
		const { status, body } = await caller.magic('POST', `/${first}/psk_generate`);
		const result = {
			ipsec_tunnel_id: first,
			ipsec_id: `${simulator.accountNumber}_${first}`,
			psk: simulator.liveKey(first),
			psk_metadata: { last_generated_on: simulator.keyHistory(first).at(-1)?.at },
		};
		expect([status, simulator.keyHistory(first).length]).toEqual([200, 2]);
		expect(body).toEqual(expected({ result, success: true, errors: [], messages: [] }));
	});

	it('stay what they are around a refusal', async () => {
		add({ kind: 'envelope', form: 'unwrapped' });
		const { status, body } = await caller.magic('POST', `/${'0'.repeat(32)}/psk_generate`);
		expect([status, body.errors[0]?.code]).toEqual([404, 1032]);
	});
});

describe('the list', () => {
	const names = async (): Promise<unknown[]> => (await list()).map(({ id }) => ids.indexOf(id));

	it.each([
		['by id', () => ({ ids: [second] }), [0, 2]],
		['by count', () => ({ count: 2 }), [2]],
		['wholly', () => ({}), []],
	])('lacks tunnels that are there, %s', async (_name, selection, left) => {
		add({ kind: 'unlist', ...selection() });
		expect(await names()).toEqual(left);
		expect((await caller.magic('GET', `/${second}`)).status).toBe(200);
		expect(await names()).toEqual([0, 1, 2]);
	});

	it('has tunnels twice', async () => {
		add({ kind: 'listTwice', ids: [first, third] });
		expect(await names()).toEqual([0, 1, 2, 0, 2]);
	});

	it('has entries that are none', async () => {
		add({ kind: 'listAlso', tunnels: [{ id: 'x' }, { name: 'no id' }, null, 'text'] });
		expect((await list()).slice(3)).toEqual([{ id: 'x' }, { name: 'no id' }, null, 'text']);
	});

	it.each([
		['a name', 'ipsec_tunnels.1.name', 'name'],
		['an id', 'ipsec_tunnels.1.id', 'id'],
		["the key's date", 'ipsec_tunnels.1.psk_metadata', 'psk_metadata'],
	])('has an entry without %s', async (_name, path, field) => {
		add({ kind: 'missingFields', operation: 'list', fields: [path] });
		expect((await list()).map((entry) => field in entry)).toEqual([true, false, true]);
	});

	it('is wrong in several ways at once, in the order they were added', async () => {
		add({ kind: 'listTwice', ids: [first] });
		add({ kind: 'unlist', ids: [first] });
		add({ kind: 'listAlso', tunnels: [{ id: first }] });
		add({ kind: 'capitalIds', operation: 'list' });
		add({ kind: 'missingFields', operation: 'list', fields: ['ipsec_tunnels.*.psk_metadata'] });
		const listed = await list();
		expect(listed.map(({ id }) => id)).toEqual(
			[second, third, first].map((id) => id.toUpperCase()),
		);
		expect(listed.some((entry) => 'psk_metadata' in entry)).toBe(false);
	});

	it('is that of the time before', async () => {
		add({ kind: 'swapAnswers', with: 'previous', operation: 'list', times: 'always' });
		await names();
		simulator.removeTunnel(first);
		expect(await names()).toEqual([0, 1, 2]);
		expect(await names()).toEqual([1, 2]);
	});

	it('lets faults of the list wait for one', async () => {
		const fault = add({ kind: 'unlist' });
		await generate(first);
		expect(fault.hits).toBe(0);
	});
});

describe('a tunnel that is gone', () => {
	const gone = '0'.repeat(32);

	it.each([
		['another code', { code: 1003 }, 404, 1003, 'IPsec tunnel not found'],
		['another status', { status: 410 }, 410, 1032, 'IPsec tunnel not found'],
		['another text', { status: 400, code: 1022, message: 'no' }, 400, 1022, 'no'],
	])('is answered by %s', async (_name, how, status, code, message) => {
		add({ kind: 'notFound', times: 'always', ...how });
		expect((await caller.magic('GET', `/${first}`)).status).toBe(200);
		const answer = await caller.magic('GET', `/${gone}`);
		expect([answer.status, answer.body.errors]).toEqual([status, [{ code, message }]]);
		expect((await caller.magic('DELETE', `/${gone}`)).status).toBe(status);
	});

	it.each([404, 410])('is answered by a page of HTML (%i)', async (status) => {
		add({ kind: 'notFound', operation: 'get', status, html: '<h1>Not Found</h1>' });
		const answer = await caller.send('GET', `${caller.tunnels}/${gone}`);
		expect([answer.statusCode, answer.headers['content-type']]).toEqual([
			status,
			'text/html; charset=UTF-8',
		]);
		expect(await answer.body.text()).toBe('<h1>Not Found</h1>');
	});
});

describe('echoes of a key', () => {
	const KEY = 'Zk9v&Tq3<Lw>Xe7R"bN2m\'Hs5/Yd8é+ Cf1';
	const set = () => caller.magic('POST', '/psk', { body: { psks: [{ id: first, psk: KEY }] } });

	const forms: [EchoForm, string][] = [
		['base64', Buffer.from(KEY).toString('base64')],
		['hex', Buffer.from(KEY).toString('hex')],
		['url', encodeURIComponent(KEY)],
		['html', 'Zk9v&amp;Tq3&lt;Lw&gt;Xe7R&quot;bN2m&#39;Hs5/Yd8é+ Cf1'],
		['upperCase', KEY.toUpperCase()],
		['cutOff', 'Zk9v&Tq3<Lw>Xe7R"b...'],
		['goJson', 'Zk9v\\u0026Tq3\\u003cLw\\u003eXe7R\\"bN2m\'Hs5/Yd8é+ Cf1'],
		['asciiJson', 'Zk9v&Tq3<Lw>Xe7R\\"bN2m\'Hs5/Yd8\\u00e9+ Cf1'],
		['form', 'psk=Zk9v%26Tq3%3CLw%3EXe7R%22bN2m%27Hs5%2FYd8%C3%A9%2B+Cf1'],
	];

	it.each(forms)('as %s in a reason and in an error', async (form, echo) => {
		add({ kind: 'unapply', reason: ({ psk }: { psk: string }) => `no ${ECHO_FORMS[form](psk)}` });
		expect((await set()).body.result).toMatchObject({ unapplied_psks: { [first]: `no ${echo}` } });
		const message = echoOf(ECHO_FORMS[form]);
		add({ kind: 'status', status: 400, code: 1022, message });
		expect((await set()).body.errors[0]?.message).toBe(`not acceptable: ${echo}`);
		add({ kind: 'successFalse', message });
		expect((await set()).body.errors[0]?.message).toBe(`not acceptable: ${echo}`);
	});

	it('has forms that are all different, and all of which hold something of the key', () => {
		const made = Object.values(ECHO_FORMS).map((form) => form(KEY));
		expect(new Set(made).size).toBe(made.length);
		expect(made.filter((text) => text.length < KEY.length / 2)).toEqual([]);
	});

	it('of one that Cloudflare just made, in the error that loses it', async () => {
		add({
			kind: 'status',
			operation: 'pskGenerate',
			when: 'after',
			status: 500,
			code: 1000,
			message: echoOf(ECHO_FORMS.plain),
		});
		const { body } = await caller.magic('POST', `/${first}/psk_generate`);
		expect(body.errors[0]?.message).toBe(`not acceptable: ${simulator.liveKey(first)}`);
	});
});

describe('headers', () => {
	it.each([
		['"default";r=0;t=300', '"default";r=0;t=300'],
		['nonsense', 'nonsense'],
		[null, undefined],
	])('Ratelimit %p', async (value, seen) => {
		add({ kind: 'headers', headers: { RateLimit: value } });
		const { status, headers } = await caller.magic('GET');
		expect([status, headers.ratelimit]).toEqual([200, seen]);
	});

	it.each(['0', '-1', '86400', '1.5', 'soon', 'Fri, 31 Dec 1999 23:59:59 GMT', ''])(
		'Retry-After %p',
		async (value) => {
			add({ kind: 'headers', headers: { 'Retry-After': value } });
			add({ kind: 'status', status: 429, code: 971, headers: { 'retry-after': '7' } });
			const { status, headers } = await caller.magic('GET');
			expect([status, headers['retry-after']]).toEqual([429, value]);
		},
	);

	it('of an answer that is not whole', async () => {
		add({ kind: 'headers', headers: { 'x-seen': 'yes' } });
		add({ kind: 'truncate' });
		const answer = await caller.send('GET', caller.tunnels);
		expect(answer.headers['x-seen']).toBe('yes');
		await expect(answer.body.text()).rejects.toThrow();
	});
});

describe('anything else', () => {
	it('is rewritten by the test', async () => {
		add({
			kind: 'rewrite',
			operation: 'get',
			change: (body: Called['body'], { path }: { path: string }) => ({ ...body, messages: [path] }),
		});
		const { body } = await caller.magic('GET', `/${first}`);
		expect(body).toMatchObject({
			success: true,
			messages: [`/client/v4${caller.tunnels}/${first}`],
		});
	});

	it('is a text too', async () => {
		add({ kind: 'rewrite', change: (body: unknown) => JSON.stringify(body).replaceAll(first, '') });
		const answer = await caller.send('GET', caller.tunnels);
		expect(await answer.body.text()).not.toContain(first);
	});
});

describe('from another process', () => {
	const post = (fault: object) =>
		fetch(`${simulator.origin}/__sim/faults`, { method: 'POST', body: JSON.stringify(fault) });

	it('takes every fault that is no function', async () => {
		const faults = [
			{ kind: 'replaceFields', times: 'always' },
			{ kind: 'ignoreValidateOnly', operation: 'pskSet' },
			{ kind: 'refuseBatch', pattern: 'x' },
			{ kind: 'unlist', ids: [first] },
			{ kind: 'headers', headers: { Ratelimit: 'x' } },
		];
		expect((await post(faults)).status).toBe(200);
		expect(simulator.faults.list().map(({ kind }) => kind)).toEqual(faults.map(({ kind }) => kind));
		expect((await list()).map(({ id }) => id)).toEqual([second, third]);
	});

	it.each(['rewrite', 'hook', 'toString'])('refuses %s', async (kind) => {
		expect((await post({ kind })).status).toBe(400);
	});
});
