import { clock } from '../../http/clock';
import { chunk, mapLimit } from '../../http/pool';
import { sentence } from '../../shared/errors';
import type { VaultRecord } from '../../vaults/record';
import type { VaultConflict, VaultFailure } from '../../vaults/vault';
import type { Attempt } from '../keys/attempt';
import { keyFault } from '../keys/key';
import type { Sight } from '../keys/look';
import { lookAfterwards } from '../keys/look';
import { sendKeys } from '../keys/send';
import { hold } from './holding';
import type { RunSettings } from './options';
import type { RotationOutcome } from './outcome';
import { failureText } from './places';
import { SETTLE } from './settling';
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
	if (sending.mayBeLive === true) return await doubtful(sending, MADE_BY_CHECK);
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
	'Run it again as soon as the vault takes changes: then the key that is live is one that the vault holds.';

/**
 * The outcome of a key that may be live; the vault is made to hold it whatever others did meanwhile.
 *
 * @param next what settles it, while the vault holds the key
 */
export async function doubtful(
	site: Site & { key: string },
	reason: string,
	next = SETTLE,
): Promise<RotationOutcome> {
	const lost = await hold(site, site.key);
	const more = lost === undefined ? next : `${lost} ${SET_ANOTHER}`;
	return { ...subjectOf(site), status: 'unknown', reason: `${sentence(reason)} ${more}` };
}

/** A reason, and what has to be said besides. */
export function withDoubt(reason: string, doubt: string | undefined): string {
	return doubt === undefined ? reason : `${sentence(reason)} ${doubt}`;
}

export function unapplied(site: Site, reason: string): RotationOutcome {
	return { ...subjectOf(site), status: 'unapplied', reason };
}
