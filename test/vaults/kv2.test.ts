import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { kv2 } from '../../nodes/vaults/kv2';
import { EMPTY_RECORD } from '../../nodes/vaults/record';
import { promote, stage } from '../../nodes/vaults/transitions';
import { CloudflareMagicVaultApi } from '../../credentials/CloudflareMagicVaultApi.credentials';
import { failureOf, kv2Credential, kv2Driver, LIMITS, snapshotOf } from '../helpers/vaults';
import { directTransport } from '../helpers/vaultTransport';
import { useVirtualClock } from '../helpers/virtualClock';
import type { RoleOptions, Vault } from '../stubs/vault/kv2';
import { startVault, writerPolicy } from '../stubs/vault/kv2';

/** Vault and OpenBao: what is special about them. */

const NAME = 'magic-ipsec/t1';
const clock = useVirtualClock();

let vault: Vault;
beforeEach(async () => {
	vault = await startVault({ now: () => clock.now() });
});
afterEach(async () => {
	await vault.close();
});

const RECORD = stage(EMPTY_RECORD, { key: 'K1', since: 's', by: 'b', finish: 'later', owner: {} });

const operations = () => vault.requests.map(({ operation }) => operation);

function appRole(options: RoleOptions = {}) {
	return { method: 'appRole', ...vault.access.addRole(options) };
}

describe('what the vault holds', () => {
	it.each(['deleted', 'destroyed'])(
		'a %s secret is told, and written over by its number',
		async (how) => {
			vault.engine.write(NAME, { data: { current: 'OLD' } });
			vault.engine.write(NAME, { data: { current: 'OLD' } });
			if (how === 'deleted') vault.engine.delete(NAME);
			else vault.engine.destroy(NAME, [2]);
			const driver = kv2Driver(vault);
			const snapshot = snapshotOf(await driver.read(NAME, 'change'));
			expect(snapshot).toMatchObject({ state: 'deleted', version: '2', record: EMPTY_RECORD });
			const stored = snapshotOf(await driver.write(snapshot, RECORD));
			expect(stored.version).toBe('3');
		},
	);

	it('a secret with metadata only counts as none', async () => {
		vault.engine.writeMetadata(NAME, { cas_required: true });
		const driver = kv2Driver(vault);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		expect(snapshot.state).toBe('absent');
		snapshotOf(await driver.write(snapshot, RECORD));
	});

	it('a key is written with one request, and read with one', async () => {
		const driver = kv2Driver(vault);
		const read = snapshotOf(await driver.read(NAME, 'change'));
		const stored = snapshotOf(await driver.write(read, RECORD));
		snapshotOf(await driver.write(stored, promote(RECORD, 'd')));
		expect(operations()).toEqual(['read', 'write', 'write']);
	});

	it.each([
		['max_versions of 2', { max_versions: 2 }, 'only the newest 2 versions'],
		['max_versions of 1', { max_versions: 1 }, 'only the newest version of'],
		['delete_version_after', { delete_version_after: '60s' }, 'by itself after some time'],
	])('a mount with %s is warned of at the opening', async (_, settings, words) => {
		vault.engine.writeConfig(settings);
		const opened = await kv2Driver(vault).open();
		expect(opened).toMatchObject({ warnings: [expect.stringContaining(words)] });
	});

	it('a secret with such settings is warned of where it is looked at', async () => {
		vault.engine.writeMetadata(NAME, { max_versions: 2 });
		vault.engine.write(NAME, { data: {} });
		const driver = kv2Driver(vault);
		const changing = snapshotOf(await driver.read(NAME, 'change'));
		expect(changing.warnings).toEqual([]);
		expect(snapshotOf(await driver.read(NAME, 'look')).warnings).toEqual([
			"The vault keeps only the newest 2 versions of 'magic-ipsec/t1' (max_versions): set it to 3 at least.",
		]);
	});

	it('keys with a date of deletion are warned of at every read and write', async () => {
		vault.engine.settings.delete_version_after = 3600;
		const driver = kv2Driver(vault);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		const date = new Date(clock.now() + 3_600_000).toISOString();
		const warnings = [expect.stringContaining(`deletes the keys in 'magic-ipsec/t1' on ${date}`)];
		expect(snapshotOf(await driver.write(snapshot, RECORD)).warnings).toEqual(warnings);
		expect(snapshotOf(await driver.read(NAME, 'change')).warnings).toEqual(warnings);
	});

	it('least privilege is enough: the writer’s policy of docs/vaults.md', async () => {
		const token = vault.access.addToken({ policy: writerPolicy('secret', 'magic-ipsec') });
		const driver = kv2Driver(vault, { token });
		expect(await driver.open()).toEqual({ kind: 'opened', warnings: [] });
		const snapshot = snapshotOf(await driver.read(NAME, 'look'));
		const stored = snapshotOf(await driver.write(snapshot, RECORD));
		snapshotOf(await driver.write(stored, promote(RECORD, 'd')));
		expect(await driver.names('magic-ipsec/')).toMatchObject({ names: [NAME] });
		expect(failureOf(await driver.read('elsewhere', 'change'))).toMatchObject({
			fault: 'denied',
			reach: 'secret',
			httpCode: '403',
		});
	});
});

