import { useAccount } from '../helpers/account';
import { answerFault, statusFault } from '../helpers/answer';
import { itemsOf, liveKeys, psk, statuses } from '../helpers/psk';
import { useVirtualClock } from '../helpers/virtualClock';
import { leaksIn } from '../helpers/scanner';
import { ECHO_FORMS, echoOf } from '../simulator/echoes';

/** What becomes of keys that were sent: an answer that is lost, refused or of another form. */

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
		simulator.faults.add(
			statusFault('pskSet', 403, 10000, { message: 'Authentication error', times: Infinity }),
		);
		const { error } = await psk(simulator, 'set');
		expect(error?.message).toContain('Could not set 3 PSKs');
		expect(error?.description).toContain('Authentication error');
		expect(JSON.stringify(error)).not.toContain('new-key');
	});

	it('keys refused by name and requests refused as a whole: the run stops with the error of a request', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			ids: [first!.id],
			reason: 'frozen',
		});
		simulator.faults.add(
			statusFault('pskSet', 403, 10000, {
				message: 'Authentication error',
				skip: 1,
				times: Infinity,
			}),
		);
		const { error } = await psk(simulator, 'set', { options: { batchSize: 1 } });
		expect(error?.description).toContain('Authentication error');
	});

	it('generate: a refused tunnel is unapplied, a lost answer is unknown, the rest goes on', async () => {
		const simulator = account();
		const [first, second, third] = simulator.tunnels().map(({ id }) => id);
		simulator.faults.add(statusFault('pskGenerate', 400, 1022, { message: 'no' }));
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
		expect(JSON.stringify(hints)).toContain(
			'1 of 3 keys not applied: the old key is still live; 1 of 3 keys unknown',
		);
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
		simulator.faults.add(
			statusFault('list', 500, 1000, { message: 'oops', skip: 1, times: Infinity }),
		);
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
			simulator.faults.add(answerFault('list', { ipsec_tunnels: list }, { skip: 1 }));
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
		expect(jsons[1]![0]!.reason).toContain('no longer has the tunnel');
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
		simulator.faults.add(
			statusFault('list', 500, 1000, { message: 'oops', skip: 1, times: Infinity }),
		);
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
		expect(statuses(jsons[0])).toEqual(['applied', 'applied', 'applied']);
	});

	it('a key whose date has not moved is not verified, and stays on Secret with what that means', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		const applied = Object.fromEntries(
			simulator
				.tunnels()
				.map(({ id, psk_metadata }) => [id, { ipsec_tunnel_id: id, psk_metadata }]),
		);
		simulator.faults.add(answerFault('pskSet', { successfully_applied_psks: applied }));
		const { jsons, hints } = await psk(simulator, 'set');
		expect(liveKeys(simulator)).toEqual(before);
		expect(jsons[0]!.map(({ status, verified }) => [status, verified])).toEqual(
			Array(3).fill(['applied', false]),
		);
		expect(jsons[0]!.map((item) => item.psk)).toEqual(itemsOf(simulator).map((item) => item.psk));
		for (const { reason, message } of jsons[1]!) {
			expect(reason).toContain("Cloudflare's date of the key has not moved");
			expect(message).toContain('the former key is still live');
		}
		expect(JSON.stringify(hints)).toContain('3 of 3 keys applied but not verified');
	});

	it('a key whose date of before was not told is not verified', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'missingFields',
			operation: 'list',
			fields: ['ipsec_tunnels.*.psk_metadata'],
		});
		const { jsons } = await psk(simulator, 'set');
		expect(jsons[0]!.map(({ status, verified }) => [status, verified])).toEqual(
			Array(3).fill(['applied', false]),
		);
		expect(jsons[1]![0]!.reason).toContain('could not be read');
	});

	it('generate: a key that somebody else changes meanwhile is unknown, with both possible reasons', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.faults.add({
			kind: 'hook',
			operation: 'list',
			skip: 1,
			before: (sim) => sim.setKey(first!.id, 'from outside'),
		});
		const { jsons } = await psk(simulator, 'generate');
		expect(statuses(jsons[0])).toEqual(['unknown', 'applied', 'applied']);
		expect(jsons[1]![0]!.reason).toContain('it may be about another tunnel, or somebody else');
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
		simulator.faults.add(answerFault('pskSet', result));
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
		simulator.faults.add(answerFault('pskSet', result));
		const { error } = await psk(simulator, 'set');
		expect(error?.description).toContain('Cloudflare gave no reason');
	});

	it('an answer without maps leaves all unknown', async () => {
		const simulator = account();
		simulator.faults.add(answerFault('pskSet', {}));
		const { jsons } = await psk(simulator, 'set');
		expect(statuses(jsons[0])).toEqual(['unknown', 'unknown', 'unknown']);
	});

	it('an answer without a result leaves all unknown', async () => {
		const simulator = account();
		simulator.faults.add(answerFault('pskSet', null));
		const { jsons } = await psk(simulator, 'set');
		expect(statuses(jsons[0])).toEqual(['unknown', 'unknown', 'unknown']);
		expect(jsons[1]![0]!.reason).toContain('unexpected form');
	});

	it('generate: an answer without a key is unknown', async () => {
		const simulator = account();
		simulator.faults.add(answerFault('pskGenerate', {}));
		const { jsons } = await psk(simulator, 'generate', { options: { concurrency: 1 } });
		expect(statuses(jsons[1])).toEqual(['unknown', 'applied', 'applied']);
	});

	it('generate: an answer without a date is applied, not verified', async () => {
		const simulator = account();
		simulator.faults.add(answerFault('pskGenerate', { psk: 'k' }));
		const { jsons } = await psk(simulator, 'generate', { options: { concurrency: 1 } });
		expect(jsons[0]![0]).toMatchObject({
			psk: 'k',
			verified: false,
			last_generated_on: null,
			ipsec_id: null,
		});
	});
});

