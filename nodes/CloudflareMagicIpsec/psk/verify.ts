import type { CloudflareClient } from '../../api/client';
import { sentence } from '../../shared/errors';
import { lastGeneratedOn, listIpsecTunnels } from '../../api/ipsecTunnels';
import type { PskOutcome } from './outcome';
import type { Target } from './plan';

/**
 * True if two dates are the same instant to a microsecond: psk_generate answers nanoseconds, every
 * later read the same instant rounded to microseconds.
 */
export function sameInstant(a: string | undefined, b: string | undefined): boolean {
	if (a === undefined || b === undefined) return false;
	const [left, right] = [nanoseconds(a), nanoseconds(b)];
	if (left === undefined || right === undefined) return false;
	const distance = left > right ? left - right : right - left;
	return distance <= 1_000n;
}

/** Nanoseconds since 1970 of an RFC 3339 date; undefined if it is none. */
function nanoseconds(date: string): bigint | undefined {
	const seconds = Date.parse(date.replace(/\.\d+/, ''));
	if (Number.isNaN(seconds)) return undefined;
	const fraction = /\.(\d+)/.exec(date)?.[1] ?? '';
	return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

type Dates = Map<string, string | undefined>;

/** Dates of all keys of an account, or undefined if they can't be read. */
async function datesNow(client: CloudflareClient): Promise<Dates | undefined> {
	try {
		const tunnels = await listIpsecTunnels(client);
		return new Map(tunnels.map((tunnel) => [tunnel.id, lastGeneratedOn(tunnel)]));
	} catch {
		return undefined;
	}
}

function hasMoved(now: string | undefined, before: string | undefined): boolean {
	return now !== before && !sameInstant(now, before);
}

function sayWhatIsKnown(
	outcome: PskOutcome & { status: 'unknown' },
	before: string | undefined,
	dates: Dates | undefined,
): PskOutcome {
	const remedy =
		outcome.psk === undefined
			? 'Set a key of your own for this tunnel to be sure.'
			: 'Keep this key, and run Set again with it: setting the same key twice does no harm.';
	const happened = sentence(outcome.reason);
	if (dates === undefined) return { ...outcome, reason: `${happened} ${remedy}` };
	const id = outcome.tunnelId ?? '';
	if (!dates.has(id))
		return { ...outcome, reason: `${happened} The account no longer lists the tunnel.` };
	const now = dates.get(id);
	const seen = hasMoved(now, before)
		? "Cloudflare's date of the key has moved, so a new key is probably live."
		: "Cloudflare's date of the key has not moved, so the old key is probably still live.";
	return { ...outcome, lastGeneratedOn: now, reason: `${happened} ${seen} ${remedy}` };
}

/** A refusal that the date contradicts is no longer one: the key that was sent may be live. */
function doubted(
	outcome: PskOutcome & { status: 'unapplied' },
	before: string | undefined,
	dates: Dates | undefined,
	psk: string | undefined,
): PskOutcome {
	const now = dates?.get(outcome.tunnelId ?? '');
	if (now === undefined || !hasMoved(now, before)) return outcome;
	return sayWhatIsKnown({ ...outcome, status: 'unknown', psk }, before, dates);
}

/**
 * Reads each account's tunnels once more after a change. An applied key is verified when the date
 * that Cloudflare now shows is the one that our call answered; a refused one is believed while the
 * date has not moved. Never throws.
 *
 * @param keyOf the key that was sent for a target, if one was
 */
export async function verifyOutcomes<Input>(
	targets: ReadonlyArray<Target<Input>>,
	outcomes: readonly PskOutcome[],
	keyOf: (input: Input) => string | undefined,
): Promise<PskOutcome[]> {
	const changed = targets.filter(({ validateOnly }) => !validateOnly);
	const dates = new Map<CloudflareClient, Dates | undefined>();
	for (const { client } of changed) {
		if (!dates.has(client)) dates.set(client, await datesNow(client));
	}
	const byItem = new Map(changed.map((target) => [target.itemIndex, target]));
	return outcomes.map((outcome) => {
		const target = byItem.get(outcome.itemIndex);
		if (target === undefined) return outcome;
		const before = lastGeneratedOn(target.tunnel);
		const now = dates.get(target.client);
		switch (outcome.status) {
			case 'applied':
				return {
					...outcome,
					verified: sameInstant(now?.get(target.tunnel.id), outcome.lastGeneratedOn),
				};
			case 'unapplied':
				return doubted(outcome, before, now, keyOf(target.input));
			case 'unknown':
				return sayWhatIsKnown(outcome, before, now);
			default:
				return outcome;
		}
	});
}
