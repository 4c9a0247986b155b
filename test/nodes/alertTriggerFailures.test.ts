import { printed } from '../helpers/printed';
import type { IDataObject } from 'n8n-workflow';
import { statusFault } from '../helpers/answer';
import { credentialsOf } from '../helpers/node';
import { leaksIn } from '../helpers/scanner';
import { useVirtualClock } from '../helpers/virtualClock';
import { failureOf, useAlertScene } from '../helpers/alertScene';

/** What is said, logged and left when Cloudflare does not do as it is asked. */

const clock = useVirtualClock();
const scene = useAlertScene({ now: clock.now });

describe('what can not be done', () => {
	it.each<[string, IDataObject, RegExp]>([
		['Alert Type', { alertType: 'tunnel_health_event' }, /'Alert Type' can't be used/],
		['SLO', { slo: 100 }, /'SLO' can't be used/],
		['SLO, empty', { slo: '' }, /'SLO' can't be used/],
		['Events', { events: ['x'] }, /'Events' can't be used/],
		['Events, no list', { events: 7 }, /'Events' can't be used/],
		['Authentication', { authentication: 'x' }, /'Authentication'/],
		['Timeout', { options: { timeout: 0 } }, /'Timeout' can't be used/],
		['Alert Interval', { options: { alertInterval: 4 } }, /'Alert Interval \(Minutes\)' can't/],
		['Catch Up', { options: { catchUp: 'yes' } }, /'Catch Up' can't be used/],
		['Account ID', { options: { accountId: 'x' } }, /'Account ID' can't be used/],
	])('is said before anything is asked: %s', async (_, change, message) => {
		Object.assign(scene.host.parameters, change);
		const error = await failureOf(scene.host.activate());
		expect(error.name).toBe('NodeOperationError');
		expect(error.message).toMatch(message);
		expect(scene.simulator.requests).toEqual([]);
	});

	it('is said clearly without the permission, and nothing is left', async () => {
		scene.host.credentials = credentialsOf(scene.simulator, {
			apiToken: scene.simulator.noNotificationsToken,
		});
		const error = await failureOf(scene.host.activate());
		expect(error.name).toBe('NodeApiError');
		expect(error.description).toContain("'Notifications Write' or 'Account Settings Write'");
		scene.host.credentials = credentialsOf(scene.simulator, {
			apiToken: scene.simulator.readToken,
		});
		expect((await failureOf(scene.host.activate())).description).toContain('Notifications Write');
		expect(scene.left()).toEqual([]);
	});

	it('names the permission for Notifications too when a gateway refuses without a code', async () => {
		scene.simulator.faults.add({
			operation: 'listPolicies',
			kind: 'status',
			status: 403,
			times: 'always',
		});
		const { description } = await failureOf(scene.host.activate());
		expect(description).toContain("'Notifications Write'");
		expect(description).not.toContain('Magic WAN');
	});

	it('is said clearly when Cloudflare does not reach n8n', async () => {
		scene.host.publicOrigin = 'https://unreachable.example.com';
		const error = await failureOf(scene.host.activate());
		expect(error.message).toContain('Could not create the webhook destination');
		expect(error.description).toContain('Webhook test failed');
		expect(error.description).toContain('WEBHOOK_URL');
		expect(scene.left()).toEqual([]);
		expect(scene.host.staticData()).toEqual({});
	});

	it.each([
		[17003, 'every tunnel is named as it is in Cloudflare'],
		[17004, 'Magic Transit or Magic WAN'],
		[17102, 'Activate the workflow again'],
		[17103, "check 'SLO'"],
	])('is said clearly for code %i, and the destination is removed', async (code, remedy) => {
		scene.simulator.faults.add(statusFault('createPolicy', 400, code, { message: 'm' }));
		const error = await failureOf(scene.host.activate());
		expect(error.description).toContain(remedy);
		expect(scene.left()).toEqual([]);
		expect(scene.host.staticData()).toEqual({});
	});

	it('is logged when the destination can not be removed, which a later delete does', async () => {
		scene.simulator.faults.add(statusFault('createPolicy', 400, 17003));
		scene.simulator.faults.add({
			operation: 'deleteWebhook',
			kind: 'status',
			status: 403,
			times: 'always',
		});
		await failureOf(scene.host.activate());
		const [webhook] = scene.simulator.alerts.webhooks();
		expect(scene.log()).toContain(
			`the webhook destination ${webhook!.id} may still be in the account`,
		);
		expect(scene.host.staticData().made).toMatchObject([{ kind: 'webhook', id: webhook!.id }]);
		scene.simulator.faults.clear();
		expect(await scene.host.deactivate()).toBe(true);
		expect(scene.left()).toEqual([]);
	});

	it('leaves the destination, too, while the policy that names it can not be removed', async () => {
		await scene.host.activate();
		const [policy] = scene.simulator.alerts.policies();
		const operation = 'deletePolicy';
		scene.simulator.faults.add({ operation, kind: 'status', status: 403, times: 'always' });
		expect(await scene.host.deactivate()).toBe(false);
		expect(scene.operations()).not.toContain('deleteWebhook');
		expect(scene.log()).toContain(
			`the notification policy ${policy!.id} may still be in the account ${scene.simulator.accountId}`,
		);
		expect(scene.host.staticData().made).toHaveLength(2);
		scene.simulator.faults.clear();
		expect(await scene.host.deactivate()).toBe(true);
		expect(scene.left()).toEqual([]);
	});

	it('is told by its name where nobody knows an id', async () => {
		scene.simulator.faults.add({ operation: 'createWebhook', kind: 'reset', when: 'after' });
		scene.simulator.faults.add({
			operation: 'deleteWebhook',
			kind: 'status',
			status: 403,
			times: 'always',
		});
		await failureOf(scene.host.activate());
		const [webhook] = scene.simulator.alerts.webhooks();
		const tag = /\(([^()]+)\)$/.exec(webhook!.name)![1]!;
		expect(scene.log()).toContain(`the webhook destination named "(${tag})" may still be in`);
	});

	it('is nothing that a long name could cause', async () => {
		scene.setOptions({ policyName: 'x'.repeat(300) });
		await scene.host.activate();
		const [policy] = scene.simulator.alerts.policies();
		expect(policy!.name).toMatch(/^n8n: x{100} \(/);
	});

	it('is logged when nobody can tell whether anything is left', async () => {
		await scene.host.activate();
		scene.simulator.faults.add({ operation: 'listPolicies', kind: 'reset', times: 'always' });
		expect(await scene.host.deactivate()).toBe(true);
		expect(scene.log()).toContain('it could not be checked that nothing is left');
		expect(scene.left()).toEqual([]);
	});

	it('is nothing that missing options could cause', async () => {
		scene.host.parameters.options = null as never;
		await scene.host.activate();
		expect(scene.left()).toHaveLength(2);
	});

	it('is logged by delete, which never throws', async () => {
		await scene.host.activate();
		const { made } = scene.host.staticData();
		const good = scene.host.credentials;
		scene.host.credentials = {};
		expect(await scene.host.deactivate()).toBe(false);
		expect(scene.host.staticData().made).toEqual(made);
		scene.host.credentials = good;
		scene.setOptions({ timeout: 'x' });
		expect(await scene.host.deactivate()).toBe(false);
		expect(scene.log()).toContain('was not removed');
		scene.setOptions({});
		Object.assign(scene.host.parameters, { slo: 'no number', events: [] });
		expect(await scene.host.deactivate()).toBe(true);
		expect(await scene.host.deactivate()).toBe(true);
		expect(scene.left()).toEqual([]);
	});

	it('leaks no secret', async () => {
		const errors: unknown[] = [];
		for (const operation of ['createWebhook', 'createPolicy'] as const) {
			for (const kind of ['reset', 'html', 'successFalse'] as const) {
				scene.simulator.faults.add({ operation, kind, when: 'after' });
				errors.push(await failureOf(scene.host.activate()));
			}
		}
		scene.simulator.faults.add({ operation: 'createPolicy', kind: 'reset' });
		scene.simulator.faults.add({ operation: 'deleteWebhook', kind: 'status', status: 403 });
		errors.push(await failureOf(scene.host.activate()));
		await scene.host.activate();
		await scene.fire();
		await scene.host.deactivate();
		const webhookSecrets = scene.secretsSent();
		expect(webhookSecrets).toHaveLength(8);
		const all = [scene.simulator.apiToken, scene.simulator.apiKey];
		expect(
			leaksIn(
				[errors, printed, scene.host.started, scene.host.answers],
				[...webhookSecrets, ...all],
			),
		).toEqual([]);
		expect(printed.length).toBeGreaterThan(0);
		await scene.host.activate();
		expect(leaksIn(scene.host.staticData(), all)).toEqual([]);
	});
});
