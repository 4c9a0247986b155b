import { isUndefined, omitBy } from 'lodash';
import type { IDataObject } from 'n8n-workflow';
import type { Simulator } from '../simulator';
import { useAccount } from '../helpers/account';
import { answerWith } from '../helpers/answer';
import type { NodeResult, NodeRun } from '../helpers/node';
import { byName, liveKeys, runPsk, statuses } from '../helpers/psk';
import { leaksIn } from '../helpers/scanner';
import { useVirtualClock } from '../helpers/virtualClock';
import { ECHO_FORMS, echoOf } from '../simulator/echoes';

type Change = IDataObject & Partial<Omit<NodeRun, 'parameters'>>;

function psk(
	simulator: Simulator,
	operation: string,
	change: IDataObject = {},
): Promise<NodeResult> {
	const { items, node, settings, mode, credentials, ...parameters } = change as Change;
	const run = { items, node, settings, mode, credentials };
	return runPsk(simulator, operation, {
		...omitBy(run, isUndefined),
		parameters,
	});
}

describe.each(['apiToken', 'apiKey'])('psk operations with %s', (authentication) => {
	const account = useAccount();

	it('set: the keys of the items are live, verified and on Secret only', async () => {
		const simulator = account();
		const { jsons, outputs, error } = await psk(simulator, 'set', { authentication });
		expect(error).toBeUndefined();
		const [secret, notification] = jsons;
		expect(statuses(secret)).toEqual(['applied', 'applied', 'applied']);
		expect(secret!.map((item) => item.psk)).toEqual(liveKeys(simulator));
		expect(secret!.map((item) => item.verified)).toEqual([true, true, true]);
		expect(JSON.stringify(notification)).not.toContain('new-key');
		expect(notification!.every((item) => !('psk' in item))).toBe(true);
		expect(outputs.flat().map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 2, 0, 1, 2].map((item) => ({ item })),
		);
		const [tunnel] = simulator.tunnels();
		expect(secret![0]).toEqual({
			status: 'applied',
			account_id: simulator.accountId,
			ipsec_tunnel_id: tunnel!.id,
			tunnel_name: tunnel!.name,
			ipsec_id: `${simulator.accountNumber}_${tunnel!.id}`,
			last_generated_on: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
			verified: true,
			reason: null,
			psk: simulator.liveKey(tunnel!.id),
		});
		const shared = { ...secret![0]! };
		delete shared.psk;
		expect(notification![0]).toEqual({ ...shared, message: expect.stringContaining(tunnel!.name) });
	});

	it('generate: each new key is the live one, with its date verified at nanoseconds', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		const { jsons, error } = await psk(simulator, 'generate', { authentication });
		expect(error).toBeUndefined();
		const [secret, notification] = jsons;
		expect(secret!.map((item) => item.psk)).toEqual(liveKeys(simulator));
		expect(secret!.some((item) => before.includes(item.psk as string))).toBe(false);
		expect(secret!.every((item) => item.verified === true)).toBe(true);
		expect(secret![0]!.last_generated_on).toMatch(/\.\d{9}Z$/);
		expect(statuses(notification)).toEqual(['applied', 'applied', 'applied']);
		for (const key of liveKeys(simulator)) expect(JSON.stringify(notification)).not.toContain(key);
	});

	it('prepare: new keys that Cloudflare checked, and nothing is changed', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		const { jsons, error } = await psk(simulator, 'prepare', { authentication });
		expect(error).toBeUndefined();
		const [secret, notification] = jsons;
		expect(statuses(secret)).toEqual(['validated', 'validated', 'validated']);
		expect(secret!.every((item) => /^[1-9A-Za-z][0-9A-Za-z]{42}$/.test(String(item.psk)))).toBe(
			true,
		);
		expect(notification!.every((item) => !('psk' in item))).toBe(true);
		expect(liveKeys(simulator)).toEqual(before);
		expect(simulator.requests.map(({ operation, query }) => [operation, query])).toEqual([
			['list', {}],
			['pskSet', { validate_only: 'true' }],
			['list', {}],
		]);
	});
});

