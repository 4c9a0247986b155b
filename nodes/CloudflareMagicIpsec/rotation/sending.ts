import { clock } from '../../http/clock';
import { chunk, mapLimit } from '../../http/pool';
import { sentence } from '../../shared/errors';
import type { VaultRecord } from '../../vaults/record';
import type { VaultConflict, VaultFailure } from '../../vaults/vault';
import type { Attempt } from '../keys/attempt';
import { keyFault } from '../keys/key';
import type { Sight } from '../keys/look';
import { lookAfterwards } from '../keys/look';
import { sameInstant } from '../keys/dates';
import { sendKeys } from '../keys/send';
import { hold } from './holding';
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
	/** Cloudflare's date of another key: while it tells that one, this key is not live. */
	notLiveOn?: string;
	/** The check of the key may have made it live, before any vault held it. */
	mayBeLive?: boolean;
	/** A request of an earlier run, which sets the key, may still be on its way. */
	mayBeSetLate?: boolean;
}

/** A key that was sent, with what the vault held then and what Cloudflare says now. */
export interface Sent extends Sending {
	attempt: Attempt;
	sight: Sight;
}

interface SendingsDone {
	sent: Sent[];
	outcomes: RotationOutcome[];
}

/** Writing before sending, in chunks, so that little time lies between the two. */
export async function storeAndSend(
	sendings: readonly Sending[],
	settings: RunSettings,
	isStopped: () => boolean,
): Promise<SendingsDone> {
	const outcomes: RotationOutcome[] = [];
	const tried: Tried[] = [];
	const usable = sendings.filter((sending) => {
		const fault = keyFault(sending.key);
		if (fault !== undefined) outcomes.push(unapplied(sending, unusable(fault)));
		return fault === undefined;
	});
	for (const part of chunk(usable, settings.batchSize)) {
		if (isStopped()) {
			const reason = 'The execution was stopped before its turn.';
			outcomes.push(...part.map((site) => unapplied(site, reason)));
		} else tried.push(...(await storeThenSend(part, settings, outcomes)));
	}
	return { sent: await lookAt(tried), outcomes };
}

/**
 * Writes all of them before it sends one, also after a stop: for keys that may be live and that no
 * vault holds.
 */
export async function saveAndSend(
	sendings: readonly Sending[],
	settings: RunSettings,
): Promise<SendingsDone> {
	const outcomes: RotationOutcome[] = [];
	const tried = await storeThenSend(sendings, settings, outcomes);
	return { sent: await lookAt(tried), outcomes };
}

function unusable(fault: string): string {
	return `The vault's key can't be set: it ${fault}. Correct it in the vault.`;
}

interface Tried {
	sending: Sending;
	attempt: Attempt;
}

async function storeThenSend(
	part: readonly Sending[],
	settings: RunSettings,
	outcomes: RotationOutcome[],
): Promise<Tried[]> {
	const limits = {
		sendBefore: clock.elapsed() + settings.sendWithinMs,
		sendBeforeDate: clock.now() + settings.sendWithinMs,
	};
	const stored = await storeAll(part, settings, outcomes);
	const keyed = stored.map((sending) => ({ ...sending, psk: sending.key }));
	const others = stored.flatMap(keysIn);
	const attempts = await sendKeys(keyed, settings.batchSize, { ...limits, others });
	const byTunnel = new Map(attempts.map((attempt) => [keyOf(attempt.target), attempt]));
	return stored.map((sending) => {
		const attempt = byTunnel.get(keyOf(sending))!;
		const { verdict } = attempt;
		const ipsecId = verdict.kind === 'accepted' ? verdict.ipsecId : undefined;
		return { sending: { ...sending, ipsecId }, attempt };
	});
}

async function lookAt(tried: readonly Tried[]): Promise<Sent[]> {
	const sightOf = await lookAfterwards(tried.map(({ attempt }) => attempt));
	return tried.map(({ sending, attempt }) => ({
		...sending,
		attempt,
		sight: sightOf(attempt.target),
	}));
}

/** The keys that a vault holds for a tunnel: no text of Cloudflare's may repeat one. */
export function keysIn({ snapshot: { record } }: Site): string[] {
	const { current, pending, previous } = record;
	return [current, pending, previous].flatMap((held) => (held === undefined ? [] : [held.key]));
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
	const written = await mapLimit(sendings, concurrency, async (sending) => {
		const answer = await sending.vault.write(sending.snapshot, sending.staged());
		if (answer.kind === 'stored') return { ...sending, snapshot: answer.snapshot };
		outcomes.push(await unstored(sending, answer));
		return undefined;
	});
	return written.filter((sending) => sending !== undefined);
}

/** The outcome of a key that the vault did not take. */
async function unstored(
	sending: Sending,
	answer: VaultConflict | VaultFailure,
): Promise<RotationOutcome> {
	if (sending.mayBeLive === true) {
		const lost = await hold(sending, sending.key);
		const next = lost === undefined ? SETTLE : `${lost} ${SET_ANOTHER}`;
		return { ...subjectOf(sending), status: 'unknown', reason: `${MADE_BY_CHECK} ${next}` };
	}
	return answer.kind === 'conflict'
		? {
				...subjectOf(sending),
				status: 'busy',
				reason: "Another run changed the vault's record at the same moment.",
			}
		: unapplied(sending, `The vault did not store it. ${failureText(answer)}`);
}

/** Why a new key may be live that was only to be checked. */
export const MADE_BY_CHECK =
	'The new key was only to be checked, but its check may have made it live: the server may not know validate_only, and its dates of the key do not rule it out.';

const SET_ANOTHER =
	'If the key is live, nobody knows it. Run Rotate again as soon as the vault takes changes: it sets a key that the vault holds.';

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
 * Whether a key is live: by its own verdict and by the list, which must tell the same date. A moved
 * date is no proof by itself, since somebody else may have moved it; and setting the same key again
 * may not move it, so that only the date of another key proves that nothing was set.
 */
export function settle({ attempt: { verdict }, sight, notLiveOn }: Sent): Settled {
	switch (verdict.kind) {
		case 'accepted': {
			const date = 'date' in sight ? sight.date : undefined;
			if (date === undefined || !sameInstant(date, verdict.lastGeneratedOn)) {
				return { kind: 'unknown', reason: unconfirmed(verdict.lastGeneratedOn, sight) };
			}
			return sameInstant(date, notLiveOn)
				? { kind: 'unknown', reason: NOTHING_MOVED }
				: { kind: 'live', generatedOn: date };
		}
		case 'refused':
			return refusal(verdict, sight);
		case 'notSent':
			return { kind: 'notSet', reason: verdict.reason };
		case 'unclear':
			return { kind: 'unknown', reason: `${sentence(verdict.reason)} ${SETTLE}` };
	}
}

function unconfirmed(said: string | undefined, { kind }: Sight): string {
	if (kind === 'undated') return NO_DATES;
	return said === undefined && kind !== 'unreadable' && kind !== 'gone'
		? `Cloudflare accepted the key, but does not say when it was made, so its list proves nothing. ${SETTLE}`
		: `Cloudflare accepted the key, but its list does not confirm it. ${SETTLE}`;
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

const NOTHING_MOVED =
	'Cloudflare accepted the key, but still tells the date of the key of before, so nothing may have been set. The vault holds both keys; running the same operation again settles it.';

const NO_DATES =
	'Cloudflare accepted the key, and shows no date of any key of the account, so nothing proves that it is live. The vault holds it; while there are no dates, no run can settle this.';

export const SETTLE = 'The vault holds the key; running the same operation again settles it.';
