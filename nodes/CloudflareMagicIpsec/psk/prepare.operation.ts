import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { inputError } from '../../shared/errors';
import { accountIdOption, optionsCollection, readCount, timeoutOption } from '../../shared/options';
import type { Operation } from '../../shared/operation';
import { tunnelLocator } from '../../shared/tunnelLocator';
import { answer } from './answer';
import { hintAtStorage, requireUnsavedOption } from './guard';
import { DEFAULT_KEY_LENGTH, LONGEST_KEY, makeKey, SHORTEST_KEY } from '../keys/key';
import type { PskOutcome } from './outcome';
import type { KeyedTarget } from '../keys/send';
import { batchSizeOption, sendKeys } from '../keys/send';
import { settle } from './settle';
import { start } from './start';
import { resolveTargets, subjectOf } from './targets';

const ACTION = 'prepare the PSKs';

const properties: INodeProperties[] = [
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
];

/** What an item says of its key. */
interface KeyWish {
	length: number;
	check: boolean;
}

function readKeyWish(context: IExecuteFunctions, itemIndex: number): KeyWish {
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

/**
 * Prepare: makes a key for each tunnel without setting it, so that a vault can hold the key before
 * Cloudflare does.
 */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const started = start(
		context,
		ACTION,
		() => undefined,
		() => ({ batchSize: readCount(context, batchSizeOption) }),
	);
	if (!started.ok) return started.outputs;
	const { targets, refused } = await resolveTargets(context, (itemIndex) =>
		readKeyWish(context, itemIndex),
	);
	if (targets.length > 0) hintAtStorage(context);
	const toCheck: KeyedTarget[] = [];
	const prepared: PskOutcome[] = [];
	for (const { input, ...target } of targets) {
		const psk = makeKey(input.length);
		if (input.check) toCheck.push({ ...target, psk, validateOnly: true });
		else prepared.push({ ...subjectOf(target), status: 'prepared', psk });
	}
	const attempts = await sendKeys(toCheck, started.options.batchSize);
	const checked = await settle(attempts, 'made');
	return answer(context, ACTION, [...refused, ...prepared, ...checked], attempts);
}

export const prepare: Operation = {
	value: 'prepare',
	name: 'Prepare',
	action: 'Prepare keys',
	description: 'Make new keys here and store them before they are set',
	properties,
	execute,
};
