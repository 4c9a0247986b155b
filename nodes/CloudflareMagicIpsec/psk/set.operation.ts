import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import {
	accountIdOption,
	optionsCollection,
	readCount,
	timeoutOption,
	validateOnlyOption,
} from '../../shared/options';
import type { Operation } from '../../shared/operation';
import { tunnelLocator } from '../../shared/tunnelLocator';
import { answer } from './answer';
import { allowLiteralOption, givenKey } from './givenKey';
import { hintAtStorage, requireUnsavedOption } from './guard';
import type { KeyedTarget } from '../keys/send';
import { batchSizeOption, sendKeys } from '../keys/send';
import type { PskOutcome } from './outcome';
import { settle } from './settle';
import { start } from './start';
import { storedOption, storingFault } from './stored';
import { resolveTargets, subjectOf } from './targets';

const ACTION = 'set the PSKs';

const properties: INodeProperties[] = [
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
		storedOption,
		timeoutOption,
		validateOnlyOption,
	]),
];

/** The key of an item, or why the vault does not hold it. */
type Giving = { key: string } | { unstored: string };

/** A key that was not stored is not looked at: the item may be no more than the vault's refusal. */
function readGiving(context: IExecuteFunctions, itemIndex: number): Giving {
	const unstored = storingFault(context, itemIndex);
	return unstored === undefined ? { key: givenKey(context, 'psk', itemIndex) } : { unstored };
}

/** Set: gives tunnels the keys of the items, all items of an account in bulk. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const started = start(
		context,
		ACTION,
		() => undefined,
		() => ({ batchSize: readCount(context, batchSizeOption) }),
	);
	if (!started.ok) return started.outputs;
	const { targets, refused } = await resolveTargets(
		context,
		(itemIndex) => readGiving(context, itemIndex),
		(giving) => ('key' in giving ? giving.key : undefined),
	);
	if (targets.length > 0) hintAtStorage(context);
	const keyed: KeyedTarget[] = [];
	const unstored: PskOutcome[] = [];
	for (const { input, ...target } of targets) {
		if ('key' in input) keyed.push({ ...target, psk: input.key });
		else unstored.push({ ...subjectOf(target), status: 'unapplied', reason: input.unstored });
	}
	const attempts = await sendKeys(keyed, started.options.batchSize);
	const outcomes = await settle(attempts, 'given');
	return answer(context, ACTION, [...refused, ...unstored, ...outcomes], attempts);
}

export const set: Operation = {
	value: 'set',
	name: 'Set',
	action: 'Set keys',
	description: 'Set the keys of the items, live at once',
	properties,
	execute,
};
