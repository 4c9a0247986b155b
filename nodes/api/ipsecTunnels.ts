import { isId } from './account';
import type { Call, CloudflareClient } from './client';
import type { JsonRecord } from '../http/json';
import { field, record, text } from '../http/json';
import type { GeneratedPsk, IpsecTunnel, IpsecTunnelBody, PskEntry, PskSetVerdict } from './types';

/**
 * One function per documented endpoint of Cloudflare's Magic IPsec tunnels, in the order of
 * https://developers.cloudflare.com/api/resources/magic_transit/subresources/ipsec_tunnels/.
 * Every one throws NodeApiError. Ids are checked by the caller, for a message of its own, and again
 * here before they enter a path (RangeError).
 */

const TUNNELS = '/ipsec_tunnels';

export interface CallOptions {
	/** Index of the input item that the call is for. */
	itemIndex?: number;
	/** Have Cloudflare check the change and not make it. */
	validateOnly?: boolean;
}

function tunnelPath(id: string): string {
	if (!isId(id)) throw new RangeError('A tunnel id is 32 hexadecimal digits');
	return `${TUNNELS}/${encodeURIComponent(id)}`;
}

function validateOnlyQuery(options: CallOptions): Pick<Call, 'query'> {
	return options.validateOnly === true ? { query: { validate_only: true } } : {};
}

function secretsOf(...bodies: Array<Partial<IpsecTunnelBody>>): string[] {
	return bodies.flatMap((body) => [body.psk, body.bgp?.md5_key]).filter((s) => s !== undefined);
}

function withoutPsk(tunnel: JsonRecord): JsonRecord {
	if (!('psk' in tunnel)) return tunnel;
	return Object.fromEntries(Object.entries(tunnel).filter(([name]) => name !== 'psk'));
}

/** A tunnel whose id is usable, and that holds no PSK whatever was answered. */
function tunnelIn(value: unknown): IpsecTunnel | undefined {
	const tunnel = record(value);
	if (tunnel === undefined || !isId(tunnel.id) || typeof tunnel.name !== 'string') return undefined;
	return withoutPsk(tunnel) as IpsecTunnel;
}

/** A tunnel as a write answers it: one that was only checked may have no id yet. */
export type WrittenTunnel = Partial<IpsecTunnel>;

function writtenTunnel(value: unknown, options: CallOptions): WrittenTunnel | undefined {
	if (options.validateOnly !== true) return tunnelIn(value);
	return withoutPsk(record(value) ?? {});
}

/** When the PSK of a tunnel, or of an answer about one, was made; undefined for anything that is no text. */
export function lastGeneratedOn(value: unknown): string | undefined {
	return text(field(field(value, 'psk_metadata'), 'last_generated_on'));
}

function ipsecIdIn(value: unknown): string | undefined {
	return text(field(value, 'ipsec_id'));
}

/** GET /ipsec_tunnels: all tunnels of the account; Cloudflare does not page them. */
export async function listIpsecTunnels(
	client: CloudflareClient,
	options: CallOptions = {},
): Promise<IpsecTunnel[]> {
	const call: Call = {
		method: 'GET',
		path: TUNNELS,
		newHealthCheckTarget: true,
		repeat: 'read',
		action: 'list the tunnels',
		itemIndex: options.itemIndex,
	};
	const { result } = await client.send(call);
	const list = field(result, 'ipsec_tunnels');
	if (!Array.isArray(list)) throw client.unexpected(call, 'no list of tunnels');
	const tunnels = list.map(tunnelIn);
	if (tunnels.includes(undefined))
		throw client.unexpected(call, 'a tunnel without an id or a name');
	return tunnels as IpsecTunnel[];
}

/**
 * POST /ipsec_tunnels: makes one tunnel. Cloudflare answers the tunnel itself or, in the older
 * form, a list of one; both are read.
 */
