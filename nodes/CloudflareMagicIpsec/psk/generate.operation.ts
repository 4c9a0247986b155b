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
import { generateKeys } from './generateKeys';
import { hintAtStorage, requireUnsavedOption, retryFault } from './guard';
import { settle } from './settle';
import { start } from './start';
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
		'After this many keys whose outcome is not known, such as by a lost answer, no further key is generated. No more than this are under way at the same time.',
};

const properties: INodeProperties[] = [
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
];

/** Generate: Cloudflare makes a new key for each tunnel, one call for each. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
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
	const attempts = await generateKeys(targets, concurrency, stopAfter);
	const outcomes = await settle(attempts, 'answered');
	return answer(context, ACTION, [...refused, ...outcomes], attempts);
}

export const generate: Operation = {
	value: 'generate',
	name: 'Generate',
	action: 'Generate keys',
	description: 'Have Cloudflare make new keys, live at once',
	properties,
	execute,
};
