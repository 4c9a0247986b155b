import type { IExecuteFunctions } from 'n8n-workflow';
import type { CloudflareClient } from '../api/client';
import { Pacer } from '../api/pacer';
import { listIpsecTunnels } from '../api/ipsecTunnels';
import type { Connection } from './connection';
import { clientOf, connectionOf } from './connection';
import { readTimeout, refuseUnreadOptions } from './options';
import { TunnelIndex } from './tunnelLocator';

/** The accounts that the items of one run act on, each with its client and its list of tunnels. */
export class Accounts {
	/** By all that a request depends on, so that no item acts with another item's credential. */
	private readonly clients = new Map<string, CloudflareClient>();

	/** By the credential: Cloudflare counts the requests of a user or token. */
	private readonly pacers = new Map<string, Pacer>();

	private readonly lists = new Map<CloudflareClient, Promise<TunnelIndex>>();

	constructor(readonly context: IExecuteFunctions) {}

	/**
	 * The client for an item: with the credential as n8n resolves it for this item, since its fields
	 * may hold expressions, and with the item's own options. Items that agree in all share one.
	 *
	 * @throws NodeOperationError if the credential, the options, Account ID or Timeout can't be used
	 */
	async client(itemIndex: number): Promise<CloudflareClient> {
		refuseUnreadOptions(this.context, itemIndex);
		const timeout = this.context.getNodeParameter('options.timeout', itemIndex, 60);
		const timeoutMs = readTimeout(this.context.getNode(), timeout, itemIndex);
		const connection = await connectionOf(this.context, {
			authentication: this.context.getNodeParameter('authentication', itemIndex),
			accountId: this.context.getNodeParameter('options.accountId', itemIndex, ''),
			itemIndex,
		});
		const key = JSON.stringify([connection, timeoutMs]);
		let client = this.clients.get(key);
		if (client === undefined) {
			client = clientOf(this.context, connection, { timeoutMs, pacer: this.pacer(connection) });
			this.clients.set(key, client);
		}
		return client;
	}

	/** The account's tunnels as they were at the first call for them in this run. */
	async tunnels(client: CloudflareClient): Promise<TunnelIndex> {
		let list = this.lists.get(client);
		if (list === undefined) {
			list = listIpsecTunnels(client).then((tunnels) => new TunnelIndex(tunnels));
			this.lists.set(client, list);
		}
		return await list;
	}

	private pacer({ credential }: Connection): Pacer {
		const key = JSON.stringify(credential);
		const pacer = this.pacers.get(key) ?? new Pacer();
		this.pacers.set(key, pacer);
		return pacer;
	}
}
