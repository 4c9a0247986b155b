import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { Site } from './routers';
import { routerConfiguration, ROUTERS } from './routers';

const SITE: Site = {
	site: 'branch-office-17',
	identity: '0123456789abcdef0123456789abcdef.12345678.ipsec.cloudflare.com',
	cloudflare_endpoint: '162.159.64.41',
	customer_endpoint: '203.0.113.17',
	cloudflare_inside: '10.213.0.10',
	router_inside: '10.213.0.11',
	prefix_length: 31,
	netmask: '255.255.255.254',
	wan_interface: 'wan7',
	tunnel_interface: 'tunnel.7',
	psk: 'ThisIsTheKeyOfTheTest',
};

const expected = (fileName: string) =>
	readFileSync(path.join(__dirname, 'routers', fileName), 'utf8');

describe('the router configurations of workflows/onboard-sites.json', () => {
	it.each(ROUTERS)('%s gets every value of its site', async (router) => {
		const { fileName, text } = await routerConfiguration(router, SITE);
		expect(text).toBe(expected(fileName));
	});

	it('takes any key for strongSwan, whatever is in it', async () => {
		const psk = 'a "key" # with } ${x} and é';
		const { text } = await routerConfiguration('strongSwan', { ...SITE, psk });
		const [, encoded = ''] = /secret = 0s(\S+)\n/.exec(text) ?? [];
		expect(Buffer.from(encoded, 'base64').toString('utf8')).toBe(psk);
	});

	it('knows a site without a fixed address', async () => {
		const site = { ...SITE, customer_endpoint: '' };
		expect((await routerConfiguration('strongSwan', site)).text).toContain('local_addrs = %any\n');
		expect((await routerConfiguration('VyOS', site)).text).toContain("local-address 'any'\n");
	});
});
