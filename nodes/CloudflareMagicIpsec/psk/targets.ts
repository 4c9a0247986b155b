import type { IExecuteFunctions, NodeOperationError } from 'n8n-workflow';
import { CallError } from '../../api/failure';
import { lastGeneratedOn } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import { text } from '../../http/json';
import { SecretFinder } from '../../http/secrets';
import { Accounts } from '../../shared/accounts';
import { errorText, inputError, stopError } from '../../shared/errors';
import { readFlag, validateOnlyOption } from '../../shared/options';
import { sourceAt, workedOut } from '../../shared/source';
import type { TunnelReference } from '../../shared/tunnelLocator';
import { findTunnel, tunnelReference } from '../../shared/tunnelLocator';
import { textsIn } from '../../shared/withheld';
import type { Target } from '../keys/target';
import type { PskOutcome, Subject } from './outcome';

/** What the items name, before anything is changed. */
export interface Targets<Input> {
	/** With what else the operation reads from the item. */
	targets: Array<Target & { input: Input }>;
	/** Outcomes of the items that can't be worked on; empty in the default On Error mode. */
	refused: PskOutcome[];
}

interface ReadItem<Input> extends Omit<Target, 'tunnel'> {
	reference: TunnelReference;
	input: Input;
	/** The keys that the item is known to hold. */
	keys: string[];
}

interface Fault {
	subject: Subject;
	error: unknown;
}

/** The subject of an outcome about a target. */
export function subjectOf(target: Target): Subject {
	return {
		itemIndex: target.itemIndex,
		accountId: target.client.accountId,
		tunnelId: target.tunnel.id,
		tunnelName: target.tunnel.name,
		lastGeneratedOn: lastGeneratedOn(target.tunnel),
	};
}

/** The item's tunnel as far as its parameters tell, for an outcome that says why nothing was done. */
function subjectOfItem(context: IExecuteFunctions, itemIndex: number): Subject {
	try {
		const reference = tunnelReference(context, itemIndex);
		return { itemIndex, ...namedBy(reference, keysOfItem(context, itemIndex)) };
	} catch {
		return { itemIndex };
	}
}

/** Parameters by which an item may give a key. */
const KEY_PARAMETERS = ['psk', 'options.pendingKey'];

/** The keys that an item gives, right or wrong. */
function keysGiven(context: IExecuteFunctions, itemIndex: number): string[] {
	return KEY_PARAMETERS.flatMap((path) => {
		const source = sourceAt(context, path, itemIndex);
		const worked = source === undefined ? 'failed' : workedOut(source);
		return worked === 'failed' ? [] : textsIn(worked.value);
	});
}

/** @param key of the item, where it was read; else whatever the item gives for one counts */
function keysOfItem(context: IExecuteFunctions, itemIndex: number, key?: string): string[] {
	const own = text(context.getInputData()[itemIndex]?.json.psk);
	const given = key === undefined ? keysGiven(context, itemIndex) : [key];
	return own === undefined ? given : [...given, own];
}

/** How an item names its tunnel; nothing if somebody has put the key there. */
function namedBy(reference: TunnelReference, keys: readonly string[]): Partial<Subject> {
	const value = reference.by === 'id' ? reference.id : reference.name;
	if (new SecretFinder(keys).isIn(value)) return {};
	return reference.by === 'id' ? { tunnelId: value } : { tunnelName: value };
}

/** The outcome of every item of a run that can't start. */
export function allRefused(context: IExecuteFunctions, error: unknown): PskOutcome[] {
	const reason = errorText(error);
	return context.getInputData().map((_, itemIndex) => ({
		...subjectOfItem(context, itemIndex),
		status: 'unapplied',
		reason,
	}));
}

/**
 * Resolves and checks all items before anything is changed: parameters, credentials, the accounts'
 * tunnels (one list for each), and that no tunnel is in two items.
 *
 * @param readInput reads what the operation needs besides the tunnel; throws NodeOperationError
 * @param keyIn the key in that, if it holds one
 * @throws NodeOperationError or NodeApiError in the default On Error mode if anything is wrong
 */