describe('what is not a key-value engine of version 2', () => {
	const at = (mount: string) => {
		const credential = kv2Credential(vault);
		return kv2.connect(
			directTransport(new CloudflareMagicVaultApi(), credential),
			{ credential, parameters: { mount } },
			LIMITS,
		);
	};

	it.each([
		['kv1', 'no key-value engine of version 2'],
		['transit', 'no key-value engine of version 2'],
		['secret/magic-ipsec', 'goes deeper'],
	])('the mount %s is refused at the opening', async (mount, words) => {
		expect(failureOf(await at(mount).open())).toMatchObject({
			fault: 'notThisVault',
			reach: 'vault',
			what: expect.stringContaining(words),
		});
	});

	it('a mount that is not there, or that nobody may see, is told by the first read', async () => {
		const driver = at('nowhere');
		expect((await driver.open()).kind).toBe('opened');
		expect(failureOf(await driver.read(NAME, 'change'))).toMatchObject({
			fault: 'notThisVault',
			reach: 'vault',
		});
	});

	it('an engine of version 1 that could not be looked at is found out by the first write', async () => {
		vault.addFault({
			operation: 'mount',
			when: 'before',
			answer: { status: 403, body: { errors: ['no'] } },
		});
		const driver = at('kv1');
		expect((await driver.open()).kind).toBe('opened');
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		expect(failureOf(await driver.write(snapshot, RECORD))).toMatchObject({
			fault: 'unreadable',
			mayHaveHappened: true,
		});
		expect(failureOf(await driver.read(NAME, 'change')).what).toContain('version 2');
	});

	it.each(['', '/', 'a/../b'])(
		'the mount %j can not be used, and nothing is sent',
		async (mount) => {
			const driver = at(mount);
			const failure = { fault: 'settings', reach: 'vault' };
			expect(await driver.open()).toMatchObject(failure);
			expect(await driver.read(NAME, 'look')).toMatchObject(failure);
			expect(await driver.close()).toEqual({ kind: 'closed' });
			expect(vault.requests).toEqual([]);
		},
	);

	it.each([
		['address', 'http://vault.example.com'],
		['address', 'vault:8200'],
		['address', 'https://user:pass@vault.example.com'],
		['namespace', 'a\nb'],
	])('the %s %j can not be used, and nothing is sent', async (field, value) => {
		expect(await kv2Driver(vault, { [field]: value }).open()).toMatchObject({ fault: 'settings' });
		expect(vault.requests).toEqual([]);
	});

	it('slashes and /v1 at the end of the address do no harm', async () => {
		for (const end of ['/', '/v1', '/v1/', '//']) {
			const driver = kv2Driver(vault, { address: vault.origin + end });
			expect((await driver.open()).kind).toBe('opened');
		}
	});
});

