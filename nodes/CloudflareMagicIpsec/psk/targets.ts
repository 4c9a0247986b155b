import type { IExecuteFunctions } from 'n8n-workflow';
import type { CloudflareClient } from '../../api/client';
import { lastGeneratedOn } from '../../api/ipsecTunnels';
import type { IpsecTunnel } from '../../api/types';
import { Accounts } from '../../shared/accounts';
import { errorText, inputError, stopError } from '../../shared/errors';
import { readFlag, validateOnlyOption } from '../../shared/options';
import type { TunnelReference } from '../../shared/tunnelLocator';
import { findTunnel, tunnelReference } from '../../shared/tunnelLocator';
import type { PskOutcome, Subject } from './outcome';

/** One tunnel whose PSK is to be changed. */
export interface Target {
	itemIndex: number;
	client: CloudflareClient;
	/** The tunnel as it was before the first change. */
	tunnel: IpsecTunnel;
	/** Have Cloudflare check the change and not make it. */
	validateOnly: boolean;
}

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

function namedBy(reference: TunnelReference): Partial<Subject> {
	return reference.by === 'id' ? { tunnelId: reference.id } : { tunnelName: reference.name };
}

/** The item's tunnel as far as its parameters tell, for an outcome that says why nothing was done. */
function subjectOfItem(context: IExecuteFunctions, itemIndex: number): Subject {
	try {
		return { itemIndex, ...namedBy(tunnelReference(context, itemIndex)) };
	} catch {
		return { itemIndex };
	}
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
 * @throws NodeOperationError or NodeApiError in the default On Error mode if anything is wrong
 */
export async function resolveTargets<Input>(
	context: IExecuteFunctions,
	readInput: (itemIndex: number) => Input,
): Promise<Targets<Input>> {
	const accounts = new Accounts(context);
	const faults: Fault[] = [];
	const items: Array<ReadItem<Input>> = [];
	for (let itemIndex = 0; itemIndex < context.getInputData().length; itemIndex++) {
		try {
			items.push({
				itemIndex,
				reference: tunnelReference(context, itemIndex),
				validateOnly: readFlag(context, validateOnlyOption, itemIndex),
				input: readInput(itemIndex),
				client: await accounts.client(itemIndex),
			});
		} catch (error) {
			faults.push({ subject: subjectOfItem(context, itemIndex), error });
		}
	}
	const targets: Targets<Input>['targets'] = [];
	const seen = new Map<string, number>();
	for (const { reference, ...item } of items) {
		try {
			const tunnel = await find(accounts, reference, item);
			refuseSecond(context, { ...item, tunnel }, seen);
			targets.push({ ...item, tunnel });
		} catch (error) {
			const { itemIndex, client } = item;
			const subject = { itemIndex, accountId: client.accountId, ...namedBy(reference) };
			faults.push({ subject, error });
		}
	}
	if (faults.length > 0 && !context.continueOnFail()) throw stopError(context.getNode(), faults);
	return { targets, refused: faults.map(refusal) };
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
