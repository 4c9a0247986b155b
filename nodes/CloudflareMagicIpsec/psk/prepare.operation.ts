import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { inputError } from '../../shared/errors';
import { accountIdOption, optionsCollection, shownFor, timeoutOption } from '../../shared/options';
import { tunnelLocator } from '../../shared/tunnelLocator';
import { batchSizeOption, sendKeys } from './batches';
import { requireUnsavedOption } from './guard';
import { DEFAULT_KEY_LENGTH, LONGEST_KEY, makeKey, SHORTEST_KEY } from './key';
import type { PskOutcome } from './outcome';
import type { Target } from './plan';
import { subjectOf } from './plan';
import { countFault, readCount, runPskOperation } from './run';

export const description: INodeProperties[] = shownFor('psk', 'prepare', [
	tunnelLocator,
	{
		displayName: 'Key Length',
		name: 'keyLength',
		type: 'number',
		typeOptions: { minValue: SHORTEST_KEY, maxValue: LONGEST_KEY },
		default: DEFAULT_KEY_LENGTH,
		description: 'Number of characters from A-Z, a-z and 0-9, never beginning with 0 (24 to 64)',
	},
	{
		displayName: 'Check With Cloudflare',
		name: 'checkWithCloudflare',
		type: 'boolean',
		default: true,
		description: 'Whether to have Cloudflare check the key for the tunnel, without setting it',
	},
	optionsCollection([accountIdOption, batchSizeOption, requireUnsavedOption, timeoutOption]),
]);

interface Wish {
	length: number;
	check: boolean;
}

function readWish(context: IExecuteFunctions, itemIndex: number): Wish {
	const length = context.getNodeParameter('keyLength', itemIndex) as unknown;
	if (
		typeof length === 'number' &&
		Number.isInteger(length) &&
		length >= SHORTEST_KEY &&
		length <= LONGEST_KEY
	) {
		return {
			length,
			check: context.getNodeParameter('checkWithCloudflare', itemIndex) !== false,
		};
	}
	throw inputError(
		context.getNode(),
		"The parameter 'Key Length' can't be used",
		`Give a whole number from ${SHORTEST_KEY} to ${LONGEST_KEY}.`,
		itemIndex,
	);
}

function prepared(target: Target<Wish>): PskOutcome {
	return { ...subjectOf(target), status: 'prepared', psk: makeKey(target.input.length) };
}

/**
 * Prepare: makes a key for each tunnel without setting it, so that a vault can hold the key before
 * Cloudflare does.
 */
export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await runPskOperation(context, {
		action: 'prepare the PSKs',
		readInput: readWish,
		keyOf: () => undefined,
		changesKeys: false,
		startFault: () => countFault(context, batchSizeOption),
		apply: async (targets, failures) => {
			const checked = await sendKeys(
				targets
					.filter(({ input }) => input.check)
					.map((target) => ({ target, psk: makeKey(target.input.length), validateOnly: true })),
				readCount(context, batchSizeOption),
				failures,
				({ target, psk }, verdict) =>
					verdict.kind === 'unapplied'
						? { ...subjectOf(target), status: 'unapplied', reason: verdict.reason }
						: { ...subjectOf(target), status: 'validated', psk },
			);
			return [...checked, ...targets.filter(({ input }) => !input.check).map(prepared)];
		},
	});
}
