import { request } from 'undici';
import { bearer, keyPair } from '../simulator/caller';
import { failureSchema } from '../simulator/schemas';
import { errorOf, expectSchema, HEX, useScene } from './scene';

/** Who may ask what, and how often. */

const scene = useScene();

describe('credentials', () => {
	const get = (auth: Record<string, string>) => scene.caller.magic('GET', '', { auth });
	const generate = (auth: Record<string, string>) =>
		scene.caller.magic('POST', `/${scene.first().id}/psk_generate`, { auth });

	it('accepts both schemes, read-only ones for reading', async () => {
		const { apiToken, readToken, email, apiKey, readEmail, readApiKey, accountOwnedToken } =
			scene.simulator;
		const writers = [bearer(apiToken), bearer(accountOwnedToken), keyPair(email, apiKey)];
		const readers = [bearer(readToken), keyPair(readEmail, readApiKey)];
		for (const auth of [...writers, ...readers]) expect((await get(auth)).status).toBe(200);
		for (const auth of writers) expect((await generate(auth)).status).toBe(200);
		for (const auth of readers) expect(errorOf(await generate(auth))).toEqual([403, 10000]);
	});

	const unknown = 'x'.repeat(40);
	it.each<[string, () => Record<string, string>, number, number, string]>([
		['nothing', () => ({}), 400, 9106, 'Missing X-Auth-Key, X-Auth-Email or Authorization headers'],
		['only an email', () => ({ 'x-auth-email': scene.simulator.email }), 400, 9106, 'Missing'],
		['only a key', () => ({ 'x-auth-key': scene.simulator.apiKey }), 400, 9106, 'Missing'],
		[
			'a token without Bearer',
			() => ({ authorization: scene.simulator.apiToken }),
			400,
			6003,
			'Invalid request headers',
		],
		['a malformed token', () => bearer('a b'), 400, 6003, 'Invalid request headers'],
		[
			'a malformed key',
			() => keyPair(scene.simulator.email, 'short'),
			400,
			6003,
			'Invalid request headers',
		],
		[
			'a malformed email',
			() => keyPair('nobody', scene.simulator.apiKey),
			400,
			6003,
			'Invalid request headers',
		],
		['a wrong token', () => bearer(unknown), 403, 9109, 'Invalid access token'],
		[
			'a wrong key',
			() => keyPair(scene.simulator.email, unknown),
			403,
			9103,
			'Unknown X-Auth-Key or X-Auth-Email',
		],
		[
			'a wrong email',
			() => keyPair('a@b.example', scene.simulator.apiKey),
			403,
			9103,
			'Unknown X-Auth-Key',
		],
		[
			'an expired token',
			() => bearer(scene.simulator.expiredToken),
			403,
			9109,
			'Invalid access token',
		],
		[
			'a disabled token',
			() => bearer(scene.simulator.disabledToken),
			403,
			9109,
			'Invalid access token',
		],
		[
			'no permission',
			() => bearer(scene.simulator.noPermissionToken),
			403,
			10000,
			'Authentication error',
		],
	])('refuses %s', async (_name, auth, status, code, message) => {
		const answer = await get(auth());
		expect(errorOf(answer)).toEqual([status, code]);
		expect(answer.body.errors[0]?.message).toContain(message);
		expectSchema(failureSchema, answer.body);
	});

	it.each([
		[6111, () => bearer('a b')],
		[6103, () => keyPair(scene.simulator.email, 'short')],
		[6102, () => keyPair('nobody', scene.simulator.apiKey)],
	])('names the malformed header with %i', async (code, auth) => {
		const { body } = await get(auth());
		expect(body.errors[0]?.error_chain?.[0]?.code).toBe(code);
	});

	it.each([
		['a foreign account', () => HEX, [403, 9109], 'Unauthorized to access requested resource'],
		[
			'an account without Magic',
			() => scene.simulator.notOnboardedAccountId,
			[403, 1012],
			'onboarded',
		],
		[
			'a malformed account id',
			() => 'me',
			[404, 7003],
			'Could not route to /client/v4/accounts/me/',
		],
	])('refuses %s', async (_name, id, expected, message) => {
		const answer = await scene.caller.call('GET', `/accounts/${id()}/magic/ipsec_tunnels`);
		expect(errorOf(answer)).toEqual(expected);
		expect(answer.body.errors[0]?.message).toContain(message);
	});

	it('can be told that its own account has no Magic', async () => {
		await scene.start({ onboarded: false });
		expect(errorOf(await scene.caller.magic('GET'))).toEqual([403, 1012]);
	});

	it('lists accounts, but not for account-owned tokens', async () => {
		const { body } = await scene.caller.call('GET', '/accounts?page=1&per_page=5');
		const accounts = body.result as { id: string; name: string }[];
		expect(accounts.map(({ id }) => id)).toEqual([
			scene.simulator.accountId,
			scene.simulator.notOnboardedAccountId,
		]);
		expect(body.result_info).toMatchObject({ page: 1, per_page: 5, total_count: 2 });
		const named = await scene.caller.call('GET', '/accounts?name=nobody&direction=desc');
		expect(named.body.result).toEqual([]);
		expect((await scene.caller.call('GET', '/accounts?page=2')).body.result).toEqual([]);
		expect(errorOf(await scene.caller.call('GET', '/accounts?per_page=4'))).toEqual([400, 1022]);
		const key = keyPair(scene.simulator.email, scene.simulator.apiKey);
		expect((await scene.caller.call('GET', '/accounts', { auth: key })).status).toBe(200);
		const owned = await scene.caller.call('GET', '/accounts', {
			auth: bearer(scene.simulator.accountOwnedToken),
		});
		expect(errorOf(owned)).toEqual([400, 1001]);
		expect(owned.body.errors[0]?.message).toBe(
			'List accounts endpoint does not support account owned tokens.',
		);
	});

	it('verifies tokens', async () => {
		const own = `/accounts/${scene.simulator.accountId}/tokens/verify`;
		const verify = (path: string, token: string) =>
			scene.caller.call('GET', path, { auth: bearer(token) });
		const active = [{ code: 10000, message: 'This API Token is valid and active', type: null }];
		const user = await verify('/user/tokens/verify', scene.simulator.apiToken);
		expect(user.body).toMatchObject({
			success: true,
			messages: active,
			result: { status: 'active' },
		});
		expect((await verify(own, scene.simulator.accountOwnedToken)).body.messages).toEqual(active);
		const { body: expired } = await verify('/user/tokens/verify', scene.simulator.expiredToken);
		expect(expired).toMatchObject({ result: { status: 'expired' }, messages: [] });
		const wrong: [string, string][] = [
			['/user/tokens/verify', scene.simulator.accountOwnedToken],
			['/user/tokens/verify', unknown],
			[own, scene.simulator.apiToken],
		];
		for (const [path, token] of wrong)
			expect(errorOf(await verify(path, token))).toEqual([401, 1000]);
		const auth = keyPair(scene.simulator.email, scene.simulator.apiKey);
		expect(errorOf(await scene.caller.call('GET', '/user/tokens/verify', { auth }))).toEqual([
			400, 9106,
		]);
		const foreign = `/accounts/${HEX}/tokens/verify`;
		expect(errorOf(await verify(foreign, scene.simulator.accountOwnedToken))).toEqual([403, 9109]);
	});

	it('lets an account-owned token see only its account', async () => {
		const path = `/accounts/${scene.simulator.notOnboardedAccountId}/magic/ipsec_tunnels`;
		const answer = await scene.caller.call('GET', path, {
			auth: bearer(scene.simulator.accountOwnedToken),
		});
		expect(errorOf(answer)).toEqual([403, 9109]);
	});
});

