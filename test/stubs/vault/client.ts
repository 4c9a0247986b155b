import { request } from 'undici';
import type { VaultFault, VaultState } from './kv2';

/** The keys that the vault holds for a tunnel, among the other fields of its record. */
export interface TunnelSecret {
	current?: string;
	pending?: string;
	previous?: string;
}

/** Where the shipped workflows keep their secrets in the vault. */
const FOLDER = 'magic-ipsec';

/** What tests ask a stand-in vault and tell it, wherever it runs. */
export class VaultClient {
	/** Address of all tunnels' secrets. */
	readonly secretsUrl: string;

	/** What the node's own credential type `cloudflareMagicVaultApi` takes. */
	readonly nodeCredential: { address: string; namespace: string; method: string; token: string };

	/** What n8n's credential type `httpHeaderAuth` takes. */
	readonly credential: { name: string; value: string };

	/** @param url address of the engine's data */
	constructor(
		private readonly url: string,
		token: string,
	) {
		this.secretsUrl = `${url}/${FOLDER}`;
		this.nodeCredential = { address: new URL(url).origin, namespace: '', method: 'token', token };
		this.credential = { name: 'X-Vault-Token', value: token };
	}

	/** By tunnel id, every version of its secret with the time it was made, oldest first. */
	async secrets(): Promise<Map<string, Array<{ secret: TunnelSecret; madeAt: number }>>> {
		const state = JSON.parse(await this.control('GET', 'state')) as VaultState;
		return new Map(
			Object.entries(state).map(([name, versions]) => [
				name.slice(FOLDER.length + 1),
				versions.map(({ data, created_time }) => ({
					secret: (data ?? {}) as TunnelSecret,
					madeAt: Date.parse(created_time),
				})),
			]),
		);
	}

	/** The newest version of a tunnel's secret; undefined while there is none. */
	async secret(tunnelId: string): Promise<TunnelSecret | undefined> {
		return (await this.secrets()).get(tunnelId)?.at(-1)?.secret;
	}

	async addFault(fault: VaultFault): Promise<void> {
		await this.control('POST', 'faults', fault);
	}

	async clearFaults(): Promise<void> {
		await this.control('DELETE', 'faults');
	}

	/** @throws Error if the vault refuses it */
	private async control(
		method: 'GET' | 'POST' | 'DELETE',
		resource: string,
		body?: VaultFault,
	): Promise<string> {
		const answer = await request(new URL(`/__vault/${resource}`, this.url), {
			method,
			body: body === undefined ? undefined : JSON.stringify(body),
			// The server closes connections that are idle for long.
			reset: true,
		});
		const text = await answer.body.text();
		if (answer.statusCode < 300) return text;
		throw new Error(`The vault refused ${method} ${resource}: ${text}`);
	}
}