describe('a vault that wants patience', () => {
	const write = async () => {
		const driver = kv2Driver(vault);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		return await driver.write(snapshot, RECORD);
	};

	it('a 429 without Retry-After is repeated with back-off', async () => {
		const answer = { status: 429, body: { errors: ['rate limit quota exceeded'] } };
		const fault = vault.addFault({ operation: 'write', times: 2, when: 'before', answer });
		snapshotOf(await write());
		expect([fault.hits, clock.slept()]).toEqual([2, 1_500]);
	});

	it('a Retry-After is obeyed by all requests of the run', async () => {
		const headers = { 'retry-after': '7' };
		vault.addFault({ operation: 'read', when: 'before', answer: { status: 429, headers } });
		const driver = kv2Driver(vault);
		const [one, other] = await Promise.all([
			driver.read(NAME, 'change'),
			driver.read('magic-ipsec/t2', 'change'),
		]);
		expect([one.kind, other.kind]).toEqual(['read', 'read']);
		expect(clock.slept()).toBeGreaterThanOrEqual(7_000);
	});

	it('a Retry-After that is too long is told and not waited for', async () => {
		const headers = { 'retry-after': '3600' };
		vault.addFault({ operation: 'write', when: 'before', answer: { status: 429, headers } });
		expect(failureOf(await write())).toMatchObject({ fault: 'throttled', mayHaveHappened: false });
		expect(clock.slept()).toBe(0);
	});

	it('a replica that lags behind (412) is asked again, a limited number of times', async () => {
		const answer = { status: 412, body: { errors: ['required index state not present'] } };
		const fault = vault.addFault({ operation: 'read', times: 3, when: 'before', answer });
		snapshotOf(await write());
		expect(fault.hits).toBe(3);
		vault.addFault({ operation: 'read', times: Infinity, when: 'before', answer });
		expect(failureOf(await kv2Driver(vault).read(NAME, 'change'))).toMatchObject({
			fault: 'throttled',
		});
	});

	it('an engine that is being upgraded is waited for', async () => {
		const errors = ['Upgrading from non-versioned to versioned data. This backend will …'];
		const answer = { status: 400, body: { errors } };
		vault.addFault({ operation: 'write', when: 'before', answer });
		snapshotOf(await write());
	});

	it('a sealed vault is told at once, with what to do', async () => {
		vault.mode.sealed = true;
		expect(failureOf(await kv2Driver(vault).open())).toEqual({
			kind: 'failed',
			fault: 'sealed',
			what: 'the vault is sealed (HTTP 503)',
			remedy: 'Ask its administrator to unseal it, then run the same operation again.',
			reach: 'vault',
			mayHaveHappened: false,
			httpCode: '503',
		});
		expect(vault.requests).toHaveLength(1);
	});

	it('a standby’s redirect is not followed, so that no token goes elsewhere', async () => {
		const seen: string[] = [];
		const other = createServer((request, response) => {
			seen.push(request.url ?? '');
			response.end('{}');
		}).listen(0, '127.0.0.1');
		await new Promise((resolve) => other.once('listening', resolve));
		vault.mode.redirectTo = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
		for (const changes of [{}, appRole()]) {
			expect(failureOf(await kv2Driver(vault, changes).open())).toMatchObject({ fault: 'standby' });
		}
		expect(failureOf(await kv2Driver(vault).read(NAME, 'change'))).toMatchObject({
			fault: 'standby',
			reach: 'vault',
			httpCode: '307',
		});
		expect(seen).toEqual([]);
		other.close();
	});

	it.each([472, 473])('HTTP %d is a standby, too', async (status) => {
		vault.addFault({ operation: 'mount', when: 'before', answer: { status } });
		expect(failureOf(await kv2Driver(vault).open())).toMatchObject({ fault: 'standby' });
	});
});