describe('routes', () => {
	it.each([
		['GET', '/zones', [404, 7003]],
		['GET', '/accounts/%ZZ/magic/ipsec_tunnels', [404, 7003]],
		['GET', `/accounts/${HEX}/magic/gre_tunnels`, [404, 7003]],
		['PATCH', `/accounts/${HEX}/magic/ipsec_tunnels/${HEX}`, [405, 10405]],
		['GET', `/accounts/${HEX}/magic/ipsec_tunnels/psk`, [405, 10405]],
		['GET', `/accounts/${HEX}/magic/ipsec_tunnels/psk/psk_generate`, [405, 10405]],
		['GET', `/accounts/${HEX}/magic/ipsec_tunnels/branch`, [404, 7003]],
	] as const)('refuses %s %s', async (method, path, expected) => {
		expect(errorOf(await scene.caller.call(method, path))).toEqual(expected);
	});

	it('knows nothing outside its base path', async () => {
		expect((await request(`${scene.simulator.origin}/other`)).statusCode).toBe(404);
	});

	it('records what it was sent', async () => {
		await scene.caller.magic('PUT', `/${scene.first().id}?validate_only=true`, {
			body: { name: 'x' },
		});
		await scene.caller.magic('POST', '', { body: 'oops' });
		expect(scene.simulator.requests).toMatchObject([
			{
				operation: 'update',
				method: 'PUT',
				path: `/client/v4${scene.caller.tunnels}/${scene.first().id}`,
				query: { validate_only: 'true' },
				headers: bearer(scene.simulator.apiToken),
				body: { name: 'x' },
				status: 200,
				applied: false,
			},
			{ operation: 'create', body: 'oops', status: 400 },
		]);
		scene.simulator.resetRequests();
		expect(scene.simulator.requests).toEqual([]);
	});
});

