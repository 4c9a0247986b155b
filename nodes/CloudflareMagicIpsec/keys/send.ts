import type { INodeProperties } from 'n8n-workflow';
import { CallError } from '../../api/failure';
import { setPsks } from '../../api/psks';
import { ACCOUNT_CODES } from '../../api/remedies';
import type { PskSetVerdict } from '../../api/types';
import { chunk, mapLimit } from '../../http/pool';
import { SecretFinder } from '../../http/secrets';
import type { Attempt, Verdict } from './attempt';
import { verdictOfError } from './attempt';
import type { Target } from './target';

/** Requests of psk set that are under way at the same time. */
const BATCHES_AT_A_TIME = 10;

/**
 * Further requests that the refused batches of a run may be split into, so that a key at fault is
 * found and the others are not held back: enough for six such keys among a thousand, and few where
 * everything is refused.
 */
const MOST_SPLITS = 120;

/** What the requests of a run have in common. */
interface Run {
	splitsLeft: number;
	limits: SendingLimits;
	secrets: SecretFinder;
}

export const batchSizeOption: INodeProperties = {
	displayName: 'Batch Size',
	name: 'batchSize',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 1000 },
	default: 100,
	description: 'How many keys go to Cloudflare in one request',
};

/** A target with the key that is to be sent for it. */
export interface KeyedTarget extends Target {
	psk: string;
}

/** Until when keys may be sent, and what nobody may see of the answers. */
export interface SendingLimits {
	/** A moment of `clock.elapsed` from which on nothing is sent. */
	sendBefore?: number;
	/** The same of `clock.now`, in milliseconds since 1970. */
	sendBeforeDate?: number;
	/** Keys that are not sent, and that an answer might repeat all the same. */
	others?: readonly string[];
}

/** The targets by what a request has in common: the client, and whether it only checks. */
function groups(targets: readonly KeyedTarget[]): KeyedTarget[][] {
	const byClient = new Map<Target['client'], { check: KeyedTarget[]; set: KeyedTarget[] }>();
	for (const target of targets) {
		const group = byClient.get(target.client) ?? { check: [], set: [] };
		byClient.set(target.client, group);
		group[target.validateOnly ? 'check' : 'set'].push(target);
	}
	return [...byClient.values()].flatMap(({ check, set }) => [check, set]);
}

/**
 * Sends keys in bulk, each client's in batches. Never rejects: every target gets one verdict, and one
 * whose request failed the verdict of that failure.
 */
export async function sendKeys(
	targets: readonly KeyedTarget[],
	batchSize: number,
	limits: SendingLimits = {},
): Promise<Attempt[]> {
	const batches = groups(targets).flatMap((group) => chunk(group, batchSize));
	const run: Run = {
		splitsLeft: MOST_SPLITS,
		limits,
		// Answers may change places on their way, and one may echo the keys of another.
		secrets: new SecretFinder([...targets.map(({ psk }) => psk), ...(limits.others ?? [])]),
	};
	const sent = await mapLimit(batches, BATCHES_AT_A_TIME, async (batch) => sendBatch(batch, run));
	return sent.flat();
}

async function sendBatch(batch: readonly KeyedTarget[], run: Run): Promise<Attempt[]> {
	const { client, validateOnly } = batch[0]!;
	const psks = batch.map(({ tunnel, psk }) => ({ id: tunnel.id, psk }));
	try {
		const { secrets, limits } = run;
		const { sendBefore, sendBeforeDate } = limits;
		const verdicts = await setPsks(client, psks, {
			validateOnly,
			sendBefore,
			sendBeforeDate,
			secrets,
		});
		return batch.map((target) => ({
			target,
			psk: target.psk,
			verdict: verdictOn(verdicts.get(target.tunnel.id)),
		}));
	} catch (error) {
		const verdict = verdictOfError(error);
		if (batch.length === 1 || run.splitsLeft < 2 || !isAboutTheBody(error)) {
			return batch.map((target) => ({ target, psk: target.psk, verdict, error }));
		}
		run.splitsLeft -= 2;
		const half = Math.ceil(batch.length / 2);
		const first = await sendBatch(batch.slice(0, half), run);
		const second = await sendBatch(batch.slice(half), run);
		// Of what was not sent again only the refusal is known, and that may be untrue.
		return [...first, ...second].map((attempt) =>
			attempt.verdict.kind === 'notSent' ? { ...attempt, verdict, error } : attempt,
		);
	}
}

/** True for a refusal that one faulty key may have caused. */
function isAboutTheBody(error: unknown): boolean {
	if (!(error instanceof CallError) || error.failure.effect !== 'refused') return false;
	const { httpCode = '', code = -1 } = error.failure;
	return ['400', '413', '422'].includes(httpCode) && !ACCOUNT_CODES.has(code);
}

function verdictOn(said: PskSetVerdict | undefined): Verdict {
	switch (said?.kind) {
		case 'applied':
			return { kind: 'accepted', ipsecId: said.ipsec_id, lastGeneratedOn: said.last_generated_on };
		case 'unapplied':
			return { kind: 'refused', byName: true, reason: said.reason };
		default:
			return { kind: 'unclear', reason: said?.reason ?? 'Cloudflare did not mention the tunnel' };
	}
}