describe('Generate', () => {
	const account = useAccount();

	it.each<[string, string]>([
		['whose key does not end', `"psk":"${'A'.repeat(12_000_000)}`],
		['of nothing but escapes behind a key', `"psk":"${'\\\\'.repeat(4_000_000)}`],
	])('loses no key to another answer %s', async (_, body) => {
		const simulator = account();
		simulator.faults.add({
			kind: 'body',
			operation: 'pskGenerate',
			when: 'after',
			skip: 1,
			contentType: 'application/json',
			body,
		});
		const { jsons, error } = await psk(simulator, 'generate', { options: { concurrency: 1 } });
		expect(error).toBeUndefined();
		expect(statuses(jsons[1])).toEqual(['applied', 'unknown', 'applied']);
		const [first, , third] = liveKeys(simulator);
		expect(jsons[0]!.map((item) => item.psk)).toEqual([first, third]);
	});

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

	it('drops no key that a refusal holds, though nothing is seen to have changed', async () => {
		const body = JSON.stringify({ success: false, errors: [], result: { psk: 'the only copy' } });
		account().faults.add({ kind: 'body', operation: 'pskGenerate', status: 400, body });
		const { jsons } = await psk(account(), 'generate', { options: { concurrency: 1 } });
		expect(statuses(jsons[1])).toEqual(['unknown', 'applied', 'applied']);
		expect(jsons[0]![0]).toMatchObject({ status: 'unknown', psk: 'the only copy' });
	});

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

describe('a refusal by status of a tunnel that the list lacks afterwards', () => {
	const account = useAccount({ tunnels: 2, seed: 4 });

	it.each(['set', 'generate'])('%s: is no proof, so the outcome is unknown', async (operation) => {
		const simulator = account();
		const ids = simulator.tunnels().map(({ id }) => id);
		const endpoint = operation === 'set' ? 'pskSet' : 'pskGenerate';
		const refusal = { kind: 'status', when: 'after', status: 403, code: 10000, message: 'no' };
		simulator.faults.add({ ...refusal, operation: endpoint, times: 'always' } as never);
		simulator.faults.add({ kind: 'unlist', operation: 'list', skip: 1, ids } as never);
		const { error, jsons } = await psk(simulator, operation);
		expect(error).toBeUndefined();
		expect(jsons[1]!.map(({ status }) => status)).toEqual(['unknown', 'unknown']);
	});
});
