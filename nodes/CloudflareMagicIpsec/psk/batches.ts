import type { INodeProperties } from 'n8n-workflow';
import { setPsks } from '../../api/psks';
import type { PskSetVerdict } from '../../api/types';
import { chunk, mapLimit } from '../../http/pool';
import type { PskOutcome } from './outcome';
import type { Target } from './plan';
import type { FailureLog } from './run';

/** Requests of psk set that are under way at the same time. */
const BATCHES_AT_A_TIME = 10;

export const batchSizeOption: INodeProperties = {
	displayName: 'Batch Size',
	name: 'batchSize',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 1000 },
	default: 100,
	description: 'How many keys go to Cloudflare in one request',
};

/** A target with the key that is to be sent for it. */
export interface KeyedTarget {
	target: Target<unknown>;
	psk: string;
	/** Have Cloudflare check the key and not set it. */
	validateOnly: boolean;
}

function groups(entries: readonly KeyedTarget[]): KeyedTarget[][] {
	const byRequest = new Map<string, KeyedTarget[]>();
	for (const entry of entries) {
		const key = `${entry.target.client.accountId} ${entry.validateOnly}`;
		const group = byRequest.get(key);
		if (group === undefined) byRequest.set(key, [entry]);
		else group.push(entry);
	}
	return [...byRequest.values()];
}

/**
 * Sends keys in bulk, each account's in batches, and turns every verdict into an outcome. Never
 * rejects: a batch whose request failed gives each of its targets the outcome of that failure.
 *
 * @param judge the outcome of a target that Cloudflare gave a verdict on
 */
export async function sendKeys(
	entries: readonly KeyedTarget[],
	batchSize: number,
	failures: FailureLog,
	judge: (entry: KeyedTarget, verdict: PskSetVerdict) => PskOutcome,
): Promise<PskOutcome[]> {
	const batches = groups(entries).flatMap((group) => chunk(group, batchSize));
	const outcomes = await mapLimit(batches, BATCHES_AT_A_TIME, async (batch) => {
		const { target, validateOnly } = batch[0]!;
		try {
			const psks = batch.map((entry) => ({ id: entry.target.tunnel.id, psk: entry.psk }));
			const verdicts = await setPsks(target.client, psks, { validateOnly });
			return batch.map((entry) => judge(entry, verdicts.get(entry.target.tunnel.id)!));
		} catch (error) {
			return batch.map((entry) => failures.outcome(entry.target, error, entry.psk));
		}
	});
	return outcomes.flat();
}
