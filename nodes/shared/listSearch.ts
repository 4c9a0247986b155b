import type {
	ILoadOptionsFunctions,
	INodeListSearchResult,
	INodePropertyOptions,
} from 'n8n-workflow';
import { atEdge } from './errors';
import { clientFor } from './connection';
import { listIpsecTunnels } from '../api/ipsecTunnels';
import { text } from '../http/json';

/** A person waits for the list; Cloudflare's word on when to come back is shown instead. */
const LONGEST_WAIT_MS = 10_000;

interface Choice {
	name: string;
	value: string;
}

/** The tunnels of the account by name, with the customer's endpoint where there is one. */
async function choices(context: ILoadOptionsFunctions): Promise<Choice[]> {
	const client = await clientFor(context, {
		authentication: context.getNodeParameter('authentication', 'apiToken'),
		accountId: context.getNodeParameter('options.accountId', ''),
		longestWaitMs: LONGEST_WAIT_MS,
	});
	return (await atEdge(context, listIpsecTunnels(client)))
		.map(({ id, name, customer_endpoint }) => {
			const endpoint = text(customer_endpoint);
			return { name: endpoint === undefined ? name : `${name} (${endpoint})`, value: id };
		})
		.sort((a, b) => a.name.localeCompare(b.name));
}

/** The tunnels of the account for the list of the parameter `tunnelId`, filtered here. */
export async function searchTunnels(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	const wanted = (filter ?? '').toLowerCase();
	const results = (await choices(this)).filter(
		({ name, value }) => name.toLowerCase().includes(wanted) || value === wanted,
	);
	return { results };
}

/** The tunnels of the account for a parameter that takes several. */
export async function getTunnels(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return await choices(this);
}
