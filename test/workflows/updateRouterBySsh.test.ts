import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { IDataObject, IRun } from 'n8n-workflow';
import { ROOT } from '../helpers/paths';
import { leaksIn } from '../helpers/scanner';
import { startJsonServer } from '../stubs/jsonServer';
import type { Sshd } from '../stubs/sshd';
import { startSshd } from '../stubs/sshd';
import type { Vault } from '../stubs/vault/kv2';
import { startVault } from '../stubs/vault/kv2';
import { taskOf } from '../helpers/engine';
import { errorOf, itemsOf, runExample } from './run';

const SCRIPT = path.join(ROOT, 'docs', 'routers', 'update-tunnel-key.sh');

const ID = '0123456789abcdef0123456789abcdef';
const PATH = `magic-ipsec/${ID}`;
const CURRENT = 'theKeyThatIsLiveBeforeTheRotation';
const PENDING = 'a "pending" key # with } ${x} %s and é';

/**
 * A strongSwan for the script: it loads the key from its file, and has an SA if that is the file `live`.
 * The real one is in test/e2e.
 */
const SWANCTL = `#!/bin/sh
case $1 in
--list-sas)
	[ -f "$STATE/sa" ] || exit 0
	read -r id at <"$STATE/sa"
	echo "paris-a: #$id, ESTABLISHED, IKEv2, 0123456789abcdef_i* fedcba9876543210_r"
	echo "  local  'id' @ 203.0.113.17[4500]"
	echo "  established $(($(date +%s) - at))s ago, rekeying in 13000s"
	echo "  net: #7, reqid 1, INSTALLED, TUNNEL, ESP:AES_GCM_16-256"
	echo "    installed 500s ago"
	;;
--load-creds) sed -n 's/.*secret = 0s//p' "$SWANCTL_DIR/conf.d/paris-a-key.conf" | base64 -d >"$STATE/loaded" ;;
--rekey | --initiate)
	rm -f "$STATE/sa"
	cmp -s "$STATE/loaded" "$STATE/live" || exit 1
	echo "$(($(cat "$STATE/last") + 1))" >"$STATE/last"
	echo "$(cat "$STATE/last") $(date +%s)" >"$STATE/sa"
	;;
*) exit 64 ;;
esac
`;

