import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { CredentialReference, N8n, Workflow } from '../harness/n8n';
import { outputsIn, startN8n } from '../harness/n8n';
import { installPackage } from '../harness/package';
import type { Part } from '../harness/part';
import { PACKAGE } from '../../helpers/paths';
import { freePort } from '../../helpers/ports';
import { waitFor } from '../../helpers/processes';

const TRIGGER = 'Trigger';

/** The address of n8n on the Internet, as far as Cloudflare knows. */
const PUBLIC_ORIGIN = 'https://n8n.example.com';

/** A scheduled poll comes once a minute. */
const POLL_SECONDS = 90;

/** A trigger alone; what it emits is in the saved executions. */
function triggerWorkflow(
	type: string,
	credential: CredentialReference,
	parameters: INodeParameters,
): Workflow {
	return {
		name: type,
		nodes: [
			{
				id: randomUUID(),
				name: TRIGGER,
				type: `${PACKAGE.name}.${type}`,
				typeVersion: 1,
				position: [0, 0],
				webhookId: randomUUID(),
				parameters: { authentication: 'apiToken', ...parameters },
				credentials: { cloudflareMagicTokenApi: credential },
			},
			{
				id: randomUUID(),
				name: 'Done',
				type: 'n8n-nodes-base.noOp',
				typeVersion: 1,
				position: [220, 0],
				parameters: {},
			},
		],
		connections: { [TRIGGER]: { main: [[{ node: 'Done', type: 'main', index: 0 }]] } },
		settings: { executionOrder: 'v1' },
	};
}

/** The items of the executions of a workflow, oldest first, when there are so many executions. */
async function itemsOf(
	n8n: N8n,
	workflow: string,
	executions: number,
	seconds?: number,
): Promise<IDataObject[]> {
	const done = await waitFor(
		`Execution ${executions} of the trigger`,
		async () => {
			const all = await n8n.executions(workflow);
			return all.filter(({ status }) => status === 'success').length >= executions && all;
		},
		{ seconds },
	);
	assert.equal(done.length, executions, 'The workflow was started too often');
	const items: IDataObject[] = [];
	for (const { id } of [...done].reverse()) {
		items.push(...outputsIn(await n8n.execution(id), TRIGGER)[0]!);
	}
	return items;
}

const eventsOf = (items: IDataObject[]) =>
	items.map(({ event, tunnel_name }) => [event, tunnel_name]);

