import { sentence } from '../../shared/errors';
import type { Attempt } from '../keys/attempt';
import { sameInstant } from '../keys/dates';
import type { Sight } from '../keys/look';
import { lookAfterwards, showsNoNewKey } from '../keys/look';
import type { PskOutcome } from './outcome';
import { subjectOf } from './targets';

/** Where the keys of a run come from: the items gave them, the run made them, or Cloudflare answers them. */
export type KeySource = 'given' | 'made' | 'answered';

/**
 * The outcome of every attempt, after a look at what is live now: an accepted key is verified when
 * Cloudflare now shows the date that it answered, and not that of before; a check is believed, and so is a refusal, while the
 * date has not moved. Never rejects.
 */
export async function settle(
	attempts: readonly Attempt[],
	source: KeySource,
): Promise<PskOutcome[]> {
	const sightOf = await lookAfterwards(attempts);
	return attempts.map((attempt) => {
		const sight = sightOf(attempt.target);
		return attempt.target.validateOnly
			? checkedOutcome(attempt, sight, source)
			: changedOutcome(attempt, sight, source);
	});
}

function changedOutcome(attempt: Attempt, sight: Sight, source: KeySource): PskOutcome {
	const { target, psk, verdict } = attempt;
	switch (verdict.kind) {
		case 'accepted': {
			const { ipsecId, lastGeneratedOn } = verdict;
			if (source === 'answered' && isOfAnotherKey(sight, lastGeneratedOn)) {
				return unknownOutcome(
					attempt,
					sight,
					'The answer tells another date of the key than Cloudflare shows now: it may be about another tunnel, or somebody else has changed the key since',
				);
			}
			const subject = { ...subjectOf(target), ipsecId, lastGeneratedOn };
			const doubt = doubtAbout(sight, lastGeneratedOn);
			// Only an answer with a key is taken for an acceptance.
			const applied = { ...subject, status: 'applied', psk: psk! } as const;
			return doubt === undefined
				? { ...applied, verified: true }
				: { ...applied, verified: false, reason: doubt };
		}
		case 'refused':
			return refusedOutcome(attempt, sight, verdict);
		case 'notSent':
			return { ...subjectOf(target), status: 'unapplied', reason: verdict.reason };
		case 'unclear':
			return unknownOutcome(attempt, sight, verdict.reason);
	}
}

/**
 * Why an accepted key is not verified; undefined if it is. A date that has not moved is no proof against
 * the key either: whether setting the same key again moves it is not known.
 */
function doubtAbout(sight: Sight, answered: string | undefined): string | undefined {
	if (sight.kind === 'same') {
		return "Cloudflare's date of the key has not moved. Either this key was live already, or something on the way only checked the change: then the former key is still live, so keep that too until the tunnel is up with this one.";
	}
	if (sight.kind === 'moved' && sameInstant(sight.date, answered)) return undefined;
	return 'Somebody else may have changed the key, or its dates could not be read.';
}

/** True where a key is live that is neither the former one nor the one of the answer. */
function isOfAnotherKey(sight: Sight, answered: string | undefined): boolean {
	return sight.kind === 'moved' && answered !== undefined && !sameInstant(sight.date, answered);
}

function checkedOutcome(attempt: Attempt, sight: Sight, source: KeySource): PskOutcome {
	const { target, psk, verdict } = attempt;
	switch (verdict.kind) {
		case 'accepted': {
			if (isBelieved(sight, attempt, source)) {
				const key = source === 'made' ? { psk } : {};
				return { ...subjectOf(target), status: 'validated', ...key, seen: sight.kind === 'same' };
			}
			const what =
				sight.kind === 'moved'
					? 'The key was only to be checked, and it was changed: what answers at the Base URL does not know the parameter validate_only'
					: 'Cloudflare accepted the key that was only to be checked';
			return unknownOutcome(attempt, sight, what);
		}
		case 'refused':
			return refusedOutcome(attempt, sight, verdict);
		case 'notSent':
			return { ...subjectOf(target), status: 'unapplied', reason: verdict.reason };
		case 'unclear':
			if (sight.kind !== 'same') return unknownOutcome(attempt, sight, verdict.reason);
			return {
				...subjectOf(target),
				status: 'unapplied',
				reason: `${sentence(verdict.reason)} Whether the key passes Cloudflare's check is not known; nothing was changed.`,
			};
	}
}

/**
 * True where a check that was accepted counts as one. Where Cloudflare shows no dates at all its word
 * is taken, unless a key would be dropped that nobody else has.
 */
function isBelieved({ kind }: Sight, { psk }: Attempt, source: KeySource): boolean {
	if (kind === 'undated') return source !== 'answered' || psk === undefined;
	return kind === 'same';
}

/** A refusal is doubted where the date contradicts it, or where only a status says no and nobody can look. */
function refusedOutcome(
	attempt: Attempt,
	sight: Sight,
	{ byName, reason }: { byName: boolean; reason: string },
): PskOutcome {
	const isProof = byName ? sight.kind !== 'moved' : showsNoNewKey(sight);
	if (!isProof) return unknownOutcome(attempt, sight, reason);
	return { ...subjectOf(attempt.target), status: 'unapplied', reason };
}

function unknownOutcome({ target, psk }: Attempt, sight: Sight, happened: string): PskOutcome {
	const remedy =
		psk === undefined
			? 'Set a key of your own for this tunnel to be sure.'
			: 'Keep this key, and run Set with it: setting the same key twice does no harm.';
	const subject = {
		...subjectOf(target),
		...('date' in sight ? { lastGeneratedOn: sight.date } : {}),
	};
	const reason = [sentence(happened), ...seen(sight), ...(sight.kind === 'gone' ? [] : [remedy])];
	return { ...subject, status: 'unknown', psk, reason: reason.join(' ') };
}

function seen(sight: Sight): string[] {
	switch (sight.kind) {
		case 'unreadable':
		case 'undated':
			return ["Cloudflare's dates of the key, before and afterwards, could not be compared."];
		case 'gone':
			return ['The account no longer has the tunnel.'];
		case 'same':
			return ["Cloudflare's date of the key has not moved, so the old key is probably still live."];
		case 'moved':
			return ["Cloudflare's date of the key has moved, so a new key is probably live."];
	}
}
