import { allProperties } from '../../nodes/CloudflareMagicIpsec/tunnel/fields/table';
import { useAccount } from '../helpers/account';
import { answerWith } from '../helpers/answer';
import { ALL_FIELDS, bodies, NEW, runTunnel } from '../helpers/tunnelRun';

describe('Create', () => {
	const account = useAccount({ tunnels: 1, seed: 1, flags: { couplerIntegration: true } });

	it('sends every field, in the form that Cloudflare documents', async () => {
		const given = Object.keys({ ...NEW, ...ALL_FIELDS, customFqdnId: '' });
		expect(given.sort()).toEqual(allProperties.map(({ name }) => name).sort());
		const simulator = account();
		const fqdn = `site.${simulator.accountId}.custom.ipsec.cloudflare.com`;
		const { jsons, error } = await runTunnel(simulator, 'create', {
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
		await runTunnel(account(), 'create', {
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
		const { error } = await runTunnel(account(), 'create', {
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
		const { error } = await runTunnel(account(), 'create', {
			...NEW,
			additionalFields: { bgpExtraPrefixes: ['10.1.0.0/16'] as never },
		});
		expect(error?.message).toContain("'BGP Customer ASN' is missing");
		const { error: type } = await runTunnel(account(), 'create', {
			...NEW,
			additionalFields: { bgpCustomerAsn: '={{ true }}', bgpMd5Key: '={{ 5 }}' },
		});
		expect(type?.description).toContain(
			"'BGP Customer ASN' must be a number; 'BGP MD5 Key' must be a text",
		);
		const { jsons } = await runTunnel(account(), 'create', {
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
		const { error } = await runTunnel(account(), 'create', {
			...NEW,
			name: '={{ $json.name }}',
			items: [{ name: 'good' }, { name: '' }],
		});
		expect(error?.message).toContain("'Name' is missing");
		expect(account().tunnels()).toHaveLength(1);
	});

	it('validate only makes nothing and says so', async () => {
		const { jsons } = await runTunnel(account(), 'create', {
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
			const { jsons } = await runTunnel(account(), 'create', NEW);
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
		const { jsons } = await runTunnel(account(), 'create', NEW);
		expect(jsons[0]![0]).toMatchObject({
			error: expect.stringContaining('The change may have been made') as string,
			may_have_changed: true,
			// The simulator made no tunnel here.
			exists: false,
		});
	});

	it("Cloudflare's refusal names the field", async () => {
		const [known] = account().tunnels();
		const { error } = await runTunnel(account(), 'create', { ...NEW, name: known!.name });
		expect(error?.name).toBe('NodeApiError');
		expect(error?.description).toContain('code 1022');
		expect(error?.description).toContain('/name');
	});
});