describe('prepare', () => {
	const account = useAccount();

	it('without the check sends nothing but the list', async () => {
		const { jsons } = await psk(account(), 'prepare', {
			checkWithCloudflare: false,
			keyLength: 24,
		});
		expect(statuses(jsons[0])).toEqual(['prepared', 'prepared', 'prepared']);
		expect(statuses(jsons[1])).toEqual(['prepared', 'prepared', 'prepared']);
		expect(String(jsons[0]![0]!.psk)).toHaveLength(24);
		expect(account().requests).toHaveLength(1);
	});

	it.each([23, 65, 30.5, 'long'])(
		'a key length of %p is refused before anything is sent',
		async (keyLength) => {
			const { error } = await psk(account(), 'prepare', { keyLength });
			expect(error?.message).toContain("'Key Length'");
			expect(error?.description).toContain('from 24 to 64');
		},
	);

	it('keys that Cloudflare refuses in the check are unapplied', async () => {
		const simulator = account();
		simulator.faults.add({ kind: 'unapply', operation: 'pskSet', count: 1, reason: 'not today' });
		const { jsons, hints } = await psk(simulator, 'prepare');
		expect(statuses(jsons[1]).sort()).toEqual(['unapplied', 'validated', 'validated']);
		expect(jsons[0]).toHaveLength(2);
		expect(JSON.stringify(hints)).toContain('1 of 3 keys not applied');
	});

	it('a check that fails stops the run, and changes nothing', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		simulator.faults.add({
			kind: 'status',
			operation: 'pskSet',
			status: 400,
			code: 1022,
			message: 'no',
			times: Infinity,
		});
		const { error } = await psk(simulator, 'prepare');
		expect(error?.message).toContain('Could not check 1 PSK: ');
		expect(liveKeys(simulator)).toEqual(before);
	});
});

describe('validate only', () => {
	const account = useAccount();

	it.each(['set', 'generate'])('%s: Notification only, nothing is changed', async (operation) => {
		const simulator = account();
		const before = liveKeys(simulator);
		const { jsons } = await psk(simulator, operation, { options: { validateOnly: true } });
		expect(jsons[0]).toEqual([]);
		expect(statuses(jsons[1])).toEqual(['validated', 'validated', 'validated']);
		expect(jsons[1]![0]!.message).toContain('nothing was changed');
		expect(liveKeys(simulator)).toEqual(before);
		expect(simulator.requests.filter(({ operation: name }) => name === 'list')).toHaveLength(2);
	});

	it('generate: a check that is refused is unapplied, a lost one too', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'status',
			operation: 'pskGenerate',
			status: 500,
			code: 1000,
			message: 'oops',
		});
		const { jsons } = await psk(simulator, 'generate', {
			options: { validateOnly: true, concurrency: 1 },
		});
		expect(statuses(jsons[1])).toEqual(['unapplied', 'validated', 'validated']);
	});
});

describe('bulk', () => {
	const account = useAccount({ tunnels: 25, seed: 2 });

	it('sends batches of the batch size and two lists', async () => {
		const simulator = account();
		const { jsons } = await psk(simulator, 'set', { options: { batchSize: 10 } });
		expect(jsons[0]!.map((item) => item.psk)).toEqual(liveKeys(simulator));
		const sets = simulator.requests.filter(({ operation }) => operation === 'pskSet');
		expect(sets.map(({ body }) => (body as { psks: unknown[] }).psks.length).sort()).toEqual([
			10, 10, 5,
		]);
		expect(simulator.requests).toHaveLength(5);
	});

	it('both maps of the answer become outcomes, and what is in neither is unknown', async () => {
		const simulator = account();
		const [first, second, third] = simulator.tunnels().map(({ id }) => id);
		simulator.faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			ids: [first!],
			reason: 'tunnel is locked',
		});
		simulator.faults.add({ kind: 'omit', operation: 'pskSet', ids: [second!], applied: true });
		simulator.faults.add({ kind: 'omit', operation: 'pskSet', ids: [third!], applied: false });
		const { jsons, hints } = await psk(simulator, 'set');
		const [secret, notification] = jsons;
		expect(statuses(notification).slice(0, 4)).toEqual([
			'unapplied',
			'unknown',
			'unknown',
			'applied',
		]);
		expect(notification![0]!.reason).toBe('tunnel is locked');
		expect(notification![0]!.message).toContain('old one is still live: tunnel is locked');
		expect(notification![1]!.reason).toContain('has moved, so a new key is probably live');
		expect(notification![2]!.reason).toContain(
			'has not moved, so the old key is probably still live',
		);
		expect(notification![1]!.reason).toContain('run Set with it');
		expect(secret!.map((item) => item.ipsec_tunnel_id)).not.toContain(first);
		expect(secret!.find((item) => item.ipsec_tunnel_id === second)).toMatchObject({
			status: 'unknown',
			psk: simulator.liveKey(second!),
		});
		expect(JSON.stringify(hints)).toContain('1 of 25 keys not applied');
		expect(JSON.stringify(hints)).toContain('2 of 25 keys unknown');
	});

	it.each([0, 1001, 2.5])('a batch size of %p is refused', async (batchSize) => {
		const { error } = await psk(account(), 'set', { options: { batchSize } });
		expect(error?.description).toContain("'Batch Size' must be a whole number from 1 to 1000");
	});

	it('generate works on as many tunnels at a time as it may', async () => {
		const simulator = account();
		simulator.faults.add({ kind: 'delay', operation: 'pskGenerate', ms: 30, times: Infinity });
		const { jsons } = await psk(simulator, 'generate', { options: { concurrency: 5 } });
		expect(jsons[0]!.map((item) => item.psk)).toEqual(liveKeys(simulator));
	});

	it.each([0, 21, 'x'])('a concurrency of %p is refused', async (concurrency) => {
		const { error } = await psk(account(), 'generate', { options: { concurrency } });
		expect(error?.description).toContain("'Concurrency' must be a whole number from 1 to 20");
	});
});

