import type { INodeProperties } from 'n8n-workflow';
import { CallError } from '../../api/failure';
import { setPsks } from '../../api/psks';
import { ACCOUNT_CODES } from '../../api/remedies';
import type { PskSetVerdict } from '../../api/types';
import { chunk, mapLimit } from '../../http/pool';
import type { Attempt, Verdict } from './attempt';
import { verdictOfError } from './attempt';
import type { Target } from './targets';

/** Requests of psk set that are under way at the same time. */
const BATCHES_AT_A_TIME = 10;

/**
 * Further requests that one refused batch may be split into, so that a key at fault is found and the
 * others are not held back: enough for six such keys among a thousand.
 */
const MOST_SPLITS = 120;

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
): Promise<Attempt[]> {
	const batches = groups(targets).flatMap((group) => chunk(group, batchSize));
	const sent = await mapLimit(batches, BATCHES_AT_A_TIME, async (batch) => {
		const splits = { left: MOST_SPLITS };
		return await sendBatch(batch, splits);
	});
	return sent.flat();
}

async function sendBatch(
	batch: readonly KeyedTarget[],
	splits: { left: number },
): Promise<Attempt[]> {
	const { client, validateOnly } = batch[0]!;
	const psks = batch.map(({ tunnel, psk }) => ({ id: tunnel.id, psk }));
	try {
		const verdicts = await setPsks(client, psks, { validateOnly });
		return batch.map((target) => ({
			target,
			psk: target.psk,
			verdict: verdictOn(verdicts.get(target.tunnel.id)),
		}));
	} catch (error) {
		if (batch.length > 1 && splits.left > 1 && isAboutTheBody(error)) {
			splits.left -= 2;
			const half = Math.ceil(batch.length / 2);
			const first = await sendBatch(batch.slice(0, half), splits);
			return [...first, ...(await sendBatch(batch.slice(half), splits))];
		}
		const verdict = verdictOfError(error);
		return batch.map((target) => ({ target, psk: target.psk, verdict, error }));
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
