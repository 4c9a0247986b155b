import { request } from 'undici';
import { startSimulator } from '../simulator';
import type { FaultSpec, Simulator } from '../simulator';
import { createCaller } from '../simulator/caller';
import type { Called, Caller } from '../simulator/caller';

/** Faults on demand: what the client sees, and what became of the account. */

let simulator: Simulator;
let caller: Caller;
let id: string;

beforeEach(async () => {
	simulator = await startSimulator({ tunnels: 4, seed: 11 });
	caller = createCaller(simulator);
	id = simulator.tunnels()[0]!.id;
});
afterEach(() => simulator.close());

const set = (psk = 'new key'): Promise<Called> =>
	caller.magic('POST', '/psk', { body: { psks: [{ id, psk }] } });

interface Raw {
	status: number;
	type: string;
	location: string;
	text: string;
}

/** A psk set whose answer is not parsed. */
const rawSet = async (): Promise<Raw> => {
	const body = { psks: [{ id, psk: 'new key' }] };
	const answer = await caller.send('POST', `${caller.tunnels}/psk`, { body });
	return {
		status: answer.statusCode,
		type: String(answer.headers['content-type'] ?? ''),
		location: String(answer.headers.location ?? ''),
		text: await answer.body.text(),
	};
};

/** Settles with 'nothing' when there is no answer within a moment. */
const briefly = (sent: Promise<unknown>): Promise<unknown> =>
	Promise.race([
		sent.catch((error: Error & { code?: string }) => error.code ?? error.message),
		new Promise((resolve) => setTimeout(() => resolve('nothing'), 150)),
	]);

const isApplied = (): boolean => simulator.liveKey(id) === 'new key';

describe.each(['before', 'after'] as const)('%s the change', (when) => {
	const applied = when === 'after';

	const answered: [string, FaultSpec, Partial<Raw>][] = [
		[
			'an envelope',
			{ kind: 'status', status: 500, code: 1004, message: 'no luck' },
			{ status: 500, type: 'application/json' },
		],
		[
			'a plain status',
			{ kind: 'status', status: 502, message: 'bad gateway' },
			{ status: 502, text: 'bad gateway' },
		],
		['HTML', { kind: 'html' }, { status: 200, type: 'text/html; charset=UTF-8' }],
		['own HTML', { kind: 'html', status: 503, html: '<p>' }, { status: 503, text: '<p>' }],
		['nothing', { kind: 'empty' }, { status: 204, text: '' }],
		['an empty 200', { kind: 'empty', status: 200 }, { status: 200, text: '' }],
		[
			'a redirect',
			{ kind: 'redirect', location: '/elsewhere' },
			{ status: 302, location: '/elsewhere' },
		],
		['success: false', { kind: 'successFalse', code: 1022, message: 'no' }, { status: 200 }],
		[
			'a body',
			{ kind: 'body', status: 201, contentType: 'text/plain', body: '{' },
			{ status: 201, text: '{' },
		],
		['JSON without its end', { kind: 'truncatedJson' }, { status: 200, type: 'application/json' }],
	];

	it.each(answered)('answers with %s', async (_name, spec, expected) => {
		const fault = simulator.faults.add({ ...spec, when } as FaultSpec);
		expect(await rawSet()).toMatchObject(expected);
		expect([fault.hits, isApplied()]).toEqual([1, applied]);
		expect(simulator.requests[0]).toMatchObject({ status: expected.status, applied });
		expect((await set()).status).toBe(200);
		expect(fault.hits).toBe(1);
	});

	it('says success: false in an envelope', async () => {
		simulator.faults.add({ kind: 'successFalse', code: 1022, message: 'no', when });
		const { body } = await set();
		expect(body).toMatchObject({ success: false, errors: [{ code: 1022, message: 'no' }] });
	});

	it('ends JSON in the middle', async () => {
		simulator.faults.add({ kind: 'truncatedJson', keepBytes: 12, when });
		const { text } = await rawSet();
		expect(text).toHaveLength(12);
		expect(() => JSON.parse(text) as unknown).toThrow();
	});

	it('cuts the connection', async () => {
		simulator.faults.add({ kind: 'reset', when });
		await expect(set()).rejects.toThrow();
		expect(isApplied()).toBe(applied);
		expect(simulator.requests[0]).toMatchObject({ status: 0, applied });
	});

	it('cuts the connection in the middle of the answer', async () => {
		simulator.faults.add({ kind: 'truncate', when });
		await expect(set()).rejects.toThrow();
		expect(isApplied()).toBe(applied);
	});

	it('never answers', async () => {
		simulator.faults.add({ kind: 'timeout', when });
		expect(await briefly(set())).toBe('nothing');
		expect(isApplied()).toBe(applied);
	});

	it('delays', async () => {
		simulator.faults.add({ kind: 'delay', ms: 400, when });
		const sent = set();
		expect(await briefly(sent)).toBe('nothing');
		expect(isApplied()).toBe(applied);
		expect((await sent).status).toBe(200);
		expect(isApplied()).toBe(true);
	});

	it('runs a hook', async () => {
		const seen: boolean[] = [];
		simulator.faults.add({ kind: 'hook', [when]: () => void seen.push(isApplied()) });
		await set();
		expect(seen).toEqual([applied]);
	});
});

