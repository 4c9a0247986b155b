import type { IDataObject } from 'n8n-workflow';
import { clock } from '../../http/clock';
import { isId } from '../../api/account';
import type { CloudflareClient } from '../../api/client';
import type { WrittenTunnel } from '../../api/ipsecTunnels';
import { lastGeneratedOn } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import { DAY_MS, pskAge } from '../../shared/items';
import { holderOf, pruned, textsIn, withoutSecrets } from '../../shared/withheld';
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

/** A tunnel as Cloudflare answers it, without keys, with the account that it belongs to. */
export function whole(tunnel: WrittenTunnel, accountId: string, withMd5Key = false): IDataObject {
	const shown = withMd5Key ? withoutSecrets(tunnel, ['psk']) : withoutSecrets(tunnel);
	return { ...(shown as IDataObject), account_id: accountId };
}

const DATE = /^\d{4}-\d\d-\d\dT[\d:.]{8,}Z$/;

/** True for what can be no echo of a key by its form alone. */
function isPlain(member: unknown, name?: string): boolean {
	if (typeof member !== 'string') return false;
	return (name === 'id' && isId(member)) || DATE.test(member) || isAddress(member);
}

/** What is known of a change besides its answer. */
export interface Circumstances {
	/** Cloudflare's word on whether it changed anything. */
	modified?: boolean;
	/** The tunnel before the change, if there was one and it is known. */
	before?: IpsecTunnel;
}

/**
 * What an answer that says yes leaves in doubt; undefined if nothing. Whether a key that goes with other
 * fields was set is told by nothing but its date.
 */
function doubtAbout(
	tunnel: WrittenTunnel,
	body: GivenFields,
	{ modified, before }: Circumstances,
): string | undefined {
	if (modified === false) return 'Cloudflare says that it modified nothing.';
	if (body.psk === undefined) return undefined;
	const date = lastGeneratedOn(tunnel);
	if (date !== undefined && date !== lastGeneratedOn(before)) return undefined;
	return "Cloudflare's date of the key has not moved, so it is not certain that the key was set. The resource PSK tells it: run Set with the same key.";
}

/**
 * A tunnel as Cloudflare answers a change. A text of the answer that may repeat a secret of the request
 * is left out, unless it is one of those that the request held besides.
 *
 * @param body what was sent
 * @param circumstances of a change; undefined for one that was only to be checked
 */
export function written(
	tunnel: WrittenTunnel,
	client: CloudflareClient,
	body: GivenFields,
	circumstances: Circumstances | undefined,
): IDataObject {
	const doubt = circumstances && doubtAbout(tunnel, body, circumstances);
	const json = {
		...(circumstances?.modified === false ? { modified: false } : {}),
		...(doubt === undefined ? {} : { message: doubt }),
		...whole(tunnel, client.accountId),
	};
	return withoutEchoes(json, client, body);
}

function withoutEchoes(
	json: IDataObject,
	client: CloudflareClient,
	body: GivenFields,
): IDataObject {
	const secrets = secretsOf(body);
	if (secrets.length === 0) return json;
	const holds = holderOf(secrets);
	const own = new Set<unknown>([client.accountId, json.message, ...textsIn(body)]);
	for (const secret of secrets) own.delete(secret);
	return pruned(
		json,
		(member, name) => !own.has(member) && !isPlain(member, name) && holds(member),
	);
}