describe('before the first change', () => {
	const account = useAccount();

	async function refused(change: IDataObject): Promise<NonNullable<NodeResult['error']>> {
		const simulator = account();
		const before = liveKeys(simulator);
		const { error } = await psk(simulator, 'set', change);
		expect(error).toBeDefined();
		expect(liveKeys(simulator)).toEqual(before);
		expect(simulator.requests.every(({ operation }) => operation === 'list')).toBe(true);
		return error!;
	}

	const items = (...changes: IDataObject[]) => {
		const [first] = account().tunnels();
		return [{ id: first!.id, psk: 'a good key' }, ...changes];
	};

	it('an unknown id stops the run', async () => {
		const error = await refused({ items: items({ id: 'f'.repeat(32), psk: 'k' }) });
		expect(error.message).toContain("'Tunnel' names no single tunnel");
		expect(error.description).toContain('no tunnel with the ID ffff');
		expect(error.description).toContain('Nothing was changed.');
		expect(error.context).toMatchObject({ itemIndex: 1 });
	});

	it('an id that is none, a key that is none, an empty tunnel: all in one error', async () => {
		const error = await refused({
			items: items(
				{ id: '../../zones', psk: 'k' },
				{ id: account().tunnels()[1]!.id, psk: '' },
				{ id: '', psk: 'k' },
			),
		});
		expect(error.message).toContain('holds no tunnel ID');
		expect(error.description).toContain("Item 2: The parameter 'Pre-Shared Key' holds no key");
		expect(error.description).toContain("Item 3: The parameter 'Tunnel' is empty");
	});

	it('a tunnel in two items stops the run', async () => {
		const [first] = account().tunnels();
		const error = await refused({ items: items({ id: first!.id, psk: 'another' }) });
		expect(error.message).toContain('in more than one item');
		expect(error.description).toContain('Items 0 and 1');
		expect(JSON.stringify(error)).not.toContain('another');
	});

	it('one list that fails stops the run', async () => {
		account().faults.add({
			kind: 'status',
			operation: 'list',
			status: 403,
			code: 10000,
			message: 'Authentication error',
			times: Infinity,
		});
		const error = await refused({});
		expect(error.message).toContain('Could not list the tunnels');
		expect(error.description).toContain('Magic WAN Write');
	});

	it('an account id that is none stops the run', async () => {
		const error = await refused({ options: { accountId: 'my account' } });
		expect(error.description).toContain('32 hexadecimal digits');
	});

	it('generate refuses to start while Retry On Fail is on', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		const { error } = await psk(simulator, 'generate', {
			node: { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
		});
		expect(error?.description).toContain("Turn 'Retry On Fail' off");
		expect(liveKeys(simulator)).toEqual(before);
		expect(simulator.requests.some(({ operation }) => operation === 'pskGenerate')).toBe(false);
	});

	it('set may be retried', async () => {
		const { jsons } = await psk(account(), 'set', { node: { retryOnFail: true } });
		expect(statuses(jsons[0])).toEqual(['applied', 'applied', 'applied']);
	});

	it('one list per account reads names, ids and dates', async () => {
		const simulator = account();
		const [first, second, third] = simulator.tunnels();
		const { jsons } = await psk(simulator, 'set', {
			tunnelId: byName('={{ $json.name }}'),
			items: [first, second, third].map((tunnel) => ({
				name: tunnel!.name,
				psk: `named ${tunnel!.name}`,
			})),
		});
		expect(jsons[0]!.map((item) => item.tunnel_name)).toEqual([
			first!.name,
			second!.name,
			third!.name,
		]);
		expect(simulator.requests.map(({ operation }) => operation)).toEqual([
			'list',
			'pskSet',
			'list',
		]);
	});

	it('a name that no tunnel has is a clear error', async () => {
		const error = await refused({ tunnelId: byName('nowhere') });
		expect(error.description).toContain("no tunnel named 'nowhere' among its 3 tunnels");
	});
});

