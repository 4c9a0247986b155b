import { startSimulator } from '../simulator';
import type { Simulator } from '../simulator';
import { createCaller } from '../simulator/caller';
import type { Called, Caller } from '../simulator/caller';

/** Exact moments of a request: a test can wait for them, and stop the request there. */

let simulator: Simulator;
let caller: Caller;
let ids: string[];

beforeEach(async () => {
	simulator = await startSimulator({ tunnels: 3, seed: 41 });
	caller = createCaller(simulator);
	ids = simulator.tunnels().map(({ id }) => id);
});
afterEach(() => simulator.close());

const set = (id = ids[0]!): Promise<Called> =>
	caller.magic('POST', '/psk', { body: { psks: [{ id, psk: 'new key' }] } });
const isSet = (id = ids[0]!): boolean => simulator.liveKey(id) === 'new key';

/** Whether a promise has settled when everything else that was due has run. */
const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
	let settled = false;
	void promise.then(() => (settled = true));
	await new Promise((resolve) => setTimeout(resolve, 20));
	return settled;
};

describe('a request that is held', () => {
	it('has arrived before the change, and goes on when it is let go', async () => {
		const fault = simulator.faults.add({ kind: 'hold', operation: 'pskSet' });
		const sent = set();
		const request = await fault.arrived();
		expect(request).toMatchObject({ operation: 'pskSet', status: 0, applied: false });
		expect([isSet(), await isSettled(sent)]).toEqual([false, false]);
		fault.release();
		expect((await sent).status).toBe(200);
		expect([isSet(), request.status, request.applied]).toEqual([true, 200, true]);
	});

	it('is applied after the change, and not answered', async () => {
		const fault = simulator.faults.add({ kind: 'hold', when: 'after', operation: 'pskSet' });
		const sent = set();
		const request = await fault.applied();
		expect([isSet(), request.applied, await isSettled(sent)]).toEqual([true, true, false]);
		fault.release();
		expect((await sent).status).toBe(200);
	});

	it.each(['remove', 'clear'] as const)('goes on after %s', async (how) => {
		const fault = simulator.faults.add({ kind: 'hold', times: 'always' });
		const sent = set();
		await fault.arrived();
		if (how === 'remove') fault.remove();
		else simulator.faults.clear();
		expect((await sent).status).toBe(200);
		expect((await set()).status).toBe(200);
	});

	it('may be one of many, and the next ones are held again', async () => {
		const fault = simulator.faults.add({ kind: 'hold', when: 'after', times: 'always' });
		const both = [set(ids[0]), set(ids[1])];
		await fault.applied(2);
		fault.release();
		await Promise.all(both);
		const third = set(ids[2]);
		await fault.applied(3);
		expect(await isSettled(third)).toBe(false);
		fault.release();
		await third;
	});

	it('is cut when the account ends', async () => {
		const fault = simulator.faults.add({ kind: 'hold' });
		const sent = set().then(
			() => 'answered',
			() => 'cut',
		);
		await fault.arrived();
		await simulator.close();
		expect(await sent).toBe('cut');
	});

	it('is changed also when the client goes away meanwhile', async () => {
		const fault = simulator.faults.add({ kind: 'hold', operation: 'pskSet' });
		const leaving = new AbortController();
		const sent = fetch(`${simulator.url}${caller.tunnels}/psk`, {
			method: 'POST',
			headers: {
				authorization: `Bearer ${simulator.apiToken}`,
				'content-type': 'application/json',
			},
			body: JSON.stringify({ psks: [{ id: ids[0], psk: 'new key' }] }),
			signal: leaving.signal,
		});
		await fault.arrived();
		leaving.abort();
		await expect(sent).rejects.toThrow();
		fault.release();
		await fault.applied();
		expect(isSet()).toBe(true);
	});
});

describe('what can be waited for', () => {
	it('is any fault: here a delay on either side of the change', async () => {
		const before = simulator.faults.add({ kind: 'delay', ms: 60, operation: 'pskSet' });
		const after = simulator.faults.add({
			kind: 'delay',
			ms: 60,
			when: 'after',
			operation: 'pskSet',
		});
		const sent = set();
		await before.arrived();
		expect(isSet()).toBe(false);
		await after.applied();
		expect([isSet(), await isSettled(sent)]).toEqual([true, false]);
		expect((await sent).status).toBe(200);
	});

	it('is the nth request, also when it has come already', async () => {
		const fault = simulator.faults.add({ kind: 'delay', ms: 0, times: 'always' });
		const third = fault.arrived(3);
		await set(ids[0]);
		await set(ids[1]);
		expect(await isSettled(third)).toBe(false);
		await set(ids[2]);
		expect(((await third).body as { psks: object[] }).psks).toMatchObject([{ id: ids[2] }]);
		expect(((await fault.applied(2)).body as { psks: object[] }).psks).toMatchObject([
			{ id: ids[1] },
		]);
	});

	it('is a change whose answer is lost', async () => {
		const fault = simulator.faults.add({ kind: 'timeout', when: 'after', operation: 'pskSet' });
		set().catch(() => undefined);
		expect(await fault.applied()).toMatchObject({ applied: true, status: 0 });
		expect(isSet()).toBe(true);
	});

	it('does not come where nothing changes', async () => {
		const list = simulator.faults.add({ kind: 'delay', ms: 0, operation: 'list' });
		const lost = simulator.faults.add({ kind: 'reset', operation: 'pskSet' });
		const changed = [list.applied(), lost.applied()];
		await caller.magic('GET');
		await expect(set()).rejects.toThrow();
		await Promise.all([list.arrived(), lost.arrived()]);
		expect(await Promise.all(changed.map(isSettled))).toEqual([false, false]);
		expect(isSet()).toBe(false);
	});
});