export async function resolveTargets<Input>(
	context: IExecuteFunctions,
	readInput: (itemIndex: number) => Input,
	keyIn: (input: Input) => string | undefined = () => undefined,
): Promise<Targets<Input>> {
	const accounts = new Accounts(context);
	const faults: Fault[] = [];
	const items: Array<ReadItem<Input>> = [];
	for (let itemIndex = 0; itemIndex < context.getInputData().length; itemIndex++) {
		try {
			const reference = tunnelReference(context, itemIndex);
			const validateOnly = readFlag(context, validateOnlyOption, itemIndex);
			const input = readInput(itemIndex);
			const client = await accounts.client(itemIndex);
			const keys = keysOfItem(context, itemIndex, keyIn(input));
			refuseKeyAsAccount(context, itemIndex, client.accountId, keys);
			items.push({ itemIndex, reference, validateOnly, input, client, keys });
		} catch (error) {
			faults.push({ subject: subjectOfItem(context, itemIndex), error });
		}
	}
	const targets: Targets<Input>['targets'] = [];
	const seen = new Map<string, number>();
	for (const { reference, keys, ...item } of items) {
		try {
			const tunnel = await find(accounts, reference, item);
			refuseSecond(context, { ...item, tunnel }, seen);
			targets.push({ ...item, tunnel });
		} catch (error) {
			const { itemIndex, client } = item;
			const named = namedBy(reference, keys);
			const subject = { itemIndex, accountId: client.accountId, ...named };
			// The words on a failed list are not about what the item holds.
			const mayBeShown = Object.keys(named).length > 0 || error instanceof CallError;
			faults.push({ subject, error: mayBeShown ? error : keyAsTunnel(context, itemIndex) });
		}
	}
	if (faults.length > 0 && !context.continueOnFail()) throw stopError(context.getNode(), faults);
	return { targets, refused: faults.map(refusal) };
}

/** @throws NodeOperationError if somebody has put the item's key where the account belongs */
function refuseKeyAsAccount(
	context: IExecuteFunctions,
	itemIndex: number,
	accountId: string,
	keys: readonly string[],
): void {
	if (!keys.some((key) => key.toLowerCase() === accountId)) return;
	throw inputError(
		context.getNode(),
		"The option 'Account ID' can't be used",
		"It holds the item's key. Give the ID of the account.",
		itemIndex,
	);
}

function keyAsTunnel(context: IExecuteFunctions, itemIndex: number): NodeOperationError {
	return inputError(
		context.getNode(),
		"The parameter 'Tunnel' names no single tunnel",
		"What it holds is not shown, because it repeats a part of the item's key.",
		itemIndex,
	);
}

async function find(
	accounts: Accounts,
	reference: TunnelReference,
	{ client, itemIndex }: Omit<Target, 'tunnel'>,
): Promise<IpsecTunnel> {
	const tunnels = await accounts.tunnels(client);
	return findTunnel(accounts.context.getNode(), tunnels, reference, itemIndex);
}

/** @throws NodeOperationError if an earlier item names the same tunnel */
function refuseSecond(
	context: IExecuteFunctions,
	{ client, tunnel, itemIndex }: Target,
	seen: Map<string, number>,
): void {
	const key = `${client.accountKey} ${tunnel.id.toLowerCase()}`;
	const earlier = seen.get(key);
	if (earlier === undefined) {
		seen.set(key, itemIndex);
		return;
	}
	throw inputError(
		context.getNode(),
		'The tunnel is in more than one item',
		`Items ${earlier} and ${itemIndex} both name the tunnel '${tunnel.name}'. Only one key can be live: remove the others, for example with Remove Duplicates.`,
		itemIndex,
	);
}

function refusal({ subject, error }: Fault): PskOutcome {
	return { ...subject, status: 'unapplied', reason: errorText(error) };
}
