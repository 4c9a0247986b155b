import type Cloudflare from 'cloudflare';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { byId } from '../helpers/locators';
import { credentialsOf, runNode } from '../helpers/node';
import { essenceOf, sdkOf } from '../helpers/sdk';
import type { Simulator } from '../simulator';

/**
 * A second opinion: for every operation, the request of the node is the one that Cloudflare's
 * official SDK sends for the same input. Both go to the simulated account over a real socket.
 *
 * Known differences, all of them:
 * - `x-magic-new-hc-target: true`: the node always asks for the new form of health check targets; the SDK sends
 *   the header only when it is given, as it is here.
 * - `validate_only`: the SDK knows it for psk set only; for the other writes Cloudflare mentions it in prose, and
 *   the SDK sends it as an extra query.
 * - Update Many: the SDK types the body as unknown; it is given the body that the node infers.
 */

const account = useAccount({ tunnels: 3, seed: 4 });

const NEW_TARGET = { headers: { 'x-magic-new-hc-target': 'true' } };

function essence(simulator: Simulator, operation: string) {
	const request = simulator.requests.find((known) => known.operation === operation);
	expect(request).toBeDefined();
	return essenceOf(request!);
}

interface Case {
	name: string;
	/** The simulator's name of the endpoint. */
	operation: string;
	parameters(id: string): IDataObject;
	/** The same call by the SDK. */
	call(client: Cloudflare, ids: { accountId: string; id: string }): Promise<unknown>;
	item?: IDataObject;
}

const BODY = {
	name: 'new-site',
	cloudflare_endpoint: '162.159.64.50',
	interface_address: '10.251.0.0/31',
};

const FIELDS = {
	name: 'new-site',
	cloudflareEndpoint: '162.159.64.50',
	interfaceAddress: '10.251.0.0/31',
};

const MORE = {
	customer_endpoint: '203.0.113.40',
	description: 'words',
	interface_address6: '2606:54c1:7:0:a9fe:12d2:1:200/127',
	psk: 'key',
	replay_protection: true,
	health_check: {
		enabled: true,
		rate: 'low' as const,
		type: 'request' as const,
		direction: 'unidirectional' as const,
		target: { saved: '203.0.113.41' },
	},
	bgp: { customer_asn: 65001, extra_prefixes: ['10.1.0.0/16'], md5_key: 'md5' },
};

const MORE_FIELDS = {
	customerEndpoint: '203.0.113.40',
	description: 'words',
	interfaceAddress6: '2606:54c1:7:0:a9fe:12d2:1:200/127',
	psk: '={{ $json.psk }}',
	replayProtection: true,
	healthCheckEnabled: true,
	healthCheckRate: 'low',
	healthCheckType: 'request',
	healthCheckDirection: 'unidirectional',
	healthCheckTarget: '203.0.113.41',
	bgpCustomerAsn: 65001,
	bgpExtraPrefixes: '10.1.0.0/16',
	bgpMd5Key: 'md5',
};

