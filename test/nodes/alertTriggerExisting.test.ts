import '../helpers/printed';
import type { IDataObject } from 'n8n-workflow';
import { getPolicy } from '../../nodes/api/alerting';
import { isStatus404, saysNotThere } from '../../nodes/api/alertingCalls';
import { statusFault } from '../helpers/answer';
import { useVirtualClock } from '../helpers/virtualClock';
import { PUBLIC_ORIGIN, startWebhookHost } from '../helpers/webhook';
import { failureOf, statusesOf, useAlertScene } from '../helpers/alertScene';
import { createCaller } from '../simulator/caller';

/** What a trigger finds of its own, and of others, when it is turned on. */

const clock = useVirtualClock();
const scene = useAlertScene({ now: clock.now });

/** A call of somebody else's to the alerting API. */
async function alertingCall(method: 'PUT' | 'POST', path: string, body: object): Promise<void> {
	await createCaller(scene.simulator).alerting(method, path, { body });
}

describe('what is there already', () => {
	const restart = async () => {
		scene.host.crash();
		scene.simulator.resetRequests();
		await scene.host.activate('init');
	};

	it.each([
		[
			'the destination',
			(): unknown => scene.simulator.alerts.removeWebhook(scene.simulator.alerts.webhooks()[0]!.id),
		],
		[
			'the policy',
			(): unknown => scene.simulator.alerts.removePolicy(scene.simulator.alerts.policies()[0]!.id),
		],
		[
			'both',
			(): unknown => {
				scene.simulator.alerts.removePolicy(scene.simulator.alerts.policies()[0]!.id);
				return scene.simulator.alerts.removeWebhook(scene.simulator.alerts.webhooks()[0]!.id);
			},
		],
	])('is made anew when somebody deleted %s, with the secret that n8n knows', async (_, drop) => {
		await scene.host.activate();
		const known = scene.secretText();
		drop();
		await restart();
		expect(scene.simulator.alerts.webhooks()).toMatchObject([{ secret: known }]);
		expect(scene.simulator.alerts.policies()).toMatchObject([
			{ mechanisms: { webhooks: [{ id: scene.simulator.alerts.webhooks()[0]!.id }] } },
		]);
		expect(statusesOf(await scene.fire())).toEqual([200]);
		expect(scene.host.started).toHaveLength(1);
		expect(await scene.host.deactivate()).toBe(true);
		expect(scene.left()).toEqual([]);
	});

	it.each<[string, IDataObject]>([
		['SLO', { slo: 95 }],
		['alert type', { alertType: 'magic_tunnel_health_check_event' }],
		['names', { tunnelNames: ['site-x'] }],
		['interval', { options: { alertInterval: 60 } }],
	])('is replaced when the %s is another', async (_, change) => {
		await scene.host.activate();
		const before = scene.left().map(({ id }) => id);
		Object.assign(scene.host.parameters, change);
		await restart();
		expect(scene.left()).toHaveLength(2);
		expect(scene.left().some(({ id }) => before.includes(id))).toBe(false);
	});

	it('is left, and made beside it, when n8n has another address', async () => {
		const moved = 'https://moved.example.com';
		await scene.startAccount({
			alerting: {
				publicOrigins: { [PUBLIC_ORIGIN]: scene.host.origin, [moved]: scene.host.origin },
			},
		});
		await scene.host.activate();
		scene.host.publicOrigin = moved;
		await restart();
		const urls = [PUBLIC_ORIGIN, moved].map((origin) => ({ url: `${origin}${scene.host.path()}` }));
		expect(scene.simulator.alerts.webhooks()).toMatchObject(urls);
		expect(scene.simulator.alerts.policies()).toHaveLength(2);
		expect(scene.log()).toContain('made for another address');
		expect(await scene.host.deactivate()).toBe(true);
		expect(scene.simulator.alerts.webhooks()).toMatchObject([urls[0]]);
	});

	it('stays when only the form of the SLO and of the interval differs', async () => {
		scene.setOptions({ alertInterval: 90 });
		await scene.host.activate();
		await alertingCall('PUT', `/policies/${scene.simulator.alerts.policies()[0]!.id}`, {
			alert_interval: '1h30m0s',
			filters: { slo: ['99.90'] },
		});
		await restart();
		expect(scene.operations()).toEqual(['getWebhook', 'getPolicy']);
	});

	it.each<[string, IDataObject]>([
		['switched off', { enabled: false }],
		['sent elsewhere', { mechanisms: { email: [{ id: 'noc@example.com' }] } }],
		['given an interval that is none', { alert_interval: '30m', name: 'x' }],
	])('is replaced when the policy was %s', async (_, change) => {
		scene.setOptions({ alertInterval: 45 });
		await scene.host.activate();
		const { id } = scene.simulator.alerts.policies()[0]!;
		await alertingCall('PUT', `/policies/${id}`, change);
		await restart();
		expect(scene.simulator.alerts.policies().map((policy) => policy.id)).not.toContain(id);
		expect(scene.left()).toHaveLength(2);
	});

	it("leaves alone what is not the trigger's, even at the same address", async () => {
		const url = `${PUBLIC_ORIGIN}${scene.host.path()}`;
		await alertingCall('POST', '/destinations/webhooks', {
			name: 'Mine',
			url: `${PUBLIC_ORIGIN}/x`,
		});
		expect(scene.left()).toEqual([]);
		const other = await startWebhookHost();
		try {
			await scene.startAccount({
				alerting: {
					publicOrigins: {
						[PUBLIC_ORIGIN]: scene.host.origin,
						'https://b.example.com': other.origin,
					},
				},
			});
			other.credentials = scene.host.credentials;
			other.publicOrigin = 'https://b.example.com';
			await other.activate();
			await scene.host.activate();
			expect(scene.left()).toHaveLength(4);
			expect(await scene.host.deactivate()).toBe(true);
			expect(scene.simulator.alerts.webhooks().map((webhook) => webhook.url)).not.toContain(url);
			expect(scene.left()).toHaveLength(2);
			expect(await other.deactivate()).toBe(true);
		} finally {
			await other.close();
		}
	});

	it('is removed first when static data were lost', async () => {
		await scene.host.activate();
		scene.host.setStaticData({});
		await scene.host.activate();
		expect(scene.left()).toHaveLength(2);
		expect(await scene.host.deactivate()).toBe(true);
		expect(scene.left()).toEqual([]);
	});

	it('is removed from the account in which it was made', async () => {
		await scene.host.activate();
		const made = scene.host.staticData().made as IDataObject[];
		scene.host.setStaticData({
			...scene.host.staticData(),
			made: [
				...made,
				{
					kind: 'policy',
					accountId: scene.simulator.notOnboardedAccountId,
					id: 'a'.repeat(32),
					tag: made[0]!.tag!,
				},
			],
		});
		await restart();
		expect(scene.operations()).toContain('deletePolicy');
		expect(scene.host.staticData().made).toHaveLength(2);
	});

	it('makes nothing of static data of another form', async () => {
		scene.host.setStaticData({
			secret: 7,
			made: [
				{ kind: 'policy', accountId: scene.simulator.accountId },
				null,
				{ kind: 'tunnel' },
				{ kind: 'policy', accountId: 'x' },
				'x',
			],
			policies: 'x',
			since: 'x',
			seen: [1, 'x'],
		});
		expect(await scene.host.hook('checkExists')).toBe(false);
		expect(await scene.host.hook('delete')).toBe(true);
		expect(scene.simulator.requests).toEqual([]);
		await scene.host.activate();
		expect(statusesOf(await scene.fire())).toEqual([200]);
		expect(scene.host.started).toHaveLength(1);
	});

	it('counts as gone after a 404 of another kind only if it is not listed', async () => {
		await scene.host.activate();
		scene.simulator.faults.add(statusFault('deletePolicy', 404, 7003, { times: 'always' }));
		expect(await scene.host.deactivate()).toBe(false);
		expect(scene.host.staticData().made).toHaveLength(2);
		expect(scene.left()).toHaveLength(2);
		scene.simulator.alerts.removePolicy(scene.simulator.alerts.policies()[0]!.id);
		expect(await scene.host.deactivate()).toBe(true);
		expect(scene.left()).toEqual([]);
	});

	it('is not looked up by an id that can not be one', async () => {
		const error = await failureOf(getPolicy({} as never, '../policies'));
		expect(error).toBeInstanceOf(RangeError);
		expect([saysNotThere(error), isStatus404(error)]).toEqual([false, false]);
	});
});
