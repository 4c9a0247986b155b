import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
} from 'n8n-workflow';
import { CloudflareMagicAwsApi } from '../../credentials/CloudflareMagicAwsApi.credentials';
import { CloudflareMagicVaultApi } from '../../credentials/CloudflareMagicVaultApi.credentials';
import { awsEndpoint } from '../../nodes/vaults/address';
import { forOwnRequests } from '../../nodes/vaults/credentials';
import { testCredential } from '../helpers/credentialTest';
import { typesOf } from '../helpers/engine';
import { awsCredential, kv2Credential } from '../helpers/vaults';
import type { SecretsManager } from '../stubs/secretsManager';
import { startSecretsManager } from '../stubs/secretsManager';
import type { Vault } from '../stubs/vault/kv2';
import { startVault } from '../stubs/vault/kv2';

const VAULT = new CloudflareMagicVaultApi();
const AWS = new CloudflareMagicAwsApi();
const TYPES = typesOf([], [VAULT, AWS]);

let vault: Vault;
let manager: SecretsManager;
beforeAll(async () => {
	vault = await startVault();
	manager = await startSecretsManager();
});
beforeEach(() => {
	vault.clearFaults();
	Object.assign(vault.mode, { sealed: false, redirectTo: undefined });
	manager.clearFaults();
	vault.requests.length = 0;
	manager.requests.length = 0;
});
afterAll(async () => {
	await vault.close();
	await manager.close();
});

const message = async (type: ICredentialType, data: ICredentialDataDecryptedObject) =>
	(await testCredential(type, data, TYPES)).message;
const ofVault = async (changes: ICredentialDataDecryptedObject = {}) =>
	await message(VAULT, kv2Credential(vault, changes));
const ofAws = async (changes: ICredentialDataDecryptedObject = {}) =>
	await message(AWS, awsCredential(manager, changes));

const GOOD = 'Connection successful!';

describe("the test of the credential for Vault, on n8n-core's RoutingNode", () => {
	it('passes for a good token, whatever slashes the address ends with', async () => {
		for (const end of ['', '/', '/v1', '/v1/']) {
			expect(await ofVault({ address: vault.origin + end })).toBe(GOOD);
		}
		expect(new Set(vault.requests.map(({ path }) => path))).toEqual(
			new Set(['/v1/auth/token/lookup-self']),
		);
	});

	it('logs in with an AppRole', async () => {
		const role = { method: 'appRole', ...vault.access.addRole({ mount: 'team/roles' }) };
		expect(await ofVault({ ...role, authMount: 'team/roles' })).toBe(GOOD);
		expect(await ofVault({ ...role, authMount: '/team/roles/', secretId: 'x' })).toContain(
			'does not know this AppRole',
		);
		expect(await ofVault({ ...role, authMount: 'elsewhere' })).toContain('Auth Mount');
		expect(vault.requests[0]).toMatchObject({ method: 'POST', path: '/v1/auth/team/roles/login' });
	});

	it('tells a wrong token, and one that has run out', async () => {
		const words = 'refused the token';
		expect(await ofVault({ token: 'hvs.wrong' })).toContain(words);
		expect(await ofVault({ token: vault.access.addToken({ ttl: -1 }) })).toContain(words);
		expect(await ofVault({ token: '' })).toContain(words);
		expect(await ofVault({ namespace: 'elsewhere' })).toContain(words);
		const noDefaultPolicy = vault.access.addToken({ policy: {}, noDefaultPolicy: true });
		expect(await ofVault({ token: noDefaultPolicy })).toContain('look at itself');
	});

	it('tells a sealed vault', async () => {
		vault.mode.sealed = true;
		expect(await ofVault()).toContain('The vault is sealed');
	});

	it('tells a standby, whose redirect it does not follow', async () => {
		vault.mode.redirectTo = 'http://127.0.0.1:1';
		expect(await ofVault()).toContain('standby');
	});

	it.each([
		['html', { status: 200, body: '<html></html>' }],
		['an empty answer', { status: 200 }],
		['a 404', { status: 404, body: 'not found' }],
		['other JSON', { status: 200, body: { ok: true } }],
	])('tells that %s is not the vault', async (_, answer) => {
		vault.addFault({ when: 'before', answer });
		expect(await ofVault()).toContain('What answered is not the vault');
	});

	it('tells an AppRole that asks for a second factor', async () => {
		const body = { lease_id: '', auth: { client_token: '', mfa_requirement: {} } };
		vault.addFault({ when: 'before', answer: { status: 200, body } });
		expect(await ofVault({ method: 'appRole', ...vault.access.addRole() })).toContain(
			'second factor',
		);
	});

	it('tells an address that can not be used or reached', async () => {
		expect(await ofVault({ address: 'http://vault.example.com' })).toContain('https://');
		expect(await ofVault({ address: 'vault' })).toContain('not a URL');
		expect(await ofVault({ address: 'http://127.0.0.1:1' })).toBe('ECONNREFUSED');
	});
});

