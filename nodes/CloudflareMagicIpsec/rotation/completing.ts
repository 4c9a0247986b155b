import { sentence } from '../../shared/errors';
import type { VaultRecord } from '../../vaults/record';
import { dropPending, noteLive, promote } from '../../vaults/transitions';
import type { VaultFailure, VaultSnapshot } from '../../vaults/vault';
import { isLater } from '../keys/dates';
import { correctDate, hold, MOST_TRIES } from './holding';
import type { RotationOutcome } from './outcome';
import { failureText } from './places';
import { isCurrentStale } from './plan';
import type { Site } from './site';
import { subjectOf } from './site';

type Change =
	| { kind: 'stored'; snapshot: VaultSnapshot }
	| { kind: 'other'; snapshot: VaultSnapshot }
	/** Somebody else changed the record, and it can't be read any more. */
	| { kind: 'unseen'; failure: VaultFailure }
	| VaultFailure;

/**
 * Changes a record whose pending key is known to be live: if somebody else changed the record
 * meanwhile, the change is made again from what is there now, as long as that is still our key, and
 * no late run has put its own beside it.
 */
async function change(
	{ vault, snapshot, name }: Site,
	key: string,
	make: (record: VaultRecord) => VaultRecord,
): Promise<Change> {
	let from = snapshot;
	for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
		const answer = await vault.write(from, make(from.record));
		if (answer.kind !== 'conflict') return answer;
		const reading = await vault.read(name, 'change');
		if (reading.kind === 'failed') return { kind: 'unseen', failure: reading };
		from = reading.snapshot;
		const { record } = from;
		const isHeld = record.previous?.key !== snapshot.record.previous?.key;
		if (record.pending?.key !== key || record.intent !== undefined || isHeld) break;
	}
	return { kind: 'other', snapshot: from };
}

/**
 * Brings a tunnel whose pending key is live to its end: promoted, or noted as live where Finish comes
 * later. What was set and could not be promoted is `live`.
 *
 * @param generatedOn Cloudflare's date of the key
 * @param mode how the run that staged the key wanted to end
 */
export async function complete(
	site: Site,
	generatedOn: string,
	mode: 'atOnce' | 'later',
): Promise<RotationOutcome> {
	const { pending } = site.snapshot.record;
	const subject = { ...subjectOf(site), lastGeneratedOn: generatedOn };
	const key = pending?.key ?? '';
	const former = isCurrentStale(site.snapshot.record, pending?.replacesGeneratedOn)
		? 'stale'
		: 'live';
	const alreadyNoted = mode === 'later' && pending?.generatedOn === generatedOn;
	if (alreadyNoted) return { ...subject, status: 'live' };
	const answer = await change(site, key, (record) => {
		const noted = record.pending?.generatedOn;
		// Another run may have set the same key after this one.
		const date =
			record !== site.snapshot.record && isLater(noted, generatedOn) ? noted : generatedOn;
		return mode === 'later' ? noteLive(record, date) : promote(record, date, former);
	});
	switch (answer.kind) {
		case 'stored': {
			const vaultVersion = answer.snapshot.version || undefined;
			return { ...subject, vaultVersion, status: mode === 'later' ? 'live' : 'rotated' };
		}
		case 'failed':
			return {
				...subject,
				status: 'live',
				reason: `${answer.mayHaveHappened ? 'It is not known whether the vault took the last change, by which the key becomes current.' : 'The vault did not take the last change.'} ${failureText(answer)} Run ${mode === 'later' ? 'Rotate' : 'Rotate or Finish'} again.`,
			};
		case 'unseen':
			return {
				...subject,
				status: 'unknown',
				reason: `The new key is live. Somebody else changed the vault's record at the same moment, so that the vault may not hold the key. ${failureText(answer.failure)} Run Rotate again, which sees to it that the vault holds the key that is live.`,
			};
		case 'other':
			return await byOther({ ...site, snapshot: answer.snapshot }, key, generatedOn);
	}
}

/** The outcome of a key that is live, where another run changed the record meanwhile. */
async function byOther(site: Site, key: string, generatedOn: string): Promise<RotationOutcome> {
	const { record } = site.snapshot;
	const subject = { ...subjectOf(site), lastGeneratedOn: generatedOn };
	if (record.intent === undefined && record.current?.key === key) {
		await correctDate(site, key, generatedOn);
		return { ...subject, status: 'rotated', reason: 'Another run finished it.' };
	}
	if (record.intent === undefined && record.pending?.key === key) {
		return { ...subject, status: 'live', reason: 'Another run is at work on it.' };
	}
	const held = await hold(site, key, generatedOn);
	return {
		...subject,
		status: 'unknown',
		reason: `Another run changed the vault's record at the same moment, and may have set another key. ${held ?? 'Run it again.'}`,
	};
}

/**
 * Takes a key out of the vault that Cloudflare refused by name; the outcome is that nothing was changed.
 * Only from the very record that was written before it was sent: another run may have set it since.
 */
export async function drop(site: Site, reason: string): Promise<RotationOutcome> {
	const { vault, snapshot } = site;
	const answer = await vault.write(snapshot, dropPending(snapshot.record));
	if (answer.kind === 'stored') {
		const vaultVersion = answer.snapshot.version || undefined;
		return { ...subjectOf(site), vaultVersion, status: 'unapplied', reason };
	}
	const more =
		answer.kind === 'failed'
			? `It is still pending in the vault. ${failureText(answer)}`
			: 'Another run has taken the key over meanwhile.';
	return { ...subjectOf(site), status: 'unapplied', reason: `${sentence(reason)} ${more}` };
}
