import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { routerConfiguration, ROUTERS, SITE } from './routers';

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
