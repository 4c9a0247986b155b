import Cloudflare from 'cloudflare';
import { startSimulator } from './simulator';
import type { Simulator } from './simulator';

/**
 * Cloudflare's official SDK as a client of the simulated account: every call it documents for IPsec
 * tunnels works, so the simulator speaks the API that the SDK was generated from.
 */

const SITE = {
	name: 'branch-bru-01',
	cloudflare_endpoint: '162.159.64.41',
	customer_endpoint: '203.0.113.77',
	interface_address: '10.10.0.2/31',
};

let simulator: Simulator;
beforeEach(async () => {
	simulator = await startSimulator({ tunnels: 3, seed: 5 });
});
afterEach(() => simulator.close());

const byToken = () => ({ apiToken: simulator.apiToken, apiEmail: null, apiKey: null });
const byKey = () => ({ apiToken: null, apiEmail: simulator.email, apiKey: simulator.apiKey });

describe.each([
	['API token', byToken],
	['API email and key', byKey],
])('%s', (_name, auth) => {
	const client = () => new Cloudflare({ ...auth(), baseURL: simulator.url, maxRetries: 0 });
	const account = () => ({ account_id: simulator.accountId });
	const tunnels = () => client().magicTransit.ipsecTunnels;
	const firstId = () => simulator.tunnels()[0]!.id;

	it('creates', async () => {
		const made = await tunnels().create({
			...account(),
			...SITE,
			description: 'Brussels',
			health_check: {
				enabled: true,
				rate: 'low',
				type: 'request',
				target: { saved: '203.0.113.77' },
			},
			replay_protection: true,
			psk: 'asdf1234',
			bgp: { customer_asn: 65001, extra_prefixes: ['10.0.0.0/8'] },
			'x-magic-new-hc-target': true,
		});
		expect(made).toEqual(simulator.tunnel(SITE.name));
		expect(made).toMatchObject({ ...SITE, replay_protection: true });
		expect(simulator.liveKey(made.id)).toBe('asdf1234');
	});

	it('creates with the string form of the target', async () => {
		const health_check = { target: '203.0.113.78' };
		const made = await tunnels().create({ ...account(), ...SITE, health_check });
		expect(made.health_check?.target).toBe('203.0.113.78');
	});

	it('updates', async () => {
		const { modified, modified_ipsec_tunnel: tunnel } = await tunnels().update(firstId(), {
			...account(),
			...SITE,
			'x-magic-new-hc-target': true,
		});
		expect(modified).toBe(true);
		expect(tunnel).toMatchObject({ ...SITE, id: firstId() });
		expect(simulator.tunnel(SITE.name)?.id).toBe(firstId());
	});

	it('lists', async () => {
		const { ipsec_tunnels: listed } = await tunnels().list({
			...account(),
			'x-magic-new-hc-target': true,
		});
		expect(listed?.map(({ name }) => name)).toEqual(simulator.tunnels().map(({ name }) => name));
	});

	it('gets', async () => {
		const { ipsec_tunnel: tunnel } = await tunnels().get(firstId(), account());
		expect(tunnel).toMatchObject({ id: firstId(), health_check: { target: '' } });
	});

	it('deletes', async () => {
		const id = firstId();
		const { deleted, deleted_ipsec_tunnel: tunnel } = await tunnels().delete(id, account());
		expect([deleted, tunnel?.id]).toEqual([true, id]);
		expect(simulator.tunnel(id)).toBeUndefined();
	});

	it('updates many', async () => {
		const ids = simulator.tunnels().map(({ id }) => id);
		const { modified_ipsec_tunnels: changed } = await tunnels().bulkUpdate({
			...account(),
			body: { ipsec_tunnels: ids.map((id, index) => ({ id, description: `site ${index}` })) },
		});
		expect(changed?.map(({ description }) => description)).toEqual(['site 0', 'site 1', 'site 2']);
	});

	it('generates a key', async () => {
		const {
			psk,
			ipsec_tunnel_id: id,
			psk_metadata: metadata,
		} = await tunnels().pskGenerate(firstId(), account());
		expect(id).toBe(firstId());
		expect(psk).toBe(simulator.liveKey(firstId()));
		expect(metadata?.last_generated_on).toBe(simulator.keyHistory(firstId()).at(-1)?.at);
	});

	it('sets keys, or only validates them', async () => {
		const psks = simulator.tunnels().map(({ id }, index) => ({ id, psk: `key ${index}` }));
		const old = simulator.liveKey(firstId());
		const validated = await tunnels().pskSet({ ...account(), psks, validate_only: true });
		expect(Object.keys(validated.successfully_applied_psks ?? {})).toHaveLength(3);
		expect(simulator.liveKey(firstId())).toBe(old);
		const { successfully_applied_psks: applied, unapplied_psks: unapplied } =
			await tunnels().pskSet({ ...account(), psks });
		expect(applied?.[firstId()]).toMatchObject({ psk: 'key 0', ipsec_tunnel_id: firstId() });
		expect(unapplied).toEqual({});
		expect(psks.map(({ id }) => simulator.liveKey(id))).toEqual(['key 0', 'key 1', 'key 2']);
	});

	it('lists accounts', async () => {
		const page = await client().accounts.list();
		expect(page.result.map(({ id }) => id)).toContain(simulator.accountId);
	});

	it.each([
		[Cloudflare.NotFoundError, 404, 1032, () => tunnels().get('0'.repeat(32), account())],
		[
			Cloudflare.PermissionDeniedError,
			403,
			1012,
			() => tunnels().list({ account_id: simulator.notOnboardedAccountId }),
		],
		[
			Cloudflare.BadRequestError,
			400,
			1022,
			() => tunnels().create({ ...account(), ...SITE, interface_address: '192.0.2.0/31' }),
		],
	])('understands a refusal as %p', async (kind, status, code, call) => {
		const error = await call().then(
			() => undefined,
			(reason: unknown) => reason,
		);
		expect(error).toBeInstanceOf(kind);
		expect(error).toMatchObject({ status, errors: [{ code }] });
	});
});

it('verifies tokens', async () => {
	const user = new Cloudflare({ ...byToken(), baseURL: simulator.url, maxRetries: 0 });
	expect(await user.user.tokens.verify()).toMatchObject({ status: 'active' });
	const owned = new Cloudflare({
		...byToken(),
		apiToken: simulator.accountOwnedToken,
		baseURL: simulator.url,
		maxRetries: 0,
	});
	const verified = await owned.accounts.tokens.verify({ account_id: simulator.accountId });
	expect(verified).toMatchObject({ status: 'active' });
});

it('is told a rate limit as such, and obeys retry-after', async () => {
	simulator.faults.add({ kind: 'status', status: 429, code: 971, headers: { 'retry-after': '0' } });
	const limited = () =>
		new Cloudflare({
			...byToken(),
			baseURL: simulator.url,
			maxRetries: 1,
		}).magicTransit.ipsecTunnels.list({ account_id: simulator.accountId });
	expect((await limited()).ipsec_tunnels).toHaveLength(3);
	expect(simulator.requests.map(({ status }) => status)).toEqual([429, 200]);
});
