import type { Alert, Webhook } from '../simulator';
import { notificationSchema } from '../simulator/alerting/schemas';
import { startReceiver } from '../simulator/receiver';
import { idOf, SECRET, TRANSIT, useAlertingScene, UUID, WAN, WEBHOOKS } from './alertingScene';
import { expectSchema } from './scene';

/** An alert on its way to the receivers. */

const scene = useAlertingScene();

describe('an alert', () => {
	it('reaches the webhook of a policy as Cloudflare words it', async () => {
		await scene.start({ now: () => Date.parse('2026-03-01T12:00:00.750Z') });
		const { webhookId, policyId } = await scene.subscribe();
		const [delivery, ...rest] = await scene.fire();
		const [tunnel] = scene.simulator.tunnels();
		const [{ body, headers, path, method }] = scene.receiver.received as [
			(typeof scene.receiver.received)[0],
		];
		expect(rest).toEqual([]);
		expect({ method, path, secret: headers['cf-webhook-auth'] }).toEqual({
			method: 'POST',
			path: '/webhook/1',
			secret: SECRET,
		});
		expectSchema(notificationSchema, body);
		expect(body).toEqual({
			name: 'Tunnels of the offices',
			text: expect.stringContaining(tunnel!.name) as string,
			data: {
				tunnel_name: tunnel!.name,
				tunnel_id: tunnel!.id,
				new_status: 'MAGIC_TUNNEL_STATUS_DOWN',
				previous_status: 'MAGIC_TUNNEL_STATUS_UP',
				pop_names: 'AMS, FRA',
				slo: '99.9',
				observed_slo: '85.5',
				mwan_site_name: tunnel!.description,
				event_ts: '2026-03-01T12:00:00Z',
				severity: 'HIGH',
			},
			ts: 1_772_366_400,
			account_id: scene.simulator.accountId,
			policy_id: policyId,
			policy_name: 'Tunnels of the offices',
			alert_type: WAN,
			alert_correlation_id: expect.stringMatching(UUID) as string,
			alert_event: 'ALERT_STATE_EVENT_START',
		});
		expect(delivery).toEqual({
			policyId,
			webhookId,
			url: `${scene.receiver.origin}/webhook/1`,
			status: 200,
			body,
		});
	});

	it('takes every value from the caller', async () => {
		await scene.subscribe();
		const [delivery] = await scene.fire({
			tunnel: scene.simulator.tunnels()[1]!.id,
			status: 'up',
			previous: 'up',
			slo: '99.90',
			observedSlo: '12.5',
			popNames: ['ZRH'],
			correlationId: 'incident-7',
			event: 'start',
			ts: 1_700_000_000,
		});
		expect(delivery?.body).toMatchObject({
			data: {
				tunnel_name: scene.simulator.tunnels()[1]!.name,
				new_status: 'MAGIC_TUNNEL_STATUS_UP',
				previous_status: 'MAGIC_TUNNEL_STATUS_UP',
				slo: '99.90',
				observed_slo: '12.5',
				pop_names: 'ZRH',
				event_ts: '2023-11-14T22:13:20Z',
			},
			ts: 1_700_000_000,
			alert_correlation_id: 'incident-7',
			alert_event: 'ALERT_STATE_EVENT_START',
		});
	});

	it('correlates what belongs to one incident of a tunnel', async () => {
		await scene.subscribe();
		const correlation = async (more: Partial<Alert>) =>
			(await scene.fire(more))[0]?.body.alert_correlation_id;
		const down = await correlation({});
		const other = await correlation({ tunnel: scene.simulator.tunnels()[1]!.name });
		expect(await correlation({})).toBe(down);
		expect(await correlation({ status: 'up' })).toBe(down);
		expect(scene.receiver.received.at(-1)?.body).toMatchObject({
			alert_event: 'ALERT_STATE_EVENT_END',
			data: { new_status: 'MAGIC_TUNNEL_STATUS_UP', observed_slo: '100', severity: 'INFO' },
		});
		expect(new Set([down, other, await correlation({})]).size).toBe(3);
	});

	it.each<[string, object, Partial<Alert>, number]>([
		['any tunnel', {}, {}, 1],
		['a disabled policy', { enabled: false }, {}, 0],
		['the wanted alert type', {}, { alertType: WAN }, 1],
		['another alert type', {}, { alertType: TRANSIT }, 0],
		['another product', { alert_type: 'incident_alert' }, {}, 0],
		['the SLO', {}, { slo: '99.90' }, 1],
		['another SLO', {}, { slo: '99' }, 0],
		['the tunnel', { filters: { slo: ['99.9'], tunnel_name: ['site-ams-01', 'x'] } }, {}, 1],
		['another tunnel', { filters: { slo: ['99.9'], tunnel_name: ['x'] } }, {}, 0],
		['the data centre', { filters: { slo: ['99.9'], pop_names: ['FRA'] } }, {}, 1],
		['another one', { filters: { slo: ['99.9'], pop_names: ['FRA'] } }, { popNames: ['ZRH'] }, 0],
	])('filters by %s', async (_name, more, alert, expected) => {
		await scene.subscribe(more);
		expect(await scene.fire(alert)).toHaveLength(expected);
		expect(scene.receiver.received).toHaveLength(expected);
		expect(await scene.history()).toHaveLength(expected);
	});

	it('goes to every webhook of every policy, with each one its secret', async () => {
		const { webhookId } = await scene.subscribe();
		const other = idOf(
			await scene.createHook({ url: `${scene.receiver.origin}/other`, secret: 'second' }),
		);
		await scene.createPolicy(other, {
			alert_type: TRANSIT,
			mechanisms: {
				webhooks: [{ id: other }, { id: webhookId }],
				email: [{ id: 'noc@example.com' }],
			},
		});
		scene.receiver.received.length = 0;
		const deliveries = await scene.fire();
		expect(deliveries.map(({ webhookId: id }) => id)).toEqual([webhookId, other, webhookId]);
		expect(scene.receiver.received.map(({ headers }) => headers['cf-webhook-auth'])).toEqual([
			SECRET,
			'second',
			SECRET,
		]);
		expect((await scene.history()).map(({ mechanism_type: type }) => type).sort()).toEqual([
			'email',
			'webhook',
			'webhook',
			'webhook',
		]);
		expect((await scene.history()).map(({ mechanism }) => mechanism)).toContain('noc@example.com');
	});

	it('can come twice, the same byte for byte, and is one entry of the history', async () => {
		await scene.subscribe();
		const [delivery] = await scene.fire();
		expect(await scene.simulator.alerts.replay(delivery!)).toEqual(delivery);
		expect(scene.receiver.received).toHaveLength(2);
		expect(scene.receiver.received[0]).toEqual(scene.receiver.received[1]);
		expect(await scene.history()).toHaveLength(1);
	});

	it.each<[string, Partial<Alert>, () => unknown]>([
		['the receiver is down', {}, () => scene.receiver.close()],
		['the receiver fails', {}, () => scene.receiver.answerWith(500)],
		['it is lost on its way', { deliver: false }, () => undefined],
	])('is in the history although %s, and can come later', async (_name, more, prepare) => {
		const { webhookId } = await scene.subscribe();
		await prepare();
		const [delivery] = await scene.fire(more);
		expect(delivery?.status).toBe(_name === 'the receiver fails' ? 500 : 0);
		expect(await scene.history()).toMatchObject([
			{ mechanism: webhookId, alert_body: JSON.stringify(delivery?.body) },
		]);
		const [webhook] = scene.simulator.alerts.webhooks() as [Webhook];
		expect(Date.parse(webhook.last_failure!)).toBeGreaterThanOrEqual(
			Date.parse(webhook.last_success!),
		);
		const late = await startReceiver();
		const url = `${late.origin}/late`;
		await scene.caller.alerting('PUT', `${WEBHOOKS}/${webhookId}`, { body: scene.hook({ url }) });
		expect(await scene.simulator.alerts.replay(delivery!)).toMatchObject({ url, status: 200 });
		expect(late.received.at(-1)?.body).toEqual(delivery?.body);
		await late.close();
	});

	it('moves last_success and last_failure', async () => {
		let time = Date.parse('2026-03-01T00:00:00Z');
		await scene.start({ now: () => time });
		await scene.subscribe();
		const times = () => {
			const [{ last_success: success, last_failure: failure }] =
				scene.simulator.alerts.webhooks() as [Webhook];
			return [success?.slice(0, 16), failure?.slice(0, 16)];
		};
		expect(times()).toEqual(['2026-03-01T00:00', undefined]);
		time += 60_000;
		await scene.fire();
		expect(times()).toEqual(['2026-03-01T00:01', undefined]);
		time += 60_000;
		scene.receiver.answerWith(500);
		await scene.fire();
		expect(times()).toEqual(['2026-03-01T00:01', '2026-03-01T00:02']);
	});

	it('goes nowhere when somebody has deleted the webhook', async () => {
		const { webhookId } = await scene.subscribe();
		const [delivery] = await scene.fire();
		expect(scene.simulator.alerts.removeWebhook(webhookId)).toBe(true);
		expect(await scene.fire()).toEqual([]);
		expect(await scene.history()).toHaveLength(1);
		await expect(scene.simulator.alerts.replay(delivery!)).rejects.toThrow('no webhook');
	});

	it('needs a tunnel', async () => {
		await expect(scene.fire({ tunnel: 'nowhere' })).rejects.toThrow('no tunnel nowhere');
	});
});