describe('after the first change', () => {
	const account = useAccount();
	useVirtualClock();

	it('all keys refused and nothing changed: the run stops', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			reason: 'frozen',
			times: Infinity,
		});
		const { error } = await psk(simulator, 'set');
		expect(error?.name).toBe('NodeApiError');
		expect(error?.message).toContain('Could not set the PSKs: Cloudflare refused all 3');
		expect(error?.description).toContain('Item 0: frozen');
		expect(error?.description).toContain('old keys are still live');
	});

	it('all requests refused and nothing changed: the run stops with that error', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'status',
			operation: 'pskSet',
			status: 403,
			code: 10000,
			message: 'Authentication error',
			times: Infinity,
		});
		const { error } = await psk(simulator, 'set');
		expect(error?.message).toContain('Could not set 3 PSKs');
		expect(error?.description).toContain('Authentication error');
		expect(JSON.stringify(error)).not.toContain('new-key');
	});

	it('generate: a refused tunnel is unapplied, a lost answer is unknown, the rest goes on', async () => {
		const simulator = account();
		const [first, second, third] = simulator.tunnels().map(({ id }) => id);
		simulator.faults.add({
			kind: 'status',
			operation: 'pskGenerate',
			status: 400,
			code: 1022,
			message: 'no',
		});
		simulator.faults.add({ kind: 'reset', when: 'after', operation: 'pskGenerate' });
		const { jsons, error, hints } = await psk(simulator, 'generate', {
			options: { concurrency: 1 },
		});
		expect(error).toBeUndefined();
		expect(statuses(jsons[1])).toEqual(['unapplied', 'unknown', 'applied']);
		expect(jsons[0]!.map((item) => [item.ipsec_tunnel_id, item.psk])).toEqual([
			[third, simulator.liveKey(third!)],
		]);
		expect(jsons[1]!.map((item) => item.ipsec_tunnel_id)).toEqual([first, second, third]);
		expect(jsons[1]![1]!.reason).toContain('Set a key of your own');
		expect(jsons[1]![1]!.reason).toContain('has moved');
		expect(JSON.stringify(hints)).toContain('1 of 3 keys unknown');
		const calls = simulator.requests.filter(({ operation }) => operation === 'pskGenerate');
		expect(calls).toHaveLength(3);
	});

	it('set: a lost answer is followed by a repetition that settles it', async () => {
		const simulator = account();
		simulator.faults.add({ kind: 'reset', when: 'after', operation: 'pskSet' });
		const { jsons } = await psk(simulator, 'set');
		expect(statuses(jsons[0])).toEqual(['applied', 'applied', 'applied']);
		expect(jsons[0]!.map((item) => item.psk)).toEqual(liveKeys(simulator));
	});

	it('set: a refusal after a lost answer is unknown, since the lost request may have set the key', async () => {
		const simulator = account();
		simulator.faults.add({ kind: 'reset', when: 'after', operation: 'pskSet' });
		simulator.faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			reason: 'locked',
			skip: 1,
			times: Infinity,
		});
		const { jsons, error } = await psk(simulator, 'set');
		expect(error).toBeUndefined();
		expect(statuses(jsons[0])).toEqual(['unknown', 'unknown', 'unknown']);
		expect(jsons[0]!.map((item) => item.psk)).toEqual(liveKeys(simulator));
		expect(jsons[1]![0]!.reason).toContain('an earlier request may have set the key');
	});

	it('set: answers that stay lost give unknown with the key', async () => {
		const simulator = account();
		simulator.faults.add({ kind: 'reset', when: 'after', operation: 'pskSet', times: Infinity });
		const { jsons, error } = await psk(simulator, 'set');
		expect(error).toBeUndefined();
		expect(jsons[0]!.map((item) => [item.status, item.psk])).toEqual(
			liveKeys(simulator).map((key) => ['unknown', key]),
		);
		expect(simulator.requests.filter(({ operation }) => operation === 'pskSet')).toHaveLength(5);
	});

	it('a verification that fails leaves applied keys unverified and says so', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'status',
			operation: 'list',
			skip: 1,
			status: 500,
			code: 1000,
			message: 'oops',
			times: Infinity,
		});
		const { jsons, hints } = await psk(simulator, 'set');
		expect(statuses(jsons[0])).toEqual(['applied', 'applied', 'applied']);
		expect(jsons[0]!.every((item) => item.verified === false)).toBe(true);
		expect(jsons[1]![0]!.message).toContain('does not confirm it');
		expect(JSON.stringify(hints)).toContain('3 of 3 keys applied but not verified');
	});

	it.each([
		['a date that is a number', { psk_metadata: { last_generated_on: 5 } }],
		['a date that is an object', { psk_metadata: { last_generated_on: {} } }],
		['no metadata', { psk_metadata: null }],
		['metadata of another type', { psk_metadata: 'x' }],
		['a date that is none', { psk_metadata: { last_generated_on: 'soon' } }],
	])('%s in the verifying list loses no key', async (_, fields) => {
		const simulator = account();
		const list = simulator.tunnels().map((known) => ({ ...known, ...fields }));
		for (const operation of ['set', 'generate']) {
			simulator.faults.add({
				kind: 'body',
				operation: 'list',
				skip: 1,
				body: answerWith({ ipsec_tunnels: list }),
			});
			const { jsons, error } = await psk(simulator, operation);
			expect(error).toBeUndefined();
			expect(jsons[0]!.map((item) => [item.psk, item.verified])).toEqual(
				liveKeys(simulator).map((key) => [key, false]),
			);
		}
	});

	it('a tunnel that is gone after a lost answer is said to be gone', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.faults.add({ kind: 'reset', when: 'after', operation: 'pskGenerate' });
		simulator.faults.add({
			kind: 'hook',
			operation: 'list',
			skip: 1,
			before: (sim) => void sim.removeTunnel(first!.id),
		});
		const { jsons } = await psk(simulator, 'generate', { options: { concurrency: 1 } });
		expect(jsons[1]![0]!.reason).toContain('no longer lists the tunnel');
		expect(jsons[1]![0]!.reason).not.toContain('has moved');
	});

	it('an unknown outcome without a verification says what to do all the same', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'reset',
			when: 'before',
			operation: 'pskGenerate',
			times: Infinity,
		});
		simulator.faults.add({
			kind: 'status',
			operation: 'list',
			skip: 1,
			status: 500,
			code: 1000,
			message: 'oops',
			times: Infinity,
		});
		const { jsons } = await psk(simulator, 'generate');
		expect(statuses(jsons[1])).toEqual(['unknown', 'unknown', 'unknown']);
		expect(jsons[1]![0]!.reason).toContain('Set a key of your own');
		expect(jsons[1]![0]!.reason).not.toContain('has moved');
	});

	it('a key that somebody else changes meanwhile is not verified', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.faults.add({
			kind: 'hook',
			operation: 'list',
			skip: 1,
			before: (sim) => sim.setKey(first!.id, 'from outside'),
		});
		const { jsons } = await psk(simulator, 'set');
		expect(jsons[0]!.map((item) => item.verified)).toEqual([false, true, true]);
	});

	it('a tunnel that is deleted between the list and the change is unapplied', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.faults.add({
			kind: 'hook',
			operation: 'pskSet',
			before: (sim) => void sim.removeTunnel(first!.id),
		});
		const { jsons } = await psk(simulator, 'set');
		expect(statuses(jsons[1])).toEqual(['unapplied', 'applied', 'applied']);
	});

	it('another key in the answer than the one sent is unknown', async () => {
		const simulator = account();
		const ids = simulator.tunnels().map(({ id }) => id);
		const result = {
			successfully_applied_psks: {
				[ids[0]!]: { ipsec_tunnel_id: ids[0]!, ipsec_id: 'x', psk: 'other', psk_metadata: {} },
				[ids[1]!]: { ipsec_tunnel_id: ids[1]!, psk: `new-key-${ids[1]}` },
				[ids[2]!]: 'yes',
			},
			unapplied_psks: { [ids[1]!]: 'but also not' },
		};
		simulator.faults.add({
			kind: 'body',
			operation: 'pskSet',
			status: 200,
			body: answerWith(result),
		});
		const { jsons } = await psk(simulator, 'set');
		expect(statuses(jsons[1])).toEqual(['unknown', 'unknown', 'unknown']);
		expect(jsons[1]!.map((item) => item.reason)).toEqual([
			expect.stringContaining('another key'),
			expect.stringContaining('both as applied and as not applied'),
			expect.stringContaining('did not say'),
		]);
	});

	it('reasons that repeat the key are cleaned of it', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		const key = `new-key-${first!.id}`;
		simulator.faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			ids: [first!.id],
			reason: `psk "${key}" is too plain`,
		});
		const { jsons } = await psk(simulator, 'set');
		expect(jsons[1]![0]!.reason).toBe(
			'Cloudflare refused the key; its text is left out, because it may repeat a secret',
		);
	});

	it('reasons that repeat the key in escaped form are cleaned of it too', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		const key = 'odd "key" with \\ in it';
		simulator.faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			ids: [first!.id],
			reason: `cannot read ${JSON.stringify({ psk: key })}`,
		});
		const { jsons } = await psk(simulator, 'set', {
			items: simulator
				.tunnels()
				.map(({ id }, index) => ({ id, psk: index === 0 ? key : `k-${id}` })),
		});
		expect(jsons[1]![0]!.reason).toBe(
			'Cloudflare refused the key; its text is left out, because it may repeat a secret',
		);
	});

	it('a reason that is no text is replaced', async () => {
		const simulator = account();
		const ids = simulator.tunnels().map(({ id }) => id);
		const result = {
			successfully_applied_psks: {},
			unapplied_psks: Object.fromEntries(ids.map((id) => [id, 5])),
		};
		simulator.faults.add({
			kind: 'body',
			operation: 'pskSet',
			status: 200,
			body: answerWith(result),
		});
		const { error } = await psk(simulator, 'set');
		expect(error?.description).toContain('Cloudflare gave no reason');
	});

	it('an answer without maps leaves all unknown', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'body',
			operation: 'pskSet',
			status: 200,
			body: answerWith({}),
		});
		const { jsons } = await psk(simulator, 'set');
		expect(statuses(jsons[0])).toEqual(['unknown', 'unknown', 'unknown']);
	});

	it('an answer without a result leaves all unknown', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'body',
			operation: 'pskSet',
			status: 200,
			body: answerWith(null),
		});
		const { jsons } = await psk(simulator, 'set');
		expect(statuses(jsons[0])).toEqual(['unknown', 'unknown', 'unknown']);
		expect(jsons[1]![0]!.reason).toContain('unexpected form');
	});

	it('generate: an answer without a key is unknown', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'body',
			operation: 'pskGenerate',
			status: 200,
			body: answerWith({}),
		});
		const { jsons } = await psk(simulator, 'generate', { options: { concurrency: 1 } });
		expect(statuses(jsons[1])).toEqual(['unknown', 'applied', 'applied']);
	});

	it('generate: an answer without a date is applied, not verified', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'body',
			operation: 'pskGenerate',
			status: 200,
			body: answerWith({ psk: 'k' }),
		});
		const { jsons } = await psk(simulator, 'generate', { options: { concurrency: 1 } });
		expect(jsons[0]![0]).toMatchObject({
			psk: 'k',
			verified: false,
			last_generated_on: null,
			ipsec_id: null,
		});
	});
});

