import { lastGeneratedOn } from '../../api/ipsecTunnels';
import { clock } from '../../http/clock';
import type { VaultRecord } from '../../vaults/record';
import { isSettled } from '../../vaults/record';
import type { VaultFailure } from '../../vaults/vault';
import { isLater } from '../keys/dates';
import { failureText } from './places';
import type { Place } from './site';

/** How often a change is made anew from what another run wrote meanwhile. */
export const MOST_TRIES = 3;

/**
 * Sees to it that the vault holds a key that may be live: one that another run took out meanwhile is
 * put back, as pending where there is none, else as previous.
 *
 * Where other runs have come to an end since this one began, the key was set too late, and perhaps
 * over the one that routers read. Then it is put back with the intent to roll it back, so that the next
 * run sets the current key again: also where it was rolled back before, and is never to be set again.
 * Where it is being rolled back just now, the record is written anew, by which the run that does so learns
 * that the former key may be live no more.
 *
 * @param generatedOn Cloudflare's date of the key, where it is known to be live
 * @returns why the vault does not hold it, or undefined
 */
export async function hold(
	place: Place,
	key: string,
	generatedOn?: string,
): Promise<string | undefined> {
	return await amend(place, (record) => {
		const { current, pending, previous, intent } = record;
		const isToBeDropped = intent !== undefined && (pending ?? current)?.key === key;
		if (isToBeDropped) return { ...record };
		if (current?.key === key || pending?.key === key) return undefined;
		const isOutrun =
			isSettled(record) && isLater(current?.generatedOn, lastGeneratedOn(place.tunnel));
		if (isOutrun) {
			// The current key was set after this one, which is live no more.
			if (generatedOn !== undefined && isLater(current?.generatedOn, generatedOn)) return undefined;
			const isDropped = previous?.key === key;
			return {
				...record,
				pending: { key },
				previous: isDropped ? undefined : previous,
				intent: 'roll_back',
			};
		}
		if (previous?.key === key) return undefined;
		return pending === undefined
			? { ...record, pending: { key, generatedOn, since: new Date(clock.now()).toISOString() } }
			: { ...record, previous: { key } };
	});
}

/**
 * Corrects the date of a current key that several runs have set: that of the one that set it last
 * counts, whichever of them wrote it down first.
 */
export async function correctDate(place: Place, key: string, generatedOn: string): Promise<void> {
	await amend(place, (record) => {
		const { current, intent } = record;
		const isOurs = current?.key === key && intent === undefined;
		if (!isOurs || !isLater(generatedOn, current.generatedOn)) return undefined;
		return { ...record, current: { key, generatedOn } };
	});
}

/**
 * Changes a record as it is now, whoever changed it before.
 *
 * @param changed undefined where there is nothing to be changed
 * @returns why that could not be done, or undefined
 */
async function amend(
	{ vault, name }: Place,
	changed: (record: VaultRecord) => VaultRecord | undefined,
): Promise<string | undefined> {
	for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
		const reading = await vault.read(name, 'change');
		if (reading.kind === 'failed') return lost(reading);
		const next = changed(reading.snapshot.record);
		if (next === undefined) return undefined;
		const answer = await vault.write(reading.snapshot, next);
		if (answer.kind === 'stored') return undefined;
		if (answer.kind === 'failed') return lost(answer);
	}
	return 'The vault does not hold it: other runs kept changing the record.';
}

function lost(failure: VaultFailure): string {
	return `It could not be made sure that the vault holds the key. ${failureText(failure)}`;
}