/** Both triggers, turned on in n8n: events of the simulated account start workflows. */
export const part: Part = {
	name: 'triggers',
	apart: true,
	about:
		'both triggers in n8n: an event starts a workflow once, over restarts, and nothing stays behind',
	async run(context) {
		const userFolder = context.folder('triggers');
		await installPackage(userFolder, await context.tarball());
		const port = await freePort();
		const n8n = await startN8n({
			userFolder,
			port,
			logFolder: context.logFolder,
			env: { WEBHOOK_URL: `${PUBLIC_ORIGIN}/` },
		});
		context.defer(async () => await n8n.stop());
		const account = await context.account({
			tunnels: 3,
			seed: 21,
			options: [`--public-origin=${PUBLIC_ORIGIN}=${n8n.url}`, '--age-days=400,10,20'],
		});
		const [first, second] = (await account.tunnels()).map(({ tunnel }) => tunnel);
		const credential = await n8n.createCredential(
			'cloudflareMagicTokenApi',
			account.tokenCredential(),
		);
		const polling = await n8n.importWorkflow(
			triggerWorkflow('cloudflareMagicIpsecTrigger', credential, {
				pollTimes: { item: [{ mode: 'everyMinute' }] },
				events: ['pskChanged', 'pskRotationDue', 'tunnelDeleted'],
				pskOlderThanDays: 90,
			}),
		);
		const alerting = await n8n.importWorkflow(
			triggerWorkflow('cloudflareMagicAlertTrigger', credential, {
				alertType: 'magic_wan_tunnel_health',
				slo: 99.9,
				events: ['start', 'end'],
				options: { catchUp: true },
			}),
		);

		await context.check(
			'polling: at the activation it tells of the key that is due, and no more',
			async () => {
				await n8n.activate(polling);
				assert.deepEqual(eventsOf(await itemsOf(n8n, polling, 1)), [
					['pskRotationDue', first!.name],
				]);
			},
		);
		await context.check('alerts: the activation makes a destination and a policy', async () => {
			await n8n.activate(alerting);
			const { webhooks, policies } = await account.alerting();
			assert.equal(webhooks.length, 1);
			assert.equal(policies.length, 1);
			assert.ok(webhooks[0]!.url.startsWith(`${PUBLIC_ORIGIN}/webhook/`));
			assert.equal(
				(await n8n.executions(alerting)).length,
				0,
				"Cloudflare's test message started it",
			);
		});
		await context.check('alerts: an alert starts the workflow, a replay does not', async () => {
			const alert = { tunnel: first!.id, status: 'down', correlationId: 'incident-1', ts: now() };
			for (let time = 0; time < 2; time++) {
				const [delivery] = await account.fireAlert(alert);
				assert.equal(delivery?.status, 200);
			}
			const [item] = await itemsOf(n8n, alerting, 1);
			assert.equal(item!.event, 'start');
			assert.equal(item!.tunnel_name, first!.name);
			assert.equal(item!.status, 'down');
		});
		await context.check('alerts: what does not come from Cloudflare is refused', async () => {
			const { webhooks } = await account.alerting();
			const url = webhooks[0]!.url.replace(PUBLIC_ORIGIN, n8n.url);
			const forged = await fetch(url, {
				method: 'POST',
				headers: { 'content-type': 'application/json', 'cf-webhook-auth': 'guessed' },
				body: JSON.stringify({ alert_type: 'magic_wan_tunnel_health', data: {} }),
			});
			assert.equal(forged.status, 401);
		});
		await context.check(
			'polling: a scheduled poll tells of a key that somebody changed',
			async () => {
				await account.setKey(second!.id, 'a key that somebody set');
				const items = await itemsOf(n8n, polling, 2, POLL_SECONDS);
				assert.deepEqual(eventsOf(items.slice(1)), [['pskChanged', second!.name]]);
			},
		);

		await context.check(
			'after a restart nothing is told twice, and what happened meanwhile is',
			async () => {
				await n8n.stop();
				await account.setKey(second!.id, 'another key that somebody set');
				await account.fireAlert({
					tunnel: first!.id,
					status: 'up',
					correlationId: 'incident-1',
					event: 'end',
					ts: now(),
				});
				await n8n.start();
				const polled = await itemsOf(n8n, polling, 3);
				assert.deepEqual(eventsOf(polled.slice(2)), [['pskChanged', second!.name]]);
				const alerts = await itemsOf(n8n, alerting, 2);
				assert.deepEqual(eventsOf(alerts.slice(1)), [['end', first!.name]]);
				const { webhooks, policies } = await account.alerting();
				assert.deepEqual([webhooks.length, policies.length], [1, 1]);
			},
		);
		await context.check('after the restart alerts still come', async () => {
			await account.fireAlert({
				tunnel: second!.id,
				status: 'down',
				correlationId: 'incident-2',
				ts: now(),
			});
			const alerts = await itemsOf(n8n, alerting, 3);
			assert.deepEqual(eventsOf(alerts.slice(2)), [['start', second!.name]]);
		});

		await context.check('the deactivation leaves nothing at Cloudflare', async () => {
			await n8n.deactivate(alerting);
			await n8n.deactivate(polling);
			const { webhooks, policies } = await account.alerting();
			assert.deepEqual([webhooks, policies], [[], []]);
		});
		await context.check(
			'a wrong token is told in words when the trigger is turned on',
			async () => {
				const bad = await n8n.createCredential(
					'cloudflareMagicTokenApi',
					account.tokenCredential({ apiToken: 'x'.repeat(40) }),
				);
				for (const type of ['cloudflareMagicIpsecTrigger', 'cloudflareMagicAlertTrigger']) {
					const id = await n8n.importWorkflow(
						triggerWorkflow(type, bad, {
							pollTimes: { item: [{ mode: 'everyMinute' }] },
							events: type.includes('Alert') ? ['start'] : ['pskChanged'],
						}),
					);
					await assert.rejects(n8n.activate(id), /Cloudflare refused the request/);
					await n8n.deactivate(id);
				}
			},
		);
	},
};

/** Seconds since 1970. */
function now(): number {
	return Math.floor(Date.now() / 1000);
}
