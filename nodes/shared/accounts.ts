import type { IExecuteFunctions } from 'n8n-workflow';
import type { CloudflareClient } from '../api/client';
import { clientFor } from './connection';
import { listIpsecTunnels } from '../api/ipsecTunnels';
import { readTimeout } from './options';
import { TunnelIndex } from './tunnelLocator';

/** The clients of one run and each account's list of tunnels, which is read once. */
export class Run {
	/** By what the items say; each credential is decrypted once, not once for each item. */
	private readonly asked = new Map<string, CloudflareClient>();

	private readonly clients = new Map<string, CloudflareClient>();

	private readonly lists = new Map<CloudflareClient, Promise<TunnelIndex>>();

	constructor(readonly context: IExecuteFunctions) {}

	/**
	 * The client for the account of an item; items of one account share it.
	 *
	 * @throws NodeOperationError if the credential or the option Account ID can't be used
	 */
	async client(itemIndex: number): Promise<CloudflareClient> {
		const authentication = this.context.getNodeParameter('authentication', itemIndex);
		const accountId = this.context.getNodeParameter('options.accountId', itemIndex, '');
		const timeout = this.context.getNodeParameter('options.timeout', itemIndex, 60);
		const key = JSON.stringify([authentication, accountId, timeout]);
		const known = this.asked.get(key);
		if (known !== undefined) return known;
		const timeoutMs = readTimeout(this.context.getNode(), timeout, itemIndex);
		const made = await clientFor(this.context, {
			authentication,
			accountId,
			itemIndex,
			timeoutMs,
		});
		const account = JSON.stringify([authentication, made.accountId]);
		const client = this.clients.get(account) ?? made;
		this.clients.set(account, client);
		this.asked.set(key, client);
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
}
