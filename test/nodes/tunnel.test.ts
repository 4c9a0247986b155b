import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { answerWith } from '../helpers/answer';
import type { NodeResult, NodeRun } from '../helpers/node';
import { credentialsOf, runNode } from '../helpers/node';
import { useVirtualClock } from '../helpers/virtualClock';
import type { Simulator } from '../simulator';

const byId = (value: string) => ({ __rl: true, mode: 'id', value });
const byName = (value: string) => ({ __rl: true, mode: 'name', value });
const fromList = (value: string) => ({ __rl: true, mode: 'list', value, cachedResultName: 'x' });

function tunnel(
	simulator: Simulator,
	operation: string,
	change: IDataObject = {},
): Promise<NodeResult> {
	const { items, node, ...parameters } = change;
	return runNode({
		credentials: credentialsOf(simulator),
		parameters: { resource: 'tunnel', operation, ...parameters } as INodeParameters,
		items: items as NodeRun['items'],
		node: node as NodeRun['node'],
	});
}

const NEW = {
	name: 'new-site',
	cloudflareEndpoint: '162.159.64.99',
	interfaceAddress: '10.250.0.0/31',
};

const ALL_FIELDS = {
	automaticReturnRouting: true,
	bgpCustomerAsn: 65010,
	bgpExportFilterId: 'a'.repeat(32),
	bgpExtraPrefixes: '10.1.0.0/16, 2001:db8::/32',
	bgpImportFilterId: 'b'.repeat(32),
	bgpMd5Key: 'md5 key',
	customerEndpoint: '203.0.113.77',
	description: 'A site',
	healthCheckDirection: 'bidirectional',
	healthCheckEnabled: true,
	healthCheckRate: 'high',
	healthCheckTarget: '203.0.113.78',
	healthCheckType: 'request',
	interfaceAddress6: '2606:54c1:7:0:a9fe:12d2:1:200/127',
	psk: '={{ $json.psk }}',
	replayProtection: true,
};

const bodies = (simulator: Simulator, operation: string) =>
	simulator.requests.filter((request) => request.operation === operation).map(({ body }) => body);

