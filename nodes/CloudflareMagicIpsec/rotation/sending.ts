import { clock } from '../../http/clock';
import { chunk, mapLimit } from '../../http/pool';
import { sentence } from '../../shared/errors';
import type { VaultRecord } from '../../vaults/record';
import type { Attempt } from '../keys/attempt';
import type { Sight } from '../keys/look';
import { lookAfterwards } from '../keys/look';
import { sameInstant } from '../keys/dates';
import { sendKeys } from '../keys/send';
import type { RunSettings } from './options';
import type { RotationOutcome } from './outcome';
import { failureText } from './places';
import type { Site } from './site';
import { subjectOf } from './site';

/** A site whose key is to be set, once the vault holds the record that says so. */
export interface Sending extends Site {
	key: string;
	/** The record that the vault has to hold before the key is sent; made when it is written. */
	staged: () => VaultRecord;
	/** What has to be said besides where the key is not set: why its check may have changed something. */
	doubt?: string;
}

/** A key that was sent, with what the vault held then and what Cloudflare says now. */
export interface Sent extends Sending {
	attempt: Attempt;
	sight: Sight;
}

/** Writing before sending, in chunks, so that little time lies between the two. */
export async function storeAndSend(
	sendings: readonly Sending[],
	settings: RunSettings,
	isStopped: () => boolean,
): Promise<{ sent: Sent[]; outcomes: RotationOutcome[] }> {
	const outcomes: RotationOutcome[] = [];
	const tried: Array<{ sending: Sending; attempt: Attempt }> = [];
	for (const part of chunk(sendings, settings.batchSize)) {
		if (isStopped()) {
			const reason = 'The execution was stopped before its turn.';
			outcomes.push(...part.map((site) => unapplied(site, withDoubt(reason, site.doubt))));
			continue;
		}
		const begun = clock.elapsed();
		const stored = await storeAll(part, settings, outcomes);
		const keyed = stored.map((sending) => ({ ...sending, psk: sending.key }));
		const sendBefore = begun + settings.sendWithinMs;
		const attempts = await sendKeys(keyed, settings.batchSize, sendBefore);
		const byTunnel = new Map(attempts.map((attempt) => [keyOf(attempt.target), attempt]));
		for (const sending of stored) {
			const attempt = byTunnel.get(keyOf(sending))!;
			const { verdict } = attempt;
			const ipsecId = verdict.kind === 'accepted' ? verdict.ipsecId : undefined;
			tried.push({ sending: { ...sending, ipsecId }, attempt });
		}
	}
	const sightOf = await lookAfterwards(tried.map(({ attempt }) => attempt));
	const sent = tried.map(({ sending, attempt }) => ({
		...sending,
		attempt,
		sight: sightOf(attempt.target),
	}));
	return { sent, outcomes };
}

function keyOf({ client, tunnel }: Pick<Site, 'client' | 'tunnel'>): string {
	return `${client.accountKey} ${tunnel.id}`;
}

/** Writes the records, and gives the sites for which that is done; what could not be stored is not set. */
async function storeAll(
	sendings: readonly Sending[],
	{ concurrency }: RunSettings,
	outcomes: RotationOutcome[],
): Promise<Sending[]> {
	const written = await mapLimit(sendings, concurrency, async (sending) => ({
		sending,
		answer: await sending.vault.write(sending.snapshot, sending.staged()),
	}));
	return written.flatMap(({ sending, answer }) => {
		if (answer.kind === 'stored') return [{ ...sending, snapshot: answer.snapshot }];
		outcomes.push(
			answer.kind === 'conflict'
				? {
						...subjectOf(sending),
						status: 'busy',
						reason: withDoubt(
							"Another run changed the vault's record at the same moment.",
							sending.doubt,
						),
					}
				: unapplied(
						sending,
						withDoubt(`The vault did not store it. ${failureText(answer)}`, sending.doubt),
					),
		);
		return [];
	});
}

/** A reason, and what has to be said besides. */
export function withDoubt(reason: string, doubt: string | undefined): string {
	return doubt === undefined ? reason : `${sentence(reason)} ${doubt}`;
}

export function unapplied(site: Site, reason: string): RotationOutcome {
	return { ...subjectOf(site), status: 'unapplied', reason };
}

/** What a look shows of a key that was sent. */
export type Settled =
	/** Cloudflare's date of the key that is live. */
	| { kind: 'live'; generatedOn: string }
	/** Cloudflare refused this key by name, and nothing was changed. */
	| { kind: 'refused'; reason: string }
	/** It is certain that nothing was changed. */
	| { kind: 'notSet'; reason: string }
	| { kind: 'unknown'; reason: string };

/**
 * Whether a key is live: by its own verdict and by the list. A moved date is no proof by itself, since
 * somebody else may have moved it, and setting the same key again may not move it.
 */
export function settle({ attempt: { verdict }, sight }: Pick<Sent, 'attempt' | 'sight'>): Settled {
	switch (verdict.kind) {
		case 'accepted': {
			const { lastGeneratedOn: said } = verdict;
			const date = 'date' in sight ? sight.date : undefined;
			const isConfirmed = said === undefined ? sight.kind === 'moved' : sameInstant(date, said);
			if (isConfirmed && date !== undefined) return { kind: 'live', generatedOn: date };
			return {
				kind: 'unknown',
				reason:
					sight.kind === 'undated'
						? NO_DATES
						: `Cloudflare accepted the key, but its list does not confirm it. ${SETTLE}`,
			};
		}
		case 'refused':
			return refusal(verdict, sight);
		case 'notSent':
			return { kind: 'notSet', reason: verdict.reason };
		case 'unclear':
			return { kind: 'unknown', reason: `${sentence(verdict.reason)} ${SETTLE}` };
	}
}

function refusal({ byName, reason }: { byName: boolean; reason: string }, sight: Sight): Settled {
	if (sight.kind === 'same') return { kind: byName ? 'refused' : 'notSet', reason };
	// Cloudflare's word on this one key is believed where nobody can look, and nothing is dropped for it.
	if (byName && sight.kind !== 'moved') {
		return { kind: 'notSet', reason: `${sentence(reason)} ${doubtOf(sight)}` };
	}
	return { kind: 'unknown', reason: `${sentence(reason)} ${SETTLE}` };
}

/** Why a word of Cloudflare that nothing was changed is not proven; undefined where its date of the key proves it. */
export function doubtOf({ kind }: Sight): string | undefined {
	return kind === 'same' ? undefined : UNPROVEN;
}

const UNPROVEN =
	"Cloudflare's dates of the key, before and afterwards, could not be compared, so only its word says that nothing was changed.";

const NO_DATES =
	'Cloudflare accepted the key, and shows no date of any key of the account, so nothing proves that it is live. The vault holds it as pending, beside the former one; while there are no dates, no run can settle this.';

const SETTLE = 'The vault holds the key; running the same operation again settles it.';
