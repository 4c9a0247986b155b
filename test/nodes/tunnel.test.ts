import type { IDataObject } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { answerWith } from '../helpers/answer';
import { credentialsOf, runNode } from '../helpers/node';
import { NEW, runTunnel } from '../helpers/tunnelRun';
import { byId, byName, fromList } from '../helpers/locators';

/** What all operations on tunnels have in common, and Get and Delete. */

describe.each(['apiToken', 'apiKey'])('every tunnel operation with %s', (authentication) => {
	const account = useAccount();

	it('works', async () => {
		const simulator = account();
		const run = async (operation: string, change: IDataObject) => {
			const { jsons, error } = await runTunnel(simulator, operation, { authentication, ...change });
			expect(error).toBeUndefined();
			return jsons[0]!;
		};
		const [made] = await run('create', {
			...NEW,
			additionalFields: { customerEndpoint: '203.0.113.9' },
		});
		expect(made).toMatchObject({ name: 'new-site', account_id: simulator.accountId });
		const tunnelId = byId(String(made!.id));
		expect(await run('get', { tunnelId, simplify: false })).toEqual([
			expect.objectContaining({ name: 'new-site' }),
		]);
		expect(await run('getAll', { returnAll: true, simplify: true, filters: {} })).toHaveLength(4);
		expect(
			await run('update', { tunnelId, mode: 'merge', updateFields: { description: 'changed' } }),
		).toEqual([expect.objectContaining({ name: 'new-site', description: 'changed' })]);
		expect(await run('updateMany', { tunnelId, updateFields: { description: 'again' } })).toEqual([
			expect.objectContaining({ description: 'again' }),
		]);
		expect(await run('delete', { tunnelId })).toEqual([
			expect.objectContaining({ deleted: true, id: made!.id, name: 'new-site' }),
		]);
		expect(simulator.tunnels()).toHaveLength(3);
	});
});

describe('Get and Delete', () => {
	const account = useAccount();

	it('find a tunnel from the list, by id and by name; a name costs one list for all items', async () => {
		const simulator = account();
		const [first, second] = simulator.tunnels();
		const get = async (tunnelId: IDataObject, items?: IDataObject[]) => {
			const { jsons, error } = await runTunnel(simulator, 'get', {
				tunnelId,
				simplify: true,
				items,
			});
			expect(error).toBeUndefined();
			return jsons[0]!.map(({ name }) => name);
		};
		expect(await get(fromList(first!.id))).toEqual([first!.name]);
		expect(await get(byId(first!.id.toUpperCase()))).toEqual([first!.name]);
		simulator.resetRequests();
		expect(
			await get(byName('={{ $json.name }}'), [{ name: first!.name }, { name: second!.name }]),
		).toEqual([first!.name, second!.name]);
		expect(simulator.requests.map(({ operation }) => operation)).toEqual(['list', 'get', 'get']);
	});

	it('a name may be given as a number', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.updateTunnel(first!.id, { name: '4711' });
		const { jsons, error } = await runTunnel(simulator, 'get', {
			tunnelId: byName('={{ $json.site }}'),
			simplify: true,
			items: [{ site: 4711 }],
		});
		expect(error).toBeUndefined();
		expect(jsons[0]![0]!.id).toBe(first!.id);
	});

	it('thousands of faulty items make an error that can be read', async () => {
		const { error } = await runTunnel(account(), 'delete', {
			tunnelId: byId('={{ $json.id }}'),
			items: Array.from({ length: 5_000 }, (_, index) => ({ id: `no id ${index}` })),
		});
		expect(error?.message).toContain('holds no tunnel ID');
		expect(error?.description).toContain('Item 1: ');
		expect(error?.description).toMatch(/And 49\d\d more\. Nothing was changed\.$/);
		expect(String(error?.description).length).toBeLessThan(3_000);
	});

	it('an expression in place of the locator is an id', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		const { jsons } = await runTunnel(simulator, 'get', {
			tunnelId: '={{ $json.id }}' as never,
			simplify: true,
			items: [{ id: first!.id }],
		});
		expect(jsons[0]![0]!.name).toBe(first!.name);
	});

	it('two tunnels of one name are a clear error', async () => {
		const simulator = account();
		const list = simulator.tunnels().map((known) => ({ ...known, name: 'twin' }));
		simulator.faults.add({
			kind: 'body',
			operation: 'list',
			status: 200,
			body: answerWith({ ipsec_tunnels: list }),
		});
		const { error } = await runTunnel(simulator, 'delete', { tunnelId: byName('twin') });
		expect(error?.description).toContain("3 tunnels named 'twin': choose one by its ID");
		expect(simulator.tunnels()).toHaveLength(3);
	});

	it('a tunnel that is gone is an error with a remedy', async () => {
		const { error } = await runTunnel(account(), 'delete', { tunnelId: byId('e'.repeat(32)) });
		expect(error?.name).toBe('NodeApiError');
		expect(error?.httpCode).toBe('404');
		expect(error?.description).toContain('code 1032');
		expect(error?.description).toContain('may have been deleted');
	});

	it('validate only deletes nothing and says so', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		const { jsons } = await runTunnel(simulator, 'delete', {
			tunnelId: byId(first!.id),
			options: { validateOnly: true },
		});
		expect(jsons[0]![0]).toMatchObject({
			validate_only: true,
			changed: false,
			deleted: false,
			id: first!.id,
		});
		expect(simulator.tunnels()).toHaveLength(3);
	});

	it('an answer without the tunnel or the word is an error', async () => {
		const simulator = account();
		const tunnelId = byId(simulator.tunnels()[0]!.id);
		for (const operation of ['get', 'delete']) {
			simulator.faults.add({
				kind: 'body',
				operation: operation as 'get',
				status: 200,
				body: answerWith({}),
			});
			const { jsons, error } = await runTunnel(simulator, operation, { tunnelId, simplify: true });
			// What may have been changed ends as an item.
			expect(error?.message ?? jsons[0]![0]!.error).toContain('unexpected form');
		}
	});

	it('goes on after an item that fails, in the continue modes', async () => {
		const simulator = account();
		const [first, second] = simulator.tunnels();
		const items = [
			{ id: first!.id },
			{ id: 'nonsense' },
			{ id: 'e'.repeat(32) },
			{ id: second!.id },
		];
		const run = async (onError: string) =>
			await runTunnel(simulator, 'get', {
				tunnelId: byId('={{ $json.id }}'),
				simplify: true,
				items,
				node: { onError },
			});
		const regular = await run('continueRegularOutput');
		expect(regular.jsons[0]!.map(({ name, error }) => name ?? error)).toEqual([
			first!.name,
			expect.stringContaining('holds no tunnel ID'),
			expect.stringContaining('Could not get the tunnel eeee'),
			second!.name,
		]);
		expect(regular.outputs[0]!.map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 2, 3].map((item) => ({ item })),
		);
		const separate = await run('continueErrorOutput');
		expect(separate.jsons.map((output) => output.length)).toEqual([2, 2]);
	});

	it('Get stops at the first failing item', async () => {
		const simulator = account();
		const items = [{ id: simulator.tunnels()[0]!.id }, { id: 'e'.repeat(32) }];
		const { error } = await runTunnel(simulator, 'get', {
			tunnelId: byId('={{ $json.id }}'),
			simplify: true,
			items,
		});
		expect(error?.context).toMatchObject({ itemIndex: 1 });
	});
});