describe.each(['apiToken', 'apiKey'])('every tunnel operation with %s', (authentication) => {
	const account = useAccount();

	it('works', async () => {
		const simulator = account();
		const run = async (operation: string, change: IDataObject) => {
			const { jsons, error } = await tunnel(simulator, operation, { authentication, ...change });
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

describe('Get Many', () => {
	const account = useAccount({ tunnels: 6, seed: 3, ageDays: [100, 10, null, 90.5, 89.9, 400] });

	const names = async (filters: IDataObject, change: IDataObject = {}) => {
		const { jsons, error } = await tunnel(account(), 'getAll', {
			returnAll: true,
			simplify: true,
			filters,
			...change,
		});
		expect(error).toBeUndefined();
		return jsons[0]!.map(({ id }) =>
			account()
				.tunnels()
				.findIndex((known) => known.id === id),
		);
	};

	it('filters by the age of the key and by keys that are missing', async () => {
		expect(await names({ pskOlderThanDays: 90 })).toEqual([0, 3, 5]);
		expect(await names({ noPsk: true })).toEqual([2]);
		expect(await names({ noPsk: true, pskOlderThanDays: 90 })).toEqual([0, 2, 3, 5]);
		expect(await names({ noPsk: false })).toEqual([0, 1, 2, 3, 4, 5]);
		expect(await names({ pskOlderThanDays: 0 })).toEqual([0, 1, 3, 4, 5]);
	});

	it('filters by name, BGP state and health check', async () => {
		const simulator = account();
		const { name } = simulator.tunnels()[4]!;
		expect(await names({ nameContains: name.toUpperCase().slice(2) })).toEqual([4]);
		const withHealthCheck = simulator
			.tunnels()
			.flatMap(({ health_check }, index) => (health_check.enabled ? [index] : []));
		expect(await names({ healthCheck: 'on' })).toEqual(withHealthCheck);
		expect(await names({ healthCheck: 'off' })).toHaveLength(6 - withHealthCheck.length);
		const up = simulator
			.tunnels()
			.flatMap(({ bgp_status }, index) => (bgp_status?.state === 'BGP_UP' ? [index] : []));
		expect(await names({ bgpState: 'BGP_UP' })).toEqual(up);
	});

	it('a name may be given as a number', async () => {
		const [first] = account().tunnels();
		account().updateTunnel(first!.id, { name: 'site-4711' });
		expect(await names({ nameContains: '={{ 4711 }}' })).toEqual([0]);
	});

	it('a tunnel that the list holds twice is there once, and can be worked on', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.faults.add({ kind: 'listTwice', count: 2, times: Infinity });
		expect(await names({})).toEqual([0, 1, 2, 3, 4, 5]);
		for (const tunnelId of [byId(first!.id), byName(first!.name)]) {
			const { jsons, error } = await tunnel(simulator, 'updateMany', {
				tunnelId,
				updateFields: { description: 'once' },
			});
			expect(error).toBeUndefined();
			expect(jsons[0]![0]).toMatchObject({ id: first!.id, description: 'once' });
		}
	});

	it('an age is never negative, however far the clock lags behind', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'rewrite',
			operation: 'list',
			times: Infinity,
			change: (body) => {
				const { result } = body as { result: { ipsec_tunnels: IDataObject[] } };
				result.ipsec_tunnels[0]!.psk_metadata = {
					last_generated_on: new Date(Date.now() + 3_600_000).toISOString(),
				};
				return body;
			},
		});
		const { jsons } = await tunnel(simulator, 'getAll', { returnAll: true, simplify: true });
		expect(jsons[0]![0]!.psk_age_days).toBe(0);
		expect(await names({ pskOlderThanDays: 0 })).toEqual([1, 3, 4, 5]);
	});

	it('limits, simplifies, and lists once for all items', async () => {
		const simulator = account();
		const { jsons } = await tunnel(simulator, 'getAll', {
			returnAll: false,
			limit: 2,
			simplify: true,
			filters: {},
			items: [{}, {}],
		});
		expect(jsons[0]).toHaveLength(4);
		expect(Object.keys(jsons[0]![0]!)).toEqual([
			'id',
			'account_id',
			'name',
			'cloudflare_endpoint',
			'customer_endpoint',
			'interface_address',
			'health_check_enabled',
			'bgp_state',
			'last_generated_on',
			'psk_age_days',
		]);
		expect(jsons[0]![0]!.psk_age_days).toBe(100);
		expect(simulator.requests).toHaveLength(1);
	});

	it('passes unknown fields through when it does not simplify', async () => {
		const simulator = account();
		const list = simulator
			.tunnels()
			.map((known) => ({ ...known, brand_new_field: { a: 1 }, psk: 'never' }));
		simulator.faults.add({
			kind: 'body',
			operation: 'list',
			status: 200,
			body: answerWith({ ipsec_tunnels: list }),
		});
		const { jsons } = await tunnel(simulator, 'getAll', {
			returnAll: true,
			simplify: false,
			filters: {},
		});
		expect(jsons[0]![0]).toMatchObject({
			brand_new_field: { a: 1 },
			remote_identities: expect.anything(),
		});
		expect(JSON.stringify(jsons)).not.toContain('never');
	});

	it.each([
		[{ limit: 0 }, "'Limit'"],
		[{ limit: 'many' }, "'Limit'"],
		[{ filters: { pskOlderThanDays: -1 } }, "'PSK Older Than (Days)'"],
		[{ filters: { pskOlderThanDays: 'old' } }, "'PSK Older Than (Days)'"],
		[{ limit: '={{ NaN }}' }, "'Limit'"],
		[{ limit: '={{ 1.5 }}' }, "'Limit'"],
		[{ limit: '={{ $json.missing }}' }, "'Limit'"],
		[{ filters: { nameContains: '={{ $json.missing }}' } }, "'Name Contains'"],
		[{ filters: { nameContains: '={{ "" }}' } }, "'Name Contains'"],
		[{ filters: { nameContains: '={{ ["a"] }}' } }, "'Name Contains'"],
		[{ filters: { pskOlderThanDays: '={{ $json.missing }}' } }, "'PSK Older Than (Days)'"],
		[{ filters: { pskOlderThanDays: '={{ NaN }}' } }, "'PSK Older Than (Days)'"],
		[{ filters: { noPsk: '={{ $json.missing }}' } }, "'No PSK Yet'"],
		[{ filters: { noPsk: '={{ "true" }}' } }, "'No PSK Yet'"],
		[{ filters: { bgpState: '={{ $json.missing }}' } }, "'BGP State'"],
		[{ filters: { bgpState: '={{ "UP" }}' } }, "'BGP State'"],
		[{ filters: { healthCheck: '={{ true }}' } }, "'Health Check'"],
	])('%j is refused before anything is sent', async (change, words) => {
		const { error } = await tunnel(account(), 'getAll', {
			returnAll: false,
			limit: 5,
			simplify: true,
			filters: {},
			...change,
		});
		expect(error?.message).toContain(words);
		expect(account().requests).toHaveLength(0);
	});

	it('a list of a wrong form is an error', async () => {
		for (const result of [
			{},
			{ ipsec_tunnels: {} },
			{ ipsec_tunnels: [{ id: 'x' }] },
			{ ipsec_tunnels: [null] },
			null,
		]) {
			account().faults.add({
				kind: 'body',
				operation: 'list',
				status: 200,
				body: answerWith(result),
			});
			const { error } = await tunnel(account(), 'getAll', {
				returnAll: true,
				simplify: true,
				filters: {},
			});
			expect(error?.name).toBe('NodeApiError');
			expect(error?.message).toContain('unexpected form');
		}
	});
});

describe('Get and Delete', () => {
	const account = useAccount();

	it('find a tunnel from the list, by id and by name; a name costs one list for all items', async () => {
		const simulator = account();
		const [first, second] = simulator.tunnels();
		const get = async (tunnelId: IDataObject, items?: IDataObject[]) => {
			const { jsons, error } = await tunnel(simulator, 'get', { tunnelId, simplify: true, items });
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
		const { jsons, error } = await tunnel(simulator, 'get', {
			tunnelId: byName('={{ $json.site }}'),
			simplify: true,
			items: [{ site: 4711 }],
		});
		expect(error).toBeUndefined();
		expect(jsons[0]![0]!.id).toBe(first!.id);
	});

	it('thousands of faulty items make an error that can be read', async () => {
		const { error } = await tunnel(account(), 'delete', {
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
		const { jsons } = await tunnel(simulator, 'get', {
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
		const { error } = await tunnel(simulator, 'delete', { tunnelId: byName('twin') });
		expect(error?.description).toContain("3 tunnels named 'twin': choose one by its ID");
		expect(simulator.tunnels()).toHaveLength(3);
	});

	it('a tunnel that is gone is an error with a remedy', async () => {
		const { error } = await tunnel(account(), 'delete', { tunnelId: byId('e'.repeat(32)) });
		expect(error?.name).toBe('NodeApiError');
		expect(error?.httpCode).toBe('404');
		expect(error?.description).toContain('code 1032');
		expect(error?.description).toContain('may have been deleted');
	});

	it('validate only deletes nothing and says so', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		const { jsons } = await tunnel(simulator, 'delete', {
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
			const { jsons, error } = await tunnel(simulator, operation, { tunnelId, simplify: true });
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
			await tunnel(simulator, 'get', {
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
		const { error } = await tunnel(simulator, 'get', {
			tunnelId: byId('={{ $json.id }}'),
			simplify: true,
			items,
		});
		expect(error?.context).toMatchObject({ itemIndex: 1 });
	});
});

describe('Create', () => {
	const account = useAccount({ tunnels: 1, seed: 1, flags: { couplerIntegration: true } });

	it('sends every field, in the form that Cloudflare documents', async () => {
		const simulator = account();
		const fqdn = `site.${simulator.accountId}.custom.ipsec.cloudflare.com`;
		const { jsons, error } = await tunnel(simulator, 'create', {
			...NEW,
			additionalFields: { ...ALL_FIELDS, customFqdnId: fqdn },
			items: [{ psk: 'a key for the tunnel' }],
		});
		expect(error).toBeUndefined();
		expect(bodies(simulator, 'create')).toEqual([
			{
				name: 'new-site',
				cloudflare_endpoint: '162.159.64.99',
				interface_address: '10.250.0.0/31',
				customer_endpoint: '203.0.113.77',
				description: 'A site',
				interface_address6: '2606:54c1:7:0:a9fe:12d2:1:200/127',
				psk: 'a key for the tunnel',
				replay_protection: true,
				automatic_return_routing: true,
				health_check: {
					enabled: true,
					rate: 'high',
					type: 'request',
					direction: 'bidirectional',
					target: { saved: '203.0.113.78' },
				},
				bgp: {
					customer_asn: 65010,
					extra_prefixes: ['10.1.0.0/16', '2001:db8::/32'],
					md5_key: 'md5 key',
					import_filter_id: 'b'.repeat(32),
					export_filter_id: 'a'.repeat(32),
				},
				custom_remote_identities: { fqdn_id: fqdn },
			},
		]);
		expect(simulator.requests[0]!.headers['x-magic-new-hc-target']).toBe('true');
		expect(simulator.liveKey(String(jsons[0]![0]!.id))).toBe('a key for the tunnel');
		expect(JSON.stringify(jsons)).not.toContain('a key for the tunnel');
	});

	it('leaves out what is empty, and sends no null', async () => {
		const empty = Object.fromEntries(
			[
				'customerEndpoint',
				'interfaceAddress6',
				'customFqdnId',
				'bgpExtraPrefixes',
				'bgpImportFilterId',
			].map((name) => [name, '']),
		);
		await tunnel(account(), 'create', {
			...NEW,
			additionalFields: {
				...empty,
				description: '',
				healthCheckTarget: '',
				replayProtection: '={{ null }}',
				bgpCustomerAsn: '={{ "" }}',
				bgpExportFilterId: '={{ undefined }}',
			},
		});
		expect(bodies(account(), 'create')).toEqual([
			{
				name: 'new-site',
				cloudflare_endpoint: '162.159.64.99',
				interface_address: '10.250.0.0/31',
				description: '',
				health_check: { target: { saved: '' } },
			},
		]);
	});

	it('names all faults of an item at once, and sends nothing', async () => {
		const { error } = await tunnel(account(), 'create', {
			name: '={{ "" }}',
			cloudflareEndpoint: 'anycast',
			interfaceAddress: '8.8.8.8/31',
			additionalFields: {
				customerEndpoint: 'host',
				interfaceAddress6: '::1',
				customFqdnId: 'me',
				bgpCustomerAsn: -1,
				bgpExtraPrefixes: '10.0.0.0',
				bgpMd5Key: 'wh"at?',
				healthCheckRate: '={{ "fast" }}',
				healthCheckType: '={{ 5 }}',
				healthCheckDirection: '={{ "up" }}',
				healthCheckTarget: 'there',
				healthCheckEnabled: '={{ "yes" }}',
				psk: '',
			},
		});
		const said = String(error?.description);
		for (const label of [
			'Name',
			'Cloudflare Endpoint',
			'Interface Address',
			'Customer Endpoint',
			'Interface Address (IPv6)',
			'Custom Remote Identity (FQDN)',
			'BGP Customer ASN',
			'BGP Extra Prefixes',
			'BGP MD5 Key',
			'Health Check Rate',
			'Health Check Type',
			'Health Check Direction',
			'Health Check Target',
			'Health Check Enabled',
			'Pre-Shared Key',
		]) {
			expect(said.split(`'${label}'`)).toHaveLength(2);
		}
		expect(error?.message).toContain('15 fields need a correction');
		expect(said).not.toContain('wh"at');
		expect(account().requests).toHaveLength(0);
	});

	it('the other BGP fields need the ASN; a number may come as a text', async () => {
		const { error } = await tunnel(account(), 'create', {
			...NEW,
			additionalFields: { bgpExtraPrefixes: ['10.1.0.0/16'] as never },
		});
		expect(error?.message).toContain("'BGP Customer ASN' is missing");
		const { error: type } = await tunnel(account(), 'create', {
			...NEW,
			additionalFields: { bgpCustomerAsn: '={{ true }}', bgpMd5Key: '={{ 5 }}' },
		});
		expect(type?.description).toContain(
			"'BGP Customer ASN' must be a number; 'BGP MD5 Key' must be a text",
		);
		const { jsons } = await tunnel(account(), 'create', {
			...NEW,
			additionalFields: {
				bgpCustomerAsn: '={{ "65001" }}',
				bgpExtraPrefixes: '={{ ["10.1.0.0/16"] }}',
			},
		});
		expect(jsons[0]![0]!.bgp).toMatchObject({
			customer_asn: 65001,
			extra_prefixes: ['10.1.0.0/16'],
		});
	});

	it('checks all items before it makes the first tunnel', async () => {
		const { error } = await tunnel(account(), 'create', {
			...NEW,
			name: '={{ $json.name }}',
			items: [{ name: 'good' }, { name: '' }],
		});
		expect(error?.message).toContain("'Name' is missing");
		expect(account().tunnels()).toHaveLength(1);
	});

	it('validate only makes nothing and says so', async () => {
		const { jsons } = await tunnel(account(), 'create', {
			...NEW,
			options: { validateOnly: true },
		});
		expect(jsons[0]![0]).toMatchObject({ validate_only: true, changed: false, name: 'new-site' });
		const sent = account().requests.filter(({ operation }) => operation === 'create');
		expect(sent.map(({ query }) => query)).toEqual([{ validate_only: 'true' }]);
		expect(account().tunnels()).toHaveLength(1);
	});

	it("reads both forms of create's answer", async () => {
		const [known] = account().tunnels();
		for (const result of [known, { ipsec_tunnels: [known] }]) {
			account().faults.add({
				kind: 'body',
				operation: 'create',
				status: 200,
				body: answerWith(result),
			});
			const { jsons } = await tunnel(account(), 'create', NEW);
			expect(jsons[0]![0]).toMatchObject({ id: known!.id, name: known!.name });
		}
	});

	it('an answer without a tunnel says that it may have been made', async () => {
		account().faults.add({
			kind: 'body',
			operation: 'create',
			status: 200,
			body: answerWith({}),
		});
		const { jsons } = await tunnel(account(), 'create', NEW);
		expect(jsons[0]![0]).toMatchObject({
			error: expect.stringContaining('The change may have been made') as string,
			may_have_changed: true,
			// The simulator made no tunnel here.
			exists: false,
		});
	});

	it("Cloudflare's refusal names the field", async () => {
		const [known] = account().tunnels();
		const { error } = await tunnel(account(), 'create', { ...NEW, name: known!.name });
		expect(error?.name).toBe('NodeApiError');
		expect(error?.description).toContain('code 1022');
		expect(error?.description).toContain('/name');
	});
});

describe('Update', () => {
	const account = useAccount({ tunnels: 3, seed: 5 });
	useVirtualClock();

	it('Merge reads, lays over and writes; what is not given stays', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		const { jsons } = await tunnel(simulator, 'update', {
			tunnelId: byId(first!.id),
			mode: 'merge',
			updateFields: {
				description: 'new text',
				healthCheckRate: 'low',
				psk: '={{ $json.psk }}',
			},
			items: [{ psk: 'new key' }],
		});
		expect(simulator.requests.map(({ operation }) => operation)).toEqual(['get', 'update']);
		const [body] = bodies(simulator, 'update') as [IDataObject];
		expect(body).toMatchObject({
			name: first!.name,
			cloudflare_endpoint: first!.cloudflare_endpoint,
			interface_address: first!.interface_address,
			description: 'new text',
			psk: 'new key',
		});
		expect(body.health_check).toMatchObject({ rate: 'low', enabled: first!.health_check.enabled });
		expect(JSON.stringify(body)).not.toMatch(
			/:null|effective|bgp_status|created_on|psk_metadata|remote_identities"/,
		);
		expect(jsons[0]![0]).toMatchObject({ description: 'new text' });
		expect(simulator.liveKey(first!.id)).toBe('new key');
	});

	it('Merge never sends null back, whatever was read', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		const read = {
			...first,
			description: null,
			bgp: { customer_asn: 65001, md5_key: null },
			health_check: { enabled: true, rate: null, target: '203.0.113.5' },
			custom_remote_identities: null,
			customer_endpoint: null,
		};
		simulator.faults.add({
			kind: 'body',
			operation: 'get',
			status: 200,
			body: answerWith({ ipsec_tunnel: read }),
		});
		const fqdn = `me.${simulator.accountId}.custom.ipsec.cloudflare.com`;
		await tunnel(simulator, 'update', {
			tunnelId: byId(first!.id),
			mode: 'merge',
			updateFields: { name: 'renamed', bgpMd5Key: 'k', customFqdnId: fqdn },
		});
		const [body] = bodies(simulator, 'update') as [IDataObject];
		expect(body).toEqual({
			name: 'renamed',
			cloudflare_endpoint: first!.cloudflare_endpoint,
			interface_address: first!.interface_address,
			allow_null_cipher: false,
			health_check: { enabled: true, target: { saved: '203.0.113.5' } },
			bgp: { customer_asn: 65001, md5_key: 'k' },
			custom_remote_identities: { fqdn_id: fqdn },
		});
	});

	it('Replace sends the given fields only, and needs the required ones', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		const tunnelId = byId(first!.id);
		const { error } = await tunnel(simulator, 'update', {
			tunnelId,
			mode: 'replace',
			updateFields: { description: 'x' },
		});
		expect(error?.description).toContain(
			"'Name' is missing; 'Cloudflare Endpoint' is missing; 'Interface Address' is missing",
		);
		expect(simulator.requests).toHaveLength(0);
		await tunnel(simulator, 'update', { tunnelId, mode: 'replace', updateFields: NEW });
		expect(bodies(simulator, 'update')).toEqual([
			{
				name: 'new-site',
				cloudflare_endpoint: '162.159.64.99',
				interface_address: '10.250.0.0/31',
			},
		]);
	});

	it.each(['update', 'updateMany'])('%s without a field is refused', async (operation) => {
		const [first] = account().tunnels();
		const { error } = await tunnel(account(), operation, {
			tunnelId: byId(first!.id),
			mode: 'merge',
			updateFields: { customerEndpoint: '' },
		});
		expect(error?.message).toBe('There is nothing to update');
	});

	it.each(['update', 'updateMany'])(
		'%s with a fault is refused before anything is sent',
		async (operation) => {
			const [first] = account().tunnels();
			const { error } = await tunnel(account(), operation, {
				tunnelId: byId(first!.id),
				mode: 'merge',
				updateFields: { customerEndpoint: 'here' },
			});
			expect(error?.message).toContain("'Customer Endpoint' must be an IPv4 or IPv6 address");
			expect(account().requests).toHaveLength(0);
		},
	);

	it.each(['update', 'updateMany'])(
		'%s of BGP fields needs an ASN, given or read',
		async (operation) => {
			const simulator = account();
			const bare = simulator.tunnels().find(({ bgp }) => bgp === undefined)!;
			const { error } = await tunnel(simulator, operation, {
				tunnelId: byId(bare.id),
				mode: 'merge',
				updateFields: { bgpMd5Key: 'k' },
			});
			expect(error?.message).toContain("'BGP Customer ASN' is missing");
			expect(simulator.requests.some(({ method }) => method === 'PUT')).toBe(false);
		},
	);

	it('validate only changes nothing and says so', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		for (const operation of ['update', 'updateMany']) {
			const { jsons } = await tunnel(simulator, operation, {
				tunnelId: byId(first!.id),
				mode: 'merge',
				updateFields: { description: 'no' },
				options: { validateOnly: true },
			});
			expect(jsons[0]![0]).toMatchObject({ validate_only: true, changed: false, id: first!.id });
		}
		expect(simulator.tunnel(first!.id)!.description).toBe(first!.description);
	});

	it('a lost answer is not repeated', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.faults.add({ kind: 'reset', when: 'after', operation: 'update', times: Infinity });
		const { jsons } = await tunnel(simulator, 'update', {
			tunnelId: byId(first!.id),
			mode: 'merge',
			updateFields: { description: 'y' },
		});
		expect(jsons[0]![0]!.error).toContain('The change may have been made');
		expect(bodies(simulator, 'update')).toHaveLength(1);
	});

	it('an answer without the tunnel says that it may have been changed', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.faults.add({
			kind: 'body',
			operation: 'update',
			status: 200,
			body: answerWith({ modified: true }),
		});
		const { jsons } = await tunnel(simulator, 'update', {
			tunnelId: byId(first!.id),
			mode: 'merge',
			updateFields: { description: 'y' },
		});
		expect(jsons[0]![0]).toMatchObject({
			error: expect.stringContaining('no modified tunnel') as string,
			id: first!.id,
			may_have_changed: true,
		});
	});
});

describe('Update Many', () => {
	const account = useAccount({ tunnels: 3, seed: 5 });

	const many = (change: IDataObject = {}) =>
		tunnel(account(), 'updateMany', {
			tunnelId: byId('={{ $json.id }}'),
			updateFields: { description: '={{ $json.text }}' },
			items: account()
				.tunnels()
				.map(({ id }, index) => ({ id, text: `text ${index}` })),
			...change,
		});

	it('sends all items of an account in one request, merged from one list', async () => {
		const simulator = account();
		const { jsons, outputs } = await many();
		expect(simulator.requests.map(({ operation }) => operation)).toEqual(['list', 'bulkUpdate']);
		const [body] = bodies(simulator, 'bulkUpdate') as [{ ipsec_tunnels: IDataObject[] }];
		expect(body.ipsec_tunnels.map(({ id, description }) => [id, description])).toEqual(
			simulator.tunnels().map(({ id }, index) => [id, `text ${index}`]),
		);
		expect(jsons[0]!.map(({ description }) => description)).toEqual(['text 0', 'text 1', 'text 2']);
		expect(outputs[0]!.map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 2].map((item) => ({ item })),
		);
	});

	it('refuses a tunnel that is in two items, or in none of the account', async () => {
		const [first] = account().tunnels();
		const twice = await many({
			items: [
				{ id: first!.id, text: 'a' },
				{ id: first!.id, text: 'b' },
			],
		});
		expect(twice.error?.message).toContain('in more than one item');
		const none = await many({ items: [{ id: 'e'.repeat(32), text: 'a' }] });
		expect(none.error?.description).toContain('no tunnel with the ID eeee');
		expect(account().requests.some(({ operation }) => operation === 'bulkUpdate')).toBe(false);
	});

	it('an answer that does not mention a tunnel is an error for that item', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.faults.add({
			kind: 'body',
			operation: 'bulkUpdate',
			status: 200,
			body: answerWith({ modified: true, modified_ipsec_tunnels: [first] }),
		});
		const { jsons } = await many({ node: { onError: 'continueRegularOutput' } });
		expect(jsons[0]!.map((item) => 'error' in item)).toEqual([false, true, true]);
		expect(jsons[0]![1]!.error).toContain('does not mention the tunnel');
	});

	it('an answer without the list is an error', async () => {
		account().faults.add({
			kind: 'body',
			operation: 'bulkUpdate',
			status: 200,
			body: answerWith({}),
		});
		const { jsons } = await many();
		expect(jsons[0]).toHaveLength(3);
		expect(jsons[0]![2]!.error).toContain('no list of modified tunnels');
	});
});

describe('what every operation checks', () => {
	const account = useAccount();

	it.each([0, 601, 'soon'])('a timeout of %p is refused', async (timeout) => {
		const { error } = await tunnel(account(), 'getAll', {
			returnAll: true,
			simplify: true,
			filters: {},
			options: { timeout },
		});
		expect(error?.message).toContain("'Timeout'");
	});

	it('validate only that is no boolean is refused before anything is deleted', async () => {
		const simulator = account();
		const { error } = await tunnel(simulator, 'delete', {
			tunnelId: byId('={{ $json.id }}'),
			items: simulator.tunnels().map(({ id }) => ({ id })),
			options: { validateOnly: '={{ "true" }}' },
		});
		expect(error?.message).toContain("'Validate Only'");
		expect(simulator.tunnels()).toHaveLength(3);
	});

	it('an authentication or an operation that does not exist', async () => {
		const { error } = await tunnel(account(), 'getAll', {
			authentication: 'oauth',
			returnAll: true,
			simplify: true,
			filters: {},
		});
		expect(error?.message).toContain("'Authentication'");
		expect((await tunnel(account(), 'explode')).error?.message).toContain("no operation 'explode'");
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
		const { jsons } = await tunnel(simulator, 'getAll', {
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
