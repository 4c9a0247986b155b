import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { clock } from '../../http/clock';
import { inputError, sentence } from '../../shared/errors';
import { inform } from '../../shared/hints';
import { isPskDue } from '../../shared/items';
import {
	accountIdOption,
	optionsCollection,
	readCount,
	readDays,
	timeoutOption,
} from '../../shared/options';
import type { Operation } from '../../shared/operation';
import { tunnelLocator } from '../../shared/tunnelLocator';
import { answer } from './answer';
import { hintAtStorage, requireUnsavedOption } from './guard';
import { DEFAULT_KEY_LENGTH, LONGEST_KEY, makeKey, SHORTEST_KEY } from '../keys/key';
import type { PskOutcome } from './outcome';
import type { KeyedTarget } from '../keys/send';
import { batchSizeOption, sendKeys } from '../keys/send';
import type { Target } from '../keys/target';
import { pendingKey, pendingKeyOption } from './pendingKey';
import { settle } from './settle';
import { start } from './start';
import { resolveTargets, subjectOf } from './targets';

const ACTION = 'prepare the PSKs';

const onlyOlderThanOption: INodeProperties = {
	displayName: 'Only Older Than (Days)',
	name: 'olderThanDays',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 90,
	description:
		'Make new keys only for tunnels whose key is at least this old or was never set. The others are skipped: they leave by no output. A pending key is used again whatever the age.',
};

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
	optionsCollection([
		accountIdOption,
		batchSizeOption,
		onlyOlderThanOption,
		pendingKeyOption,
		requireUnsavedOption,
		timeoutOption,
	]),
];

/** What an item says of its key. */
interface KeyWish {
	length: number;
	check: boolean;
	/** The key that the vault still holds; undefined if a new one is to be made. */
	pending: string | undefined;
	/** Days from which on a new one is to be made. */
	olderThanDays: number;
}

function readKeyWish(context: IExecuteFunctions, itemIndex: number): KeyWish {
	const length = context.getNodeParameter('keyLength', itemIndex) as unknown;
	if (
		typeof length === 'number' &&
		Number.isInteger(length) &&
		length >= SHORTEST_KEY &&
		length <= LONGEST_KEY
	) {
		const { name, displayName } = onlyOlderThanOption;
		return {
			length,
			check: context.getNodeParameter('checkWithCloudflare', itemIndex) !== false,
			pending: pendingKey(context, itemIndex),
			olderThanDays: readDays(context, `options.${name}`, `option '${displayName}'`, itemIndex),
		};
	}
	throw inputError(
		context.getNode(),
		"The parameter 'Key Length' can't be used",
		`Give a whole number from ${SHORTEST_KEY} to ${LONGEST_KEY}.`,
		itemIndex,
	);
}

/** True unless a tunnel is to be left out: a key that may be live already is always seen to. */
function isWanted({ tunnel, input }: Target & { input: KeyWish }, now: number): boolean {
	return input.pending !== undefined || isPskDue(tunnel, input.olderThanDays, now);
}

/** What is to be known of an outcome about a key that the vault still held. */
function asPending(outcome: PskOutcome): PskOutcome {
	switch (outcome.status) {
		case 'prepared':
		case 'validated':
			return { ...outcome, isPending: true };
		case 'unapplied':
			return {
				...outcome,
				reason: `${sentence(outcome.reason)} The pending key may be live already: keep it in the vault.`,
			};
		default:
			return outcome;
	}
}

function hintAtSkipped(context: IExecuteFunctions, skipped: number, all: number): void {
	if (skipped === 0) return;
	inform(
		context,
		`${skipped} of ${all} tunnels were skipped: their keys are younger than '${onlyOlderThanOption.displayName}' says, or Cloudflare does not tell their dates, and no key of theirs is pending.`,
	);
}

/**
 * Prepare: makes a key for each tunnel without setting it, so that a vault can hold the key before
 * Cloudflare does. A key that the vault still holds of a run that was cut off is used again.
 */
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
		(itemIndex) => readKeyWish(context, itemIndex),
		({ pending }) => pending,
	);
	const now = clock.now();
	const wanted = targets.filter((target) => isWanted(target, now));
	if (wanted.length > 0) hintAtStorage(context);
	hintAtSkipped(context, targets.length - wanted.length, targets.length);
	const toCheck: KeyedTarget[] = [];
	const prepared: PskOutcome[] = [];
	for (const { input, ...target } of wanted) {
		const psk = input.pending ?? makeKey(input.length);
		if (input.check) toCheck.push({ ...target, psk, validateOnly: true });
		else prepared.push({ ...subjectOf(target), status: 'prepared', psk });
	}
	const attempts = await sendKeys(toCheck, started.options.batchSize);
	const checked = await settle(attempts, 'made');
	const pending = new Set(
		wanted.filter(({ input }) => input.pending !== undefined).map(({ itemIndex }) => itemIndex),
	);
	const outcomes = [...prepared, ...checked].map((outcome) =>
		pending.has(outcome.itemIndex) ? asPending(outcome) : outcome,
	);
	return answer(context, ACTION, [...refused, ...outcomes], attempts);
}

export const prepare: Operation = {
	value: 'prepare',
	name: 'Prepare',
	action: 'Prepare keys',
	description: 'Make new keys here and store them before they are set',
	properties,
	execute,
};