const CASES: Case[] = [
	{
		name: 'Get Many',
		operation: 'list',
		parameters: () => ({
			resource: 'tunnel',
			operation: 'getAll',
			returnAll: true,
			simplify: true,
		}),
		call: (client, { accountId }) =>
			client.magicTransit.ipsecTunnels.list({ account_id: accountId }, NEW_TARGET),
	},
	{
		name: 'Get',
		operation: 'get',
		parameters: (id) => ({
			resource: 'tunnel',
			operation: 'get',
			tunnelId: byId(id),
			simplify: true,
		}),
		call: (client, { accountId, id }) =>
			client.magicTransit.ipsecTunnels.get(id, { account_id: accountId }, NEW_TARGET),
	},
	{
		name: 'Create',
		operation: 'create',
		parameters: () => ({
			resource: 'tunnel',
			operation: 'create',
			...FIELDS,
			additionalFields: MORE_FIELDS,
		}),
		item: { psk: MORE.psk },
		call: (client, { accountId }) =>
			client.magicTransit.ipsecTunnels.create(
				{ account_id: accountId, ...BODY, ...MORE } as never,
				NEW_TARGET,
			),
	},
	{
		name: 'Create, validate only',
		operation: 'create',
		parameters: () => ({
			resource: 'tunnel',
			operation: 'create',
			...FIELDS,
			options: { validateOnly: true },
		}),
		call: (client, { accountId }) =>
			client.magicTransit.ipsecTunnels.create(
				{ account_id: accountId, ...BODY },
				{ ...NEW_TARGET, query: { validate_only: true } },
			),
	},
	{
		name: 'Update (Replace)',
		operation: 'update',
		parameters: (id) => ({
			resource: 'tunnel',
			operation: 'update',
			tunnelId: byId(id),
			mode: 'replace',
			updateFields: { ...FIELDS, ...MORE_FIELDS },
		}),
		item: { psk: MORE.psk },
		call: (client, { accountId, id }) =>
			client.magicTransit.ipsecTunnels.update(
				id,
				{ account_id: accountId, ...BODY, ...MORE } as never,
				NEW_TARGET,
			),
	},
	{
		name: 'Update Many',
		operation: 'bulkUpdate',
		parameters: (id) => ({
			resource: 'tunnel',
			operation: 'updateMany',
			tunnelId: byId(id),
			updateFields: { description: 'many' },
		}),
		call: async (client, { accountId, id }) => {
			const tunnel = (await client.magicTransit.ipsecTunnels.get(
				id,
				{ account_id: accountId },
				NEW_TARGET,
			)) as never as { ipsec_tunnel: Record<string, never> };
			const {
				name,
				cloudflare_endpoint,
				interface_address,
				customer_endpoint,
				interface_address6,
				replay_protection,
				automatic_return_routing,
				allow_null_cipher,
				health_check,
				bgp,
				custom_remote_identities,
			} = tunnel.ipsec_tunnel;
			const { target, ...check } = health_check as never as { target: { saved: string } };
			const body = {
				ipsec_tunnels: [
					{
						id,
						name,
						cloudflare_endpoint,
						interface_address,
						customer_endpoint,
						description: 'many',
						interface_address6,
						replay_protection,
						automatic_return_routing,
						allow_null_cipher,
						health_check: { ...check, target: { saved: target.saved } },
						bgp,
						custom_remote_identities,
					},
				],
			};
			return await client.magicTransit.ipsecTunnels.bulkUpdate(
				{ account_id: accountId, body },
				NEW_TARGET,
			);
		},
	},
	{
		name: 'Delete',
		operation: 'delete',
		parameters: (id) => ({ resource: 'tunnel', operation: 'delete', tunnelId: byId(id) }),
		call: (client, { accountId, id }) =>
			client.magicTransit.ipsecTunnels.delete(id, { account_id: accountId }, NEW_TARGET),
	},
	{
		name: 'Generate',
		operation: 'pskGenerate',
		parameters: (id) => ({ resource: 'psk', operation: 'generate', tunnelId: byId(id) }),
		call: (client, { accountId, id }) =>
			client.magicTransit.ipsecTunnels.pskGenerate(id, { account_id: accountId } as never),
	},
	{
		name: 'Set',
		operation: 'pskSet',
		parameters: (id) => ({
			resource: 'psk',
			operation: 'set',
			tunnelId: byId(id),
			psk: '={{ $json.psk }}',
		}),
		item: { psk: 'a key' },
		call: (client, { accountId, id }) =>
			client.magicTransit.ipsecTunnels.pskSet({
				account_id: accountId,
				psks: [{ id, psk: 'a key' }],
			}),
	},
	{
		name: 'Set, validate only (what Prepare sends)',
		operation: 'pskSet',
		parameters: (id) => ({
			resource: 'psk',
			operation: 'set',
			tunnelId: byId(id),
			psk: '={{ $json.psk }}',
			options: { validateOnly: true },
		}),
		item: { psk: 'a key' },
		call: (client, { accountId, id }) =>
			client.magicTransit.ipsecTunnels.pskSet({
				account_id: accountId,
				psks: [{ id, psk: 'a key' }],
				validate_only: true,
			}),
	},
];

describe.each(['apiToken', 'apiKey'])(
	'the node sends what the official SDK sends, with %s',
	(authentication) => {
		it.each(CASES)('$name', async ({ operation, parameters, call, item }) => {
			const simulator = account();
			const { id } = simulator.tunnels().find(({ bgp }) => bgp === undefined)!;
			// The node first, on an account of its own for changes that can be made once only.
			const { error } = await runNode({
				credentials: credentialsOf(simulator),
				parameters: { authentication, ...parameters(id) } as INodeParameters,
				items: [item ?? {}],
			});
			expect(error).toBeUndefined();
			const ours = essence(simulator, operation);
			simulator.resetRequests();
			if (operation === 'create' || operation === 'delete') {
				// Made or removed by the node just now: bring the account back to where it was.
				const made = simulator.tunnel('new-site');
				if (made !== undefined) simulator.removeTunnel(made.id);
				if (simulator.tunnel(id) === undefined) simulator.addTunnel({ id, name: 'back-again' });
			}
			await call(sdkOf(simulator, authentication), { accountId: simulator.accountId, id });
			expect(ours).toEqual(essence(simulator, operation));
			expect(ours.status).toBe(200);
		});
	},
);
