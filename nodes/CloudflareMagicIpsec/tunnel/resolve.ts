import type { CloudflareClient } from '../../cloudflare/client';
import { inputError } from '../../cloudflare/errors';
import type { Run } from '../context';
import { findTunnel, tunnelReference } from '../tunnelLocator';

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
	const found = findTunnel(await run.tunnels(client), reference);
	if ('tunnel' in found) return { client, id: found.tunnel.id };
	throw inputError(
		run.context.getNode(),
		"The parameter 'Tunnel' names no single tunnel",
		`${found.fault}.`,
		itemIndex,
	);
}
