import Cloudflare from 'cloudflare';
import { startAccounts } from '../simulator';
import type { SharedAccounts, Simulator } from '../simulator';
import { bearer, createCaller, keyPair } from '../simulator/caller';
import type { Called } from '../simulator/caller';

/** Several accounts behind one base URL, and one user who acts in all of them. */

let shared: SharedAccounts;
let one: Simulator;
let two: Simulator;

beforeEach(async () => {
	shared = await startAccounts([
		{ tunnels: 2, seed: 1, rateLimit: { limit: 20 } },
		{ tunnels: 3, seed: 2 },
	]);
	[one, two] = shared.accounts as [Simulator, Simulator];
});
afterEach(() => shared.close());

/** A caller of an account by the shared base URL. */
const callerOf = (account: Simulator) => createCaller({ ...account, url: shared.url });

const set = (account: Simulator, psk: string, auth?: Record<string, string>): Promise<Called> =>
	callerOf(account).magic('POST', '/psk', {
		body: { psks: account.tunnels().map(({ id }) => ({ id, psk })) },
		...(auth && { auth }),
	});

it('sends each request to the account in its path', async () => {
	await set(one, 'key of one');
	await set(two, 'key of two');
	for (const [account, psk] of [
		[one, 'key of one'],
		[two, 'key of two'],
	] as const) {
		expect(new Set(account.tunnels().map(({ id }) => account.liveKey(id)))).toEqual(new Set([psk]));
		expect(account.requests.map(({ operation }) => operation)).toEqual(['pskSet']);
	}
});

it('knows no tunnel of the other account', async () => {
	const { id } = two.tunnels()[0]!;
	const { status, body } = await callerOf(one).magic('GET', `/${id}`);
	expect([status, body.errors[0]?.code]).toEqual([404, 1032]);
});

it('has one user for all accounts, by either scheme', async () => {
	for (const account of [one, two]) {
		for (const auth of [bearer(shared.apiToken), keyPair(shared.email, shared.apiKey)]) {
			expect((await set(account, 'new key', auth)).status).toBe(200);
		}
		expect((await set(account, 'no', bearer(shared.readToken))).status).toBe(403);
		expect(account).toMatchObject({ apiToken: shared.apiToken, apiKey: shared.apiKey });
	}
});

it('has a token that the first account owns', async () => {
	const owned = bearer(shared.accountOwnedToken);
	expect((await set(one, 'new key', owned)).status).toBe(200);
	const { status, body } = await set(two, 'no', owned);
	expect([status, body.errors[0]?.code]).toEqual([403, 9109]);
	const verify = async (account: Simulator): Promise<number> => {
		const path = `/accounts/${account.accountId}/tokens/verify`;
		return (await callerOf(account).call('GET', path, { auth: owned })).status;
	};
	expect([await verify(one), await verify(two)]).toEqual([200, 403]);
});

it('lists all accounts, at the shared address and at each', async () => {
	const expected = [
		['Example Corp Network 1', one.accountId],
		['Example Corp Network 2', two.accountId],
		['Example Corp Sandbox', one.notOnboardedAccountId],
		['Example Corp Sandbox', two.notOnboardedAccountId],
	];
	for (const caller of [callerOf(one), createCaller(two)]) {
		const { body } = await caller.call('GET', '/accounts');
		const listed = body.result as { name: string; id: string }[];
		expect(listed.map(({ name, id }) => [name, id])).toEqual(expected);
	}
});

it('refuses an account that the user does not see, and one without Magic', async () => {
	const list = async (accountId: string) => {
		const path = `/accounts/${accountId}/magic/ipsec_tunnels`;
		const { status, body } = await callerOf(one).call('GET', path);
		return [status, body.errors[0]?.code];
	};
	expect(await list('0'.repeat(32))).toEqual([403, 9109]);
	expect(await list(two.notOnboardedAccountId)).toEqual([403, 1012]);
});

it("counts the user's requests over all accounts", async () => {
	for (let sent = 0; sent < 10; sent++) {
		expect((await callerOf(one).magic('GET')).status).toBe(200);
		expect((await callerOf(two).magic('GET')).status).toBe(200);
	}
	expect((await callerOf(two).magic('GET')).status).toBe(429);
	two.resetRateLimit();
	expect((await callerOf(one).magic('GET')).status).toBe(200);
});

it('has faults of each account', async () => {
	const reset = two.faults.add({ kind: 'reset', times: 'always' });
	const held = one.faults.add({ kind: 'hold' });
	const sent = callerOf(one).magic('GET');
	await held.arrived();
	await expect(callerOf(two).magic('GET')).rejects.toThrow();
	held.release();
	expect([(await sent).status, reset.hits]).toEqual([200, 1]);
});

it('serves Cloudflare’s SDK with one client', async () => {
	const { magicTransit } = new Cloudflare({
		apiToken: shared.apiToken,
		baseURL: shared.url,
		maxRetries: 0,
	});
	for (const account of [one, two]) {
		const listed = await magicTransit.ipsecTunnels.list({ account_id: account.accountId });
		expect(listed.ipsec_tunnels).toHaveLength(account.tunnels().length);
	}
});

it('has no control at the shared address, but at each account', async () => {
	expect((await fetch(`${shared.origin}/__sim/state`)).status).toBe(404);
	expect((await fetch(`${two.origin}/__sim/state`)).status).toBe(200);
});

it('cannot tell two accounts of one id apart', async () => {
	const accountId = 'a'.repeat(32);
	await expect(startAccounts([{ accountId }, { accountId }])).rejects.toThrow('same id');
});
