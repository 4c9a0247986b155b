import '../helpers/printed';
import { createHash } from 'node:crypto';
import type { INode, INodeProperties } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { CloudflareMagicAlertTrigger } from '../../nodes/CloudflareMagicAlert/CloudflareMagicAlertTrigger.node';
import { additionalData, outputsOf, PACKAGE_NAME, runWorkflow } from '../helpers/engine';
import * as core from 'n8n-core';
import { credentialsOf, sources } from '../helpers/node';
import { useVirtualClock } from '../helpers/virtualClock';
import { ALERT_NODE, PUBLIC_ORIGIN } from '../helpers/webhook';
import { failureOf, statusesOf, useAlertScene } from '../helpers/alertScene';

/** The alert trigger on n8n-core's contexts and real sockets, against the simulated account. */

const clock = useVirtualClock();
const scene = useAlertScene({ now: clock.now });

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the life of the trigger', () => {
	it('makes a destination and a policy, starts the workflow, and removes both', async () => {
		Object.assign(scene.host.parameters, {
			slo: 99.5,
			tunnelNames: [scene.tunnel(0), scene.tunnel(1)],
		});
		scene.setOptions({ alertInterval: 45, policyName: 'Offices' });
		await scene.host.activate();

		const [webhook] = scene.simulator.alerts.webhooks();
		const [policy] = scene.simulator.alerts.policies();
		expect(webhook).toMatchObject({ url: `${PUBLIC_ORIGIN}${scene.host.path()}` });
		expect(webhook!.secret).toMatch(/^[0-9a-f]{64}$/);
		expect(policy).toMatchObject({
			enabled: true,
			alert_type: 'magic_wan_tunnel_health',
			alert_interval: '45m',
			filters: { slo: ['99.5'], tunnel_name: [scene.tunnel(0), scene.tunnel(1)] },
			mechanisms: { webhooks: [{ id: webhook!.id }] },
		});
		expect(policy!.name).toMatch(/^n8n: Offices \([0-9a-f]{12}\)$/);
		expect(scene.host.started).toEqual([]);

		expect(statusesOf(await scene.fire())).toEqual([200]);
		expect(statusesOf(await scene.fire({ status: 'up' }))).toEqual([200]);
		expect(statusesOf(await scene.fire({ tunnel: scene.tunnel(2) }))).toEqual([]);
		expect(scene.jsons()).toMatchObject([
			{ event: 'start', tunnel_name: scene.tunnel(), status: 'down', previous_status: 'up' },
			{ event: 'end', tunnel_name: scene.tunnel(), status: 'up', previous_status: 'down' },
		]);

		expect(await scene.host.deactivate()).toBe(true);
		expect(scene.left()).toEqual([]);
		expect(scene.host.staticData()).toEqual({});
		expect(scene.operations().slice(-4)).toEqual([
			'deletePolicy',
			'deleteWebhook',
			'listPolicies',
			'listWebhooks',
		]);
	});

	it('answers the test message while the destination is made, although no secret is stored', async () => {
		const open = scene.host.holdNext();
		const activation = scene.host.activate();
		while (!scene.operations().includes('createWebhook')) await new Promise(setImmediate);
		expect(scene.host.staticData().secretSha256).toBeUndefined();
		open();
		await activation;
		expect(scene.host.answers).toMatchObject([{ status: 200 }]);
		expect(scene.host.started).toEqual([]);
		expect(scene.host.staticData().secretSha256).toBe(hashOf(scene.secretText()));
	});

	it('goes on after a restart with what is stored', async () => {
		await scene.host.activate();
		const before = scene.left();
		scene.host.crash();
		expect(statusesOf(await scene.fire({ correlationId: 'missed' }))).toEqual([404]);
		scene.simulator.resetRequests();
		await scene.host.activate('init');
		expect(scene.operations()).toEqual(['getWebhook', 'getPolicy']);
		expect(scene.left().map(({ id }) => id)).toEqual(before.map(({ id }) => id));
		expect(statusesOf(await scene.fire({ status: 'up' }))).toEqual([200]);
		expect(scene.host.started).toHaveLength(1);
	});

	it('works with email and API key, in another account than the credential has', async () => {
		Object.assign(scene.host.parameters, { authentication: 'apiKey' });
		scene.setOptions({ accountId: scene.simulator.accountId.toUpperCase() });
		scene.host.credentials = credentialsOf(scene.simulator, { accountId: '0'.repeat(32) });
		await scene.host.activate();
		expect(scene.left()).toHaveLength(2);
		expect(await scene.host.deactivate()).toBe(true);
		expect(scene.left()).toEqual([]);
	});

	it('listens for a test event, beside the active workflow', async () => {
		await scene.host.activate();
		const stop = await scene.host.listen();
		expect(scene.simulator.alerts.webhooks().map(({ url }) => new URL(url).pathname)).toEqual([
			scene.host.path(),
			scene.host.path(true),
		]);
		expect(statusesOf(await scene.fire())).toEqual([200, 200]);
		expect(scene.host.started).toHaveLength(2);
		expect(await stop()).toBe(true);
		expect(scene.simulator.alerts.webhooks().map(({ url }) => new URL(url).pathname)).toEqual([
			scene.host.path(),
		]);
		expect(scene.simulator.alerts.policies()).toHaveLength(1);
	});

	it('hands on what came when the workflow is run by hand', async () => {
		const node: INode = {
			id: '1',
			name: ALERT_NODE,
			type: `${PACKAGE_NAME}.cloudflareMagicAlertTrigger`,
			typeVersion: 1,
			position: [0, 0],
			parameters: {},
			credentials: { cloudflareMagicTokenApi: { id: '1', name: 'Cloudflare' } },
		};
		for (const mode of ['manual', 'webhook', 'trigger'] as const) {
			const run = await runWorkflow(
				{ nodes: [node], connections: {} },
				{ types: sources, credentials: {}, input: [{ json: { event: 'start' } }], mode },
			);
			expect(outputsOf(run, ALERT_NODE)).toMatchObject([[{ json: { event: 'start' } }]]);
		}
	});

	it('tells n8n that it runs, so that it is not started again and again', async () => {
		expect(await scene.host.trigger()).toEqual({});
		expect(scene.simulator.requests).toEqual([]);
	});
});