describe("the test of the credential for AWS, on n8n-core's RoutingNode", () => {
	it('passes where the signature is right, whether the policy allows the request or not', async () => {
		expect(await ofAws()).toBe(GOOD);
		manager.refuseAction('DescribeSecret', 'AccessDeniedException');
		expect(await ofAws()).toBe(GOOD);
		expect(manager.actions).toEqual(['DescribeSecret', 'DescribeSecret']);
	});

	it.each([
		[{ secretAccessKey: 'wrong' }, 'Secret Access Key and Region'],
		[{ accessKeyId: 'AKIAWRONG' }, 'does not know this access key'],
		[{ sessionToken: 'wrong' }, 'does not know this access key'],
		[{ region: 'us-east-1' }, 'Secret Access Key and Region'],
		[{ region: 'the moon' }, 'none of AWS'],
		[{ endpoint: 'http://example.com' }, 'https://'],
		[{ endpoint: 'http://127.0.0.1:1' }, 'ECONNREFUSED'],
	])('tells what is wrong with %j', async (changes, words) => {
		expect(await ofAws(changes)).toContain(words);
	});

	it.each([
		['ExpiredTokenException', 'have run out'],
		['com.amazon.coral.service#ExpiredTokenException', 'have run out'],
		['ThrottlingException', 'limiting the rate'],
	])('tells %s', async (type, words) => {
		const answer = { status: 400, body: { __type: type } };
		manager.addFault({ when: 'before', answer });
		expect(await ofAws()).toContain(words);
	});

	it.each([
		['html', { status: 200, body: '<html></html>' }],
		['a redirect', { status: 301, headers: { location: 'http://127.0.0.1:1' } }],
		['an empty answer', { status: 403 }],
	])('tells that %s is not AWS', async (_, answer) => {
		manager.addFault({ when: 'before', answer });
		expect(await ofAws()).toContain('not AWS Secrets Manager');
	});

	it('knows the hosts of regions', () => {
		const endpoint = (region: string) => awsEndpoint({ region, endpoint: '' });
		expect(endpoint('eu-central-1')).toBe('https://secretsmanager.eu-central-1.amazonaws.com/');
		expect(endpoint('cn-north-1')).toBe('https://secretsmanager.cn-north-1.amazonaws.com.cn/');
		expect(awsEndpoint({ region: 'eu-central-1', endpoint: 'https://vpce.example.com//' })).toBe(
			'https://vpce.example.com/',
		);
	});
});

const cases: ReadonlyArray<
	readonly [string, ICredentialType, () => ICredentialDataDecryptedObject, () => string, string]
> = [
	['Vault', VAULT, () => kv2Credential(vault), () => vault.origin, 'X-Vault-Token'],
	['AWS', AWS, () => awsCredential(manager), () => manager.origin, 'authorization'],
];

describe.each(cases)('where the credential for %s goes', (_, type, data, origin, header) => {
	const send = async (request: object) => {
		const { authenticate } = type;
		if (typeof authenticate !== 'function') throw new Error('not a function');
		return await authenticate(forOwnRequests(data()), request as IHttpRequestOptions);
	};

	it('to its own origin, without redirects, by either of n8n’s helpers', async () => {
		for (const target of ['url', 'uri']) {
			const sent = await send({ [target]: `${origin()}/`, method: 'POST', headers: { a: 'b' } });
			expect(sent.headers).toMatchObject({ a: 'b', [header]: expect.any(String) });
			expect(sent).toMatchObject({ disableFollowRedirect: true, followRedirect: false });
		}
	});

	it.each([
		[{ url: 'https://example.com/' }],
		[{ url: '/x', baseURL: 'https://example.com' }],
		[{ url: '/x' }],
		[{}],
		[{ url: 'HERE', uri: 'https://example.com/' }],
		[{ url: 'HERE', proxy: { host: 'example.com', port: 80 } }],
		[{ url: 'HERE', skipSslCertificateValidation: true }],
		[{ url: 'HERE', rejectUnauthorized: false }],
		[{ url: 'HERE', agentOptions: { rejectUnauthorized: false } }],
	])('not into %j', async (request: Record<string, unknown>) => {
		const url = request.url === 'HERE' ? `${origin()}/` : request.url;
		await expect(send({ ...request, url })).rejects.toThrow('not sent');
	});
});

