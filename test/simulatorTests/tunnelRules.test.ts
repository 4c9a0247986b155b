import { failureSchema, tunnelSchema } from '../simulator/schemas';
import { errorOf, expectSchema, HEX, SITE, useScene } from './scene';

/** What a tunnel may be, and how anything else is refused. */

const scene = useScene();

describe('rules for a tunnel', () => {
	const bgp = (more: object) => ({ bgp: { customer_asn: 65001, ...more } });
	const check = (health: unknown) => ({ health_check: health });
	const refused: [string, object, string][] = [
		['name: a number', { name: 5 }, '/name'],
		['name: empty', { name: '' }, '/name'],
		['name: a space', { name: 'branch 1' }, '/name'],
		['name: a special character', { name: 'branch#1' }, '/name'],
		['name: null', { name: null }, '/name'],
		['cloudflare_endpoint: no address', { cloudflare_endpoint: 'edge' }, '/cloudflare_endpoint'],
		[
			'cloudflare_endpoint: a prefix',
			{ cloudflare_endpoint: '162.159.64.0/24' },
			'/cloudflare_endpoint',
		],
		[
			'customer_endpoint: a host name',
			{ customer_endpoint: 'vpn.example.com' },
			'/customer_endpoint',
		],
		['customer_endpoint: too high', { customer_endpoint: '192.0.2.256' }, '/customer_endpoint'],
		['interface_address: no prefix', { interface_address: '10.0.0.1' }, '/interface_address'],
		['interface_address: /29', { interface_address: '10.0.0.1/29' }, '/interface_address'],
		['interface_address: /32', { interface_address: '10.0.0.1/32' }, '/interface_address'],
		['interface_address: public', { interface_address: '192.0.2.0/31' }, '/interface_address'],
		['interface_address: 172.32', { interface_address: '172.32.0.0/31' }, '/interface_address'],
		[
			'interface_address: link-local',
			{ interface_address: '169.254.1.0/31' },
			'/interface_address',
		],
		['interface_address: IPv6', { interface_address: 'fd00::/31' }, '/interface_address'],
		[
			'interface_address: network of a /30',
			{ interface_address: '10.0.0.4/30' },
			'/interface_address',
		],
		[
			'interface_address: broadcast of a /30',
			{ interface_address: '10.0.0.7/30' },
			'/interface_address',
		],
		['interface_address6: /126', { interface_address6: '2606:54c1::/126' }, '/interface_address6'],
		[
			'interface_address6: second host',
			{ interface_address6: '2606:54c1::1/127' },
			'/interface_address6',
		],
		['interface_address6: IPv4', { interface_address6: '10.0.0.0/31' }, '/interface_address6'],
		['description: a number', { description: 1 }, '/description'],
		['description: null', { description: null }, '/description'],
		['replay_protection: text', { replay_protection: 'true' }, '/replay_protection'],
		['allow_null_cipher: null', { allow_null_cipher: null }, '/allow_null_cipher'],
		[
			'automatic_return_routing: no flag',
			{ automatic_return_routing: true },
			'/automatic_return_routing',
		],
		['health_check: text', check('on'), '/health_check'],
		['health_check: null', check(null), '/health_check'],
		['health_check: unknown field', check({ interval: 5 }), '/health_check/interval'],
		['health_check.enabled: text', check({ enabled: 'yes' }), '/health_check/enabled'],
		['health_check.rate: unknown', check({ rate: 'medium' }), '/health_check/rate'],
		['health_check.type: unknown', check({ type: 'ping' }), '/health_check/type'],
		['health_check.direction: unknown', check({ direction: 'both' }), '/health_check/direction'],
		['health_check.target: string form', check({ target: '192.0.2.1' }), '/health_check/target'],
		['health_check.target: null', check({ target: null }), '/health_check/target'],
		[
			'health_check.target.saved: no address',
			check({ target: { saved: 'x' } }),
			'/health_check/target/saved',
		],
		[
			'health_check.target: unknown field',
			check({ target: { other: '' } }),
			'/health_check/target/other',
		],
		['bgp: no ASN', { bgp: {} }, '/bgp/customer_asn'],
		['bgp: a list', { bgp: [] }, '/bgp'],
		['bgp: null', { bgp: null }, '/bgp'],
		['bgp.customer_asn: negative', bgp({ customer_asn: -1 }), '/bgp/customer_asn'],
		['bgp.customer_asn: beyond int32', bgp({ customer_asn: 2 ** 31 }), '/bgp/customer_asn'],
		['bgp.customer_asn: a fraction', bgp({ customer_asn: 1.5 }), '/bgp/customer_asn'],
		[
			'bgp.extra_prefixes: no prefix',
			bgp({ extra_prefixes: ['10.0.0.0'] }),
			'/bgp/extra_prefixes/0',
		],
		[
			'bgp.extra_prefixes: too long',
			bgp({ extra_prefixes: ['10.0.0.0/33'] }),
			'/bgp/extra_prefixes/0',
		],
		['bgp.md5_key: empty', bgp({ md5_key: '' }), '/bgp/md5_key'],
		['bgp.md5_key: a quotation mark', bgp({ md5_key: 'a"b' }), '/bgp/md5_key'],
		['bgp.md5_key: a question mark', bgp({ md5_key: 'a?b' }), '/bgp/md5_key'],
		['bgp.md5_key: a tab', bgp({ md5_key: 'a\tb' }), '/bgp/md5_key'],
		['bgp.md5_key: not ASCII', bgp({ md5_key: 'ä' }), '/bgp/md5_key'],
		['bgp.import_filter_id: a number', bgp({ import_filter_id: 1 }), '/bgp/import_filter_id'],
		['bgp: unknown field', bgp({ hold_time: 9 }), '/bgp/hold_time'],
		[
			'custom_remote_identities: another domain',
			{ custom_remote_identities: { fqdn_id: 'bru.example.com' } },
			'/custom_remote_identities/fqdn_id',
		],
		[
			'custom_remote_identities: another account',
			{ custom_remote_identities: { fqdn_id: `bru.${HEX}.custom.ipsec.cloudflare.com` } },
			'/custom_remote_identities/fqdn_id',
		],
		['psk: empty', { psk: '' }, '/psk'],
		['psk: null', { psk: null }, '/psk'],
		['psk: a number', { psk: 12345 }, '/psk'],
		['an unknown field', { nmae: 'x' }, '/nmae'],
		['a name that is taken', { name: 'site-ams-01' }, '/name'],
		[
			'an inside prefix that is taken',
			{ interface_address: '10.212.0.1/31' },
			'/interface_address',
		],
		[
			'a /30 over a /31 that is taken',
			{ interface_address: '10.212.0.1/30' },
			'/interface_address',
		],
	];

	it.each(refused)('refuses %s', async (_name, change, pointer) => {
		const before = scene.simulator.tunnels();
		const created = await scene.caller.magic('POST', '', { body: { ...SITE, ...change } });
		const updated = await scene.caller.magic('PUT', `/${scene.simulator.tunnels()[2]!.id}`, {
			body: change,
		});
		const legacy = await scene.caller.magic('POST', '', {
			body: { ipsec_tunnels: [{ ...SITE, ...change }] },
		});
		for (const answer of [created, updated, legacy]) {
			expect(errorOf(answer)).toEqual([400, 1022]);
			expect(answer.body.errors[0]?.message).toMatch(/^Invalid Request: /);
			expectSchema(failureSchema, answer.body);
		}
		expect(created.body.errors[0]?.source?.pointer).toBe(pointer);
		expect(scene.simulator.tunnels()).toEqual(before);
	});

	it.each(['name', 'cloudflare_endpoint', 'interface_address'])('requires %s', async (name) => {
		const body = Object.fromEntries(Object.entries(SITE).filter(([field]) => field !== name));
		const answer = await scene.caller.magic('POST', '', { body });
		expect(errorOf(answer)).toEqual([400, 1022]);
		expect(answer.body.errors[0]?.source?.pointer).toBe(`/${name}`);
	});

	it('words null as Cloudflare does', async () => {
		const { body } = await scene.caller.magic('PUT', `/${scene.first().id}`, {
			body: { description: null },
		});
		expect(body.errors[0]?.message).toBe(
			'Invalid Request: error parsing request body while updating IPsec Tunnel: type "string" is not permitted to be null',
		);
	});

	const accepted: [string, object][] = [
		['a long name', { name: 'b'.repeat(200) }],
		['an underscore', { name: 'IPsec_1' }],
		['IPv6 endpoints', { cloudflare_endpoint: '2606:54c1::1', customer_endpoint: '2001:db8::1' }],
		['no customer endpoint', { customer_endpoint: '' }],
		['a /30', { interface_address: '172.16.9.2/30' }],
		['the 192.168 range', { interface_address: '192.168.255.255/31' }],
		['the link-local range', { interface_address: '169.254.255.1/31' }],
		['interface_address6', { interface_address6: '2606:54c1:7:0:a9fe:12d2:1:200/127' }],
		['interface_address6 with a dotted end', { interface_address6: '::ffff:10.0.0.2/127' }],
		['an empty description', { description: '' }],
		['replay protection', { replay_protection: true }],
		['routing off', { automatic_return_routing: false }],
		['a null cipher', { allow_null_cipher: true }],
		['a target', { health_check: { target: { saved: '192.0.2.1' } } }],
		['a whole BGP', bgp({ md5_key: "~`= \\|'", extra_prefixes: ['10.0.0.0/8', '::/0'] })],
		['a short key', { psk: 'abcde' }],
		['a key of any characters', { psk: 'schlüssel 🔑' }],
		['read-only fields', { id: HEX, created_on: 'x', psk_metadata: {}, remote_identities: {} }],
	];

	it.each(accepted)('accepts %s', async (_name, change) => {
		const { status, body } = await scene.caller.magic('POST', '', { body: { ...SITE, ...change } });
		expect([status, body.errors]).toEqual([200, []]);
		expectSchema(tunnelSchema, body.result);
	});

	it('wants the string form of the target without the header, and a boolean header', async () => {
		const send = (target: unknown, headers: Record<string, string>) =>
			scene.caller.magic('POST', '?validate_only=true', {
				body: { ...SITE, health_check: { target } },
				headers,
				objectTarget: false,
			});
		const header = 'x-magic-new-hc-target';
		expect((await send('192.0.2.1', {})).status).toBe(200);
		expect((await send('192.0.2.1', { [header]: 'false' })).status).toBe(200);
		expect(errorOf(await send({ saved: '' }, {}))).toEqual([400, 1022]);
		expect(errorOf(await send('192.0.2.1', { [header]: 'true' }))).toEqual([400, 1022]);
		expect(errorOf(await send('192.0.2.1', { [header]: '1' }))).toEqual([400, 1022]);
	});

	it('allows one custom identity twice, but not on one Cloudflare endpoint', async () => {
		const identity = {
			custom_remote_identities: {
				fqdn_id: `bru.${scene.simulator.accountId}.custom.ipsec.cloudflare.com`,
			},
		};
		const one = { ...SITE, ...identity };
		const two = { ...one, name: 'branch-bru-02', interface_address: '10.10.0.4/31' };
		expect((await scene.caller.magic('POST', '', { body: one })).body.result).toMatchObject(
			identity,
		);
		expect(errorOf(await scene.caller.magic('POST', '', { body: two }))).toEqual([400, 1022]);
		const elsewhere = { ...two, cloudflare_endpoint: '162.159.66.41' };
		expect((await scene.caller.magic('POST', '', { body: elsewhere })).status).toBe(200);
		const cleared = { custom_remote_identities: { fqdn_id: '' } };
		const id = scene.simulator.tunnel(one.name)!.id;
		await scene.caller.magic('PUT', `/${id}`, { body: cleared });
		expect(scene.simulator.tunnel(id)).not.toHaveProperty('custom_remote_identities');
	});

	it('obeys the account: its flags and its leased addresses', async () => {
		await scene.start({ flags: { couplerIntegration: true }, leasedEndpoints: ['162.159.64.41'] });
		const routed = { ...SITE, automatic_return_routing: true };
		expect((await scene.caller.magic('POST', '', { body: routed })).body.result).toMatchObject(
			routed,
		);
		const foreign = { ...SITE, name: 'x', cloudflare_endpoint: '162.159.1.1' };
		expect(errorOf(await scene.caller.magic('POST', '', { body: foreign }))).toEqual([400, 1022]);
	});

	it.each([
		['no JSON', '{"name":', 'application/json', [400, 1022]],
		['a list', '[]', 'application/json', [400, 1022]],
		['another type', 'name=x', 'application/x-www-form-urlencoded', [415, 1022]],
		['no body', undefined, 'application/json', [400, 1022]],
	])('refuses %s', async (_name, body, type, expected) => {
		const answer = await scene.caller.magic('POST', '', {
			body,
			headers: { 'content-type': type },
		});
		expect(errorOf(answer)).toEqual(expected);
	});
});
