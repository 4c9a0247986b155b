import type { IExecuteFunctions } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';
import type { CloudflareClient } from '../../api/client';
import { errorText, inputError, nodeError } from '../../shared/errors';
import { lastGeneratedOn } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import { Accounts } from '../../shared/accounts';
import { readFlag, validateOnlyOption } from '../../shared/options';
import type { TunnelReference } from '../../shared/tunnelLocator';
import { findTunnel, tunnelReference } from '../../shared/tunnelLocator';
import type { PskOutcome, Subject } from './outcome';

/** One tunnel whose PSK is to be changed, with all that is needed for it. */
export interface Target<Input> {
	itemIndex: number;
	client: CloudflareClient;
	/** The tunnel as it was before the first change. */
	tunnel: IpsecTunnel;
	validateOnly: boolean;
	/** What else the operation reads from the item. */
	input: Input;
}

export interface Plan<Input> {
	targets: Array<Target<Input>>;
	/** Outcomes of the items that can't be worked on; empty in the default On Error mode. */
	refused: PskOutcome[];
}

interface ReadItem<Input> {
	itemIndex: number;
	client: CloudflareClient;
	reference: TunnelReference;
	validateOnly: boolean;
	input: Input;
}

interface Fault {
	subject: Subject;
	error: unknown;
}

/** The subject of an outcome about a target. */
export function subjectOf(target: Target<unknown>): Subject {
	return {
		itemIndex: target.itemIndex,
		accountId: target.client.accountId,
		tunnelId: target.tunnel.id,
		tunnelName: target.tunnel.name,
		lastGeneratedOn: lastGeneratedOn(target.tunnel),
	};
}

function namedBy(reference: TunnelReference | undefined): Partial<Subject> {
	if (reference === undefined) return {};
	return reference.by === 'id' ? { tunnelId: reference.id } : { tunnelName: reference.name };
}

/**
 * Resolves and checks all items before anything is changed: parameters, the account's tunnels (one
 * list for each account), and that no tunnel is in two items.
 *
 * @param readInput reads what the operation needs besides the tunnel; throws NodeOperationError
 * @throws NodeOperationError or NodeApiError in the default On Error mode if anything is wrong
 */
export async function planRun<Input>(
	context: IExecuteFunctions,
	readInput: (itemIndex: number) => Input,
): Promise<Plan<Input>> {
	const accounts = new Accounts(context);
	const faults: Fault[] = [];
	const items: Array<ReadItem<Input>> = [];
	for (let itemIndex = 0; itemIndex < context.getInputData().length; itemIndex++) {
		let reference: TunnelReference | undefined;
		try {
			reference = tunnelReference(context, itemIndex);
			items.push({
				itemIndex,
				reference,
				validateOnly: readFlag(context, validateOnlyOption, itemIndex),
				input: readInput(itemIndex),
				client: await accounts.client(itemIndex),
			});
		} catch (error) {
			faults.push({ subject: { itemIndex, ...namedBy(reference) }, error });
		}
	}
	const targets: Array<Target<Input>> = [];
	const seen = new Map<string, number>();
	for (const item of items) {
		try {
			targets.push(await resolve(accounts, item, seen));
		} catch (error) {
			faults.push({
				subject: {
					itemIndex: item.itemIndex,
					accountId: item.client.accountId,
					...namedBy(item.reference),
				},
				error,
			});
		}
	}
	if (faults.length > 0 && !context.continueOnFail()) throw stopError(context, faults);
	return { targets, refused: faults.map(refusal) };
}

async function resolve<Input>(
	accounts: Accounts,
	item: ReadItem<Input>,
	seen: Map<string, number>,
): Promise<Target<Input>> {
	const node = accounts.context.getNode();
	const tunnels = await accounts.tunnels(item.client);
	const tunnel = findTunnel(node, tunnels, item.reference, item.itemIndex);
	const key = `${item.client.accountId} ${tunnel.id}`;
	const earlier = seen.get(key);
	if (earlier !== undefined) {
		throw inputError(
			node,
			'The tunnel is in more than one item',
			`Items ${earlier} and ${item.itemIndex} both name the tunnel '${tunnel.name}'. Only one key can be live: remove the others, for example with Remove Duplicates.`,
			item.itemIndex,
		);
	}
	seen.set(key, item.itemIndex);
	const { itemIndex, client, validateOnly, input } = item;
	return { itemIndex, client, validateOnly, input, tunnel };
}

function refusal({ subject, error }: Fault): PskOutcome {
	return { ...subject, status: 'unapplied', reason: errorText(error) };
}

/** The one error that stops a run before its first change, with all that is wrong. */
function stopError(context: IExecuteFunctions, faults: readonly Fault[]) {
	const sorted = [...faults].sort((a, b) => a.subject.itemIndex - b.subject.itemIndex);
	const first = sorted[0]!;
	const stopping = nodeError(context.getNode(), first.error, first.subject.itemIndex);
	if (stopping instanceof NodeApiError) return stopping;
	const others = sorted
		.slice(1)
		.map(({ subject, error }) => `Item ${subject.itemIndex}: ${errorText(error)}`);
	stopping.description = [stopping.description, ...others, 'Nothing was changed.']
		.filter((part) => typeof part === 'string' && part !== '')
		.join(' ');
	return stopping;
}
