import type { CloudflareClient } from '../../cloudflare/client';
import { listIpsecTunnels } from '../../cloudflare/ipsecTunnels';
import type { IpsecTunnel } from '../../cloudflare/types';
import type { PskOutcome } from './outcome';
import type { Target } from './plan';

/**
 * True if two dates are the same instant to a microsecond: psk_generate answers nanoseconds, every
 * later read the same instant rounded to microseconds.
 */
export function sameInstant(a: string | undefined, b: string | undefined): boolean {
	const [left, right] = [nanoseconds(a), nanoseconds(b)];
	if (left === undefined || right === undefined) return false;
	const distance = left > right ? left - right : right - left;
	return distance <= 1_000n;
}

/** Nanoseconds since 1970 of an RFC 3339 date; undefined if it is none. */
function nanoseconds(date: string | undefined): bigint | undefined {
	const seconds = Date.parse((date ?? '').replace(/\.\d+/, ''));
	if (Number.isNaN(seconds)) return undefined;
	const fraction = /\.(\d+)/.exec(date ?? '')?.[1] ?? '';
	return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

type Dates = Map<string, string | undefined>;

/** Dates of all keys of an account, or undefined if they can't be read. */
async function datesNow(client: CloudflareClient): Promise<Dates | undefined> {
	try {
		const tunnels = await listIpsecTunnels(client);
		return new Map(
			tunnels.map((tunnel: IpsecTunnel) => [tunnel.id, tunnel.psk_metadata?.last_generated_on]),
		);
	} catch {
		return undefined;
	}
}

function sayWhatIsKnown(
	outcome: PskOutcome & { status: 'unknown' },
	before: string | undefined,
	dates: Dates | undefined,
): PskOutcome {
	const now = dates?.get(outcome.tunnelId ?? '');
	const remedy =
		outcome.psk === undefined
			? 'Set a key of your own for this tunnel to be sure.'
			: 'Keep this key, and run Set again with it: setting the same key twice does no harm.';
	if (dates === undefined) {
		return { ...outcome, reason: `${outcome.reason} ${remedy}` };
	}
	const seen =
		now === before || sameInstant(now, before)
			? "Cloudflare's date of the key has not moved, so the old key is probably still live."
			: "Cloudflare's date of the key has moved, so a new key is probably live.";
	return { ...outcome, lastGeneratedOn: now, reason: `${outcome.reason} ${seen} ${remedy}` };
}

function verified(outcome: PskOutcome, before: string | undefined, dates: Dates | undefined) {
	if (outcome.status === 'unknown') return sayWhatIsKnown(outcome, before, dates);
	if (outcome.status !== 'applied') return outcome;
	const now = dates?.get(outcome.tunnelId ?? '');
	return { ...outcome, verified: sameInstant(now, outcome.lastGeneratedOn) };
}

/**
 * Reads each account's tunnels once more after a change: an applied key is verified when the date
 * that Cloudflare now shows is the one that our call answered. Never throws.
 */
export async function verifyOutcomes(
	targets: ReadonlyArray<Target<unknown>>,
	outcomes: readonly PskOutcome[],
): Promise<PskOutcome[]> {
	const byItem = new Map(targets.map((target) => [target.itemIndex, target]));
	const clients = new Map<string, CloudflareClient>();
	for (const { itemIndex, status } of outcomes) {
		const client = byItem.get(itemIndex)?.client;
		if (client !== undefined && (status === 'applied' || status === 'unknown')) {
			clients.set(client.accountId, client);
		}
	}
	const dates = new Map<string, Dates | undefined>();
	for (const [accountId, client] of clients) dates.set(accountId, await datesNow(client));
	return outcomes.map((outcome) =>
		verified(
			outcome,
			byItem.get(outcome.itemIndex)?.tunnel.psk_metadata?.last_generated_on,
			dates.get(outcome.accountId ?? ''),
		),
	);
}
