import { isId } from './account';
import type { Call } from './call';
import type { CloudflareClient } from './client';
import type { JsonRecord } from '../http/json';
import { field, record, text } from '../http/json';
import type { IpsecTunnel, IpsecTunnelBody } from './types';

/**
 * One function per documented endpoint of Cloudflare's Magic IPsec tunnels, in the order of
 * https://developers.cloudflare.com/api/resources/magic_transit/subresources/ipsec_tunnels/.
 * Every one throws CallError. Ids are checked by the caller, for a message of its own, and again
 * here before they enter a path (RangeError).
 */

export const TUNNELS = '/ipsec_tunnels';

export interface CallOptions {
	/** Have Cloudflare check the change and not make it. */
	validateOnly?: boolean;
}

export function tunnelPath(id: string): string {
	if (!isId(id)) throw new RangeError('A tunnel id is 32 hexadecimal digits');
	return `${TUNNELS}/${encodeURIComponent(id)}`;
}

export function validateOnlyQuery(options: CallOptions): Pick<Call, 'query'> {
	return options.validateOnly === true ? { query: { validate_only: true } } : {};
}

function secretsOf(...bodies: Array<Partial<IpsecTunnelBody>>): string[] {
	return bodies.flatMap((body) => [body.psk, body.bgp?.md5_key]).filter((s) => s !== undefined);
}

/** A tunnel without what is no part of it: a PSK that was echoed. */
function withoutPsk(tunnel: JsonRecord): JsonRecord {
	if (!('psk' in tunnel)) return tunnel;
	return Object.fromEntries(Object.entries(tunnel).filter(([name]) => name !== 'psk'));
}

/**
 * Refuses an answer about another tunnel than the one that was asked for.
 *
 * @throws CallError
 */
function mustBe(
	id: string,
	tunnel: WrittenTunnel | undefined,
	client: CloudflareClient,
	call: Call,
): void {
	const named = text(tunnel?.id);
	if (named === undefined || named.toLowerCase() === id.toLowerCase()) return;
	const whose = isId(named) ? `the tunnel ${named}` : 'something that is no tunnel';
	throw client.unexpected(call, `it is about ${whose}`);
}

/** A tunnel whose id is usable, and that holds no PSK whatever was answered; one without a name gets its id for one. */
function tunnelIn(value: unknown): IpsecTunnel | undefined {
	const tunnel = record(value);
	if (tunnel === undefined || !isId(tunnel.id)) return undefined;
	return withoutPsk({ ...tunnel, name: text(tunnel.name) ?? tunnel.id }) as IpsecTunnel;
}

/** A tunnel as a write answers it: one that was only checked may have no id yet. */
export type WrittenTunnel = Partial<IpsecTunnel>;

function writtenTunnel(value: unknown, options: CallOptions): WrittenTunnel | undefined {
	if (options.validateOnly !== true) return tunnelIn(value);
	return withoutPsk(record(value) ?? {});
}

/** What Cloudflare answers to an update. */
export interface Modified<Answer> {
	/** False if it says that nothing was changed; undefined if it does not say. */
	modified?: boolean;
	answer: Answer;
}

function flag(value: unknown): boolean | undefined {
	return typeof value === 'boolean' ? value : undefined;
}

const DATE = /^\d{4}-\d\d-\d\dT[\d:.]{5,20}(?:Z|[+-]\d\d:?\d\d)$/;

/** When the PSK of a tunnel, or of an answer about one, was made; undefined for anything that is no date. */
export function lastGeneratedOn(value: unknown): string | undefined {
	const date = text(field(field(value, 'psk_metadata'), 'last_generated_on'));
	return date !== undefined && DATE.test(date) ? date : undefined;
}

/** True if Cloudflare says of a tunnel that no PSK was ever made for it. */
export function neverHadPsk({ psk_metadata: metadata }: IpsecTunnel): boolean {
	return record(metadata) !== undefined && (metadata?.last_generated_on ?? undefined) === undefined;
}

