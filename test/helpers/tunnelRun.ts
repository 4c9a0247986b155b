import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Simulator } from '../simulator';
import type { NodeResult, NodeRun } from './node';
import { credentialsOf, runNode } from './node';

export { byId, byName } from './locators';

/**
 * Runs an operation on tunnels.
 *
 * @param change parameters of the operation, and `items` and `node` as `runNode` takes them
 */
export async function runTunnel(
	simulator: Simulator,
	operation: string,
	change: IDataObject = {},
): Promise<NodeResult> {
	const { items, node, ...parameters } = change;
	return await runNode({
		credentials: credentialsOf(simulator),
		parameters: { resource: 'tunnel', operation, ...parameters } as INodeParameters,
		items: items as NodeRun['items'],
		node: node as NodeRun['node'],
		mode: 'trigger',
	});
}

/** Fields of a tunnel that nobody has. */
export const NEW = {
	name: 'new-site',
	cloudflareEndpoint: '162.159.64.99',
	interfaceAddress: '10.250.0.0/31',
};

/** Every field that a tunnel may be given besides; its key is the item's. */
export const ALL_FIELDS = {
	automaticReturnRouting: true,
	bgpCustomerAsn: 65010,
	bgpExportFilterId: 'a'.repeat(32),
	bgpExtraPrefixes: '10.1.0.0/16, 2001:db8::/32',
	bgpImportFilterId: 'b'.repeat(32),
	bgpMd5Key: 'md5 key',
	customerEndpoint: '203.0.113.77',
	description: 'A site',
	healthCheckDirection: 'bidirectional',
	healthCheckEnabled: true,
	healthCheckRate: 'high',
	healthCheckTarget: '203.0.113.78',
	healthCheckType: 'request',
	interfaceAddress6: '2606:54c1:7:0:a9fe:12d2:1:200/127',
	psk: '={{ $json.psk }}',
	replayProtection: true,
};

/** What was sent to an endpoint, oldest first. */
export const bodies = (simulator: Simulator, operation: string) =>
	simulator.requests.filter((request) => request.operation === operation).map(({ body }) => body);
