import type { INodeParameters } from 'n8n-workflow';
import { searchTunnels } from '../../nodes/shared/listSearch';
import { statusFault } from '../helpers/answer';
import { useAccount } from '../helpers/account';
import { contextsOf } from '../helpers/context';
import { credentialsOf } from '../helpers/node';

const account = useAccount({ tunnels: 2, seed: 9 });

const contextOf = (parameters: INodeParameters = {}) =>
	contextsOf({
		parameters: { resource: 'tunnel', operation: 'get', ...parameters },
		credentials: credentialsOf(account()),
	});

describe('the searched list of tunnels', () => {
	it('is sorted, filtered by name, endpoint or id', async () => {
		const simulator = account();
		const search = (filter?: string) => searchTunnels.call(contextOf().loadOptions, filter);
		const all = await search();
		expect(all.results.map(({ value }) => value).sort()).toEqual(
			simulator
				.tunnels()
				.map(({ id }) => id)
				.sort(),
		);
		expect(all.results.map(({ name }) => name)).toEqual(all.results.map(({ name }) => name).sort());
		const [first] = simulator.tunnels();
		expect((await search(first!.name.toUpperCase())).results).toHaveLength(1);
		expect((await search(first!.id)).results).toEqual([
			expect.objectContaining({ value: first!.id }),
		]);
		expect((await search('no such')).results).toEqual([]);
	});

	it('shows a tunnel without a customer endpoint by its name', async () => {
		const made = account().addTunnel({ name: 'bare', customer_endpoint: undefined } as never);
		const { results } = await searchTunnels.call(contextOf().loadOptions, 'bare');
		expect(results.map(({ value }) => value)).toEqual([made.id]);
	});

	it('shows an error in place of an empty list', async () => {
		account().faults.add(statusFault('list', 403, 10000, { message: 'Authentication error' }));
		await expect(searchTunnels.call(contextOf().loadOptions)).rejects.toThrow(
			'Could not list the tunnels',
		);
	});

	it('heeds the option Account ID', async () => {
		const { loadOptions } = contextOf({ options: { accountId: 'wrong' } });
		await expect(searchTunnels.call(loadOptions)).rejects.toThrow("'Account ID' can't be used");
	});
});
