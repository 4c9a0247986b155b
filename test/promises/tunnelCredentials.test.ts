import type { INodeParameters } from 'n8n-workflow';
import { MIXED, useMixedWorld } from '../helpers/itemWorlds';
import { runNode } from '../helpers/node';
import { byId, byName } from '../helpers/psk';

/** Every tunnel operation acts on each item with exactly the item's own credential. */

describe.each(MIXED)('items of %s', (name) => {
	const { world, wanted } = useMixedWorld(name);

	const run = (operation: string, parameters: object) =>
		runNode({
			credentials: world().credentials,
			parameters: {
				resource: 'tunnel',
				operation,
				...parameters,
				...world().parameters,
			} as INodeParameters,
			items: wanted().map(({ account, id, name: tunnel }, place) => ({
				id,
				name: tunnel,
				text: `of item ${place}`,
				newName: `new-${place}`,
				address: `10.99.0.${2 * place}/31`,
				...world().fields(account),
			})),
			node: world().node,
		});

	const namesIn = () =>
		world().simulators.map((one) => one.tunnels().map(({ name: tunnel }) => tunnel));

	it.each([
		['get', { tunnelId: byId('={{ $json.id }}') }],
		['getAll', { returnAll: true, filters: { nameContains: '={{ $json.name }}' } }],
	])('%s reads from the account of its item', async (operation, parameters) => {
		const [second, first] = wanted();
		second!.simulator.updateTunnel('site-1', { description: 'that of the second account' });
		const { jsons, error } = await run(operation, { simplify: false, ...parameters });
		expect(error).toBeUndefined();
		expect(jsons[0]).toMatchObject([
			{
				name: 'site-1',
				account_id: second!.simulator.accountId,
				description: 'that of the second account',
			},
			{ name: 'site-0', account_id: first!.simulator.accountId },
		]);
	});

	it('getHealth reads from the account of its item', async () => {
		const [second, first] = wanted();
		for (const { simulator } of [first!, second!]) simulator.health.setLoss('site-1', 1);
		const { jsons, error } = await run('getHealth', { tunnelId: byId('={{ $json.id }}') });
		expect(error).toBeUndefined();
		expect(
			jsons[0]!.map(({ tunnel_name, account_id }) => ({ tunnel_name, account_id })),
		).toMatchObject([
			{ tunnel_name: 'site-1', account_id: second!.simulator.accountId },
			{ tunnel_name: 'site-0', account_id: first!.simulator.accountId },
		]);
		const asked = world().simulators.flatMap(({ requests }) =>
			requests.filter(({ operation }) => operation === 'graphql'),
		);
		const accountOf = ({ body }: (typeof asked)[number]) =>
			(body as { variables: { account: string; filter: { tunnelName_in: string[] } } }).variables;
		expect(
			new Set(
				asked.map((one) => `${accountOf(one).account} ${accountOf(one).filter.tunnelName_in}`),
			),
		).toEqual(
			new Set([`${second!.simulator.accountId} site-1`, `${first!.simulator.accountId} site-0`]),
		);
	});

	it('create makes each tunnel in the account of its item', async () => {
		const { error } = await run('create', {
			name: '={{ $json.newName }}',
			cloudflareEndpoint: world().simulators[0]!.tunnels()[0]!.cloudflare_endpoint,
			interfaceAddress: '={{ $json.address }}',
		});
		expect(error).toBeUndefined();
		expect(namesIn()).toEqual([
			['site-0', 'site-1', 'new-1'],
			['site-0', 'site-1', 'new-0'],
		]);
	});

	it.each(['update', 'updateMany'])('%s writes where its item says', async (operation) => {
		const { error } = await run(operation, {
			tunnelId: byName('={{ $json.name }}'),
			mode: 'merge',
			updateFields: { description: '={{ $json.text }}' },
		});
		expect(error).toBeUndefined();
		const [first, second] = world().simulators.map((one) =>
			one.tunnels().map(({ description }) => description),
		);
		expect([second![1], first![0]]).toEqual(['of item 0', 'of item 1']);
		expect([second![0], first![1]].join()).not.toContain('of item');
	});

	it('delete removes what its item names', async () => {
		const { error } = await run('delete', { tunnelId: byName('={{ $json.name }}') });
		expect(error).toBeUndefined();
		expect(namesIn()).toEqual([['site-1'], ['site-0']]);
	});
});
