import type { CloudflareClient } from '../../api/client';
import type { Run } from '../../shared/accounts';
import { findTunnel, tunnelReference } from '../../shared/tunnelLocator';

/**
 * The account and the tunnel id that an item names; a name is looked up in the account's list.
 *
 * @throws NodeOperationError if the parameters can't be used, or if none or two tunnels match
 * @throws NodeApiError if the list can't be read
 */
export async function resolveTunnelId(
	run: Run,
	itemIndex: number,
): Promise<{ client: CloudflareClient; id: string }> {
	const reference = tunnelReference(run.context, itemIndex);
	const client = await run.client(itemIndex);
	if (reference.by === 'id') return { client, id: reference.id };
	const tunnels = await run.tunnels(client);
	return { client, id: findTunnel(run.context.getNode(), tunnels, reference, itemIndex).id };
}
