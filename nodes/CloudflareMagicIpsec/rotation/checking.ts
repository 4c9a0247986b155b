import type { IExecuteFunctions } from 'n8n-workflow';
import { CallError } from '../../api/failure';
import { inputError } from '../../shared/errors';
import type { FinishMode } from '../../vaults/record';
import type { Attempt } from '../keys/attempt';
import { lookAfterwards } from '../keys/look';
import type { Sight } from '../keys/look';
import { sendKeys } from '../keys/send';
import type { RotationOutcome } from './outcome';
import type { SiteFault } from './places';
import { doubtOf, keysIn, unapplied, withDoubt } from './sending';
import type { Site } from './site';
import { subjectOf } from './site';

/** What an item says of its tunnel's rotation. */
export interface Wish {
	olderThanDays: number;
	finish: FinishMode;
}

/** A tunnel with the key that was made for it. */
export interface Made extends Site {
	wish: Wish;
	psk: string;
}

/** What became of new keys in their check. */
export interface Checked {
	/** Cloudflare takes them, and its dates show that nothing was changed. */
	accepted: Made[];
	/**
	 * The check may have made them live, as a server does that does not know `validate_only`. So they
	 * have to be stored at once, whatever else is wrong.
	 */
	mayBeLive: Made[];
	/** Refused by name, which is no fault of the run. */
	refused: RotationOutcome[];
	faults: SiteFault[];
}

/** Has Cloudflare check new keys, and looks whether it did no more than that. Never rejects. */
export async function checkKeys(
	context: IExecuteFunctions,
	made: readonly Made[],
	batchSize: number,
): Promise<Checked> {
	const checked: Checked = { accepted: [], mayBeLive: [], refused: [], faults: [] };
	const toCheck = made.map((site) => ({ ...site, validateOnly: true }));
	const attempts = await sendKeys(toCheck, batchSize, { others: made.flatMap(keysIn) });
	const byTarget = new Map(attempts.map((attempt) => [attempt.target, attempt]));
	const sightOf = await lookAfterwards(attempts);
	toCheck.forEach((target, index) => {
		const [site, attempt, sight] = [made[index]!, byTarget.get(target)!, sightOf(target)];
		const { verdict } = attempt;
		if (mayHaveMadeLive(attempt, sight)) checked.mayBeLive.push(site);
		else if (verdict.kind === 'accepted') checked.accepted.push(site);
		else if (verdict.kind === 'refused' && verdict.byName) {
			const reason = `Cloudflare does not take the new key: ${verdict.reason}`;
			checked.refused.push(unapplied(site, withDoubt(reason, doubtOf(sight))));
		} else {
			const what = `Cloudflare did not check the new key of the tunnel '${site.tunnel.name}'`;
			const error = inputError(context.getNode(), what, verdict.reason, site.itemIndex);
			checked.faults.push({ subject: subjectOf(site), error });
		}
	});
	return checked;
}

function mayHaveMadeLive(attempt: Attempt, sight: Sight): boolean {
	const { verdict } = attempt;
	if (verdict.kind === 'notSent' || sight.kind === 'same') return false;
	if (sight.kind === 'moved') return true;
	return verdict.kind === 'refused' ? !verdict.byName && !wasTurnedAway(attempt) : true;
}

/** True for a request that was refused before anybody looked at what it asks for. */
function wasTurnedAway({ error }: Attempt): boolean {
	return error instanceof CallError && /^(401|403|429)$/.test(error.failure.httpCode ?? '');
}
