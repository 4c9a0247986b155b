import { useAccount } from '../helpers/account';
import { statusFault } from '../helpers/answer';
import { liveKeys, psk, statuses } from '../helpers/psk';

/** What the psk operations do where all goes well. */

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

	it('the longest key is one of 64 characters', async () => {
		const longest = { checkWithCloudflare: false, keyLength: 64 };
		const { jsons } = await psk(account(), 'prepare', longest);
		expect(String(jsons[0]![0]!.psk)).toHaveLength(64);
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
		simulator.faults.add(statusFault('pskSet', 400, 1022, { message: 'no', times: Infinity }));
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
		expect(simulator.requests.filter(({ operation: name }) => name === 'list')).toHaveLength(
			operation === 'generate' ? 3 : 2,
		);
	});

	it('generate: a check that is refused is unapplied, a lost one too', async () => {
		const simulator = account();
		simulator.faults.add(statusFault('pskGenerate', 500, 1000, { message: 'oops' }));
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