describe('a lost answer', () => {
	it.each([
		['of a write that was made', 'after', { cut: 'silent' }],
		['of a write that was not made', 'before', { cut: 'silent' }],
		['that broke off', 'after', { cut: 'halfway' }],
		[
			'in the place of which a proxy sent 502',
			'after',
			{ answer: { status: 502, body: '<html>' } },
		],
		['in the place of which came an empty one', 'after', { answer: { status: 200 } }],
	] as const)('%s is settled: the write is made once', async (_, when, mishap) => {
		const driver = kv2Driver(vault);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		vault.addFault({ operation: 'write', when, ...mishap });
		const stored = snapshotOf(await driver.write(snapshot, RECORD));
		expect(stored.version).toBe('1');
		expect(vault.engine.secret(NAME)?.current).toBe(1);
	});

	it('is settled also where a replica shows for a while what was', async () => {
		vault.engine.write(NAME, { data: { current: 'OLD' } });
		const driver = kv2Driver(vault);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		vault.addFault({ operation: 'write', when: 'after', cut: 'silent' });
		vault.engine.staleReads = 2;
		const stored = snapshotOf(await driver.write(snapshot, RECORD));
		expect([stored.version, vault.engine.secret(NAME)?.current]).toEqual(['2', 2]);
	});

	it('of a write that somebody wrote over is a conflict', async () => {
		const driver = kv2Driver(vault);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		vault.addFault({
			operation: 'write',
			when: 'after',
			cut: 'silent',
		});
		vault.addFault({
			operation: 'read',
			when: 'before',
			delayMs: 1,
			matching: () => {
				vault.engine.write(NAME, { data: { current: 'THEIRS' } });
				return true;
			},
		});
		expect(await driver.write(snapshot, RECORD)).toEqual({ kind: 'conflict' });
	});

	it('after which the vault can not be asked may have been made', async () => {
		const driver = kv2Driver(vault);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		vault.addFault({ operation: 'write', when: 'after', cut: 'silent' });
		const answer = { status: 503, body: { errors: ['Vault is sealed'] } };
		vault.addFault({ operation: 'read', times: Infinity, when: 'before', answer });
		expect(failureOf(await driver.write(snapshot, RECORD))).toMatchObject({
			fault: 'sealed',
			mayHaveHappened: true,
		});
	});
});

