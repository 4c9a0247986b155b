import * as nodeVault from 'node-vault';
import { request } from 'undici';
import type { Vault } from '../stubs/vault/kv2';
import { startVault, writerPolicy } from '../stubs/vault/kv2';

/** The stand-in for Vault, asked by a client that others wrote, and by hand for what that hides. */

let vault: Vault;
beforeEach(async () => {
	vault = await startVault();
});
afterEach(async () => {
	await vault.close();
});

const client = (token = vault.token) =>
	nodeVault({ endpoint: vault.origin, token, apiVersion: 'v1' }) as nodeVault.client;

async function ask(method: string, path: string, body?: object, headers: object = {}) {
	const answer = await request(`${vault.origin}/v1/${path}`, {
		method: method as 'GET',
		headers: { 'x-vault-token': vault.token, ...headers },
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	const text = await answer.body.text();
	return {
		status: answer.statusCode,
		headers: answer.headers,
		body: (text === '' ? undefined : JSON.parse(text)) as never as Record<string, never>,
	};
}

const MISMATCH = 'check-and-set parameter did not match the current version';

describe('as node-vault sees it', () => {
	it('writes, reads, lists and deletes secrets', async () => {
		const vaultClient = client();
		const written = await vaultClient.write('secret/data/magic-ipsec/a', {
			options: { cas: 0 },
			data: { current: 'x' },
		});
		expect(written.data).toMatchObject({ version: 1, deletion_time: '', destroyed: false });
		const read = await vaultClient.read('secret/data/magic-ipsec/a');
		expect(read.data.data).toEqual({ current: 'x' });
		expect(read.data.metadata.version).toBe(1);
		// Node's own server takes no requests of the method LIST.
		const listed = await vaultClient.read('secret/metadata/magic-ipsec?list=true');
		expect(listed.data.keys).toEqual(['a']);
		await vaultClient.delete('secret/data/magic-ipsec/a');
		await expect(vaultClient.read('secret/data/magic-ipsec/a')).rejects.toThrow('404');
	});

	it('refuses a write with the wrong cas', async () => {
		const write = async (cas: number) =>
			await client().write('secret/data/a', { options: { cas }, data: {} });
		await write(0);
		await expect(write(0)).rejects.toThrow(MISMATCH);
		await expect(write(2)).rejects.toThrow(MISMATCH);
		await write(1);
	});

	it('logs in with an AppRole, whose token may look at itself and be revoked', async () => {
		const { roleId, secretId } = vault.access.addRole({
			token: { ttl: 60, uses: 5, policy: writerPolicy('secret', 'magic-ipsec') },
		});
		const { auth } = await client('').approleLogin({ role_id: roleId, secret_id: secretId });
		expect(auth).toMatchObject({ lease_duration: 60, num_uses: 5, token_type: 'service' });
		const own = client(auth.client_token);
		expect((await own.tokenLookupSelf()).data).toMatchObject({ ttl: 60, num_uses: 4 });
		await own.write('secret/data/magic-ipsec/a', { data: {} });
		await expect(own.write('secret/data/elsewhere', { data: {} })).rejects.toThrow(
			'permission denied',
		);
		await own.tokenRevokeSelf();
		await expect(own.read('secret/data/magic-ipsec/a')).rejects.toThrow('permission denied');
	});

	it('tells a wrong AppRole', async () => {
		const { roleId } = vault.access.addRole();
		await expect(client('').approleLogin({ role_id: roleId, secret_id: 'wrong' })).rejects.toThrow(
			'invalid role or secret ID',
		);
	});

	it('tells its health', async () => {
		expect(await client().health()).toMatchObject({ initialized: true, sealed: false });
		vault.mode.sealed = true;
		await expect(client().read('secret/data/a')).rejects.toThrow('Vault is sealed');
	});
});

describe('the three forms of 404', () => {
	it('what never was', async () => {
		expect(await ask('GET', 'secret/data/never')).toMatchObject({
			status: 404,
			body: { errors: [] },
		});
		expect(await ask('GET', 'secret/metadata/never?list=true')).toMatchObject({
			status: 404,
			body: { errors: [] },
		});
	});

	it.each(['deleted', 'destroyed'])('what was %s', async (how) => {
		await ask('POST', 'secret/data/a', { data: { b: 'c' } });
		if (how === 'deleted') await ask('DELETE', 'secret/data/a');
		else await ask('PUT', 'secret/destroy/a', { versions: [1] });
		const { status, body } = await ask('GET', 'secret/data/a');
		expect(status).toBe(404);
		expect(body.data).toMatchObject({
			data: null,
			metadata: { version: 1, destroyed: how === 'destroyed' },
		});
	});

	it('a path of version 1 at a mount of version 2, and a mount that is none', async () => {
		expect((await ask('GET', 'secret/a')).body.warnings?.[0]).toContain('versioned K/V');
		expect((await ask('GET', 'nowhere/data/a')).body.errors?.[0]).toContain('no handler for route');
	});
});

describe('check-and-set', () => {
	const write = async (options?: object, path = 'secret/data/a') =>
		await ask('POST', path, { options, data: { x: 1 } });

	it('counts a deleted secret by its number, and one with metadata only as 0', async () => {
		await write();
		await ask('DELETE', 'secret/data/a');
		expect((await write({ cas: 0 })).status).toBe(400);
		expect((await write({ cas: 1 })).body.data).toMatchObject({ version: 2 });
		await ask('POST', 'secret/metadata/b', { max_versions: 3 });
		expect((await write({ cas: 0 }, 'secret/data/b')).status).toBe(200);
	});

	it('must be there where it is required, and must be a number', async () => {
		await ask('POST', 'secret/config', { cas_required: true });
		expect((await write()).body.errors).toEqual(['check-and-set parameter required for this call']);
		expect((await write({ cas: 'x' })).body.errors).toEqual([
			'error parsing check-and-set parameter',
		]);
		expect((await write({ cas: '0' })).status).toBe(200);
	});

	it('a body without data is refused', async () => {
		expect((await ask('POST', 'secret/data/a', { options: {} })).body.errors).toEqual([
			'no data provided',
		]);
	});
});

describe('versions', () => {
	it('the oldest go for good beyond max_versions', async () => {
		await ask('POST', 'secret/metadata/a', { max_versions: 2 });
		for (const x of [1, 2, 3]) await ask('POST', 'secret/data/a', { data: { x } });
		expect((await ask('GET', 'secret/data/a?version=1')).body).toEqual({ errors: [] });
		expect((await ask('GET', 'secret/data/a?version=2')).status).toBe(200);
		const { data } = (await ask('GET', 'secret/metadata/a')).body;
		expect(data).toMatchObject({ current_version: 3, oldest_version: 2, max_versions: 2 });
	});

	it('ten are kept where nobody said otherwise', async () => {
		for (let x = 0; x < 12; x++) await ask('POST', 'secret/data/a', { data: { x } });
		const { data } = (await ask('GET', 'secret/metadata/a')).body;
		expect(data).toMatchObject({ current_version: 12, oldest_version: 3, max_versions: 0 });
	});

	it('delete_version_after dates versions, and hides them then', async () => {
		let now = Date.parse('2026-01-01T00:00:00Z');
		const other = await startVault({ now: () => now });
		const headers = { 'x-vault-token': other.token };
		const data = async () =>
			await request(`${other.origin}/v1/secret/data/a`, { headers }).then(
				async ({ statusCode, body }) => ({
					statusCode,
					data: ((await body.json()) as { data: { metadata: object } }).data,
				}),
			);
		other.engine.settings.delete_version_after = 3600;
		await request(`${other.origin}/v1/secret/data/a`, {
			method: 'POST',
			headers,
			body: '{"data":{}}',
		});
		expect(await data()).toMatchObject({
			statusCode: 200,
			data: { metadata: { deletion_time: '2026-01-01T01:00:00.000Z' } },
		});
		now += 3_600_000;
		expect((await data()).statusCode).toBe(404);
		await other.close();
	});

	it('undelete brings back what was deleted, and nothing what was destroyed', async () => {
		await ask('POST', 'secret/data/a', { data: { x: 1 } });
		await ask('DELETE', 'secret/data/a');
		await ask('POST', 'secret/undelete/a', { versions: [1] });
		expect((await ask('GET', 'secret/data/a')).status).toBe(200);
		await ask('POST', 'secret/destroy/a', { versions: [1] });
		await ask('POST', 'secret/undelete/a', { versions: [1] });
		expect((await ask('GET', 'secret/data/a')).status).toBe(404);
	});

	it('a patch changes fields of a live secret only', async () => {
		const patch = { options: { cas: 1 }, data: { b: null, c: 2 } };
		expect((await ask('PATCH', 'secret/data/a', patch)).status).toBe(404);
		await ask('POST', 'secret/data/a', { data: { a: 1, b: 1 } });
		await ask('PATCH', 'secret/data/a', patch);
		expect((await ask('GET', 'secret/data/a')).body.data).toMatchObject({ data: { a: 1, c: 2 } });
		expect((await ask('GET', 'secret/subkeys/a')).body.data).toMatchObject({
			subkeys: { a: null, c: null },
		});
	});
});

describe('rights', () => {
	it.each([
		['GET', 'secret/data/magic-ipsec/a', 404],
		['POST', 'secret/data/magic-ipsec/a', 200],
		['DELETE', 'secret/data/magic-ipsec/a', 403],
		['GET', 'secret/data/other', 403],
		['GET', 'secret/metadata/magic-ipsec/?list=true', 404],
		['DELETE', 'secret/metadata/magic-ipsec/a', 403],
		['GET', 'secret/config', 403],
		['GET', 'nowhere/data/a', 403],
		['GET', 'sys/internal/ui/mounts/secret', 200],
		['GET', 'sys/internal/ui/mounts/secret/deeper', 200],
		['GET', 'sys/internal/ui/mounts/kv1', 403],
		['GET', 'sys/internal/ui/mounts/nowhere', 403],
		['GET', 'auth/token/lookup-self', 200],
	])('%s %s is answered %d by the writer’s policy', async (method, path, status) => {
		const token = vault.access.addToken({ policy: writerPolicy('secret', 'magic-ipsec') });
		const body = method === 'POST' ? { data: {} } : undefined;
		expect((await ask(method, path, body, { 'x-vault-token': token })).status).toBe(status);
	});

	it('a token is over after its time and its uses', async () => {
		let now = Date.now();
		const other = await startVault({ now: () => now });
		const get = async (token: string) =>
			(await request(`${other.origin}/v1/secret/data/a`, { headers: { 'x-vault-token': token } }))
				.statusCode;
		const short = other.access.addToken({ ttl: 10 });
		expect(await get(short)).toBe(404);
		now += 10_000;
		expect(await get(short)).toBe(403);
		const few = other.access.addToken({ uses: 2 });
		expect([await get(few), await get(few), await get(few)]).toEqual([404, 404, 403]);
		await other.close();
	});

	it('a secret id is over after its logins', async () => {
		const { roleId, secretId } = vault.access.addRole({ mount: 'team/roles', secretIdUses: 1 });
		const login = async () =>
			await ask('POST', 'auth/team/roles/login', { role_id: roleId, secret_id: secretId });
		expect((await login()).status).toBe(200);
		expect((await login()).body.errors).toEqual(['invalid role or secret ID']);
		expect((await ask('POST', 'auth/approle/login', {})).body.errors?.[0]).toContain('no handler');
	});

	it('all is in a namespace', async () => {
		const other = await startVault({ namespace: 'admin/network' });
		const get = async (namespace?: string) =>
			(
				await request(`${other.origin}/v1/secret/data/a`, {
					headers: {
						'x-vault-token': other.token,
						...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
					},
				})
			).statusCode;
		expect([await get(), await get('admin'), await get('admin/network/')]).toEqual([403, 403, 404]);
		await other.close();
	});
});

describe('what a server is', () => {
	it('sealed: 503 for everything', async () => {
		vault.mode.sealed = true;
		for (const path of ['secret/data/a', 'auth/approle/login', 'sys/internal/ui/mounts/secret']) {
			expect(await ask('POST', path, {})).toMatchObject({
				status: 503,
				body: { errors: ['Vault is sealed'] },
			});
		}
	});

	it('a standby sends its clients away', async () => {
		vault.mode.redirectTo = 'http://127.0.0.1:8/';
		const { status, headers } = await ask('GET', 'secret/data/a');
		expect([status, headers.location]).toEqual([307, 'http://127.0.0.1:8/v1/secret/data/a']);
	});

	it('a quota refuses what is too much, with Retry-After or without', async () => {
		vault.mode.quota = 0;
		const bare = await ask('GET', 'secret/data/a');
		expect(bare.body.errors).toEqual(['request path "secret/data/a": rate limit quota exceeded']);
		expect([bare.status, bare.headers['retry-after']]).toEqual([429, undefined]);
		vault.mode.retryAfter = 7;
		expect((await ask('GET', 'secret/data/a')).headers['retry-after']).toBe('7');
	});

	it('a replica shows for a while what was', async () => {
		await ask('POST', 'secret/data/a', { data: { x: 1 } });
		await ask('POST', 'secret/data/a', { data: { x: 2 } });
		vault.engine.staleReads = 1;
		expect((await ask('GET', 'secret/data/a')).body.data).toMatchObject({ data: { x: 1 } });
		expect((await ask('GET', 'secret/data/a')).body.data).toMatchObject({ data: { x: 2 } });
	});

	it('an engine of version 1 stores whatever it gets', async () => {
		expect((await ask('POST', 'kv1/data/a', { data: { x: 1 } })).status).toBe(204);
		expect((await ask('GET', 'kv1/data/a')).body.data).toEqual({ data: { x: 1 } });
		expect((await ask('GET', 'kv1/data/b')).body).toEqual({ errors: [] });
	});
});
