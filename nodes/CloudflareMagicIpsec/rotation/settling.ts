import { sentence } from '../../shared/errors';
import type { Attempt } from '../keys/attempt';
import { sameInstant } from '../keys/dates';
import type { Sight } from '../keys/look';

/** What a look shows of a key that was sent. */
export type Settled =
	/** Cloudflare's date of the key that is live. */
	| { kind: 'live'; generatedOn: string }
	/** Cloudflare refused this key by name, and nothing was changed. */
	| { kind: 'refused'; reason: string }
	/** It is certain that nothing was changed. */
	| { kind: 'notSet'; reason: string }
	/** @property next what settles it, while the vault holds the key */
	| { kind: 'unknown'; reason: string; next: string };

/**
 * Whether a key is live: by its own verdict and by the list, which must tell the same date. A moved
 * date is no proof by itself, since somebody else may have moved it; and setting the same key again
 * may not move it, so that only the date of another key proves that nothing was set.
 */
export function settle({
	attempt: { verdict },
	sight,
	notLiveOn,
}: {
	attempt: Attempt;
	sight: Sight;
	/** Cloudflare's date of another key: while it tells that one, this key is not live. */
	notLiveOn?: string;
}): Settled {
	switch (verdict.kind) {
		case 'accepted': {
			const date = 'date' in sight ? sight.date : undefined;
			if (date === undefined || !sameInstant(date, verdict.lastGeneratedOn)) {
				return unconfirmed(verdict.lastGeneratedOn, sight);
			}
			return sameInstant(date, notLiveOn)
				? { kind: 'unknown', reason: NOTHING_MOVED, next: SETTLE }
				: { kind: 'live', generatedOn: date };
		}
		case 'refused':
			return refusal(verdict, sight);
		case 'notSent':
			return { kind: 'notSet', reason: verdict.reason };
		case 'unclear':
			return { kind: 'unknown', reason: sentence(verdict.reason), next: SETTLE };
	}
}

function unconfirmed(said: string | undefined, { kind }: Sight): Settled {
	if (kind === 'undated') return { kind: 'unknown', reason: NO_DATES, next: NO_RUN_SETTLES };
	const reason =
		said === undefined && kind !== 'unreadable' && kind !== 'gone'
			? 'Cloudflare accepted the key, but does not say when it was made, so its list proves nothing.'
			: 'Cloudflare accepted the key, but its list does not confirm it.';
	return { kind: 'unknown', reason, next: SETTLE };
}

function refusal({ byName, reason }: { byName: boolean; reason: string }, sight: Sight): Settled {
	if (sight.kind === 'same') return { kind: byName ? 'refused' : 'notSet', reason };
	// Cloudflare's word on this one key is believed where nobody can look, and nothing is dropped for it.
	if (byName && sight.kind !== 'moved') {
		return { kind: 'notSet', reason: `${sentence(reason)} ${doubtOf(sight)}` };
	}
	return { kind: 'unknown', reason: sentence(reason), next: SETTLE };
}

/** Why a word of Cloudflare that nothing was changed is not proven; undefined where its date of the key proves it. */
export function doubtOf({ kind }: Sight): string | undefined {
	return kind === 'same' ? undefined : UNPROVEN;
}

const UNPROVEN =
	"Cloudflare's dates of the key, before and afterwards, could not be compared, so only its word says that nothing was changed.";

const NOTHING_MOVED =
	'Cloudflare accepted the key, but still tells the date of the key of before, so nothing may have been set.';

const NO_DATES =
	'Cloudflare accepted the key, and shows no date of any key of the account, so nothing proves that it is live.';

const NO_RUN_SETTLES = 'The vault holds it; while there are no dates, no run can settle this.';

/** What settles an unknown outcome, while the vault holds the key. */
export const SETTLE = 'The vault holds the key; running the same operation again settles it.';