describe('n8n without a public address', () => {
	it.each([
		'http://localhost:5678',
		'https://localhost',
		'https://127.0.0.1',
		'https://10.1.2.3',
		'https://172.20.0.1',
		'https://100.100.1.1',
		'https://[::1]',
		'https://[fd00::1]',
		'https://n8n',
		'https://n8n.local',
		'https://n8n.example.com:5678',
		'http://n8n.example.com',
		'no address',
	])('%s is refused before anything is asked', async (origin) => {
		scene.host.publicOrigin = origin;
		const error = await failureOf(scene.host.activate());
		expect(error.name).toBe('NodeOperationError');
		expect(error.message).toMatch(/^Cloudflare can't send alerts to n8n: /);
		expect(error.description).toContain('WEBHOOK_URL');
		expect(scene.simulator.requests).toEqual([]);
		expect(scene.host.staticData()).toEqual({});
	});

	it.each(['https://[2606:4700::1111]', 'https://8.8.8.8', 'https://n8n.example.com:80'])(
		'%s is tried',
		async (origin) => {
			scene.host.publicOrigin = origin;
			await failureOf(scene.host.activate());
			expect(scene.operations()).toContain('createWebhook');
		},
	);
});

describe('tunnels', () => {
	it('are offered by name', async () => {
		const { methods } = new CloudflareMagicAlertTrigger();
		const context = new core.LoadOptionsContext(
			scene.host.workflow(),
			scene.host.workflow().getNode(ALERT_NODE)!,
			additionalData({ types: sources, credentials: scene.host.credentials }) as never,
			'',
		);
		const names = await methods.loadOptions.getTunnelNames.call(context);
		expect(names).toEqual(
			scene.simulator
				.tunnels()
				.map(({ name }) => ({ name, value: name }))
				.sort((a, b) => a.name.localeCompare(b.name)),
		);
	});

	it('may be given by id, by name or as a text with commas', async () => {
		const [first] = scene.simulator.tunnels();
		scene.host.parameters.tunnelNames =
			`${first!.id.toUpperCase()}, GRE_1,${first!.name}, ${'f'.repeat(32)}` as never;
		await scene.host.activate();
		expect(scene.simulator.alerts.policies()[0]!.filters!.tunnel_name).toEqual([
			first!.name,
			'GRE_1',
			'f'.repeat(32),
		]);
		scene.host.crash();
		scene.simulator.resetRequests();
		await scene.host.activate('init');
		expect(scene.operations()).toEqual(['getWebhook', 'getPolicy', 'list']);
	});
});

describe('the description', () => {
	const { description } = new CloudflareMagicAlertTrigger();

	it('asks for the credential of the chosen authentication only', () => {
		const node = { parameters: {} } as INode;
		const asked = (authentication: string) =>
			description
				.credentials!.filter((credential) =>
					NodeHelpers.displayParameter({ authentication }, credential, node, description),
				)
				.map(({ name }) => name);
		expect(asked('apiToken')).toEqual(['cloudflareMagicTokenApi']);
		expect(asked('apiKey')).toEqual(['cloudflareMagicKeyApi']);
	});

	it('has defaults with which it works, and sorted options', () => {
		const options = description.properties.find(({ name }) => name === 'options')!;
		const names = (options.options as INodeProperties[]).map(({ displayName }) => displayName);
		expect(names).toEqual([
			'Account ID',
			'Alert Interval (Minutes)',
			'Catch Up',
			'Policy Name',
			'Timeout',
			// Hidden, unless the collection is one expression.
			'Unreadable Expression',
		]);
		expect(description.properties.map(({ name }) => name)).toEqual([
			'authentication',
			'alertType',
			'slo',
			'tunnelNames',
			'events',
			'options',
		]);
	});
});
