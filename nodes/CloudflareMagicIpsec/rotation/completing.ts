import type { VaultRecord } from '../../vaults/record';
import { dropPending, noteLive, promote } from '../../vaults/transitions';
import type { VaultFailure, VaultSnapshot } from '../../vaults/vault';
import type { RotationOutcome } from './outcome';
import { failureText } from './places';
import { isCurrentStale } from './plan';
import type { Site } from './site';
import { subjectOf } from './site';

/** How often a change is made anew from what another run wrote meanwhile. */
const MOST_TRIES = 3;

type Change =
	| { kind: 'stored'; snapshot: VaultSnapshot }
	| { kind: 'other'; record: VaultRecord }
	| VaultFailure;

/**
 * Changes a record whose pending key is known to be live (or refused): if somebody else changed the
 * record meanwhile, the change is made again from what is there now, as long as that is still our key.
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
		if (reading.kind === 'failed') return reading;
		from = reading.snapshot;
		const { record } = from;
		if (record.pending?.key !== key || record.intent !== undefined)
			return { kind: 'other', record };
	}
	return { kind: 'other', record: from.record };
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
	const answer = await change(site, key, (record) =>
		mode === 'later' ? noteLive(record, generatedOn) : promote(record, generatedOn, former),
	);
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
		case 'other':
			return byOther(subject, answer.record, key);
	}
}

function byOther(
	subject: ReturnType<typeof subjectOf>,
	record: VaultRecord,
	key: string,
): RotationOutcome {
	if (record.current?.key === key && record.intent === undefined) {
		return { ...subject, status: 'rotated', reason: 'Another run finished it.' };
	}
	if (record.pending?.key === key && record.intent === undefined) {
		return { ...subject, status: 'live', reason: 'Another run is at work on it.' };
	}
	return {
		...subject,
		status: 'unknown',
		reason:
			"Another run changed the vault's record at the same moment, and may have set another key. Run it again.",
	};
}

/** Takes a key out of the vault that Cloudflare refused by name; the outcome is that nothing was changed. */
export async function drop(site: Site, reason: string): Promise<RotationOutcome> {
	const key = site.snapshot.record.pending?.key ?? '';
	const answer = await change(site, key, dropPending);
	const more =
		answer.kind === 'failed' ? ` It is still pending in the vault. ${failureText(answer)}` : '';
	const vaultVersion = answer.kind === 'stored' ? answer.snapshot.version : undefined;
	return {
		...subjectOf(site),
		...(vaultVersion ? { vaultVersion } : {}),
		status: 'unapplied',
		reason: `${reason}${more}`,
	};
}
