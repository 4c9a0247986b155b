import type { CloudflareClient } from '../../api/client';
import { isTunnelNotFound } from '../../api/failure';
import { getIpsecTunnel, listIpsecTunnels } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import { record } from '../../http/json';
import type { TunnelIndex } from '../../shared/tunnelLocator';

/**
 * A look at Cloudflare after a request whose effect is not certain: a check that the server may have
 * taken for a change, or a change whose answer was lost. Also sent after a stop of the execution. A
 * look never rejects.
 */
export type Look =
	/** Cloudflare has no such tunnel. */
	| { kind: 'absent' }
	/** `changes` names what is no longer as it was; undefined if it is not known how it was. */
	| { kind: 'there'; tunnel: IpsecTunnel; changes: string[] | undefined }
	/** `why` is of our own words: what a server says may repeat what it was told before. */
	| { kind: 'failed'; why: string };

/** Members of a tunnel that move without anybody changing it. */
const MOVING = ['bgp_status'];

function isSame(a: unknown, b: unknown): boolean {
	if (Array.isArray(a) && Array.isArray(b)) {
		return a.length === b.length && a.every((entry, index) => isSame(entry, b[index]));
	}
	const [left, right] = [record(a), record(b)];
	if (left === undefined || right === undefined) return a === b;
	const names = new Set([...Object.keys(left), ...Object.keys(right)]);
	return [...names].every((name) => isSame(left[name], right[name]));
}

/** The names of a tunnel's members that differ between two looks; `psk_metadata` holds the date of the key. */
export function changesBetween(before: IpsecTunnel, now: IpsecTunnel): string[] {
	const names = new Set([...Object.keys(before), ...Object.keys(now)]);
	return [...names].filter((name) => !MOVING.includes(name) && !isSame(before[name], now[name]));
}

function whyOf(error: unknown): string {
	return error instanceof Error ? error.message : 'the list or the tunnel could not be read';
}

async function looked(look: () => Promise<Look>): Promise<Look> {
	try {
		return await look();
	} catch (error) {
		if (isTunnelNotFound(error)) return { kind: 'absent' };
		return { kind: 'failed', why: whyOf(error) };
	}
}

function compared(before: IpsecTunnel | undefined, tunnel: IpsecTunnel | undefined): Look {
	if (tunnel === undefined) return { kind: 'absent' };
	const changes = before === undefined ? undefined : changesBetween(before, tunnel);
	return { kind: 'there', tunnel, changes };
}

/** A look at one tunnel. */
export async function lookAt(
	client: CloudflareClient,
	id: string,
	before?: IpsecTunnel,
): Promise<Look> {
	return await looked(async () =>
		compared(before, await getIpsecTunnel(client, id, { evenIfStopped: true })),
	);
}

/** A look at many tunnels at once, by their ids. */
export async function lookAtAll(client: CloudflareClient): Promise<(before: IpsecTunnel) => Look> {
	try {
		const tunnels = await listIpsecTunnels(client, { evenIfStopped: true });
		const byId = new Map(tunnels.map((tunnel) => [tunnel.id.toLowerCase(), tunnel]));
		return (before) => compared(before, byId.get(before.id.toLowerCase()));
	} catch (error) {
		const why = whyOf(error);
		return () => ({ kind: 'failed', why });
	}
}

/**
 * A look for a tunnel that may have been made.
 *
 * @param before the tunnels that were there before, if that is known
 */
export async function lookForNew(
	client: CloudflareClient,
	name: string,
	before: TunnelIndex | undefined,
): Promise<Look> {
	return await looked(async () => {
		const tunnels = await listIpsecTunnels(client, { evenIfStopped: true });
		const made = tunnels.find((tunnel) => tunnel.name === name && before?.has(tunnel) !== true);
		return compared(undefined, made);
	});
}
