import type { CloudflareClient } from '../../api/client';
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
	const trusted = new Set<CloudflareClient>();
	let unknown = 0;
	while (attempts.length < targets.length && unknown < stopAfter) {
		const next = targets.slice(attempts.length, attempts.length + stopAfter - unknown);
		const made = await mapLimit(next, concurrency, generateOne);
		attempts.push(...made);
		unknown += await countUnknown(made, trusted);
	}
	const reason = `The outcomes of ${unknown} keys are not known, so no further key was generated. Find out what loses the answers (a proxy, a gateway, a time-out) before you run this again.`;
	const rest = targets.slice(attempts.length);
	return [
		...attempts,
		...rest.map((target): Attempt => ({ target, verdict: { kind: 'notSent', reason } })),
	];
}

/**
 * How many of the attempts may have replaced a key that nobody knows. A refusal is believed after a
 * look at the key's date; so is the first check by a server, which may not know `validate_only`.
 *
 * @param trusted clients whose checks have changed nothing
 */
async function countUnknown(
	attempts: readonly Attempt[],
	trusted: Set<CloudflareClient>,
): Promise<number> {
	const isCertain = ({ target, verdict }: Attempt) =>
		verdict.kind === 'accepted' && (!target.validateOnly || trusted.has(target.client));
	const uncertain = attempts.filter((attempt) => !isCertain(attempt));
	const toLookAt = uncertain.filter(({ verdict }) => verdict.kind !== 'unclear');
	const sightOf = await lookAfterwards(toLookAt);
	return uncertain.filter(({ target, verdict }) => {
		if (verdict.kind === 'notSent') return false;
		const isUnknown = verdict.kind === 'unclear' || !showsNoNewKey(sightOf(target));
		if (verdict.kind === 'accepted' && !isUnknown) trusted.add(target.client);
		return isUnknown;
	}).length;
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
		const psk = answeredKey(error);
		if (psk === undefined || verdict.kind !== 'refused') return { target, psk, verdict, error };
		return { target, psk, verdict: { kind: 'unclear', reason: verdict.reason }, error };
	}
}

/** Whatever an answer is like, looking for a key in it must not cost the keys of the other tunnels. */
function answeredKey(error: unknown): string | undefined {
	try {
		return pskIn(error);
	} catch {
		return undefined;
	}
}