describe('spoilt results', () => {
	it('answers fields of wrong types', async () => {
		simulator.faults.add({ kind: 'wrongTypes' });
		const { body } = await caller.magic('POST', `/${id}/psk_generate`);
		expect(body.result).toEqual({
			ipsec_tunnel_id: 7,
			ipsec_id: 7,
			psk: 7,
			psk_metadata: 'unexpected',
		});
		expect(simulator.keyHistory(id)).toHaveLength(2);
		simulator.faults.add({ kind: 'wrongTypes' });
		const deleted = await caller.magic('DELETE', `/${id}`);
		expect(deleted.body.result).toEqual({ deleted: [], deleted_ipsec_tunnel: 'unexpected' });
	});

	it('answers a result of the wrong type', async () => {
		simulator.faults.add({ kind: 'wrongTypes', of: 'result' });
		expect((await set()).body.result).toBe('unexpected');
		expect(isApplied()).toBe(true);
	});

	it('leaves fields out', async () => {
		simulator.faults.add({ kind: 'missingFields' });
		expect((await set('one')).body).toMatchObject({ success: true, result: {} });
		simulator.faults.add({
			kind: 'missingFields',
			fields: ['successfully_applied_psks.*.psk', 'unapplied_psks', 'not.there'],
		});
		const { result } = (await set('two')).body;
		expect(result).toEqual({
			successfully_applied_psks: {
				[id]: {
					ipsec_tunnel_id: id,
					ipsec_id: expect.any(String) as string,
					psk_metadata: expect.any(Object) as object,
				},
			},
		});
		expect(simulator.liveKey(id)).toBe('two');
	});

	it('leaves a refusal as it is', async () => {
		simulator.faults.add({ kind: 'missingFields' });
		const { status, body } = await caller.magic('GET', `/${'0'.repeat(32)}`);
		expect([status, body.errors[0]?.code]).toEqual([404, 1032]);
	});

	it('drips', async () => {
		simulator.faults.add({ kind: 'drip', chunkBytes: 40, everyMs: 60 });
		const sent = set();
		expect(await briefly(sent)).toBe('nothing');
		expect(isApplied()).toBe(true);
		expect((await sent).body.success).toBe(true);
	});
});

describe('parts of a psk set', () => {
	const ids = (): string[] => simulator.tunnels().map((tunnel) => tunnel.id);
	const setAll = async () => {
		const psks = ids().map((each) => ({ id: each, psk: 'new key' }));
		const { body } = await caller.magic('POST', '/psk', { body: { psks } });
		const result = body.result as {
			successfully_applied_psks: object;
			unapplied_psks: Record<string, string>;
		};
		return {
			applied: Object.keys(result.successfully_applied_psks),
			unapplied: result.unapplied_psks,
			live: ids().filter((each) => simulator.liveKey(each) === 'new key'),
		};
	};

	it.each<[string, () => object, (all: string[]) => string[]]>([
		['by id', () => ({ ids: [ids()[2]] }), (all) => [all[2]!]],
		['by count', () => ({ count: 3 }), (all) => all.slice(0, 3)],
		['every nth', () => ({ every: 2 }), (all) => [all[1]!, all[3]!]],
		['all', () => ({}), (all) => all],
	])('refuses %s', async (_name, selection, choose) => {
		simulator.faults.add({ kind: 'unapply', reason: 'edge is busy', ...selection() });
		const chosen = choose(ids());
		const { applied, unapplied, live } = await setAll();
		expect(unapplied).toEqual(Object.fromEntries(chosen.map((each) => [each, 'edge is busy'])));
		expect(applied).toEqual(ids().filter((each) => !chosen.includes(each)));
		expect(live).toEqual(applied);
	});

	it.each([true, false])('leaves some out of both maps, applied: %s', async (hidden) => {
		simulator.faults.add({ kind: 'omit', count: 2, applied: hidden });
		const { applied, unapplied, live } = await setAll();
		expect([applied, unapplied]).toEqual([ids().slice(2), {}]);
		expect(live).toEqual(hidden ? ids() : applied);
	});

	it('refuses also when only validating, with a default reason', async () => {
		simulator.faults.add({ kind: 'unapply', times: 2 });
		const { body } = await caller.magic('POST', '/psk?validate_only=true', {
			body: { psks: [{ id, psk: 'new key' }] },
		});
		expect(body.result).toMatchObject({
			successfully_applied_psks: {},
			unapplied_psks: { [id]: 'failed to persist PSK' },
		});
		expect((await setAll()).live).toEqual([]);
		expect(simulator.requests[1]?.applied).toBe(false);
	});

	it('can refuse and leave out in one answer', async () => {
		simulator.faults.add({ kind: 'unapply', ids: ids().slice(0, 2) });
		simulator.faults.add({ kind: 'omit', ids: ids().slice(1, 2), applied: true });
		const { applied, unapplied, live } = await setAll();
		expect(Object.keys(unapplied)).toEqual(ids().slice(0, 1));
		expect(applied).toEqual(ids().slice(2));
		expect(live).toEqual(applied);
	});
});

