import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { generatePsk, pskIn } from '../../api/psks';
import {
	accountIdOption,
	optionsCollection,
	readCount,
	shownFor,
	timeoutOption,
	validateOnlyOption,
} from '../../shared/options';
import { tunnelLocator } from '../../shared/tunnelLocator';
import { answer } from './answer';
import type { Attempt } from './attempt';
import { verdictOfError } from './attempt';
import { hintAtStorage, requireUnsavedOption, retryFault } from './guard';
import { settle } from './settle';
import { start } from './start';
import type { Target } from './targets';
import { resolveTargets } from './targets';

const ACTION = 'generate the PSKs';

const concurrencyOption: INodeProperties = {
	displayName: 'Concurrency',
	name: 'concurrency',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 20 },
	default: 4,
	description: 'How many tunnels are worked on at the same time, at most',
};

const stopAfterUnknownOption: INodeProperties = {
	displayName: 'Stop After Unknown',
	name: 'stopAfterUnknown',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 100 },
	default: 3,
	description:
		'After this many keys in a row whose answer was lost, no further key is generated. No more than this are under way at the same time.',
};

export const description: INodeProperties[] = shownFor('psk', 'generate', [
	{
		displayName:
			"Cloudflare makes the key and shows it once: if n8n stops before the next node has stored it, it is lost. 'Prepare', a vault and then 'Set' survive that.",
		name: 'generateNotice',
		type: 'notice',
		default: '',
	},
	tunnelLocator,
	optionsCollection([
		accountIdOption,
		concurrencyOption,
		requireUnsavedOption,
		stopAfterUnknownOption,
		timeoutOption,
		validateOnlyOption,
	]),
]);

/** Generate: Cloudflare makes a new key for each tunnel, one call for each. */
export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const started = start(
		context,
		ACTION,
		() => retryFault(context),
		() => ({
			concurrency: readCount(context, concurrencyOption),
			stopAfter: readCount(context, stopAfterUnknownOption),
		}),
	);
	if (!started.ok) return started.outputs;
	const { targets, refused } = await resolveTargets(context, () => undefined);
	if (targets.length > 0) hintAtStorage(context);
	const { concurrency, stopAfter } = started.options;
	const attempts = await generateAll(targets, concurrency, stopAfter);
	const outcomes = await settle(attempts, false);
	return answer(context, ACTION, [...refused, ...outcomes], attempts);
}

/**
 * Generates a key for each target, several at a time, until `stopAfter` answers in a row were lost:
 * something on the way back eats them, and every further key would be lost as well. Those that are
 * under way count as lost while they are, so that never more than `stopAfter` are.
 */
async function generateAll(
	targets: readonly Target[],
	concurrency: number,
	stopAfter: number,
): Promise<Attempt[]> {
	const attempts: Attempt[] = [];
	const running = new Set<Promise<void>>();
	const waiting = [...targets].reverse();
	let lost = 0;
	const run = async (target: Target) => {
		const attempt = await generateOne(target);
		attempts.push(attempt);
		if (attempt.verdict.kind === 'unclear') lost += 1;
		else if (attempt.verdict.kind === 'accepted') lost = 0;
	};
	while (waiting.length > 0 && lost < stopAfter) {
		if (running.size < Math.min(concurrency, stopAfter - lost)) {
			const started: Promise<void> = run(waiting.pop()!).finally(() => running.delete(started));
			running.add(started);
		} else {
			await Promise.race(running);
		}
	}
	await Promise.all(running);
	const reason = `The answers for ${lost} tunnels in a row were lost, so no further key was generated. Find out what loses them (a proxy, a gateway, a time-out) before you run this again.`;
	const rest = waiting.map((target): Attempt => ({ target, verdict: { kind: 'notSent', reason } }));
	return [...attempts, ...rest];
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