export async function createIpsecTunnel(
	client: CloudflareClient,
	body: IpsecTunnelBody,
	options: CallOptions = {},
): Promise<WrittenTunnel> {
	const call: Call = {
		method: 'POST',
		path: TUNNELS,
		...validateOnlyQuery(options),
		body,
		newHealthCheckTarget: true,
		repeat: 'once',
		action: `create the tunnel '${body.name}'`,
		itemIndex: options.itemIndex,
		secrets: secretsOf(body),
	};
	const { result } = await client.send(call);
	const list = field(result, 'ipsec_tunnels');
	const tunnel = writtenTunnel(Array.isArray(list) ? list[0] : result, options);
	if (tunnel === undefined) throw client.unexpected(call, 'no tunnel');
	return tunnel;
}

/**
 * PUT /ipsec_tunnels: updates many tunnels in one request.
 *
 * Cloudflare documents no body for it; `{ipsec_tunnels: [{id, …}]}` is inferred from the answer's
 * key and from the sibling PUT /magic/routes.
 */
export async function updateIpsecTunnels(
	client: CloudflareClient,
	tunnels: Array<IpsecTunnelBody & { id: string }>,
	options: CallOptions = {},
): Promise<IpsecTunnel[]> {
	const call: Call = {
		method: 'PUT',
		path: TUNNELS,
		...validateOnlyQuery(options),
		body: { ipsec_tunnels: tunnels },
		newHealthCheckTarget: true,
		repeat: 'once',
		action: `update ${tunnels.length} tunnels`,
		itemIndex: options.itemIndex,
		secrets: secretsOf(...tunnels),
	};
	const { result } = await client.send(call);
	const list = field(result, 'modified_ipsec_tunnels');
	if (!Array.isArray(list)) throw client.unexpected(call, 'no list of modified tunnels');
	return list.map(tunnelIn).filter((tunnel) => tunnel !== undefined);
}

/** GET /ipsec_tunnels/{id}: one tunnel. */
export async function getIpsecTunnel(
	client: CloudflareClient,
	id: string,
	options: CallOptions = {},
): Promise<IpsecTunnel> {
	const call: Call = {
		method: 'GET',
		path: tunnelPath(id),
		newHealthCheckTarget: true,
		repeat: 'read',
		action: `get the tunnel ${id}`,
		itemIndex: options.itemIndex,
	};
	const { result } = await client.send(call);
	const tunnel = tunnelIn(field(result, 'ipsec_tunnel'));
	if (tunnel === undefined) throw client.unexpected(call, 'no tunnel');
	return tunnel;
}

/** PUT /ipsec_tunnels/{id}: writes one tunnel; the body is the whole tunnel. */
export async function updateIpsecTunnel(
	client: CloudflareClient,
	id: string,
	body: IpsecTunnelBody,
	options: CallOptions = {},
): Promise<WrittenTunnel> {
	const call: Call = {
		method: 'PUT',
		path: tunnelPath(id),
		...validateOnlyQuery(options),
		body,
		newHealthCheckTarget: true,
		repeat: 'once',
		action: `update the tunnel ${id}`,
		itemIndex: options.itemIndex,
		secrets: secretsOf(body),
	};
	const { result } = await client.send(call);
	const tunnel = writtenTunnel(field(result, 'modified_ipsec_tunnel'), options);
	if (tunnel === undefined) throw client.unexpected(call, 'no modified tunnel');
	return tunnel;
}

/** DELETE /ipsec_tunnels/{id}: removes one tunnel; answers what was removed. */
export async function deleteIpsecTunnel(
	client: CloudflareClient,
	id: string,
	options: CallOptions = {},
): Promise<{ deleted: boolean; tunnel: IpsecTunnel | undefined }> {
	const call: Call = {
		method: 'DELETE',
		path: tunnelPath(id),
		...validateOnlyQuery(options),
		newHealthCheckTarget: true,
		repeat: 'once',
		action: `delete the tunnel ${id}`,
		itemIndex: options.itemIndex,
	};
	const { result } = await client.send(call);
	const deleted = field(result, 'deleted');
	if (typeof deleted !== 'boolean')
		throw client.unexpected(call, 'not said whether it was deleted');
	return { deleted, tunnel: tunnelIn(field(result, 'deleted_ipsec_tunnel')) };
}

