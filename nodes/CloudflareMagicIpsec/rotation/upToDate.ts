import type { CloudflareClient } from '../../api/client';
import { lastGeneratedOn, listIpsecTunnels } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import { mapLimit } from '../../http/pool';
import { isLater } from '../keys/dates';
import type { Site } from './site';

/** Accounts that are listed at the same time. */
const LISTS_AT_A_TIME = 5;

/**
 * The sites with Cloudflare's dates as they are now, where the vault knows a later one: the list is read
 * before the vault, and between the two another run may have rotated. What was listed then would pass for
 * a change that somebody made elsewhere. Never rejects; where the list can't be read again, the former one counts.
 */
export async function upToDate(sites: readonly Site[]): Promise<Site[]> {
	const clients = new Set(sites.filter(isOutdated).map(({ client }) => client));
	const lists = new Map(
		await mapLimit(
			[...clients],
			LISTS_AT_A_TIME,
			async (client) => [client, await listed(client)] as const,
		),
	);
	return sites.map((site) => {
		const now = isOutdated(site)
			? lists.get(site.client)?.get(site.tunnel.id.toLowerCase())
			: undefined;
		return now === undefined ? site : { ...site, tunnel: now };
	});
}

function isOutdated({ tunnel, snapshot: { record } }: Site): boolean {
	const date = lastGeneratedOn(tunnel);
	return [record.current, record.pending].some((key) => isLater(key?.generatedOn, date));
}

async function listed(client: CloudflareClient): Promise<Map<string, IpsecTunnel>> {
	try {
		const tunnels = await listIpsecTunnels(client);
		return new Map(tunnels.map((tunnel) => [tunnel.id.toLowerCase(), tunnel]));
	} catch {
		return new Map();
	}
}
