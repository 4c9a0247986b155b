import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { ROOT } from '../../../helpers/paths';
import { startVault } from '../../../stubs/vault/kv2';
import { aptMissing } from '../../harness/apt';
import type { Part } from '../../harness/part';
import { reasonWithoutIke, startPair } from '../../real/ike';

const SCRIPT = path.join(ROOT, 'docs', 'routers', 'update-tunnel-key.sh');
const IDENTITY = 'paris-a.example.com';
const SECRET = 'magic-ipsec/0123456789abcdef0123456789abcdef';
const TOKEN = 'the token of this router';

interface Ended {
	code: number;
	stdout: string;
	stderr: string;
}

async function run(env: NodeJS.ProcessEnv): Promise<Ended> {
	return await new Promise((resolve) => {
		execFile(SCRIPT, ['cf', SECRET], { env, timeout: 120_000 }, (error, stdout, stderr) => {
			resolve({ code: error === null ? 0 : Number(error.code ?? 255), stdout, stderr });
		});
	});
}

export const part: Part = {
	name: 'router-command',
	about: 'the command of docs/routers on a real strongSwan: from the vault to a new IKE SA',
	skipReason: async () => (await reasonWithoutIke()) ?? (await aptMissing(['curl', 'jq'])),
	async run(context) {
		const pair = await startPair({ identity: IDENTITY });
		context.defer(async () => await pair.stop());
		const vault = await startVault({ token: TOKEN });
		context.defer(async () => await vault.close());
		const file = (name: string) => path.join(pair.routerFolder, name);
		const store = async (data: object) => {
			const headers = { 'x-vault-token': TOKEN };
			const body = JSON.stringify({ data });
			const { status } = await fetch(`${vault.url}/${SECRET}`, { method: 'POST', headers, body });
			assert.equal(status, 200);
		};
		const real = ['/usr/sbin/swanctl', '/usr/bin/swanctl'].find((one) => existsSync(one))!;
		await mkdir(file('bin'));
		await mkdir(file('conf.d'), { recursive: true });
		await writeFile(
			file('bin/swanctl'),
			`#!/bin/sh\ncommand=$1\nshift\nexec ${real} "$command" --uri unix://${file('vici')} "$@"\n`,
			{ mode: 0o755 },
		);
		await writeFile(file('swanctl.conf'), 'include conf.d/*.conf\n');
		await writeFile(
			file('conf.d/cf-key.conf'),
			`secrets { ike-cf { id-1 = "${IDENTITY}"\n secret = 0snothing\n } }\n`,
		);
		await writeFile(file('header'), `X-Vault-Token: ${TOKEN}\n`);
		await writeFile(
			file('conf'),
			`VAULT_ADDR=${new URL(vault.url).origin}\nVAULT_MOUNT=secret\nVAULT_HEADER_FILE=${file('header')}\n`,
		);
		const env = {
			PATH: `${file('bin')}:${process.env.PATH}`,
			STRONGSWAN_CONF: file('strongswan.conf'),
			SWANCTL_DIR: pair.routerFolder,
			UPDATE_TUNNEL_KEY_CONF: file('conf'),
			TRIES: '10',
		};
		const [former, next] = ['the former key, with "quotes"', 'the next key } # and é'];
		const assertRenewed = async ({ code, stdout, stderr }: Ended, before: readonly number[]) => {
			assert.equal(code, 0, stderr);
			const [, age = ''] = /^ike_sa_age=(\d+)\n$/.exec(stdout) ?? [];
			assert.ok(age !== '' && Number(age) <= 10, stdout);
			const now = await pair.established('customer');
			assert.ok(
				now.some((id) => !before.includes(id)),
				'an IKE SA that was not there before',
			);
		};

		await pair.setKey('cloudflare', former);
		await store({ current: former });
		await context.check('no IKE SA yet: it takes the current key and makes one', async () => {
			await assertRenewed(await run(env), []);
		});
		await context.check('the key is changed at both ends: a new IKE SA with it', async () => {
			const before = await pair.established('customer');
			await store({ current: former, pending: next });
			await pair.setKey('cloudflare', next);
			await assertRenewed(await run(env), before);
		});
		await context.check('a sealed vault: nothing is changed, and the tunnel stays up', async () => {
			const before = await pair.established('customer');
			vault.mode.sealed = true;
			const { code, stdout, stderr } = await run(env);
			vault.mode.sealed = false;
			assert.deepEqual([code, stdout], [1, '']);
			assert.match(stderr, /^The vault can not be reached/);
			assert.deepEqual(await pair.established('customer'), before);
		});
		await context.check('another key at the edge: it says that no IKE SA was made', async () => {
			await pair.setKey('cloudflare', former);
			const { code, stdout, stderr } = await run(env);
			assert.deepEqual([code, stdout], [1, '']);
			assert.match(stderr, /AUTHENTICATION_FAILED/);
		});
		await context.check('the former key again, after a Roll Back', async () => {
			const before = await pair.established('customer');
			await store({ current: former, previous: next });
			await assertRenewed(await run(env), before);
		});
	},
};
