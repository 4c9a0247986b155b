import type { CloudflareClient } from '../../api/client';
import type { Accounts } from '../../shared/accounts';
import { findTunnel, tunnelReference } from '../../shared/tunnelLocator';

/**
 * The account and the tunnel id that an item names; a name is looked up in the account's list.
 *
 * @throws NodeOperationError if the parameters can't be used, or if none or two tunnels match
 * @throws NodeApiError if the list can't be read
 */
export async function resolveTunnelId(
	accounts: Accounts,
	itemIndex: number,
): Promise<{ client: CloudflareClient; id: string }> {
	const reference = tunnelReference(accounts.context, itemIndex);
	const client = await accounts.client(itemIndex);
	if (reference.by === 'id') return { client, id: reference.id };
	const tunnels = await accounts.tunnels(client);
	return { client, id: findTunnel(accounts.context.getNode(), tunnels, reference, itemIndex).id };
}
