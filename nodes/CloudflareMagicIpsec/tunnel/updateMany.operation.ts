import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
} from 'n8n-workflow';
import type { CloudflareClient } from '../../api/client';
import { inputError } from '../../shared/errors';
import { updateIpsecTunnels } from '../../api/ipsecTunnels';
import type { IpsecTunnel, IpsecTunnelBody } from '../../api/types';
import { Accounts } from '../../shared/accounts';
import type { Operation } from '../../shared/operation';
import {
	accountIdOption,
	optionsCollection,
	readFlag,
	timeoutOption,
	validateOnlyOption,
} from '../../shared/options';
import { findTunnel, tunnelLocator, tunnelReference } from '../../shared/tunnelLocator';
import { missingFields, overlay, refuseFaults } from './fields';
import { checkedOnly, forEachItem, whole } from '../../shared/items';
import { readUpdate, updateFieldsCollection } from './updateFields';

const properties: INodeProperties[] = [
	{
		displayName:
			'All items of an account go to Cloudflare in one request. Cloudflare does not document the form of that request: try it with Validate Only first.',
		name: 'bulkNotice',
		type: 'notice',
		default: '',
	},
	tunnelLocator,
	updateFieldsCollection,
	optionsCollection([accountIdOption, timeoutOption, validateOnlyOption]),
];

interface Change {
	client: CloudflareClient;
	id: string;
	body: IpsecTunnelBody;
	validateOnly: boolean;
}

/** Reads the item and lays it over the tunnel as it is now. */
async function readChange(accounts: Accounts, itemIndex: number): Promise<Change> {
	const { context } = accounts;
	const { given, faults } = readUpdate(context, itemIndex);
	refuseFaults(context, itemIndex, faults);
	const reference = tunnelReference(context, itemIndex);
	const client = await accounts.client(itemIndex);
	const tunnel = findTunnel(
		context.getNode(),
		await accounts.tunnels(client),
		reference,
		itemIndex,
	);
	const body = overlay(tunnel, given);
	refuseFaults(context, itemIndex, missingFields(body));
	return {
		client,
		id: tunnel.id,
		body: body as IpsecTunnelBody,
		validateOnly: readFlag(context, validateOnlyOption, itemIndex),
	};
}

/**
 * The requests of one run: one for each account, sent when its first item is due, once all items
 * were read. Changes that are only to be checked go in a request of their own.
 */
class BulkUpdates {
	private readonly groups = new Map<string, Change[]>();

	private readonly sent = new Map<string, Promise<IpsecTunnel[]>>();

	/** @returns false if the tunnel is already in this run */
	add(change: Change): boolean {
		const group = this.groups.get(this.key(change)) ?? [];
		if (group.some(({ id }) => id === change.id)) return false;
		this.groups.set(this.key(change), [...group, change]);
		return true;
	}

	/** What Cloudflare answers for a change, or undefined if it does not mention the tunnel. */
	async result(change: Change): Promise<IpsecTunnel | undefined> {
		const key = this.key(change);
		let answer = this.sent.get(key);
		if (answer === undefined) {
			const tunnels = (this.groups.get(key) ?? []).map(({ id, body }) => ({ id, ...body }));
			answer = updateIpsecTunnels(change.client, tunnels, { validateOnly: change.validateOnly });
			this.sent.set(key, answer);
		}
		return (await answer).find(({ id }) => id === change.id);
	}

	private key({ client, validateOnly }: Change): string {
		return `${client.accountId} ${validateOnly}`;
	}
}

/** Update Many: all items of an account in one PUT, merged from one list. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const accounts = new Accounts(context);
	const updates = new BulkUpdates();
	return await forEachItem(
		context,
		async (itemIndex) => {
			const change = await readChange(accounts, itemIndex);
			if (updates.add(change)) return change;
			throw inputError(
				context.getNode(),
				'The tunnel is in more than one item',
				`Give the tunnel ${change.id} once, with all its changes.`,
				itemIndex,
			);
		},
		async (change, itemIndex): Promise<IDataObject[]> => {
			const tunnel = await updates.result(change);
			const json = whole({ id: change.id, ...tunnel }, change.client.accountId);
			if (change.validateOnly) return [checkedOnly(json)];
			if (tunnel !== undefined) return [json];
			throw inputError(
				context.getNode(),
				"Cloudflare's answer does not mention the tunnel",
				`Look at the tunnel ${change.id} with Get: it may not have been updated.`,
				itemIndex,
			);
		},
	);
}

export const updateMany: Operation = {
	value: 'updateMany',
	name: 'Update Many',
	action: 'Update many tunnels',
	description: 'Update many tunnels in one request',
	properties,
	execute,
};