/**
 * GET /ipsec_tunnels: all tunnels of the account, each once; Cloudflare does not page them. An entry
 * without an id is left out: nothing could be done with it, and the others are not to suffer.
 */
export async function listIpsecTunnels(
	client: CloudflareClient,
	options: Pick<Call, 'evenIfStopped'> = {},
): Promise<IpsecTunnel[]> {
	const call: Call = {
		method: 'GET',
		path: TUNNELS,
		newHealthCheckTarget: true,
		repeat: 'read',
		action: 'list the tunnels',
		...options,
	};
	const { result } = await client.send(call);
	const list = field(result, 'ipsec_tunnels');
	if (!Array.isArray(list)) throw client.unexpected(call, 'no list of tunnels');
	const tunnels = list.map(tunnelIn).filter((tunnel) => tunnel !== undefined);
	if (list.length > 0 && tunnels.length === 0) throw client.unexpected(call, 'no tunnel has an id');
	return [...new Map(tunnels.map((tunnel) => [tunnel.id.toLowerCase(), tunnel])).values()];
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
): Promise<Modified<IpsecTunnel[]>> {
	const call: Call = {
		method: 'PUT',
		path: TUNNELS,
		...validateOnlyQuery(options),
		body: { ipsec_tunnels: tunnels },
		newHealthCheckTarget: true,
		repeat: 'once',
		action: `update ${tunnels.length} tunnels`,
		secrets: secretsOf(...tunnels),
	};
	const { result } = await client.send(call);
	const list = field(result, 'modified_ipsec_tunnels');
	if (!Array.isArray(list)) throw client.unexpected(call, 'no list of modified tunnels');
	return {
		modified: flag(field(result, 'modified')),
		answer: list.map(tunnelIn).filter((tunnel) => tunnel !== undefined),
	};
}

/** GET /ipsec_tunnels/{id}: one tunnel. */
export async function getIpsecTunnel(
	client: CloudflareClient,
	id: string,
	options: Pick<Call, 'evenIfStopped'> = {},
): Promise<IpsecTunnel> {
	const call: Call = {
		method: 'GET',
		path: tunnelPath(id),
		newHealthCheckTarget: true,
		repeat: 'read',
		action: `get the tunnel ${id}`,
		...options,
	};
	const { result } = await client.send(call);
	const tunnel = tunnelIn(field(result, 'ipsec_tunnel'));
	if (tunnel === undefined) throw client.unexpected(call, 'no tunnel');
	mustBe(id, tunnel, client, call);
	return tunnel;
}

/** PUT /ipsec_tunnels/{id}: writes one tunnel; the body is the whole tunnel. */
export async function updateIpsecTunnel(
	client: CloudflareClient,
	id: string,
	body: IpsecTunnelBody,
	options: CallOptions = {},
): Promise<Modified<WrittenTunnel>> {
	const call: Call = {
		method: 'PUT',
		path: tunnelPath(id),
		...validateOnlyQuery(options),
		body,
		newHealthCheckTarget: true,
		repeat: 'once',
		action: `update the tunnel ${id}`,
		secrets: secretsOf(body),
	};
	const { result } = await client.send(call);
	const tunnel = writtenTunnel(field(result, 'modified_ipsec_tunnel'), options);
	if (tunnel === undefined) throw client.unexpected(call, 'no modified tunnel');
	mustBe(id, tunnel, client, call);
	return { modified: flag(field(result, 'modified')), answer: tunnel };
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
	};
	const { result } = await client.send(call);
	const deleted = field(result, 'deleted');
	if (typeof deleted !== 'boolean')
		throw client.unexpected(call, 'not said whether it was deleted');
	const tunnel = tunnelIn(field(result, 'deleted_ipsec_tunnel'));
	mustBe(id, tunnel, client, call);
	return { deleted, tunnel };
}
