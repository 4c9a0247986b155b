import type { IDataObject } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { statusFault } from '../helpers/answer';
import type { NodeResult } from '../helpers/node';
import { byName, liveKeys, psk, statuses } from '../helpers/psk';

/** What the psk operations look at before they send a key: whatever is refused here changes nothing. */

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
		account().faults.add(
			statusFault('list', 403, 10000, { message: 'Authentication error', times: Infinity }),
		);
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
		expect(error?.message).toBe('Could not generate the PSKs');
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
		expect(error.description).toContain(
			'no tunnel with the name that the item gives among its 3 tunnels',
		);
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
