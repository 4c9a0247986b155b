import type { CloudflareClient } from '../../api/client';
import { lastGeneratedOn, listIpsecTunnels, neverHadPsk } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import { mapLimit } from '../../http/pool';
import type { Attempt } from './attempt';
import { sameInstant } from './dates';
import type { Target } from './target';

/** Accounts whose lists are read at the same time. */
const LISTS_AT_A_TIME = 5;

/** What Cloudflare shows of a tunnel's key after an attempt, against what it showed before. */
export type Sight =
	/** The list can't be read, or one of the two does not tell the date. */
	| { kind: 'unreadable'; date?: string }
	/** It told no date before either, of no tunnel: no key was ever made, or something takes the dates away. */
	| { kind: 'undated' }
	/** The account no longer lists the tunnel. */
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
type KeyDate = { date: string } | 'none' | 'untold';

async function datesNow(client: CloudflareClient): Promise<Dates> {
	try {
		const tunnels = await listIpsecTunnels(client, { evenIfStopped: true });
		return new Map(tunnels.map((tunnel) => [tunnel.id.toLowerCase(), keyDateOf(tunnel)]));
	} catch {
		return undefined;
	}
}

function keyDateOf(tunnel: IpsecTunnel): KeyDate {
	const date = lastGeneratedOn(tunnel);
	if (date !== undefined) return { date };
	return neverHadPsk(tunnel) ? 'none' : 'untold';
}

function sightOf({ tunnel }: Target, dates: Dates): Sight {
	if (dates === undefined) return { kind: 'unreadable' };
	const [before, now] = [keyDateOf(tunnel), dates.get(tunnel.id.toLowerCase())];
	if (now === undefined) return { kind: 'gone' };
	if (typeof now !== 'string') {
		const { date } = now;
		if (before === 'untold') return { kind: 'unreadable', date };
		const isSame = before !== 'none' && (date === before.date || sameInstant(date, before.date));
		return { kind: isSame ? 'same' : 'moved', date };
	}
	if (now === 'untold' || before !== 'none') return { kind: 'unreadable' };
	const tellsDates = [...dates.values()].some((other) => typeof other !== 'string');
	return { kind: tellsDates ? 'same' : 'undated' };
}

/**
 * Reads the tunnels of every account once more in which something was sent, also after a stop, and
 * gives a function that tells what became of a target's key. Never rejects.
 */
export async function lookAfterwards(
	attempts: readonly Attempt[],
): Promise<(target: Target) => Sight> {
	const sent = attempts.filter(({ verdict }) => verdict.kind !== 'notSent');
	const clients = [...new Set(sent.map(({ target }) => target.client))];
	const read = await mapLimit(clients, LISTS_AT_A_TIME, datesNow);
	const byClient = new Map(clients.map((client, index) => [client, read[index]]));
	return (target) => sightOf(target, byClient.get(target.client));
}