describe('what every operation checks', () => {
	const account = useAccount();

	it.each([0, 601, 'soon'])('a timeout of %p is refused', async (timeout) => {
		const { error } = await runTunnel(account(), 'getAll', {
			returnAll: true,
			simplify: true,
			filters: {},
			options: { timeout },
		});
		expect(error?.message).toContain("'Timeout'");
	});

	it('validate only that is no boolean is refused before anything is deleted', async () => {
		const simulator = account();
		const { error } = await runTunnel(simulator, 'delete', {
			tunnelId: byId('={{ $json.id }}'),
			items: simulator.tunnels().map(({ id }) => ({ id })),
			options: { validateOnly: '={{ "true" }}' },
		});
		expect(error?.message).toContain("'Validate Only'");
		expect(simulator.tunnels()).toHaveLength(3);
	});

	it('an authentication or an operation that does not exist', async () => {
		const { error } = await runTunnel(account(), 'getAll', {
			authentication: 'oauth',
			returnAll: true,
			simplify: true,
			filters: {},
		});
		expect(error?.message).toContain("'Authentication'");
		expect((await runTunnel(account(), 'explode')).error?.message).toContain(
			"no operation 'explode'",
		);
	});

	it('a credential that is not in order is refused before anything is sent', async () => {
		const { error } = await runNode({
			credentials: credentialsOf(account(), { baseUrl: 'http://example.com' }),
			parameters: { resource: 'tunnel', operation: 'getAll', returnAll: true, simplify: true },
		});
		expect(error?.message).toBe("The credential can't be used");
		expect(error?.description).toContain('https://');
	});

	it('another account for each item', async () => {
		const simulator = account();
		const { jsons } = await runTunnel(simulator, 'getAll', {
			returnAll: true,
			simplify: true,
			filters: {},
			options: { accountId: '={{ $json.account }}' },
			items: [{ account: simulator.accountId }, { account: simulator.notOnboardedAccountId }],
			node: { onError: 'continueRegularOutput' },
		});
		expect(jsons[0]).toHaveLength(4);
		expect(jsons[0]![3]!.error).toContain('no Magic WAN or Magic Transit');
	});
});