describe('without the mark of this package', () => {
	const send = async (type: ICredentialType, data: object, request: object) =>
		await (type.authenticate as (d: object, r: object) => Promise<unknown>)(data, request);
	const lookup = () => ({ method: 'GET', url: `${vault.origin}/v1/auth/token/lookup-self` });
	const login = () => ({ method: 'POST', url: `${vault.origin}/v1/auth/approle/login` });
	const appRole = { method: 'appRole', roleId: 'r', secretId: 's' };
	const tester = { ignoreHttpStatusErrors: true };

	it.each([
		['the lookup, as other nodes send it', {}, lookup],
		['the login, as other nodes send it', appRole, login],
		['the login with a token’s credential', {}, () => ({ ...login(), ...tester })],
		['the lookup with an AppRole’s', appRole, () => ({ ...lookup(), ...tester })],
		['a key', {}, () => ({ ...tester, url: `${vault.origin}/v1/secret/data/a` })],
		['the lookup by uri', {}, () => ({ ...tester, uri: lookup().url })],
	])('%s is refused', async (_, changes, request) => {
		const data = kv2Credential(vault, changes);
		await expect(send(VAULT, data, request())).rejects.toThrow('Only the nodes of this package');
	});

	it.each([
		['GetSecretValue', 'magic-ipsec/credential-test'],
		['DescribeSecret', 'magic-ipsec/a'],
	])('AWS’s %s of %s is refused', async (action, SecretId) => {
		const headers = { 'X-Amz-Target': `secretsmanager.${action}` };
		const request = { ...tester, url: manager.url, method: 'POST', headers, body: { SecretId } };
		await expect(send(AWS, awsCredential(manager), request)).rejects.toThrow(
			'Only the nodes of this package',
		);
	});
});

describe('what the credentials put into a request', () => {
	const vaultRequest = async (data: ICredentialDataDecryptedObject, path: string, headers = {}) =>
		await (VAULT.authenticate as (d: object, r: object) => Promise<IHttpRequestOptions>)(
			forOwnRequests(data),
			{
				url: `${vault.origin}/v1/${path}`,
				method: 'POST',
				headers,
				body: { own: 1 },
			},
		);

	it('an AppRole its ids into the login only, and nothing into a request without a token', async () => {
		const data = kv2Credential(vault, { method: 'appRole', roleId: ' r ', secretId: ' s ' });
		const login = await vaultRequest(data, 'auth/approle/login');
		expect(login.body).toEqual({ role_id: 'r', secret_id: 's' });
		expect(login.headers).not.toHaveProperty('X-Vault-Token');
		const other = await vaultRequest(data, 'secret/data/a', { 'x-vault-token': 't' });
		expect(other.body).toEqual({ own: 1 });
		await expect(vaultRequest(data, 'secret/data/a')).rejects.toThrow('no token of its own');
	});

	it('the namespace, if there is one', async () => {
		const sent = await vaultRequest(kv2Credential(vault, { namespace: ' a/b ' }), 'x');
		expect(sent.headers).toMatchObject({ 'X-Vault-Namespace': 'a/b', 'X-Vault-Request': 'true' });
		const without = await vaultRequest(kv2Credential(vault), 'x');
		expect(without.headers).not.toHaveProperty('X-Vault-Namespace');
	});

	it('no signature where there is a query', async () => {
		const authenticate = AWS.authenticate as (d: object, r: object) => Promise<unknown>;
		const url = manager.url;
		await expect(authenticate(awsCredential(manager), { url: `${url}?a=b` })).rejects.toThrow(
			'takes no query',
		);
		await expect(authenticate(awsCredential(manager), { url, qs: { a: 1 } })).rejects.toThrow(
			'takes no query',
		);
	});

	it('a body that is an object is signed and sent as the same text', async () => {
		const seen: string[] = [];
		const echo = createServer((request, response) => {
			request.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
			request.on('end', () => response.end('{}'));
		}).listen(0, '127.0.0.1');
		await new Promise((resolve) => echo.once('listening', resolve));
		const endpoint = `http://127.0.0.1:${(echo.address() as AddressInfo).port}`;
		await ofAws({ endpoint });
		expect(seen).toEqual(['{"SecretId":"magic-ipsec/credential-test"}']);
		echo.close();
	});
});

describe('the fields', () => {
	it.each([
		[VAULT, 'address'],
		[AWS, 'endpoint'],
	])('that may name a server on loopback say that HTTP_PROXY takes it away', (type, name) => {
		const { description } = type.properties.find((property) => property.name === name)!;
		expect(description).toContain('name it in NO_PROXY');
	});

	it.each([
		[VAULT, ['token', 'secretId']],
		[AWS, ['secretAccessKey', 'sessionToken']],
	])('are masked where they are secret, and are those of the design', (type, secret) => {
		const masked = type.properties.filter(({ typeOptions }) => typeOptions?.password);
		expect(masked.map(({ name }) => name)).toEqual(secret);
		expect(type.displayName).toMatch(/ API$/);
		expect(type).not.toHaveProperty('preAuthentication');
	});

	it('have the names of the design', () => {
		const names = (type: ICredentialType) => type.properties.map(({ name }) => name);
		expect(names(VAULT)).toEqual([
			...['address', 'namespace', 'method', 'token', 'roleId', 'secretId', 'authMount'],
		]);
		expect(names(AWS)).toEqual([
			...['region', 'accessKeyId', 'secretAccessKey', 'sessionToken', 'endpoint'],
		]);
		expect([VAULT.name, AWS.name]).toEqual(['cloudflareMagicVaultApi', 'cloudflareMagicAwsApi']);
	});
});
