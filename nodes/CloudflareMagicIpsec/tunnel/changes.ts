import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
} from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import type { CloudflareClient } from '../../api/client';
import { effectOf } from '../../api/failure';
import { inputError, nodeError } from '../../shared/errors';
import { warn } from '../../shared/hints';
import type { Preparation } from '../../shared/items';
import { failedItem, itemOf, prepareItems } from '../../shared/items';
import { secretsGiven } from './fields/read';

/** An item that is ready to be sent. */
export interface Ready {
	client: CloudflareClient;
	validateOnly: boolean;
	/** The tunnel, as far as it is known before it is sent. */
	tunnel: { id?: string; name?: string };
}

/** Whether something was changed at Cloudflare; `maybe` if that can't be told. */
export type Changed = boolean | 'maybe';

/** What became of one item. */
export type Outcome =
	| { kind: 'done'; changed: Changed; json: IDataObject }
	| {
			kind: 'failed';
			changed: Changed;
			error: unknown;
			/** What a look afterwards shows, as a sentence, and the facts of it. */
			note?: string;
			facts?: IDataObject;
	  };

/** What makes one operation that changes tunnels different from the others. */
export interface ChangeOperation<Prepared extends Ready> {
	/** Reads and checks one item; changes nothing. */
	prepare(itemIndex: number): Promise<Prepared>;
	/** Makes the change, or has it checked. What it throws counts as a failure of the item. */
	change(prepared: Prepared, itemIndex: number): Promise<Outcome>;
	/** The collection of parameters in which an item may give secrets. */
	collection?: INodeProperties;
	/** True if many items go in one request, so that none can be held back for what happened to another. */
	isTogether?: true;
}

/** The outcome of an item that failed and changed nothing. */
export function refused(error: unknown): Outcome {
	return { kind: 'failed', changed: false, error };
}

/** True if what failed may have changed something: not where the input was refused before it was sent. */
export function isUncertain(error: unknown): boolean {
	return !(error instanceof NodeOperationError) && effectOf(error) === 'unknown';
}

/** The servers that were found to make changes which they were only to check. */
class Disobedience {
	private readonly found = new Set<string>();

	note({ client, validateOnly }: Ready, { changed }: Outcome): void {
		if (validateOnly && changed !== false) this.found.add(client.accountKey);
	}

	/** @throws NodeOperationError if an item must not be sent to its server */
	refuse(context: IExecuteFunctions, { client, validateOnly }: Ready, itemIndex: number): void {
		if (!validateOnly || !this.found.has(client.accountKey)) return;
		throw inputError(
			context.getNode(),
			'The item was not sent',
			"An item before this one was changed, or may have been, although 'Validate Only' is on.",
			itemIndex,
		);
	}
}

/** What became of an item, with what is known of its tunnel. */
interface ItemOutcome {
	itemIndex: number;
	outcome: Outcome;
	validateOnly: boolean;
	tunnel: IDataObject;
}

/**
 * Runs an operation that changes tunnels: everything is checked before the first change, and after
 * it every item ends as an item and nothing throws.
 *
 * @throws NodeOperationError or NodeApiError in the default On Error mode, as long as nothing was
 * changed
 */
export async function changeTunnels<Prepared extends Ready>(
	context: IExecuteFunctions,
	operation: ChangeOperation<Prepared>,
): Promise<INodeExecutionData[][]> {
	const { ready, faults } = await prepareItems(
		context,
		async (itemIndex) => await operation.prepare(itemIndex),
	);
	const unsent = faults.map(
		({ itemIndex, error }): ItemOutcome => ({
			itemIndex,
			outcome: refused(error),
			validateOnly: false,
			tunnel: {},
		}),
	);
	const outcomes = [...unsent, ...(await changeAll(context, operation, ready))];
	hintAt(context, outcomes);
	const items = outcomes
		.sort((a, b) => a.itemIndex - b.itemIndex)
		.map((outcome) => toItem(context, outcome, operation.collection));
	return [items];
}

/** Makes the changes of all items, one after the other; throws only while nothing was changed. */
async function changeAll<Prepared extends Ready>(
	context: IExecuteFunctions,
	operation: ChangeOperation<Prepared>,
	ready: Preparation<Prepared>['ready'],
): Promise<ItemOutcome[]> {
	const disobedience = new Disobedience();
	const outcomes: ItemOutcome[] = [];
	for (const { itemIndex, prepared } of ready) {
		const outcome = await outcomeOf(async () => {
			if (operation.isTogether !== true) disobedience.refuse(context, prepared, itemIndex);
			return await operation.change(prepared, itemIndex);
		});
		disobedience.note(prepared, outcome);
		const { validateOnly, client } = prepared;
		const tunnel = { ...prepared.tunnel, account_id: client.accountId };
		outcomes.push({ itemIndex, outcome, validateOnly, tunnel });
		if (outcome.kind === 'failed' && !context.continueOnFail() && nothingChangedIn(outcomes)) {
			throw nodeError(context.getNode(), outcome.error, itemIndex);
		}
	}
	return outcomes;
}

function nothingChangedIn(outcomes: readonly ItemOutcome[]): boolean {
	return outcomes.every(({ outcome: { changed } }) => changed === false);
}

function toItem(
	context: IExecuteFunctions,
	{ itemIndex, outcome, tunnel }: ItemOutcome,
	collection: INodeProperties | undefined,
): INodeExecutionData {
	if (outcome.kind === 'done') return itemOf(outcome.json, itemIndex);
	const { error, note, changed, facts } = outcome;
	return failedItem(
		context,
		{ itemIndex, error, note },
		{ ...tunnel, may_have_changed: changed !== false, ...facts },
		() => secretsGiven(context, collection, itemIndex),
	);
}

async function outcomeOf(change: () => Promise<Outcome>): Promise<Outcome> {
	try {
		return await change();
	} catch (error) {
		return isUncertain(error) ? { kind: 'failed', changed: 'maybe', error } : refused(error);
	}
}

function hintAt(context: IExecuteFunctions, outcomes: readonly ItemOutcome[]): void {
	const failed = outcomes.filter(({ outcome: { kind } }) => kind === 'failed').length;
	// In the default On Error mode nothing else tells that some items failed.
	if (failed > 0 && !context.continueOnFail()) {
		warn(
			context,
			`${failed} of ${outcomes.length} items failed, and that did not stop the run, because something was changed already. In these items, 'error' says why, and 'may_have_changed' whether the tunnel may have been changed.`,
		);
	}
	const disobeyed = outcomes.filter(
		({ outcome: { changed }, validateOnly }) => validateOnly && changed !== false,
	).length;
	if (disobeyed > 0) {
		warn(
			context,
			`'Validate Only' is on, and of ${disobeyed} of ${outcomes.length} items it is not certain that nothing was changed. Their fields 'message' or 'error' say what is known.`,
		);
	}
}
