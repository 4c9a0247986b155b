import { generatePsk, pskIn } from '../../api/psks';
import { mapLimit } from '../../http/pool';
import type { Attempt } from '../keys/attempt';
import { verdictOfError } from '../keys/attempt';
import { lookAfterwards, showsNoNewKey } from '../keys/look';
import type { Target } from '../keys/target';

/**
 * Generates a key for each target, several at a time, until the outcomes of `stopAfter` are not
 * known: something on the way back may eat the answers, and every further key would be lost with
 * them. Never more are under way than may be lost. Never rejects.
 */
export async function generateKeys(
	targets: readonly Target[],
	concurrency: number,
	stopAfter: number,
): Promise<Attempt[]> {
	const attempts: Attempt[] = [];
	let unknown = 0;
	while (attempts.length < targets.length && unknown < stopAfter) {
		const next = targets.slice(attempts.length, attempts.length + stopAfter - unknown);
		const made = await mapLimit(next, concurrency, generateOne);
		attempts.push(...made);
		unknown += await countUnknown(made);
	}
	const reason = `The outcomes of ${unknown} keys are not known, so no further key was generated. Find out what loses the answers (a proxy, a gateway, a time-out) before you run this again.`;
	const rest = targets.slice(attempts.length);
	return [
		...attempts,
		...rest.map((target): Attempt => ({ target, verdict: { kind: 'notSent', reason } })),
	];
}

/** How many of the attempts may have replaced a key: a refusal is believed after a look at the key's date. */
async function countUnknown(attempts: readonly Attempt[]): Promise<number> {
	const refused = attempts.filter(({ verdict }) => verdict.kind === 'refused');
	const sightOf = await lookAfterwards(refused);
	return attempts.filter(({ target, verdict }) =>
		verdict.kind === 'refused' ? !showsNoNewKey(sightOf(target)) : verdict.kind === 'unclear',
	).length;
}

async function generateOne(target: Target): Promise<Attempt> {
	const { client, tunnel, validateOnly } = target;
	try {
		const { psk, ...made } = await generatePsk(client, tunnel.id, { validateOnly });
		const { ipsec_id: ipsecId, last_generated_on: lastGeneratedOn } = made;
		return { target, psk, verdict: { kind: 'accepted', ipsecId, lastGeneratedOn } };
	} catch (error) {
		const verdict = verdictOfError(error);
		// A key in an answer that is not a good one may be live all the same.
		const psk = pskIn(error);
		if (psk === undefined || verdict.kind !== 'refused') return { target, psk, verdict, error };
		return { target, psk, verdict: { kind: 'unclear', reason: verdict.reason }, error };
	}
}
