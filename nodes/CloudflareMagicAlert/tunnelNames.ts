import type { ILoadOptionsFunctions, INodePropertyOptions } from 'n8n-workflow';
import { isId } from '../api/account';
import type { CloudflareClient } from '../api/client';
import { atEdge } from '../shared/errors';
import { clientFor } from '../shared/connection';
import { listIpsecTunnels } from '../api/ipsecTunnels';

/** The IPsec tunnels of the account for the list of the parameter `tunnelNames`. */
export async function getTunnelNames(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	const client = await clientFor(this, {
		authentication: this.getNodeParameter('authentication', 'apiToken'),
		accountId: this.getNodeParameter('options.accountId', ''),
	});
	return (await atEdge(this, listIpsecTunnels(client)))
		.map(({ name }) => ({ name, value: name }))
		.sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * Names for tunnels that are given by name or id: Cloudflare's policies take names only. A name that
 * no IPsec tunnel has stays, since alerts come about GRE tunnels too.
 *
 * @throws NodeApiError if the tunnels are needed and can't be listed
 */
export async function namesOf(client: CloudflareClient, tunnels: string[]): Promise<string[]> {
	if (!tunnels.some(isId)) return tunnels;
	const list = await listIpsecTunnels(client);
	const nameOf = (tunnel: string) =>
		list.find(({ id }) => id.toLowerCase() === tunnel.toLowerCase())?.name ?? tunnel;
	return [...new Set(tunnels.map(nameOf))];
}
