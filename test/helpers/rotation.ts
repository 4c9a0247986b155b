import type {
	ICredentialDataDecryptedObject,
	IDataObject,
	INode,
	INodeParameters,
} from 'n8n-workflow';
import type { Simulator, SimulatorOptions } from '../simulator';
import { startSimulator } from '../simulator';
import type { Vault } from '../stubs/vault/kv2';
import { startVault } from '../stubs/vault/kv2';
import { credentialsOf } from './account';
import type { NodeResult } from './node';
import { runNode } from './node';

/** What the vault holds for a tunnel, by the names of its record. */
export type StoredRecord = Record<string, string | undefined>;

/** The credential of a vault, by its root token. */
export function vaultCredential({ origin, token }: Vault): ICredentialDataDecryptedObject {
	return { address: origin, namespace: '', method: 'token', token };
}

/** An account and a vault, and the operations of Key Rotation on n8n's engine between them. */
export class RotationWorld {
	private constructor(
		readonly simulator: Simulator,
		readonly vault: Vault,
	) {}

	static async start(options: SimulatorOptions): Promise<RotationWorld> {
		const [simulator, vault] = await Promise.all([startSimulator(options), startVault()]);
		return new RotationWorld(simulator, vault);
	}

	async close(): Promise<void> {
		await Promise.all([this.simulator.close(), this.vault.close()]);
	}

	/** Runs an operation for all tunnels of the account, unless the parameters say otherwise. */
	async run(
		operation: string,
		parameters: INodeParameters = {},
		more: { items?: IDataObject[]; node?: Partial<INode> } = {},
	): Promise<NodeResult> {
		return await runNode({
			credentials: {
				...credentialsOf(this.simulator),
				cloudflareMagicVaultApi: vaultCredential(this.vault),
			},
			mode: 'trigger',
			items: more.items ?? [{}],
			node: {
				credentials: {
					cloudflareMagicTokenApi: { id: '1', name: 'account' },
					cloudflareMagicVaultApi: { id: '2', name: 'vault' },
				},
				...more.node,
			},
			parameters: {
				authentication: 'apiToken',
				resource: 'rotation',
				operation,
				scope: 'all',
				tunnelId: { __rl: true, mode: 'id', value: '={{ $json.id }}' },
				vault: 'kv2',
				mount: 'secret',
				path: 'magic-ipsec/{tunnel_id}',
				olderThanDays: 0,
				finish: 'atOnce',
				options: {},
				...parameters,
			},
		});
	}

	/** What the newest version of a tunnel's secret holds; empty if there is none. */
	record(id: string): StoredRecord {
		const versions = this.vault.state()[`magic-ipsec/${id}`] ?? [];
		return { ...(versions.at(-1)?.data as StoredRecord | null | undefined) };
	}

	/** Writes a record as somebody else would. */
	async put(id: string, record: StoredRecord): Promise<void> {
		const answer = await fetch(`${this.vault.url}/magic-ipsec/${id}`, {
			method: 'POST',
			headers: { 'x-vault-token': this.vault.token },
			body: JSON.stringify({ data: record }),
		});
		if (!answer.ok) throw new Error(`the vault answered ${answer.status}`);
	}

	/** The three keys that the vault holds for a tunnel. */
	heldKeys(id: string): string[] {
		const { current, pending, previous } = this.record(id);
		return [current, pending, previous].filter((key) => key !== undefined);
	}

	/** Cloudflare's date of a tunnel's key. */
	dateOf(id: string): string | undefined {
		const tunnel = this.simulator.tunnels().find((one) => one.id === id);
		return tunnel?.psk_metadata.last_generated_on;
	}

	/** Every key that was ever live or is in the vault, for a search for leaks. */
	secrets(): string[] {
		const ids = this.simulator.tunnels().map(({ id }) => id);
		return [
			...ids.flatMap((id) => this.simulator.keyHistory(id).map(({ psk }) => psk)),
			...ids.flatMap((id) => this.heldKeys(id)),
			this.vault.token,
			this.simulator.apiToken,
		];
	}
}
