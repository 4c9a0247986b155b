import type { CloudflareClient } from '../../api/client';
import { isTunnelNotFound } from '../../api/failure';
import {
	getIpsecTunnel,
	lastGeneratedOn,
	listIpsecTunnels,
	neverHadPsk,
} from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import { mapLimit } from '../../http/pool';
import type { Attempt } from './attempt';
import { sameInstant } from './dates';
import type { Target } from './target';

/** Lists and tunnels that are read at the same time. */
const LOOKS_AT_A_TIME = 5;

/** Tunnels that are asked for by their ids where the list lacks them; of the others nothing is known. */
const MOST_SINGLE_LOOKS = 20;

/** What Cloudflare shows of a tunnel's key after an attempt, against what it showed before. */
export type Sight =
	/** The list can't be read, or one of the two does not tell the date. */
	| { kind: 'unreadable'; date?: string }
	/** It told no date before either, of no tunnel: no key was ever made, or something takes the dates away. */
	| { kind: 'undated' }
	/** The account no longer has the tunnel. */
	| { kind: 'gone' }
	/** The date of the key is the one of before; undefined where no key was ever made. */
	| { kind: 'same'; date?: string }
	| { kind: 'moved'; date: string };

/** True where a look shows that the key of before is live; a list may lack a tunnel that is there. */
export function showsNoNewKey({ kind }: Sight): boolean {
	return kind === 'same';
}

/** By the tunnel's id in lower case; undefined if the list can't be read. */
type Dates = Map<string, KeyDate> | undefined;

/** `none` where Cloudflare says that no key was ever made, `untold` where it says nothing of the key. */
type KeyDate = { date: string } | 'none' | 'untold' | 'gone';

async function datesNow(client: CloudflareClient, wanted: readonly string[]): Promise<Dates> {
	let tunnels: IpsecTunnel[];
	try {
		tunnels = await listIpsecTunnels(client, { evenIfStopped: true });
	} catch {
		return undefined;
	}
	const dates = new Map(tunnels.map((tunnel) => [tunnel.id.toLowerCase(), keyDateOf(tunnel)]));
	const missing = wanted.filter((id) => !dates.has(id)).slice(0, MOST_SINGLE_LOOKS);
	const found = await mapLimit(missing, LOOKS_AT_A_TIME, async (id) => await dateNow(client, id));
	for (const [index, id] of missing.entries()) dates.set(id, found[index]!);
	return dates;
}

/** A tunnel that a list lacks is gone only by Cloudflare's own word on it. */
async function dateNow(client: CloudflareClient, id: string): Promise<KeyDate> {
	try {
		return keyDateOf(await getIpsecTunnel(client, id, { evenIfStopped: true }));
	} catch (error) {
		return isTunnelNotFound(error) ? 'gone' : 'untold';
	}
}

function keyDateOf(tunnel: IpsecTunnel): KeyDate {
	const date = lastGeneratedOn(tunnel);
	if (date !== undefined) return { date };
	return neverHadPsk(tunnel) ? 'none' : 'untold';
}

function sightOf({ tunnel }: Target, dates: Dates): Sight {
	if (dates === undefined) return { kind: 'unreadable' };
	const before = keyDateOf(tunnel);
	const now = dates.get(tunnel.id.toLowerCase()) ?? 'untold';
	if (now === 'gone') return { kind: 'gone' };
	if (typeof now !== 'string') return sightOfDate(before, now.date);
	if (now === 'untold' || before !== 'none') return { kind: 'unreadable' };
	const tellsDates = [...dates.values()].some((other) => typeof other !== 'string');
	return { kind: tellsDates ? 'same' : 'undated' };
}

function sightOfDate(before: KeyDate, date: string): Sight {
	if (before === 'none') return { kind: 'moved', date };
	if (typeof before === 'string') return { kind: 'unreadable', date };
	return { kind: sameInstant(date, before.date) || date === before.date ? 'same' : 'moved', date };
}

/**
 * Reads the tunnels of every account once more in which something was sent, also after a stop, and
 * gives a function that tells what became of a target's key. Never rejects.
 */
export async function lookAfterwards(
	attempts: readonly Attempt[],
): Promise<(target: Target) => Sight> {
	const sent = attempts.filter(({ verdict }) => verdict.kind !== 'notSent');
	const ids = new Map<CloudflareClient, string[]>();
	for (const { client, tunnel } of sent.map(({ target }) => target)) {
		const known = ids.get(client);
		if (known === undefined) ids.set(client, [tunnel.id.toLowerCase()]);
		else known.push(tunnel.id.toLowerCase());
	}
	const read = await mapLimit(
		[...ids],
		LOOKS_AT_A_TIME,
		async ([client, wanted]) => [client, await datesNow(client, wanted)] as const,
	);
	const byClient = new Map(read);
	return (target) => sightOf(target, byClient.get(target.client));
}