describe('AppRole', () => {
	it('logs in once for a run of many requests at once, and revokes its token at the end', async () => {
		const driver = kv2Driver(vault, appRole());
		const names = Array.from({ length: 20 }, (_, index) => `magic-ipsec/${index}`);
		await Promise.all(names.map(async (name) => await driver.read(name, 'change')));
		expect(operations().filter((one) => one === 'login')).toHaveLength(1);
		expect(vault.access.valid()).toHaveLength(2);
		expect(await driver.close()).toEqual({ kind: 'closed' });
		expect(operations().at(-1)).toBe('revoke-self');
		expect(vault.access.valid()).toEqual([vault.token]);
	});

	it('logs in below another mount, and in a namespace', async () => {
		const other = await startVault({ namespace: 'admin/network', now: () => clock.now() });
		const role = other.access.addRole({ mount: 'team/roles' });
		const settings = { method: 'appRole', authMount: '/team/roles/', ...role };
		const driver = kv2Driver(other, { ...settings, namespace: 'admin/network' });
		expect((await driver.open()).kind).toBe('opened');
		expect(await kv2Driver(other, settings).open()).toMatchObject({ fault: 'denied' });
		await driver.close();
		await other.close();
	});

	it('a token that runs out is replaced before that, and all are revoked', async () => {
		const driver = kv2Driver(vault, appRole({ token: { ttl: 100 } }));
		await driver.open();
		const first = vault.access.issued.at(-1);
		vault.addFault({
			operation: 'read',
			when: 'before',
			answer: { status: 429, headers: { 'retry-after': '55' } },
		});
		snapshotOf(await driver.read(NAME, 'change'));
		vault.addFault({
			operation: 'read',
			when: 'before',
			answer: { status: 429, headers: { 'retry-after': '40' } },
		});
		snapshotOf(await driver.read(NAME, 'change'));
		snapshotOf(await driver.read(NAME, 'change'));
		expect(operations().filter((one) => one === 'login')).toHaveLength(2);
		expect(vault.access.issued.at(-1)).not.toBe(first);
		await driver.close();
		expect(vault.access.valid()).toEqual([vault.token]);
	});

	it('a token that was revoked in the middle of a run is replaced, also for a write', async () => {
		const driver = kv2Driver(vault, appRole());
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		vault.access.revoke(vault.access.issued.at(-1)!);
		const stored = snapshotOf(await driver.write(snapshot, RECORD));
		vault.access.revoke(vault.access.issued.at(-1)!);
		snapshotOf(await driver.write(stored, promote(RECORD, 'd')));
		expect(operations().filter((one) => one === 'login')).toHaveLength(3);
	});

	it('a token with few uses is replaced as often as needed', async () => {
		const driver = kv2Driver(vault, appRole({ token: { uses: 3 } }));
		const names = Array.from({ length: 10 }, (_, index) => `magic-ipsec/${index}`);
		const read = await Promise.all(names.map(async (name) => await driver.read(name, 'change')));
		expect(read.map(({ kind }) => kind)).toEqual(names.map(() => 'read'));
		await driver.close();
		expect(vault.access.valid()).toEqual([vault.token]);
	});

	it('a missing right is no reason to log in for every secret', async () => {
		const policy = writerPolicy('secret', 'magic-ipsec');
		const driver = kv2Driver(vault, appRole({ token: { policy } }));
		for (let index = 0; index < 10; index++) {
			expect(await driver.read(`elsewhere/${index}`, 'change')).toMatchObject({ fault: 'denied' });
		}
		expect(operations().filter((one) => one === 'login')).toHaveLength(2);
		await driver.close();
		expect(vault.access.valid()).toEqual([vault.token]);
	});

	it('a wrong role is told, and not tried again: too many wrong logins lock it', async () => {
		const driver = kv2Driver(vault, { ...appRole(), secretId: 'wrong' });
		const failure = { fault: 'denied', reach: 'vault', what: expect.stringContaining('AppRole') };
		expect(await driver.open()).toMatchObject(failure);
		expect(await driver.read(NAME, 'change')).toMatchObject(failure);
		expect(operations()).toEqual(['login']);
	});

	it('a login that goes wrong for another reason is tried again', async () => {
		vault.mode.sealed = true;
		const driver = kv2Driver(vault, appRole());
		expect(await driver.open()).toMatchObject({ fault: 'sealed' });
		vault.mode.sealed = false;
		expect((await driver.open()).kind).toBe('opened');
	});

	it.each([
		['no token', { auth: { client_token: '' } }],
		['a second factor', { auth: { mfa_requirement: {}, client_token: '' } }],
		['a token that can not be sent', { auth: { client_token: 'a\r\nb: c' } }],
		['nothing', {}],
	])('an answer with %s is no login', async (_, body) => {
		vault.addFault({ operation: 'login', when: 'before', answer: { status: 200, body } });
		expect(await kv2Driver(vault, appRole()).open()).toMatchObject({ fault: 'unreadable' });
	});

	it('role id and secret id go into the login only, and the token of the login nowhere else', async () => {
		const ids = appRole();
		const sent: Array<{ url: string; text: string }> = [];
		const driver = kv2Driver(vault, ids, {}, (request) =>
			sent.push({ url: request.url, text: JSON.stringify(request) }),
		);
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		await driver.write(snapshot, RECORD);
		await driver.close();
		const holders = (text: string) =>
			sent.filter((one) => one.text.includes(text)).map(({ url }) => new URL(url).pathname);
		const [login, ...others] = sent.map(({ url }) => new URL(url).pathname);
		expect(login).toBe('/v1/auth/approle/login');
		expect(holders((ids as unknown as { secretId: string }).secretId)).toEqual([login]);
		expect(holders(vault.access.issued.at(-1)!)).toEqual(others);
	});

	it('a token that could not be revoked is told', async () => {
		const driver = kv2Driver(vault, appRole());
		await driver.open();
		vault.addFault({ operation: 'revoke-self', times: 9, when: 'before', answer: { status: 500 } });
		expect(await driver.close()).toMatchObject({ kind: 'failed', fault: 'server' });
	});
});
