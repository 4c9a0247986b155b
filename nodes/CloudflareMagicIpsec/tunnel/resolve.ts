import type { CloudflareClient } from '../../api/client';
import type { Accounts } from '../../shared/accounts';
import { findTunnel, tunnelReference } from '../../shared/tunnelLocator';

/** A tunnel that an item names, and the account that it is in. */
export interface NamedTunnel {
	client: CloudflareClient;
	id: string;
	/** With the name, if it was looked up. */
	tunnel: { id: string; name?: string };
}

/**
 * The tunnel that an item names; a name is looked up in the account's list.
 *
 * @throws NodeOperationError if the parameters can't be used, or if none or two tunnels match
 * @throws CallError if the list can't be read
 */
export async function resolveTunnel(accounts: Accounts, itemIndex: number): Promise<NamedTunnel> {
	const { context } = accounts;
	const reference = tunnelReference(context, itemIndex);
	const client = await accounts.client(itemIndex);
	if (reference.by === 'id') return { client, id: reference.id, tunnel: { id: reference.id } };
	const tunnels = await accounts.tunnels(client);
	const { id, name } = findTunnel(context.getNode(), tunnels, reference, itemIndex);
	return { client, id, tunnel: { id, name } };
}
