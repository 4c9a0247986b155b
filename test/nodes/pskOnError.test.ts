import { useAccount } from '../helpers/account';
import { statusFault } from '../helpers/answer';
import { byName, psk, statuses } from '../helpers/psk';

/** Items that fail while others go on. */

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
			simulator.faults.add(
				statusFault('list', 403, 10000, { message: 'Authentication error', times: Infinity }),
			);
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