describe('On Error: continue', () => {
	const account = useAccount();

	const mixed = () => {
		const [first, second, third] = account()
			.tunnels()
			.map(({ id }) => id);
		return [
			{ id: first!, psk: 'key-one' },
			{ id: 'nonsense', psk: 'key-two' },
			{ id: second!, psk: '' },
			{ id: 'e'.repeat(32), psk: 'key-four' },
			{ id: first!, psk: 'key-five' },
			{ id: third!, psk: 'key-six' },
		];
	};

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'%s: faulty items become unapplied outcomes on Notification, the rest goes on',
		async (onError) => {
			const simulator = account();
			const { jsons, outputs, error } = await psk(simulator, 'set', {
				items: mixed(),
				node: { onError },
			});
			expect(error).toBeUndefined();
			expect(jsons[0]!.map((item) => item.psk)).toEqual(['key-one', 'key-six']);
			expect(statuses(jsons[1])).toEqual([
				'applied',
				'unapplied',
				'unapplied',
				'unapplied',
				'unapplied',
				'applied',
			]);
			expect(jsons[1]!.map((item) => item.reason ?? '')).toEqual([
				'',
				expect.stringContaining('holds no tunnel ID'),
				expect.stringContaining('holds no key'),
				expect.stringContaining('no tunnel with the ID eeee'),
				expect.stringContaining('more than one item'),
				'',
			]);
			expect(jsons[1]![1]).toMatchObject({ ipsec_tunnel_id: null, account_id: null });
			expect(jsons[1]![2]!.ipsec_tunnel_id).toBe(simulator.tunnels()[1]!.id);
			expect(jsons[2] ?? []).toEqual([]);
			expect(outputs).toHaveLength(onError === 'continueErrorOutput' ? 3 : 2);
			expect(outputs[1]!.map(({ pairedItem }) => pairedItem)).toEqual(
				[0, 1, 2, 3, 4, 5].map((item) => ({ item })),
			);
			expect(JSON.stringify(jsons.slice(1))).not.toMatch(/key-(one|two|four|five|six)/);
		},
	);

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'%s: a list that fails makes every item unapplied, and no input leaves by an output',
		async (onError) => {
			const simulator = account();
			simulator.faults.add({
				kind: 'status',
				operation: 'list',
				status: 403,
				code: 10000,
				message: 'Authentication error',
				times: Infinity,
			});
			const { jsons, error } = await psk(simulator, 'set', { node: { onError } });
			expect(error).toBeUndefined();
			expect(jsons[0]).toEqual([]);
			expect(statuses(jsons[1])).toEqual(['unapplied', 'unapplied', 'unapplied']);
			expect(jsons[2] ?? []).toEqual([]);
			expect(JSON.stringify(jsons)).not.toContain('new-key');
		},
	);

	it('all refused: outcomes, not a stop', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			reason: 'frozen',
			times: Infinity,
		});
		const { jsons, error } = await psk(simulator, 'set', {
			node: { onError: 'continueRegularOutput' },
		});
		expect(error).toBeUndefined();
		expect(statuses(jsons[1])).toEqual(['unapplied', 'unapplied', 'unapplied']);
	});

	it('generate with Retry On Fail: unapplied outcomes, nothing is sent twice', async () => {
		const simulator = account();
		const { jsons, error } = await psk(simulator, 'generate', {
			node: { onError: 'continueRegularOutput', retryOnFail: true, waitBetweenTries: 0 },
		});
		expect(error).toBeUndefined();
		expect(statuses(jsons[1])).toEqual(['unapplied', 'unapplied', 'unapplied']);
		expect(simulator.requests).toHaveLength(0);
	});

	it('a name that fails leaves as the name', async () => {
		const { jsons } = await psk(account(), 'set', {
			tunnelId: byName('nowhere'),
			node: { onError: 'continueRegularOutput' },
			items: [{ psk: 'k' }],
		});
		expect(jsons[1]![0]).toMatchObject({
			status: 'unapplied',
			tunnel_name: 'nowhere',
			ipsec_tunnel_id: null,
		});
	});

	it('items of an account with a bad option fail alone', async () => {
		const simulator = account();
		const [first, second] = simulator.tunnels();
		const { jsons } = await psk(simulator, 'set', {
			options: { accountId: '={{ $json.account }}' },
			items: [
				{ id: first!.id, psk: 'one', account: simulator.accountId },
				{ id: second!.id, psk: 'two', account: 'wrong' },
			],
			node: { onError: 'continueRegularOutput' },
		});
		expect(statuses(jsons[1])).toEqual(['applied', 'unapplied']);
	});
});

