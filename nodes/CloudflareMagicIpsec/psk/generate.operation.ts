import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { errorText } from '../../shared/errors';
import { generatePsk } from '../../api/psks';
import {
	accountIdOption,
	optionsCollection,
	shownFor,
	timeoutOption,
	validateOnlyOption,
} from '../../shared/options';
import { tunnelLocator } from '../../shared/tunnelLocator';
import { requireUnsavedOption, retryFault } from './guard';
import type { PskOutcome } from './outcome';
import type { Target } from './plan';
import { subjectOf } from './plan';
import { mapLimit } from '../../http/pool';
import type { FailureLog } from './run';
import { countFault, readCount, runPskOperation } from './run';

const concurrencyOption: INodeProperties = {
	displayName: 'Concurrency',
	name: 'concurrency',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 20 },
	default: 4,
	description: 'How many tunnels are worked on at the same time',
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
		timeoutOption,
		validateOnlyOption,
	]),
]);

async function generateOne(target: Target<undefined>, failures: FailureLog): Promise<PskOutcome> {
	const { client, tunnel, validateOnly } = target;
	const subject = subjectOf(target);
	try {
		const made = await generatePsk(client, tunnel.id, { validateOnly });
		// A key in the answer to a check is not live, so it is not taken for one.
		if (validateOnly) return { ...subject, status: 'validated' };
		return {
			...subject,
			ipsecId: made.ipsec_id,
			lastGeneratedOn: made.last_generated_on,
			status: 'applied',
			psk: made.psk ?? '',
			verified: false,
		};
	} catch (error) {
		const outcome = failures.outcome(target, error);
		return validateOnly ? { ...subject, status: 'unapplied', reason: errorText(error) } : outcome;
	}
}

/** Generate: Cloudflare makes a new key for each tunnel, one call for each. */
export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await runPskOperation(context, {
		action: 'generate the PSKs',
		readInput: () => undefined,
		keyOf: () => undefined,
		changesKeys: true,
		startFault: () => retryFault(context) ?? countFault(context, concurrencyOption),
		apply: async (targets, failures) =>
			await mapLimit(
				targets,
				readCount(context, concurrencyOption),
				async (target) => await generateOne(target, failures),
			),
	});
}