describe('rate limit', () => {
	let time: number;
	const code = async (auth = bearer(scene.simulator.apiToken)) =>
		errorOf(await scene.caller.magic('GET', '', { auth }));

	beforeEach(() => {
		time = 1_700_000_000_000;
		return scene.start({ now: () => time, rateLimit: { limit: 3 } });
	});

	it('blocks a credential for five minutes once it is over', async () => {
		for (let sent = 0; sent < 3; sent++) expect(await code()).toEqual([200, undefined]);
		const blocked = await scene.caller.magic('GET');
		expect(errorOf(blocked)).toEqual([429, 971]);
		expect(blocked.headers).toMatchObject({
			'retry-after': '300',
			ratelimit: '"default";r=0;t=300',
		});
		expect(await code(bearer(scene.simulator.readToken))).toEqual([200, undefined]);
		time += 299_000;
		expect((await scene.caller.magic('GET')).headers['retry-after']).toBe('1');
		time += 1_000;
		expect(await code()).toEqual([200, undefined]);
	});

	it('forgets after its window', async () => {
		for (let round = 0; round < 3; round++) {
			for (let sent = 0; sent < 3; sent++) expect(await code()).toEqual([200, undefined]);
			time += 300_000;
		}
	});

	it('counts down in the headers, and can be reset', async () => {
		await code();
		time += 100_500;
		expect((await scene.caller.magic('GET')).headers.ratelimit).toBe('"default";r=1;t=200');
		scene.simulator.resetRateLimit();
		expect((await scene.caller.magic('GET')).headers.ratelimit).toBe('"default";r=2;t=300');
	});

	it('can be configured', async () => {
		const rateLimit = { limit: 0, windowSeconds: 10, blockSeconds: 5, code: 10429 } as const;
		await scene.start({ now: () => time, rateLimit });
		const { headers, body } = await scene.caller.magic('GET');
		expect(body.errors[0]?.code).toBe(10429);
		expect(headers).toMatchObject({ 'retry-after': '5', 'ratelimit-policy': '"default";q=0;w=10' });
	});
});