describe('which requests are hit', () => {
	const broken = async (): Promise<boolean> => (await caller.magic('GET')).status === 503;
	const outage = { kind: 'status', status: 503, code: 1000 } as const;

	it('only the operations that are named', async () => {
		simulator.faults.add({ ...outage, operation: ['pskSet', 'get'], times: Infinity });
		simulator.faults.add({ ...outage, operation: 'delete' });
		expect(await broken()).toBe(false);
		expect((await set()).status).toBe(503);
		expect((await caller.magic('GET', `/${id}`)).status).toBe(503);
	});

	it('after some that pass, and for some time', async () => {
		const fault = simulator.faults.add({ ...outage, skip: 1, times: 2 });
		const seen = [];
		for (let sent = 0; sent < 5; sent++) seen.push(await broken());
		expect(seen).toEqual([false, true, true, false, false]);
		expect(fault.hits).toBe(2);
		expect(simulator.faults.list()).toEqual([{ id: fault.id, kind: 'status', hits: 2 }]);
	});

	it('for ever, until removed', async () => {
		const fault = simulator.faults.add({ ...outage, operation: 'any', times: 'always' });
		expect([await broken(), await broken()]).toEqual([true, true]);
		fault.remove();
		expect(await broken()).toBe(false);
		simulator.faults.add(outage);
		simulator.faults.clear();
		expect(await broken()).toBe(false);
	});

	it('by what they carry', async () => {
		simulator.faults.add({ ...outage, predicate: ({ query }) => query.validate_only === 'true' });
		expect((await set()).status).toBe(200);
		expect((await caller.magic('DELETE', `/${id}?validate_only=true`)).status).toBe(503);
	});

	it('one that ends a request at a time, in the order they were added', async () => {
		simulator.faults.add({ ...outage, times: 1 });
		simulator.faults.add({
			kind: 'status',
			status: 429,
			code: 971,
			headers: { 'retry-after': '7' },
		});
		expect(await broken()).toBe(true);
		const { status, headers, body } = await caller.magic('GET');
		expect([status, headers['retry-after'], body.errors[0]?.code]).toEqual([429, '7', 971]);
	});
});

describe('hooks', () => {
	it('let a tunnel vanish between a list and a write', async () => {
		simulator.faults.add({
			kind: 'hook',
			operation: 'pskSet',
			before: (account: Simulator) => void account.removeTunnel(id),
		} as FaultSpec<Simulator>);
		expect((await caller.magic('GET')).status).toBe(200);
		expect((await set()).body.result).toMatchObject({
			unapplied_psks: { [id]: expect.any(String) as string },
		});
	});

	it('let somebody else change a key before the answer is read', async () => {
		simulator.faults.add({
			kind: 'hook',
			after: async (account) => {
				await Promise.resolve();
				account.setKey(id, 'their key');
			},
		});
		expect((await set()).status).toBe(200);
		expect(
			simulator
				.keyHistory(id)
				.slice(-2)
				.map(({ psk }) => psk),
		).toEqual(['new key', 'their key']);
	});

	it('that fail are told as such', async () => {
		simulator.faults.add({
			kind: 'hook',
			before: () => {
				throw new Error('oops');
			},
		});
		const { status, body } = await set();
		expect([status, body.errors[0]?.message]).toEqual([500, 'Simulator failed: oops']);
	});
});

it('closes although requests hang', async () => {
	simulator.faults.add({ kind: 'timeout', times: 'always', operation: 'list' });
	simulator.faults.add({ kind: 'delay', ms: 60_000, operation: 'get' });
	const hanging = [caller.magic('GET'), caller.magic('GET', `/${id}`)].map((sent) =>
		sent.then(
			() => 'answered',
			() => 'cut',
		),
	);
	while (simulator.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
	await simulator.close();
	expect(await Promise.all(hanging)).toEqual(['cut', 'cut']);
	await expect(request(simulator.url)).rejects.toThrow();
	await simulator.close();
});