/**
 * POST /ipsec_tunnels/{id}/psk_generate: Cloudflare makes a new PSK, live at once and shown this
 * once. Never repeated after a lost answer: each call replaces the key. With `validateOnly` the
 * answer may hold a key that is not live.
 */
export async function generatePsk(
	client: CloudflareClient,
	id: string,
	options: CallOptions = {},
): Promise<GeneratedPsk> {
	const call: Call = {
		method: 'POST',
		path: `${tunnelPath(id)}/psk_generate`,
		...validateOnlyQuery(options),
		repeat: 'once',
		action: `generate a PSK for the tunnel ${id}`,
		itemIndex: options.itemIndex,
	};
	const { result } = await client.send(call);
	const psk = text(field(result, 'psk'));
	if (options.validateOnly !== true && psk === undefined) throw client.unexpected(call, 'no PSK');
	return {
		psk: psk ?? '',
		ipsec_id: ipsecIdIn(result),
		last_generated_on: lastGeneratedOn(result),
	};
}

/**
 * POST /ipsec_tunnels/psk: sets the PSKs of many tunnels. Setting a known key again changes
 * nothing, so a lost answer is followed by a repetition.
 *
 * @returns what Cloudflare says of each entry, by tunnel id; a tunnel that was refused after an
 * attempt whose answer was lost is `unclear`, because that attempt may have set its key
 */
export async function setPsks(
	client: CloudflareClient,
	psks: readonly PskEntry[],
	options: CallOptions = {},
): Promise<Map<string, PskSetVerdict>> {
	const call: Call = {
		method: 'POST',
		path: `${TUNNELS}/psk`,
		...validateOnlyQuery(options),
		body: { psks: psks.map(({ id, psk }) => ({ id, psk })) },
		repeat: options.validateOnly === true ? 'read' : 'repeatable',
		action: `${options.validateOnly === true ? 'check' : 'set'} ${psks.length} PSKs`,
		itemIndex: options.itemIndex,
		secrets: psks.map(({ psk }) => psk),
	};
	const { result, repeatedBlindly } = await client.send(call);
	if (record(result) === undefined) throw client.unexpected(call, 'no result');
	const applied = record(field(result, 'successfully_applied_psks')) ?? {};
	const unapplied = record(field(result, 'unapplied_psks')) ?? {};
	const verdicts = psks.map((entry): [string, PskSetVerdict] => {
		const verdict = verdictOn(entry, applied, unapplied);
		if (verdict.kind !== 'unapplied') return [entry.id, verdict];
		const reason = client.clean(verdict.reason, call);
		return repeatedBlindly
			? [
					entry.id,
					{ kind: 'unclear', reason: `${reason} (an earlier request may have set the key)` },
				]
			: [entry.id, { kind: 'unapplied', reason }];
	});
	return new Map(verdicts);
}

function verdictOn(entry: PskEntry, applied: JsonRecord, unapplied: JsonRecord): PskSetVerdict {
	const details = Object.hasOwn(applied, entry.id) ? applied[entry.id] : undefined;
	const refused = Object.hasOwn(unapplied, entry.id);
	if (details !== undefined && refused) {
		return {
			kind: 'unclear',
			reason: 'Cloudflare lists the key both as applied and as not applied',
		};
	}
	if (refused) {
		const reason = text(unapplied[entry.id]) ?? 'Cloudflare gave no reason';
		return { kind: 'unapplied', reason };
	}
	if (record(details) === undefined) {
		return { kind: 'unclear', reason: 'Cloudflare did not say whether the key was applied' };
	}
	const echoed = text(field(details, 'psk'));
	if (echoed !== undefined && echoed !== entry.psk) {
		return {
			kind: 'unclear',
			reason: 'Cloudflare answered another key than the one that was sent',
		};
	}
	return {
		kind: 'applied',
		ipsec_id: ipsecIdIn(details),
		last_generated_on: lastGeneratedOn(details),
	};
}
