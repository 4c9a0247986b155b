import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { CloudflareMagicKeyApi } from '../../credentials/CloudflareMagicKeyApi.credentials';
import { CloudflareMagicTokenApi } from '../../credentials/CloudflareMagicTokenApi.credentials';
import { baseUrlFault } from '../../nodes/api/account';
import { statusFault } from '../helpers/answer';
import { useAccount } from '../helpers/account';
import { testCredential } from '../helpers/credentialTest';
import { credentialsOf, sources } from '../helpers/node';

const account = useAccount();

const TYPES = {
	cloudflareMagicTokenApi: new CloudflareMagicTokenApi(),
	cloudflareMagicKeyApi: new CloudflareMagicKeyApi(),
};
type Name = keyof typeof TYPES;
const NAMES = Object.keys(TYPES) as Name[];

async function message(name: Name, changes: ICredentialDataDecryptedObject = {}): Promise<string> {
	const data = credentialsOf(account(), changes)[name]!;
	return (await testCredential(TYPES[name], data, sources)).message;
}

describe.each(NAMES)("the test of %s, on n8n-core's RoutingNode", (name) => {
	it('passes for a good credential and reads the tunnels', async () => {
		expect(await message(name)).toBe('Connection successful!');
		const [request] = account().requests;
		expect(request).toMatchObject({
			operation: 'list',
			path: `/client/v4/accounts/${account().accountId}/magic/ipsec_tunnels`,
			status: 200,
		});
	});

	it('a Base URL may end with a slash', async () => {
		expect(await message(name, { baseUrl: `${account().url}/` })).toBe('Connection successful!');
	});

	it('tells a wrong account id', async () => {
		expect(await message(name, { accountId: 'my account' })).toContain('32 hexadecimal digits');
		expect(await message(name, { accountId: 'f'.repeat(32) })).toContain(
			'may not see this account',
		);
		expect(account().requests.filter(({ path }) => path.includes('my'))).toEqual([]);
	});

	it('tells an account that is not onboarded', async () => {
		const { notOnboardedAccountId: accountId } = account();
		expect(await message(name, { accountId })).toContain('no Magic WAN or Magic Transit');
	});

	it('tells a Base URL that may not be used, and sends nothing there', async () => {
		expect(await message(name, { baseUrl: 'http://api.cloudflare.com/client/v4' })).toContain(
			'https://',
		);
		expect(await message(name, { baseUrl: 'nonsense' })).toContain('not a URL');
	});

	it('tells an address without an answer by the network code', async () => {
		expect(await message(name, { baseUrl: 'http://127.0.0.1:1/client/v4' })).toBe('ECONNREFUSED');
	});

	it.each([
		['html', { kind: 'html' }],
		['an empty answer', { kind: 'empty' }],
		['a redirect', { kind: 'redirect', location: 'https://example.com/' }],
	] as const)("tells that %s is not Cloudflare's API", async (_, fault) => {
		account().faults.add({ ...fault, operation: 'list' } as never);
		expect(await message(name)).toContain("not Cloudflare's API");
		expect(account().requests).toHaveLength(1);
	});

	it.each([
		[400, 6003, 'malformed'],
		[400, 9106, 'without its credential'],
		[403, 9109, 'not valid, or may not see this account'],
		[403, 10001, 'choose the other authentication'],
		[403, 1012, 'no Magic WAN or Magic Transit'],
		[403, 1025, 'no Magic WAN or Magic Transit'],
		[404, 7003, 'knows no such account'],
		[429, 971, '1,200 requests'],
		[429, 10429, '1,200 requests'],
		[403, 10502, 'Too many attempts'],
		[500, 1000, 'refused to list the IPsec tunnels'],
	])('HTTP %d with code %d becomes words', async (status, code, words) => {
		account().faults.add(statusFault('list', status, code, { message: 'x' }));
		expect(await message(name)).toContain(words);
	});
});

it('tells a wrong token, and a token without the permission', async () => {
	const simulator = account();
	const name = 'cloudflareMagicTokenApi';
	expect(await message(name, { apiToken: 'A'.repeat(40) })).toContain(
		'does not know this API token',
	);
	expect(await message(name, { apiToken: simulator.noPermissionToken })).toContain(
		'lacks the permission',
	);
	expect(await message(name, { apiToken: simulator.noPermissionToken })).toContain(
		'Magic WAN Write',
	);
	expect(await message(name, { apiToken: simulator.readToken })).toBe('Connection successful!');
});

it('tells a wrong key', async () => {
	const name = 'cloudflareMagicKeyApi';
	expect(await message(name, { apiKey: 'a'.repeat(37) })).toContain('email and API key together');
	expect(await message(name, { email: 'nobody@example.com' })).toContain(
		'email and API key together',
	);
});

describe('where a credential goes', () => {
	it.each(NAMES)('%s goes to the origin of its Base URL only', async (name) => {
		const authenticate = TYPES[name].authenticate;
		if (typeof authenticate !== 'function') throw new Error('not a function');
		const data = credentialsOf(account())[name]!;
		const send = (request: object) => authenticate(data, request as never);
		await expect(send({ url: 'https://example.com/' })).rejects.toThrow(
			'the credential is not sent',
		);
		await expect(send({ url: '/x', baseURL: 'https://example.com' })).rejects.toThrow('not sent');
		await expect(send({ url: '/x' })).rejects.toThrow('not sent');
		await expect(send({})).rejects.toThrow('not sent');
		const sent = await send({ url: `${account().url}/zones`, headers: { a: 'b' } });
		expect(sent.disableFollowRedirect).toBe(true);
		expect(sent.headers).toMatchObject({ a: 'b' });
	});

	it.each([
		'https://api.cloudflare.com/client/v4',
		'http://localhost:8080',
		'http://127.0.0.1/client/v4',
		'http://127.1.2.3',
		'http://[::1]:80/',
		'https://gateway.example.com/cloudflare/',
	])('%s may be a Base URL', (url) => expect(baseUrlFault(url)).toBeUndefined());

	it.each([
		['http://example.com', 'https://'],
		['http://127.0.0.1.example.com', 'https://'],
		['http://localhost.example.com', 'https://'],
		['ftp://127.0.0.1', 'https://'],
		['https://user:pass@example.com', 'no user name'],
		['https://example.com/?a=b', 'query'],
		['https://example.com/#a', 'fragment'],
		['example.com', 'not a URL'],
		['', 'not a URL'],
		[undefined, 'not a URL'],
	])('%s may not', (url, words) => expect(baseUrlFault(url)).toContain(words));
});

describe('the fields', () => {
	it.each(NAMES)('%s masks its secret and explains where it comes from', (name) => {
		const type = TYPES[name];
		const field = (wanted: string) => type.properties.find((property) => property.name === wanted);
		const secret = field(name === 'cloudflareMagicTokenApi' ? 'apiToken' : 'apiKey');
		expect(secret?.typeOptions?.password).toBe(true);
		expect(secret?.description).toContain("In Cloudflare's dashboard");
		expect(field('accountId')?.required).toBe(true);
		expect(field('baseUrl')?.default).toBe('https://api.cloudflare.com/client/v4');
		expect(type.name).toBe(name);
	});

	it('name the permissions', () => {
		expect(JSON.stringify(TYPES.cloudflareMagicTokenApi.properties)).toMatch(
			/Magic WAN.*Magic Transit.*Edit/,
		);
		expect(JSON.stringify(TYPES.cloudflareMagicKeyApi.properties)).toContain(
			'Network Services (Magic)',
		);
	});
});
