import type { IDataObject } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { answerWith } from '../helpers/answer';
import { useVirtualClock } from '../helpers/virtualClock';
import { bodies, NEW, runTunnel } from '../helpers/tunnelRun';
import { byId } from '../helpers/locators';

describe('Update', () => {
	const account = useAccount({ tunnels: 3, seed: 5 });
	useVirtualClock();

	it('Merge reads, lays over and writes; what is not given stays', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		const { jsons } = await runTunnel(simulator, 'update', {
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
		await runTunnel(simulator, 'update', {
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
		const { error } = await runTunnel(simulator, 'update', {
			tunnelId,
			mode: 'replace',
			updateFields: { description: 'x' },
		});
		expect(error?.description).toContain(
			"'Name' is missing; 'Cloudflare Endpoint' is missing; 'Interface Address' is missing",
		);
		expect(simulator.requests).toHaveLength(0);
		await runTunnel(simulator, 'update', { tunnelId, mode: 'replace', updateFields: NEW });
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
		const { error } = await runTunnel(account(), operation, {
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
			const { error } = await runTunnel(account(), operation, {
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
			const { error } = await runTunnel(simulator, operation, {
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
			const { jsons } = await runTunnel(simulator, operation, {
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
		const { jsons } = await runTunnel(simulator, 'update', {
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
		const { jsons } = await runTunnel(simulator, 'update', {
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
		runTunnel(account(), 'updateMany', {
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
