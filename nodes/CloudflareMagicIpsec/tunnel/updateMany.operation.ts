import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import type { CloudflareClient } from '../../api/client';
import type { Modified } from '../../api/ipsecTunnels';
import { updateIpsecTunnels } from '../../api/ipsecTunnels';
import type { IpsecTunnel, IpsecTunnelBody } from '../../api/types';
import { Accounts } from '../../shared/accounts';
import { inputError } from '../../shared/errors';
import type { Operation } from '../../shared/operation';
import {
	accountIdOption,
	optionsCollection,
	readFlag,
	timeoutOption,
	validateOnlyOption,
} from '../../shared/options';
import {
	findTunnel,
	TunnelIndex,
	tunnelLocator,
	tunnelReference,
} from '../../shared/tunnelLocator';
import { allowLiteralOption } from '../psk/givenKey';
import { written } from './answers';
import type { Outcome, Ready } from './changes';
import { changeTunnels, isUncertain, refused } from './changes';
import { checkedBy, lostUpdate } from './checks';
import { overlay } from './fields/body';
import { missingFields, refuseFaults } from './fields/faults';
import { readUpdate, updateFields } from './fields/read';
import type { Look } from './looks';
import { lookAtAll } from './looks';

const properties: INodeProperties[] = [
	{
		displayName:
			'All items of an account go to Cloudflare in one request. Cloudflare does not document the form of that request: try it with Validate Only first.',
		name: 'bulkNotice',
		type: 'notice',
		default: '',
	},
	tunnelLocator,
	updateFields,
	optionsCollection([accountIdOption, allowLiteralOption, timeoutOption, validateOnlyOption]),
];

interface Update extends Ready {
	/** The tunnel as it was when the run began. */
	before: IpsecTunnel;
	body: IpsecTunnelBody;
}

/** Reads the item and lays it over the tunnel as it is now. */
async function readItem(accounts: Accounts, itemIndex: number): Promise<Update> {
	const { context } = accounts;
	const { given, faults } = readUpdate(context, itemIndex);
	refuseFaults(context, itemIndex, faults);
	const reference = tunnelReference(context, itemIndex);
	const validateOnly = readFlag(context, validateOnlyOption, itemIndex);
	const client = await accounts.client(itemIndex);
	const tunnels = await accounts.tunnels(client);
	const before = findTunnel(context.getNode(), tunnels, reference, itemIndex);
	const body = overlay(before, given);
	refuseFaults(context, itemIndex, missingFields(body));
	const { id, name } = before;
	return { client, validateOnly, tunnel: { id, name }, before, body: body as IpsecTunnelBody };
}

/** The updates that go in one request: those of one client, to be made or to be checked. */
class Group {
	private readonly updates: Update[] = [];

	private answered: Promise<Modified<TunnelIndex>> | undefined;

	private looks: Promise<(before: IpsecTunnel) => Look> | undefined;

	constructor(
		readonly client: CloudflareClient,
		readonly validateOnly: boolean,
	) {}

	add(update: Update): void {
		this.updates.push(update);
	}

	/**
	 * What Cloudflare answers; the request is sent at the first call.
	 *
	 * @throws CallError
	 */
	async answer(): Promise<Modified<TunnelIndex>> {
		this.answered ??= this.send();
		return await this.answered;
	}

	private async send(): Promise<Modified<TunnelIndex>> {
		const { modified, answer } = await updateIpsecTunnels(
			this.client,
			this.updates.map(({ before: { id }, body }) => ({ id: id.toLowerCase(), ...body })),
			{ validateOnly: this.validateOnly },
		);
		return { modified, answer: new TunnelIndex(answer) };
	}

	/** A look at a tunnel after the request; one list serves all. */
	async lookAt(before: IpsecTunnel): Promise<Look> {
		this.looks ??= lookAtAll(this.client);
		return (await this.looks)(before);
	}
}

/** The requests of one run, sent once all items were read. */
class Groups {
	private readonly groups: Group[] = [];

	private readonly seen = new Set<string>();

	/** @returns false if the tunnel is already in this run */
	add(update: Update): boolean {
		const key = `${update.client.accountKey} ${update.before.id}`;
		if (this.seen.has(key)) return false;
		this.seen.add(key);
		this.of(update).add(update);
		return true;
	}

	/** The group of an update; a request carries one credential, so none is shared between clients. */
	of({ client, validateOnly }: Ready): Group {
		let group = this.groups.find(
			(known) => known.client === client && known.validateOnly === validateOnly,
		);
		if (group === undefined) {
			group = new Group(client, validateOnly);
			this.groups.push(group);
		}
		return group;
	}
}

async function outcomeOf(
	context: IExecuteFunctions,
	{ client, body, before }: Update,
	group: Group,
	itemIndex: number,
): Promise<Outcome> {
	const { id } = before;
	try {
		const { modified, answer } = await group.answer();
		const [tunnel] = answer.matches({ by: 'id', id: id.toLowerCase() });
		const circumstances = group.validateOnly ? undefined : { modified, before };
		const json = written({ id, ...tunnel }, client, body, circumstances);
		if (group.validateOnly) return checkedBy(await group.lookAt(before), json);
		if (tunnel !== undefined) {
			return { kind: 'done', changed: true, json };
		}
		const error = inputError(
			context.getNode(),
			"Cloudflare's answer does not mention the tunnel",
			`The tunnel ${id} may not have been updated.`,
			itemIndex,
		);
		return lostUpdate(error, await group.lookAt(before));
	} catch (error) {
		if (!isUncertain(error)) return refused(error);
		return lostUpdate(error, await group.lookAt(before));
	}
}

/** Update Many: all items of an account in one PUT, merged from one list. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	const groups = new Groups();
	return await changeTunnels(context, {
		prepare: async (itemIndex) => {
			const update = await readItem(accounts, itemIndex);
			if (groups.add(update)) return update;
			throw inputError(
				context.getNode(),
				'The tunnel is in more than one item',
				`Give the tunnel ${update.before.id} once, with all its changes.`,
				itemIndex,
			);
		},
		change: async (update, itemIndex) =>
			await outcomeOf(context, update, groups.of(update), itemIndex),
		collection: updateFields,
		isTogether: true,
	});
}

export const updateMany: Operation = {
	value: 'updateMany',
	name: 'Update Many',
	action: 'Update many tunnels',
	description: 'Update many tunnels in one request',
	properties,
	execute,
};
