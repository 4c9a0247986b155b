/**
 * What older versions of the polling trigger left in its static data, letter by letter, and the
 * tunnels that they had seen. Nothing here is ever changed: an installed trigger holds such texts.
 */

/** When they were stored, in milliseconds since 1970. */
export const STORED_AT = Date.parse('2026-11-21T10:00:00Z');

export const STORED_ACCOUNT = '0123456789abcdef0123456789abcdef';

/** The tunnels as Cloudflare answered them: with all that is documented, with the least, with a new field. */
export const STORED_TUNNELS = [
	{
		id: '1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a',
		name: 'site-berlin',
		cloudflare_endpoint: '162.159.64.1',
		customer_endpoint: '203.0.113.7',
		interface_address: '10.0.0.0/31',
		interface_address6: '2606:54c1:7:0:a9fe:12d2:1:200/127',
		description: 'headquarters',
		health_check: {
			enabled: true,
			rate: 'mid',
			type: 'reply',
			direction: 'unidirectional',
			target: { saved: '', effective: '203.0.113.7' },
		},
		bgp: { customer_asn: 65001, extra_prefixes: ['10.1.0.0/16'], md5_key: 'not to be stored' },
		bgp_status: {
			state: 'BGP_UP',
			tcp_established: true,
			updated_at: '2026-11-20T08:00:00.000000Z',
		},
		custom_remote_identities: { fqdn_id: 'berlin.1234567.custom.ipsec.cloudflare.com' },
		remote_identities: {
			hex_id: '0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f',
			fqdn_id: '1a1a.1234567.ipsec.cloudflare.com',
			user_id: 'ipsec@1234567.1a1a.ipsec.cloudflare.com',
		},
		automatic_return_routing: false,
		replay_protection: true,
		allow_null_cipher: false,
		psk_metadata: { last_generated_on: '2026-11-01T12:34:56.789012Z' },
		created_on: '2025-01-02T03:04:05.678901Z',
		modified_on: '2026-11-01T12:34:56.789012Z',
	},
	{
		id: '2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b',
		name: 'site-zürich',
		cloudflare_endpoint: '162.159.64.1',
		interface_address: '10.0.0.2/31',
		psk_metadata: {},
	},
	{
		id: '3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c',
		name: 'a name so long that no more than its beginning is kept, with a fingerprint',
		cloudflare_endpoint: '162.159.64.2',
		customer_endpoint: '203.0.113.9',
		interface_address: '10.0.0.4/31',
		psk_metadata: { last_generated_on: '2025-05-05T05:05:05.555555Z' },
		post_quantum: { enabled: true, groups: [35, 36] },
	},
];

/** Format 1, which did not name its fields. */
export const STORED_FORMAT_1 = {
	format: 1,
	account_id: STORED_ACCOUNT,
	tunnels:
		'U67-N;' +
		'1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a mA_wM site-berlin 162.159.64.1 203.0.113.7 BGP_UP 2026-11-01T12:34:56.789012Z 0D4KVneVQ6lhCzuVXUDWRySEvxayD-6J_lFYlpBLlHhsNYlpBLF3JHB 0;' +
		'2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b FjzAL site-z%C3%BCrich 162.159.64.1    F3JHBll2ncF3JHBF3JHBF3JHBF3JHBF3JHBYlpBLYlpBLYlpBLF3JHB 1795255200;' +
		'3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c F_BE6 a%20name%20so%20long%20that%20no%20more%20than%20its~VPxZD 162.159.64.2 203.0.113.9  2025-05-05T05:05:05.555555Z F3JHBTPyuBF3JHBF3JHBF3JHBF3JHBF3JHBYlpBLYlpBLYlpBLFHk2m 1795255200',
};

/** Format 2 names the compared fields. */
export const STORED_FORMAT_2 = {
	format: 2,
	account_id: STORED_ACCOUNT,
	tunnels:
		'lHo-i;description interface_address interface_address6 health_check bgp custom_remote_identities remote_identities automatic_return_routing replay_protection allow_null_cipher *Wz_Vg;' +
		'1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a mA_wM site-berlin 162.159.64.1 203.0.113.7 BGP_UP 2026-11-01T12:34:56.789012Z 0D4KVneVQ6lhCzuVXUDWRySEvxayD-6J_lFYlpBLlHhsNYlpBLF3JHB 0;' +
		'2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b FjzAL site-z%C3%BCrich 162.159.64.1    F3JHBll2ncF3JHBF3JHBF3JHBF3JHBF3JHBYlpBLYlpBLYlpBLF3JHB 1795255200;' +
		'3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c F_BE6 a%20name%20so%20long%20that%20no%20more%20than%20its~VPxZD 162.159.64.2 203.0.113.9  2025-05-05T05:05:05.555555Z F3JHBTPyuBF3JHBF3JHBF3JHBF3JHBF3JHBYlpBLYlpBLYlpBLFHk2m 1795255200',
};

/** Format 3 has the health of a tunnel at the end of its line; here of a trigger that does not ask for it. */
export const STORED_FORMAT_3 = {
	format: 3,
	account_id: STORED_ACCOUNT,
	tunnels:
		'02NTA;description interface_address interface_address6 health_check bgp custom_remote_identities remote_identities automatic_return_routing replay_protection allow_null_cipher *Wz_Vg;' +
		'1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a mA_wM site-berlin 162.159.64.1 203.0.113.7 BGP_UP 2026-11-01T12:34:56.789012Z 0D4KVneVQ6lhCzuVXUDWRySEvxayD-6J_lFYlpBLlHhsNYlpBLF3JHB 0 -;' +
		'2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b FjzAL site-z%C3%BCrich 162.159.64.1    F3JHBll2ncF3JHBF3JHBF3JHBF3JHBF3JHBYlpBLYlpBLYlpBLF3JHB 1795255200 -;' +
		'3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c F_BE6 a%20name%20so%20long%20that%20no%20more%20than%20its~VPxZD 162.159.64.2 203.0.113.9  2025-05-05T05:05:05.555555Z F3JHBTPyuBF3JHBF3JHBF3JHBF3JHBF3JHBYlpBLYlpBLYlpBLFHk2m 1795255200 -',
};

/** Format 3 of a trigger that saw the first tunnel healthy and the last one down. */
export const STORED_HEALTH = {
	format: 3,
	account_id: STORED_ACCOUNT,
	tunnels:
		'UuX_E;description interface_address interface_address6 health_check bgp custom_remote_identities remote_identities automatic_return_routing replay_protection allow_null_cipher *Wz_Vg;' +
		'1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a mA_wM site-berlin 162.159.64.1 203.0.113.7 BGP_UP 2026-11-01T12:34:56.789012Z 0D4KVneVQ6lhCzuVXUDWRySEvxayD-6J_lFYlpBLlHhsNYlpBLF3JHB 0 h;' +
		'2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b FjzAL site-z%C3%BCrich 162.159.64.1    F3JHBll2ncF3JHBF3JHBF3JHBF3JHBF3JHBYlpBLYlpBLYlpBLF3JHB 1795255200 -;' +
		'3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c F_BE6 a%20name%20so%20long%20that%20no%20more%20than%20its~VPxZD 162.159.64.2 203.0.113.9  2025-05-05T05:05:05.555555Z F3JHBTPyuBF3JHBF3JHBF3JHBF3JHBF3JHBYlpBLYlpBLYlpBLFHk2m 1795255200 d',
};
