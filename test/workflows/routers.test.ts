import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { routerConfiguration, ROUTERS, SITE } from './routers';

const expected = (fileName: string) =>
	readFileSync(path.join(__dirname, 'routers', fileName), 'utf8');

describe('the router configurations of workflows/onboard-sites.json', () => {
	it.each(ROUTERS)('%s gets every value of its site', async (router) => {
		const { fileName, text } = await routerConfiguration(router, SITE);
		expect(text).toBe(expected(fileName));
	});

	it.each(ROUTERS)(
		'%s: a key that can not be fetched changes nothing',
		async (router) =>
			await inFolder(async (folder) => {
				const { fileName, text } = await routerConfiguration(router, SITE);
				writeFileSync(path.join(folder, fileName), text);
				const [, command] = /^[#!] {3}(\(.*KEY=.*)$/m.exec(text)!;
				writeFileSync(path.join(folder, 'vault'), '#!/bin/sh\nexit 2\n', { mode: 0o755 });
				const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
				const commands = command!.replace('/etc/swanctl/conf.d', folder);
				const { status, stdout } = spawnSync('bash', ['-c', commands], {
					cwd: folder,
					env,
					encoding: 'utf8',
				});
				expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
				expect(readdirSync(folder).sort()).toEqual([fileName, 'vault'].sort());
			}),
	);

	/** What a shell prints for the commands of a file; `vault` stands for a key and nothing else. */
	const shell = (commands: string, folder: string, key: string): string => {
		writeFileSync(path.join(folder, 'vault'), '#!/bin/sh\nprintf %s "$KEY"\n', { mode: 0o755 });
		const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, KEY: key };
		return execFileSync('bash', ['-c', commands], { cwd: folder, env, encoding: 'utf8' });
	};

	const inFolder = async (act: (folder: string) => Promise<void>) => {
		const folder = mkdtempSync(path.join(tmpdir(), 'routers-'));
		try {
			await act(folder);
		} finally {
			rmSync(folder, { recursive: true });
		}
	};

	it.each(ROUTERS.filter((router) => router !== 'strongSwan'))(
		'%s: the command of the file puts the key in its place, once, and changes nothing else',
		async (router) =>
			await inFolder(async (folder) => {
				const key = 'aKeyThatWasFetched';
				const { fileName, text } = await routerConfiguration(router, SITE);
				writeFileSync(path.join(folder, fileName), text);
				const [, command] = /^[#!] {3}(\(KEY=.*)$/m.exec(text)!;
				const lines = text.split('\n').filter((line) => !/^[#!]/.test(line));
				const printed = shell(command!, folder, key);
				expect(printed).toBe(lines.join('\n').replace('KEY_FROM_THE_VAULT', key));
				expect(printed.split(key)).toHaveLength(2);
			}),
	);

	it('strongSwan: the command of the file writes any key, whatever is in it, for root alone', async () =>
		await inFolder(async (folder) => {
			const key = 'a "key" # with } ${x} %s and é';
			const { text } = await routerConfiguration('strongSwan', SITE);
			const command = /^# {3}(\(umask .*)$/m.exec(text)![1]!.replace('/etc/swanctl/conf.d', folder);
			shell(command, folder, key);
			const file = path.join(folder, `${SITE.site}-key.conf`);
			const written = readFileSync(file, 'utf8');
			expect(written).toContain(`id-1 = "${SITE.identity}"`);
			const [, encoded = ''] = /secret = 0s(\S+)\n/.exec(written) ?? [];
			expect(Buffer.from(encoded, 'base64').toString('utf8')).toBe(key);
			expect(statSync(file).mode & 0o777).toBe(0o600);
		}));

	it('knows a site without a fixed address', async () => {
		const site = { ...SITE, customer_endpoint: '' };
		expect((await routerConfiguration('strongSwan', site)).text).toContain('local_addrs = %any\n');
		expect((await routerConfiguration('VyOS', site)).text).toContain("local-address 'any'\n");
	});
});