describe('an option that is no boolean', () => {
	const account = useAccount();

	it.each(['validateOnly', 'requireUnsaved'])(
		'%s is refused, and changes nothing',
		async (name) => {
			const simulator = account();
			const before = liveKeys(simulator);
			const options = { [name]: '={{ "true" }}' };
			const { error } = await psk(simulator, 'set', { options });
			expect(String(error?.message) + String(error?.description)).toContain('true or false');
			const { jsons } = await psk(simulator, 'set', {
				options,
				node: { onError: 'continueErrorOutput' },
			});
			expect(jsons.map((items) => items.length)).toEqual([0, 3, 0]);
			expect(liveKeys(simulator)).toEqual(before);
		},
	);
});

describe('a key that is typed in', () => {
	const account = useAccount();
	const literal = (options: IDataObject = {}) => {
		const [first] = account().tunnels();
		return psk(account(), 'set', { psk: 'typed by somebody', options, items: [{ id: first!.id }] });
	};

	it('is refused with a remedy, and the error does not repeat it', async () => {
		const { error } = await literal();
		expect(error?.message).toContain('typed in');
		expect(error?.description).toContain('{{ $json.psk }}');
		expect(JSON.stringify([error, error?.message, error?.description])).not.toContain('somebody');
		expect(account().requests.some(({ operation }) => operation === 'pskSet')).toBe(false);
	});

	it('is accepted with the option', async () => {
		const { jsons } = await literal({ allowLiteral: true });
		expect(jsons[0]![0]).toMatchObject({ status: 'applied', psk: 'typed by somebody' });
	});
});

