import Cloudflare from 'cloudflare';
import { omit } from 'lodash';
import { startSimulator } from '../simulator';
import type { NotificationBody, Simulator } from '../simulator';
import { startReceiver } from '../simulator/receiver';
import type { Receiver } from '../simulator/receiver';

/**
 * Cloudflare's official SDK as a client of the simulated account: every call it documents for IPsec
 * tunnels and for notifications works, so the simulator speaks the API that the SDK was generated from.
 */

const SITE = {
	name: 'branch-bru-01',
	cloudflare_endpoint: '162.159.64.41',
	customer_endpoint: '203.0.113.77',
	interface_address: '10.10.0.2/31',
};

let simulator: Simulator;
let receiver: Receiver;
beforeEach(async () => {
	simulator = await startSimulator({ tunnels: 3, seed: 5, alerting: { allowLoopback: true } });
	receiver = await startReceiver();
});
afterEach(async () => {
	await simulator.close();
	await receiver.close();
});

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

	describe('notifications', () => {
		const webhooks = () => client().alerting.destinations.webhooks;
		const policies = () => client().alerting.policies;
		const hook = (path: string) => ({
			...account(),
			name: 'n8n',
			url: `${receiver.origin}${path}`,
			secret: 'a secret of the receiver',
		});
		const policy = (webhookId: string) => ({
			...account(),
			name: 'Tunnels',
			alert_type: 'magic_wan_tunnel_health' as const,
			enabled: true,
			filters: { slo: ['99.9'], tunnel_name: [simulator.tunnels()[0]!.name] },
			mechanisms: { webhooks: [{ id: webhookId }] },
		});
		const subscribe = async (): Promise<{ webhookId: string; policyId: string }> => {
			const { id: webhookId = '' } = await webhooks().create(hook('/1'));
			const { id: policyId = '' } = await policies().create(policy(webhookId));
			return { webhookId, policyId };
		};

		it('manages webhooks', async () => {
			const { id = '' } = await webhooks().create(hook('/1'));
			const known = { id, name: 'n8n', type: 'generic', url: `${receiver.origin}/1` };
			expect(await webhooks().get(id, account())).toMatchObject(known);
			const listed = await webhooks().list(account());
			expect(listed.result).toMatchObject([known]);
			expect(JSON.stringify(listed.result)).not.toContain('a secret');
			expect(await webhooks().update(id, hook('/2'))).toEqual({ id });
			expect(receiver.received.map(({ path }) => path)).toEqual(['/1', '/2']);
			expect(await webhooks().delete(id, account())).toMatchObject({ success: true });
			expect(simulator.alerts.webhooks()).toEqual([]);
		});

		it('manages policies', async () => {
			const { webhookId, policyId } = await subscribe();
			const known = omit(policy(webhookId), 'account_id');
			expect(await policies().get(policyId, account())).toMatchObject(known);
			expect((await policies().list(account())).result).toMatchObject([known]);
			const changed = { ...policy(webhookId), enabled: false };
			expect(await policies().update(policyId, changed)).toEqual({ id: policyId });
			expect(simulator.alerts.policies()).toMatchObject([{ id: policyId, enabled: false }]);
			expect(await policies().delete(policyId, account())).toMatchObject({ success: true });
			expect(simulator.alerts.policies()).toEqual([]);
		});

		it('reads the history, page by page', async () => {
			await subscribe();
			const tunnel = simulator.tunnels()[0]!.id;
			for (let fired = 0; fired < 7; fired++) {
				await simulator.alerts.fire({ tunnel, status: 'down', correlationId: String(fired) });
			}
			const seen: string[] = [];
			const query = { ...account(), per_page: 5, since: '2020-01-01T00:00:00Z' };
			for await (const entry of client().alerting.history.list(query)) {
				const body = JSON.parse(entry.alert_body ?? '') as NotificationBody;
				seen.push(body.alert_correlation_id ?? '');
			}
			expect(seen).toEqual(['6', '5', '4', '3', '2', '1', '0']);
		});

		it('lists what alerts there are', async () => {
			const available = await client().alerting.availableAlerts.list(account());
			expect(
				Object.values(available)
					.flat()
					.map((alert: { type?: string }) => alert.type),
			).toContain('magic_wan_tunnel_health');
		});

		it('understands a refusal', async () => {
			receiver.answerWith(500);
			await expect(webhooks().create(hook('/1'))).rejects.toMatchObject({
				status: 400,
				errors: [{ code: 0, message: expect.stringContaining('Webhook test failed') as string }],
			});
			const id = '0da2b59e-f118-439d-8097-bdfb215203c9';
			await expect(webhooks().delete(id, account())).rejects.toMatchObject({
				status: 404,
				errors: [{ code: 15000 }],
			});
		});
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
