import '../helpers/printed';
import type { IDataObject } from 'n8n-workflow';
import { statusFault } from '../helpers/answer';
import { useVirtualClock } from '../helpers/virtualClock';
import { startWebhookHost } from '../helpers/webhook';
import type { Alert } from '../simulator';
import { statusesOf, useAlertScene } from '../helpers/alertScene';
import { createCaller } from '../simulator/caller';

/** Alerts that were lost while n8n was down, from Cloudflare's history. */

const clock = useVirtualClock();
const scene = useAlertScene({ now: clock.now });

describe('catching up', () => {
	const missed = async (alert: Partial<Alert> = {}) =>
		await scene.fire({ deliver: false, ...alert });

	beforeEach(() => {
		scene.setOptions({ catchUp: true });
	});

	it.each(['string', 'object'] as const)(
		'starts the workflow with what was missed, once, from a history of %ss',
		async (historyBody) => {
			await scene.startAccount({ alerting: { historyBody } });
			await scene.host.activate();
			await scene.fire({ correlationId: 'came' });
			scene.host.crash();
			await missed({ correlationId: 'lost', ts: Math.floor(clock.now() / 1000) });
			await scene.fire({ status: 'up', correlationId: 'lost', tunnel: scene.tunnel(1) });
			await scene.host.activate('init');
			expect(scene.host.started).toHaveLength(2);
			expect(scene.host.started[1]!.map(({ json }) => json)).toMatchObject([
				{ event: 'start', tunnel_name: scene.tunnel(), account_id: scene.simulator.accountId },
				{ event: 'end', tunnel_name: scene.tunnel(1), status: 'up', slo: 99.9 },
			]);
			scene.host.crash();
			await scene.host.activate('init');
			expect(scene.host.started).toHaveLength(2);
		},
	);

	it('gives the alert as the webhook would have', async () => {
		await scene.host.activate();
		const [first] = await scene.fire({ correlationId: 'a' });
		const [second] = await missed({ correlationId: 'b' });
		await scene.host.trigger();
		expect(scene.jsons().map(({ raw }) => raw)).toEqual([first!.body, second!.body]);
		expect(statusesOf([await scene.simulator.alerts.replay(second!)])).toEqual([200]);
		expect(scene.host.started).toHaveLength(2);
	});

	it('finds what was lost before an alert that came, and after a deactivation', async () => {
		await scene.host.activate();
		await missed({ correlationId: 'lost' });
		await scene.fire({ correlationId: 'came' });
		expect(scene.host.started).toHaveLength(1);
		expect(await scene.host.deactivate()).toBe(true);
		expect(Object.keys(scene.host.staticData()).sort()).toEqual([
			'home',
			'policies',
			'seen',
			'since',
		]);
		await scene.host.activate();
		expect(scene.host.started).toHaveLength(2);
		expect(scene.jsons()[1]).toMatchObject({ raw: { alert_correlation_id: 'lost' } });
	});

	it('reads all pages, in the order of time', async () => {
		await scene.host.activate();
		const start = Math.floor(clock.now() / 1000);
		for (let n = 0; n < 1003; n++) await missed({ correlationId: `c${n}`, ts: start + n });
		await scene.host.trigger();
		const pages = scene.simulator.requests.filter(
			({ operation }) => operation === 'listAlertHistory',
		);
		expect(pages.map(({ query }) => query.page).slice(-2)).toEqual(['1', '2']);
		expect(scene.host.started).toHaveLength(1);
		const order = scene.jsons().map(({ raw }) => (raw as IDataObject).alert_correlation_id);
		expect(order).toEqual(Array.from({ length: 1003 }, (_, n) => `c${n}`));
	});

	it('reads only what is new enough, and only of its own policies, types and events', async () => {
		await scene.host.activate();
		scene.host.parameters.events = ['start'];
		await missed({ status: 'up' });
		const other = await startWebhookHost();
		await other.close();
		await createCaller(scene.simulator).alerting('POST', '/policies', {
			body: {
				name: 'Mine',
				alert_type: 'magic_wan_tunnel_health',
				enabled: true,
				filters: { slo: ['50'] },
				mechanisms: { email: [{ id: 'noc@example.com' }] },
			},
		});
		await missed({ slo: '50' });
		await scene.host.trigger();
		expect(scene.host.started).toEqual([]);
		const { query } = scene.simulator.requests.at(-1)!;
		expect(Date.parse(query.since!)).toBeGreaterThan(clock.now() - 400_000);
	});

	it('takes entries for people by their time only', async () => {
		await scene.host.activate();
		await scene.fire({ correlationId: 'came' });
		const sent = (seconds: number) => new Date(clock.now() + seconds * 1000).toISOString();
		const policy = scene.simulator.alerts.policies()[0]!.id;
		const entry = (seconds: number, alert_body: unknown) => ({
			id: 'x',
			name: 'n',
			alert_body,
			alert_type: 'magic_wan_tunnel_health',
			mechanism_type: 'webhook',
			policy_id: policy,
			sent: sent(seconds),
		});
		const result = [
			entry(60, 'A tunnel is down'),
			entry(61, 7),
			entry(-60, 'old'),
			{},
			{ sent: 1 },
		];
		scene.simulator.faults.add({
			operation: 'listAlertHistory',
			kind: 'body',
			body: JSON.stringify({ success: true, errors: [], messages: [], result }),
		});
		await scene.host.trigger();
		expect(scene.host.started[1]!.map(({ json }) => json)).toMatchObject([
			{ event: null, text: 'A tunnel is down', occurred_at: sent(60).replace(/\d{3}Z/, '000Z') },
			{ event: null, text: null },
		]);
	});

	it('does not keep the workflow from being active when the history can not be read', async () => {
		await scene.host.activate();
		scene.host.crash();
		scene.simulator.faults.add(statusFault('listAlertHistory', 403, 10000, { times: 'always' }));
		await scene.host.activate('init');
		expect(scene.log()).toContain('missed alerts could not be looked up');
		expect(scene.log()).toContain('Notifications Write');
		expect(statusesOf(await scene.fire())).toEqual([200]);
	});

	it('needs to know of no alert and of no beginning', async () => {
		await scene.host.activate();
		await missed();
		const { since, ...rest } = scene.host.staticData();
		expect(since).toBeGreaterThan(0);
		scene.host.setStaticData(rest);
		await scene.host.trigger();
		expect(scene.host.started).toHaveLength(1);
		expect(scene.simulator.requests.at(-1)!.query.since).toBe('1970-01-01T00:00:00.000Z');
	});

	it('asks nothing unless it is wanted', async () => {
		scene.setOptions({});
		await scene.host.activate();
		await missed();
		scene.host.crash();
		await scene.host.activate('init');
		expect(scene.operations()).not.toContain('listAlertHistory');
		expect(scene.host.started).toEqual([]);
	});
});