/** Settings that say of everything that n8n must not store it. */
const UNSAVED = {
	saveDataSuccessExecution: 'none',
	saveDataErrorExecution: 'none',
	saveExecutionProgress: false,
};

describe('Require Unsaved Executions', () => {
	const account = useAccount();

	it.each(['generate', 'prepare', 'set'])(
		'%s runs only where n8n stores nothing',
		async (operation) => {
			const simulator = account();
			const options = { requireUnsaved: true };
			const { error } = await psk(simulator, operation, { options, mode: 'trigger' });
			expect(error?.description).toContain("'Save successful production executions'");
			expect(simulator.requests).toHaveLength(0);
			for (const saveExecutionProgress of [undefined, 'DEFAULT', true]) {
				const settings = { ...UNSAVED, saveExecutionProgress };
				const run = await psk(simulator, operation, { options, mode: 'trigger', settings });
				expect(run.error?.description).toContain("'Save execution progress'");
			}
			expect(simulator.requests).toHaveLength(0);
			const settings = UNSAVED;
			const { jsons } = await psk(simulator, operation, { options, mode: 'trigger', settings });
			expect(jsons[0]).toHaveLength(3);
		},
	);
});

describe('hints about what n8n stores', () => {
	const account = useAccount();

	const hint = async (settings: IDataObject, mode: string, operation = 'set') => {
		const { hints } = await psk(account(), operation, { settings, mode });
		return JSON.stringify(hints);
	};

	it('names the settings that store the keys', async () => {
		expect(await hint({}, 'trigger')).toContain(
			"'Save successful production executions' and 'Save failed production executions'",
		);
		expect(await hint({ saveDataSuccessExecution: 'none' }, 'trigger')).not.toContain('successful');
		expect(
			await hint({ saveDataSuccessExecution: 'none', saveDataErrorExecution: 'none' }, 'trigger'),
		).toContain("'Save execution progress'");
		expect(await hint(UNSAVED, 'trigger')).toBe('[]');
		expect(await hint({ ...UNSAVED, saveExecutionProgress: true }, 'trigger')).toContain(
			"'Save execution progress'",
		);
		expect(await hint({}, 'manual')).toContain("'Save manual executions'");
		expect(
			await hint({ saveManualExecutions: false, saveExecutionProgress: false }, 'manual'),
		).toBe('[]');
	});
});

describe('Generate', () => {
	const account = useAccount();

	it.each(Object.keys(ECHO_FORMS) as Array<keyof typeof ECHO_FORMS>)(
		'shows no word of an answer that repeats the new key (%s)',
		async (form) => {
			const simulator = account();
			simulator.faults.add({
				kind: 'status',
				operation: 'pskGenerate',
				when: 'after',
				status: 400,
				code: 1022,
				message: echoOf(ECHO_FORMS[form]),
				times: 'always',
			} as never);
			const node = { onError: 'continueRegularOutput' } as const;
			const { jsons, run } = await psk(simulator, 'generate', { node });
			expect(statuses(jsons[1])).toEqual(['unknown', 'unknown', 'unknown']);
			expect(leaksIn([run], liveKeys(simulator) as string[])).toEqual([]);
			expect(JSON.stringify(jsons[1])).toContain('left out');
		},
	);

	it('shows plain words of a refusal', async () => {
		account().faults.add({
			kind: 'status',
			operation: 'pskGenerate',
			status: 403,
			code: 10000,
			message: 'Authentication error',
			times: 'always',
		} as never);
		const { error } = await psk(account(), 'generate');
		expect(error?.description).toContain('Authentication error');
	});
});
