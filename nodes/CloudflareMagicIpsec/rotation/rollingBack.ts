import { lastGeneratedOn } from '../../api/ipsecTunnels';
import { clock } from '../../http/clock';
import { mapLimit } from '../../http/pool';
import { isSettled } from '../../vaults/record';
import { formerKey, intendRollBack, putBack } from '../../vaults/transitions';
import { correctDate, hold } from './holding';
import type { RunSettings } from './options';
import type { RotationOutcome } from './outcome';
import { failureText } from './places';
import { isCurrentStale, pendingState } from './plan';
import type { Sent } from './sending';
import { settle, storeAndSend, unapplied } from './sending';
import type { Site } from './site';
import { subjectOf } from './site';

/**
 * Sets the former keys again: first the intent is written down, so that whoever comes next completes
 * it; then the keys are set, verified, and the vault says so. Never rejects.
 */
export async function rollBackAll(
	sites: readonly Site[],
	settings: RunSettings,
	isStopped: () => boolean,
): Promise<RotationOutcome[]> {
	const outcomes: RotationOutcome[] = [];
	const sendings = sites.flatMap((site) => {
		const key = formerKey(site.snapshot.record);
		if (key !== undefined) {
			const staged = () => intendRollBack(site.snapshot.record);
			return [{ ...site, key, staged, notLiveOn: displacedOn(site) }];
		}
		outcomes.push(unapplied(site, 'There is no former key to go back to.'));
		return [];
	});
	const { sent, outcomes: unsent } = await storeAndSend(sendings, settings, isStopped);
	const ended = await mapLimit(sent, settings.concurrency, end);
	return [...outcomes, ...unsent, ...ended];
}

/** Cloudflare's date while the key is live that is to be dropped; undefined where that is not known. */
function displacedOn({ tunnel, snapshot: { record } }: Site): string | undefined {
	if (record.pending !== undefined) return record.pending.generatedOn;
	const before = record.intent === undefined ? lastGeneratedOn(tunnel) : undefined;
	return record.current?.generatedOn ?? before;
}

async function end(sent: Sent): Promise<RotationOutcome> {
	const settled = settle(sent);
	switch (settled.kind) {
		case 'live':
			return await put(sent, sent.key, settled.generatedOn);
		case 'refused':
			if (isBeforeRollBack(sent)) return await withdraw(sent, settled.reason);
			return { ...subjectOf(sent), status: 'unknown', reason: settled.reason };
		case 'notSet':
			return unapplied(
				sent,
				`${settled.reason} The vault says that it is to be rolled back: the next run does it.`,
			);
		case 'unknown':
			await hold(sent, sent.key);
			return { ...subjectOf(sent), status: 'unknown', reason: settled.reason };
	}
}

/** True where Cloudflare's date rules out that an earlier run has set the former key already. */
function isBeforeRollBack({ snapshot: { record }, tunnel }: Site): boolean {
	const date = lastGeneratedOn(tunnel);
	if (record.pending !== undefined) return pendingState(record, date) !== 'unknown';
	return record.current?.generatedOn !== undefined && !isCurrentStale(record, date);
}

async function put(site: Site, key: string, generatedOn: string): Promise<RotationOutcome> {
	const { vault, snapshot } = site;
	const now = new Date(clock.now()).toISOString();
	const answer = await vault.write(snapshot, putBack(snapshot.record, generatedOn, now));
	const subject = { ...subjectOf(site), lastGeneratedOn: generatedOn };
	switch (answer.kind) {
		case 'stored':
			return {
				...subject,
				vaultVersion: answer.snapshot.version || undefined,
				status: 'rolled_back',
			};
		case 'conflict':
			return await byOther(site, key, generatedOn);
		case 'failed':
			return {
				...subject,
				status: 'unknown',
				reason: `The former key is live again, and the vault did not take the last change. ${failureText(answer)} Run it again.`,
			};
	}
}

/** The outcome of a former key that is live, where another run changed the record meanwhile. */
async function byOther(site: Site, key: string, generatedOn: string): Promise<RotationOutcome> {
	const subject = { ...subjectOf(site), lastGeneratedOn: generatedOn };
	const reading = await site.vault.read(site.name, 'change');
	const record = reading.kind === 'read' ? reading.snapshot.record : undefined;
	if (record !== undefined && record.current?.key === key && isSettled(record)) {
		await correctDate(site, key, generatedOn);
		return { ...subject, status: 'rolled_back', reason: 'Another run finished it.' };
	}
	const lost = await hold(site, key, generatedOn);
	return {
		...subject,
		status: 'unknown',
		reason: `Another run changed the vault's record at the same moment. ${lost ?? 'Run it again.'}`,
	};
}

/** Takes the intent back where Cloudflare refuses the former key by name: it can't be completed. */
async function withdraw(site: Site, reason: string): Promise<RotationOutcome> {
	const { vault, snapshot } = site;
	const answer = await vault.write(snapshot, { ...snapshot.record, intent: undefined });
	const more = answer.kind === 'failed' ? ` ${failureText(answer)}` : '';
	return unapplied(site, `Cloudflare does not take the former key: ${reason}${more}`);
}
