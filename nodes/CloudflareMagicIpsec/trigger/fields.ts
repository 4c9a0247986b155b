import type { JsonRecord } from '../../http/json';
import { field, record } from '../../http/json';
import type { IpsecTunnel } from '../../api/types';

/**
 * Which fields of a tunnel the trigger looks at. A new field of Cloudflare's is one entry of
 * `COMPARED`, or one name of `NOT_COMPARED`; until then it is compared with all others that are in
 * neither. Source of the names: Cloudflare's OpenAPI document, see ../../api/types.ts.
 */

/** A field of the configuration that is compared from one poll to the next. */
export interface ComparedField {
	/** Cloudflare's name, by which the events tell of it and the stored form knows what was compared. */
	name: string;
	/** What is compared: nothing secret, and nothing that changes by itself. */
	read(tunnel: IpsecTunnel): unknown;
}

/** Fields whose old values are kept. */
export const NAMED = ['name', 'cloudflare_endpoint', 'customer_endpoint'] as const;

/** Fields that other events tell of, that change by themselves, or that are nobody's to see. */
export const NOT_COMPARED: readonly string[] = [
	'id',
	'psk',
	'psk_metadata',
	'bgp_status',
	'created_on',
	'modified_on',
];

const asIs = (name: string): ComparedField => ({ name, read: (tunnel) => tunnel[name] });

/** Answers may leave these out where they are false. */
const flag = (name: string): ComparedField => ({ name, read: (tunnel) => tunnel[name] === true });

/**
 * Fields that are compared by fingerprints.
 *
 * A table of a tunnel's fields for Create and Update can give these: map its entries to
 * `{ name, read }` here, and nothing else has to change. The stored form names the fields that it
 * holds, so entries may come, go and move. What `read` gives for a tunnel must stay the same, though:
 * an entry that is to read something else raises `FORMAT` in storedForm.ts, which then drops the
 * fingerprints of the old reading.
 */
export const COMPARED: readonly ComparedField[] = [
	asIs('description'),
	asIs('interface_address'),
	asIs('interface_address6'),
	{ name: 'health_check', read: savedHealthCheck },
	{ name: 'bgp', read: publicBgp },
	asIs('custom_remote_identities'),
	asIs('remote_identities'),
	flag('automatic_return_routing'),
	flag('replay_protection'),
	flag('allow_null_cipher'),
];

/** The field `bgp` without what is a secret. */
export function publicBgp(tunnel: IpsecTunnel): unknown {
	const bgp = record(tunnel.bgp);
	return bgp === undefined ? tunnel.bgp : without(bgp, ['md5_key']);
}

/** The health check as it was saved: the effective target is worked out by Cloudflare. */
function savedHealthCheck(tunnel: IpsecTunnel): unknown {
	const check = record(tunnel.health_check);
	const saved = field(check?.target, 'saved');
	return saved === undefined ? tunnel.health_check : { ...check, target: saved };
}

function without(object: JsonRecord, names: readonly string[]): JsonRecord {
	return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}
