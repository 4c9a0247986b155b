import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { clientFor } from '../cloudflare/connection';
import { listIpsecTunnels } from '../cloudflare/ipsecTunnels';

/** The tunnels of the account for the list of the parameter `tunnelId`, filtered and sorted here. */
export async function searchTunnels(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	const client = await clientFor(this, {
		authentication: this.getNodeParameter('authentication', 'apiToken'),
		accountId: this.getNodeParameter('options.accountId', ''),
	});
	const wanted = (filter ?? '').toLowerCase();
	const results = (await listIpsecTunnels(client))
		.map(({ id, name, customer_endpoint }) => ({
			name: customer_endpoint === undefined ? name : `${name} (${customer_endpoint})`,
			value: id,
		}))
		.filter(({ name, value }) => name.toLowerCase().includes(wanted) || value === wanted)
		.sort((a, b) => a.name.localeCompare(b.name));
	return { results };
}