describe('workflows/update-router-by-ssh.json', () => {
	let folder: string;
	let vault: Vault;
	let sshd: Sshd;

	const file = (name: string) => path.join(folder, name);
	const keyFile = () => file('conf.d/paris-a-key.conf');

	const store = async (data: object) => {
		const answer = await fetch(`${vault.url}/${PATH}`, {
			method: 'POST',
			headers: { 'x-vault-token': vault.token },
			body: JSON.stringify({ data }),
		});
		expect(answer.status).toBe(200);
	};

	beforeEach(async () => {
		folder = mkdtempSync(path.join(tmpdir(), 'router-'));
		mkdirSync(file('bin'));
		mkdirSync(file('conf.d'));
		vault = await startVault({ token: 'the token of this router' });
		await store({ current: CURRENT, pending: PENDING });
		writeFileSync(file('bin/swanctl'), SWANCTL, { mode: 0o755 });
		writeFileSync(file('last'), '4');
		writeFileSync(file('live'), PENDING);
		writeFileSync(file('sa'), `4 ${Math.floor(Date.now() / 1000) - 9000}`);
		writeFileSync(
			keyFile(),
			`secrets { ike-paris-a { id-1 = "a"\n secret = 0s${Buffer.from(CURRENT).toString('base64')}\n } }\n`,
		);
		writeFileSync(file('header'), `X-Vault-Token: ${vault.token}\n`);
		writeFileSync(
			file('conf'),
			`VAULT_ADDR=${new URL(vault.url).origin}\nVAULT_MOUNT=secret\nVAULT_HEADER_FILE=${file('header')}\n`,
		);
		sshd = await startSshd({
			PATH: `${file('bin')}:${process.env.PATH}`,
			STATE: folder,
			SWANCTL_DIR: folder,
			UPDATE_TUNNEL_KEY_CONF: file('conf'),
			TRIES: '1',
		});
	});

	afterEach(async () => {
		await Promise.all([vault.close(), sshd.close()]);
		rmSync(folder, { recursive: true });
	});

	const JOB = {
		ipsec_tunnel_id: ID,
		tunnel_name: 'paris-a',
		vault_path: PATH,
		vault_version: '1',
		changed_at: '2026-11-21T10:00:00Z',
	};

	const update = async (
		jobs: IDataObject[],
		privateKey?: string,
		command = SCRIPT,
	): Promise<IRun> => {
		const run = await runExample({
			file: 'update-router-by-ssh.json',
			settings: { host: '127.0.0.1', command },
			credentials: { sshPrivateKey: { ...sshd.credential, ...(privateKey && { privateKey }) } },
			input: jobs.map((json) => ({ json })),
		});
		expect(errorOf(run)).toBeUndefined();
		expect(leaksIn(run, [CURRENT, PENDING, vault.token])).toEqual([]);
		return run;
	};

	const answers = async (...given: Parameters<typeof update>) =>
		itemsOf(await update(...given), 'Answers');

	const failure = (reason: unknown) => ({
		ipsec_tunnel_id: ID,
		ok: false,
		ike_sa_made_at: '',
		reason,
	});

	const loaded = () => readFileSync(file('loaded'), 'utf8');

	it('has the router fetch its pending key, load it and authenticate, and tells when its IKE SA was made', async () => {
		const from = Math.floor(Date.now() / 1000) * 1000;
		const [answer, ...more] = await answers([JOB]);
		expect(answer).toEqual({
			ipsec_tunnel_id: ID,
			ok: true,
			ike_sa_made_at: expect.stringMatching(/Z$/) as string,
			reason: '',
		});
		expect(more).toEqual([]);
		const madeAt = Date.parse(String(answer!.ike_sa_made_at));
		expect(madeAt).toBeGreaterThanOrEqual(from);
		expect(madeAt).toBeLessThanOrEqual(Date.now());
		expect(loaded()).toBe(PENDING);
		expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
		expect(sshd.commands).toEqual([`cd / ; ${SCRIPT} 'paris-a' '${PATH}' '1'`]);
	});

	it('has it load the current key when there is no pending one, as after a Roll Back', async () => {
		await store({ current: CURRENT, previous: PENDING });
		writeFileSync(file('live'), CURRENT);
		expect(await answers([{ ...JOB, vault_version: '2' }])).toMatchObject([{ ok: true }]);
		expect(loaded()).toBe(CURRENT);
	});

	it('has it begin anew where there is no IKE SA', async () => {
		rmSync(file('sa'));
		expect(await answers([JOB])).toMatchObject([{ ok: true }]);
	});

	it('puts the key into the configuration of a VyOS by its own API, and resets the peer', async () => {
		const calls: Array<{ path: string; key: string | null; data: unknown }> = [];
		const api = await startJsonServer(({ method, url: { pathname }, text }) => {
			const form = new URLSearchParams(text);
			calls.push({
				path: `${method} ${pathname}`,
				key: form.get('key'),
				data: JSON.parse(form.get('data') ?? '') as unknown,
			});
			if (pathname === '/reset') writeFileSync(file('sa'), `5 ${Math.floor(Date.now() / 1000)}`);
			return { status: 200, body: { success: true, data: null, error: null } };
		});
		writeFileSync(file('api-key'), 'a key of the API & more');
		writeFileSync(
			file('conf'),
			`${readFileSync(file('conf'), 'utf8')}ROUTER=vyos\nVYOS_API=${api.origin}\nVYOS_API_KEY_FILE=${file('api-key')}\n`,
		);
		try {
			expect(await answers([JOB])).toMatchObject([{ ok: true }]);
		} finally {
			await api.close();
		}
		const key = 'a key of the API & more';
		const psk = ['vpn', 'ipsec', 'authentication', 'psk', 'paris-a', 'secret', PENDING];
		expect(calls).toEqual([
			{ path: 'POST /configure', key, data: [{ op: 'set', path: psk }] },
			{ path: 'POST /config-file', key, data: { op: 'save' } },
			{
				path: 'POST /reset',
				key,
				data: { op: 'reset', path: ['vpn', 'ipsec', 'site-to-site', 'peer', 'paris-a'] },
			},
		]);
		expect(await answers([JOB])).toEqual([failure('VyOS did not take the call configure.')]);
	});

	it('calls one router after the other, and gives an answer for each', async () => {
		const other = { ...JOB, ipsec_tunnel_id: ID.replace('0', 'f'), tunnel_name: 'oslo-a' };
		expect(await answers([other, JOB])).toEqual([
			{
				...failure(expect.stringMatching(/^There is no .*oslo-a-key\.conf/)),
				ipsec_tunnel_id: other.ipsec_tunnel_id,
			},
			expect.objectContaining({ ipsec_tunnel_id: ID, ok: true }),
		]);
	});

	it('leaves the router its key when the vault is sealed', async () => {
		const before = readFileSync(keyFile(), 'utf8');
		vault.mode.sealed = true;
		expect(await answers([JOB])).toEqual([
			failure('The vault can not be reached, or refused to give the secret.'),
		]);
		expect(readFileSync(keyFile(), 'utf8')).toBe(before);
		expect(existsSync(file('loaded'))).toBe(false);
	});

	it('takes no version of the secret that is older than the one that was written', async () => {
		expect(await answers([{ ...JOB, vault_version: '7' }])).toEqual([
			failure('The vault gave version 1, which is older than 7.'),
		]);
	});

	it('says that no new IKE SA was made when the other end has another key', async () => {
		writeFileSync(file('live'), CURRENT);
		expect(await answers([JOB])).toEqual([
			failure(expect.stringMatching(/^strongSwan did not begin|AUTHENTICATION_FAILED/)),
		]);
	});

	it('says that a router can not be reached, or does not know the key', async () => {
		const unreached = failure(
			'It could not be reached by SSH, or does not know the key: the node Run on Router says which.',
		);
		const run = await update([JOB], sshd.otherKey);
		expect(itemsOf(run, 'Answers')).toEqual([unreached]);
		expect(taskOf(run, 'Run on Router').error?.message).toMatch(/authentication/);
		expect(sshd.commands).toEqual([]);
		await sshd.close();
		expect(await answers([JOB])).toEqual([unreached]);
	});

	it('says so when the command says nothing', async () => {
		expect(await answers([JOB, JOB], undefined, 'exit 3;')).toEqual([
			failure('Its command ended with 3 and said nothing.'),
			failure('Its command ended with 3 and said nothing.'),
		]);
	});

	it.each([
		['connection', { tunnel_name: "a'; touch /tmp/x; '" }],
		['connection', { tunnel_name: '$(id)' }],
		['connection', { tunnel_name: '-x' }],
		['connection', { tunnel_name: 'a\nb' }],
		['vault path', { vault_path: '../../sys/raw' }],
		['vault path', { vault_path: 'a b' }],
		['vault path', { vault_path: '' }],
		['vault version', { vault_version: '1 2' }],
		['tunnel id', { ipsec_tunnel_id: 'x' }],
	])('puts no strange %s into a command', async (what, strange) => {
		expect(await answers([{ ...JOB, ...strange }])).toMatchObject([
			{ ok: false, reason: `It was not called: its ${what} can not be put into a command.` },
		]);
		expect(sshd.commands).toEqual([]);
	});
});
