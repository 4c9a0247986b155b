import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { lastGeneratedOn, neverHadPsk } from '../api/ipsecTunnels';
import type { IpsecTunnel } from '../api/types';
import { errorText, nodeError, stopError } from './errors';
import { mayHold } from './withheld';

export const DAY_MS = 86_400_000;

/**
 * Milliseconds since a tunnel's PSK was made; undefined while there is none. Never negative: a clock
 * that lags behind Cloudflare's makes no key from the future.
 */
export function pskAge(tunnel: IpsecTunnel, now: number): number | undefined {
	const made = Date.parse(lastGeneratedOn(tunnel) ?? '');
	return Number.isNaN(made) ? undefined : Math.max(0, now - made);
}

/**
 * True if a tunnel's PSK is at least so many days old, or was never made. Of one whose date is not told
 * nothing is known: it is due at 0 days only, which means whatever the age.
 */
export function isPskDue(tunnel: IpsecTunnel, days: number, now: number): boolean {
	const age = pskAge(tunnel, now) ?? (neverHadPsk(tunnel) ? Infinity : 0);
	return age >= days * DAY_MS;
}

/** Members of an item that are secrets wherever they stand. */
const SECRET_MEMBERS = ['psk'];

/** An input item that failed, and why. */
export interface FailedInput {
	itemIndex: number;
	error: unknown;
	/** What else is known of it, as a sentence. */
	note?: string;
}

/** An item of the output, paired with the input item that it comes from. */
export function itemOf(json: IDataObject, itemIndex: number): INodeExecutionData {
	return { json, pairedItem: { item: itemIndex } };
}

/**
 * The item for an input item that failed.
 *
 * For the error output n8n lays it over a copy of the input item, and it knows it by having no members
 * but `error`, `message` and `details`. An input that may hold a secret must not be copied there: n8n
 * copies none for an item that is paired by a number, the older form of pairing.
 *
 * @param facts what is known of the tunnel; on the error output they are in `details`
 * @param secrets what the item gave that nobody may see; `unknown` if that can't be told
 */
export function failedItem(
	context: IExecuteFunctions,
	{ itemIndex, error, note }: FailedInput,
	facts: IDataObject = {},
	secrets: () => readonly string[] | 'unknown' = () => [],
): INodeExecutionData {
	const text = [errorText(error), ...(note === undefined ? [] : [note])].join(' ');
	if (context.getNode().onError !== 'continueErrorOutput') {
		return itemOf({ error: text, ...facts }, itemIndex);
	}
	const json = { error: text, ...(Object.keys(facts).length > 0 ? { details: facts } : {}) };
	const known = secrets();
	const input = context.getInputData()[itemIndex]?.json;
	const isSafe = known !== 'unknown' && !mayHold(input, SECRET_MEMBERS, known);
	return isSafe ? itemOf(json, itemIndex) : { json, pairedItem: itemIndex };
}

/** The items of a run that may be sent, and those that may not. */
export interface Preparation<Prepared> {
	ready: Array<{ itemIndex: number; prepared: Prepared }>;
	faults: FailedInput[];
}

/**
 * Reads and checks all items before anything is sent.
 *
 * @param prepare reads one item and changes nothing
 * @throws NodeOperationError or NodeApiError in the default On Error mode if anything is wrong
 */
export async function prepareItems<Prepared>(
	context: IExecuteFunctions,
	prepare: (itemIndex: number) => Promise<Prepared>,
): Promise<Preparation<Prepared>> {
	const { ready, faults }: Preparation<Prepared> = { ready: [], faults: [] };
	for (let itemIndex = 0; itemIndex < context.getInputData().length; itemIndex++) {
		try {
			ready.push({ itemIndex, prepared: await prepare(itemIndex) });
		} catch (error) {
			faults.push({ itemIndex, error });
		}
	}
	if (faults.length > 0 && !context.continueOnFail()) {
		throw stopError(
			context.getNode(),
			faults.map(({ itemIndex, error }) => ({ subject: { itemIndex }, error })),
		);
	}
	return { ready, faults };
}

/**
 * Runs an operation that reads, for each item: first `prepare` for all of them, then `read` for one
 * after the other. A failing item becomes an item with `error` where the node's On Error says to
 * continue.
 *
 * @throws NodeOperationError or NodeApiError in the default On Error mode
 */
export async function readEach<Prepared>(
	context: IExecuteFunctions,
	prepare: (itemIndex: number) => Promise<Prepared>,
	read: (prepared: Prepared, itemIndex: number) => Promise<IDataObject[]>,
): Promise<INodeExecutionData[][]> {
	const { ready, faults } = await prepareItems(context, prepare);
	const results: INodeExecutionData[][] = [];
	for (const fault of faults) results[fault.itemIndex] = [failedItem(context, fault)];
	for (const { itemIndex, prepared } of ready) {
		try {
			const jsons = await read(prepared, itemIndex);
			results[itemIndex] = jsons.map((json) => itemOf(json, itemIndex));
		} catch (error) {
			if (!context.continueOnFail()) throw nodeError(context.getNode(), error, itemIndex);
			results[itemIndex] = [failedItem(context, { itemIndex, error })];
		}
	}
	return [results.flat()];
}
