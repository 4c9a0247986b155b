import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import type { PskSetVerdict } from '../../api/types';
import {
	accountIdOption,
	optionsCollection,
	shownFor,
	timeoutOption,
	validateOnlyOption,
} from '../../shared/options';
import { tunnelLocator } from '../../shared/tunnelLocator';
import type { KeyedTarget } from './batches';
import { batchSizeOption, sendKeys } from './batches';
import { requireUnsavedOption } from './guard';
import type { PskOutcome } from './outcome';
import { allowLiteralOption, readKey } from './outcome';
import { subjectOf } from './plan';
import { countFault, readCount, runPskOperation } from './run';

export const description: INodeProperties[] = shownFor('psk', 'set', [
	{
		...tunnelLocator,
		default: { mode: 'id', value: '={{ $json.ipsec_tunnel_id }}' },
	},
	{
		displayName: 'Pre-Shared Key',
		name: 'psk',
		type: 'string',
		typeOptions: { password: true },
		required: true,
		default: '={{ $json.psk }}',
		description:
			'The key to set, by an expression from the item: a key that is typed in here would be stored in the workflow',
	},
	optionsCollection([
		accountIdOption,
		allowLiteralOption,
		batchSizeOption,
		requireUnsavedOption,
		timeoutOption,
		validateOnlyOption,
	]),
]);

/** The outcome of a key that Cloudflare gave a verdict on. */
function judge({ target, psk, validateOnly }: KeyedTarget, verdict: PskSetVerdict): PskOutcome {
	const subject = subjectOf(target);
	if (verdict.kind === 'unapplied')
		return { ...subject, status: 'unapplied', reason: verdict.reason };
	if (validateOnly) return { ...subject, status: 'validated' };
	if (verdict.kind === 'unclear') {
		return { ...subject, status: 'unknown', psk, reason: verdict.reason };
	}
	return {
		...subject,
		ipsecId: verdict.ipsec_id,
		lastGeneratedOn: verdict.last_generated_on,
		status: 'applied',
		psk,
		verified: false,
	};
}

/** Set: gives tunnels the keys of the items, all items of an account in bulk. */
export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await runPskOperation(context, {
		action: 'set the PSKs',
		readInput: readKey,
		keyOf: (psk) => psk,
		changesKeys: true,
		startFault: () => countFault(context, batchSizeOption),
		apply: async (targets, failures) =>
			await sendKeys(
				targets.map((target) => ({
					target,
					psk: target.input,
					validateOnly: target.validateOnly,
				})),
				readCount(context, batchSizeOption),
				failures,
				judge,
			),
	});
}
