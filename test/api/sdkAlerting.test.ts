import type Cloudflare from 'cloudflare';
import { useVirtualClock } from '../helpers/virtualClock';
import type { WebhookHost } from '../helpers/webhook';
import { startAccountFor, startWebhookHost } from '../helpers/webhook';
import { essenceOf, sdkOf } from '../helpers/sdk';
import type { Operation, Simulator } from '../simulator';

/**
 * A second opinion: the requests of the alert trigger are those that Cloudflare's official SDK sends
 * for the same input. Both go to the simulated account over a real socket.
 */

useVirtualClock();

let host: WebhookHost;
let simulator: Simulator;

beforeEach(async () => {
	host = await startWebhookHost();
	simulator = await startAccountFor(host, { tunnels: 2, seed: 4 });
});

afterEach(async () => {
	await simulator.close();
	await host.close();
});

const requestsFor = (operation: Operation) =>
	simulator.requests.filter((request) => request.operation === operation).map(essenceOf);

interface Ids {
	account_id: string;
	webhookId: string;
	policyId: string;
}

/** In the order in which the trigger sends them over its life, with the same call of the SDK. */
const CALLS: Array<
	[Operation, (client: Cloudflare, ids: Ids, body: never) => PromiseLike<unknown>]
> = [
	['listPolicies', (client, { account_id }) => client.alerting.policies.list({ account_id })],
	[
		'listWebhooks',
		(client, { account_id }) => client.alerting.destinations.webhooks.list({ account_id }),
	],
	[
		'createWebhook',
		(client, { account_id }, body: { name: string; url: string; secret: string }) =>
			client.alerting.destinations.webhooks.create({ account_id, ...body }),
	],
	[
		'createPolicy',
		(client, { account_id }, body: Cloudflare.Alerting.PolicyCreateParams) =>
			client.alerting.policies.create({ ...body, account_id }),
	],
	[
		'getWebhook',
		(client, { account_id, webhookId }) =>
			client.alerting.destinations.webhooks.get(webhookId, { account_id }),
	],
	[
		'getPolicy',
		(client, { account_id, policyId }) => client.alerting.policies.get(policyId, { account_id }),
	],
	[
		'listAlertHistory',
		(client, { account_id }, query: { since: string; page: number; per_page: number }) =>
			client.alerting.history.list({ account_id, ...query }),
	],
	[
		'deletePolicy',
		(client, { account_id, policyId }) => client.alerting.policies.delete(policyId, { account_id }),
	],
	[
		'deleteWebhook',
		(client, { account_id, webhookId }) =>
			client.alerting.destinations.webhooks.delete(webhookId, { account_id }),
	],
];

describe.each(['apiToken', 'apiKey'])(
	'the alert trigger sends what the official SDK sends, with %s',
	(authentication) => {
		it.each(CALLS)('%s', async (operation, call) => {
			Object.assign(host.parameters, {
				authentication,
				tunnelNames: [simulator.tunnels()[0]!.name],
				options: { alertInterval: 30, catchUp: true },
			});
			await host.activate();
			host.crash();
			await host.activate('init');
			const ids: Ids = {
				account_id: simulator.accountId,
				webhookId: simulator.alerts.webhooks()[0]!.id,
				policyId: simulator.alerts.policies()[0]!.id,
			};
			// What the SDK deletes or makes again must be there, or gone, as it was for the trigger.
			if (operation === 'deleteWebhook') simulator.alerts.removePolicy(ids.policyId);
			const before = requestsFor(operation);
			const isDelete = operation.startsWith('delete');
			const ours = isDelete ? undefined : before[0]!;
			simulator.resetRequests();
			const given = operation === 'listAlertHistory' ? ours!.query : ours?.body;
			await call(sdkOf(simulator, authentication), ids, given as never);
			const [theirs] = requestsFor(operation);
			if (!isDelete) {
				expect(ours).toEqual(theirs);
				return;
			}
			simulator.resetRequests();
			await host.deactivate();
			const [own] = requestsFor(operation);
			// The SDK was first, so that the trigger finds nothing.
			expect({ ...own, status: 0 }).toEqual({ ...theirs, status: 0 });
			expect([own!.status, theirs!.status]).toEqual([404, 200]);
		});
	},
);
