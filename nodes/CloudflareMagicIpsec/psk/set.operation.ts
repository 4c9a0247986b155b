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
import { batchSizeOption, sendKeys } from '../keys/send';
import { settle } from './settle';
import { start } from './start';
import { resolveTargets } from './targets';

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
		timeoutOption,
		validateOnlyOption,
	]),
];

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
		(itemIndex) => givenKey(context, 'psk', itemIndex),
		(key) => key,
	);
	if (targets.length > 0) hintAtStorage(context);
	const keyed = targets.map(({ input: psk, ...target }) => ({ ...target, psk }));
	const attempts = await sendKeys(keyed, started.options.batchSize);
	const outcomes = await settle(attempts, 'given');
	return answer(context, ACTION, [...refused, ...outcomes], attempts);
}

export const set: Operation = {
	value: 'set',
	name: 'Set',
	action: 'Set keys',
	description: 'Set the keys of the items, live at once',
	properties,
	execute,
};
