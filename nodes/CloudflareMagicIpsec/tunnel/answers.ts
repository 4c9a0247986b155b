import type { IDataObject } from 'n8n-workflow';
import { clock } from '../../http/clock';
import { isId } from '../../api/account';
import type { CloudflareClient } from '../../api/client';
import type { WrittenTunnel } from '../../api/ipsecTunnels';
import { lastGeneratedOn } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import { DAY_MS, pskAge } from '../../shared/items';
import { holderOf, pruned, textsIn } from '../../shared/withheld';
import { isAddress } from './addresses';
import type { GivenFields } from './fields/body';
import { secretsOf } from './fields/body';

/** The ten fields that most workflows use, flat. */
export function simplified(tunnel: IpsecTunnel, accountId: string): IDataObject {
	const age = pskAge(tunnel, clock.now());
	return {
		id: tunnel.id,
		account_id: accountId,
		name: tunnel.name,
		cloudflare_endpoint: tunnel.cloudflare_endpoint,
		customer_endpoint: tunnel.customer_endpoint ?? null,
		interface_address: tunnel.interface_address,
		health_check_enabled: tunnel.health_check?.enabled ?? null,
		bgp_state: tunnel.bgp_status?.state ?? null,
		last_generated_on: lastGeneratedOn(tunnel) ?? null,
		psk_age_days: age === undefined ? null : Math.floor(age / DAY_MS),
	};
}

/** Members of an answer that no output holds, wherever they stand. */
const SECRET_MEMBERS = ['psk', 'md5_key'];

/** A tunnel as Cloudflare answers it, without keys, with the account that it belongs to. */
export function whole(tunnel: WrittenTunnel, accountId: string, withMd5Key = false): IDataObject {
	const names = withMd5Key ? ['psk'] : SECRET_MEMBERS;
	const shown = pruned(tunnel, (_, name) => name !== undefined && names.includes(name));
	return { ...(shown as IDataObject), account_id: accountId };
}

const DATE = /^\d{4}-\d\d-\d\dT[\d:.]{8,}Z$/;

/** True for what can be no echo of a key by its form alone. */
function isPlain(member: unknown, name?: string): boolean {
	if (typeof member !== 'string') return false;
	return (name === 'id' && isId(member)) || DATE.test(member) || isAddress(member);
}

/**
 * A tunnel as Cloudflare answers a request that held secrets. A text of the answer that may repeat one
 * is left out, unless it is one of those that the request held besides.
 *
 * @param body what was sent
 */
export function written(
	tunnel: WrittenTunnel,
	client: CloudflareClient,
	body: GivenFields,
): IDataObject {
	const json = whole(tunnel, client.accountId);
	const secrets = secretsOf(body);
	if (secrets.length === 0) return json;
	const holds = holderOf(secrets);
	const own = new Set([client.accountId, ...textsIn(body)]);
	for (const secret of secrets) own.delete(secret);
	return pruned(
		json,
		(member, name) => holds(member) && !own.has(String(member)) && !isPlain(member, name),
	);
}

/** Says so where Cloudflare answers an update with the word that it changed nothing. */
export function modifiedOrNot(modified: boolean | undefined, json: IDataObject): IDataObject {
	if (modified !== false) return json;
	return { modified, message: 'Cloudflare says that it modified nothing.', ...json };
}
