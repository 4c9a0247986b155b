import type { IDataObject, INode, INodeParameters, IWorkflowSettings } from 'n8n-workflow';
import type { Simulator, SimulatorOptions } from '../simulator';
import { startSimulator } from '../simulator';
import type { Vault } from '../stubs/vault/kv2';
import { credentialsOf } from './account';
import type { KeptOptions, KeptVault, StoredRecord, VaultName } from './keptVault';
import {
	keysIn,
	rotationCredentials,
	rotationParameters,
	startKeptVault,
	vaultCredential,
} from './keptVault';
import type { NodeResult } from './node';
import { runNode } from './node';

export type { StoredRecord };
export { vaultCredential };

/** An account and a vault, and the operations of Key Rotation on n8n's engine between them. */
export class RotationWorld {
	private constructor(
		readonly simulator: Simulator,
		/** The vault, of either kind. */
		readonly kept: KeptVault,
	) {}

	static async start(
		options: SimulatorOptions,
		vault: VaultName = 'kv2',
		more: KeptOptions = {},
	): Promise<RotationWorld> {
		const [simulator, kept] = await Promise.all([
			startSimulator(options),
			startKeptVault(vault, more),
		]);
		return new RotationWorld(simulator, kept);
	}

	/** The vault of a world with a key-value engine. */
	get vault(): Vault {
		return this.kept.server as Vault;
	}

	async close(): Promise<void> {
		await Promise.all([this.simulator.close(), this.kept.server.close()]);
	}

	/** Runs an operation for all tunnels of the account, unless the parameters say otherwise. */
	async run(
		operation: string,
		parameters: INodeParameters = {},
		more: { items?: IDataObject[]; node?: Partial<INode>; settings?: IWorkflowSettings } = {},
	): Promise<NodeResult> {
		const { simulator, kept } = this;
		return await runNode({
			credentials: { ...credentialsOf(simulator), [kept.credentialType]: kept.credential() },
			mode: 'trigger',
			items: more.items ?? [{}],
			settings: more.settings,
			node: { credentials: rotationCredentials(kept), ...more.node },
			parameters: rotationParameters(operation, kept, parameters),
		});
	}

	/** What the newest version of a tunnel's secret holds; empty if there is none. */
	record(id: string): StoredRecord {
		return this.kept.record(id);
	}

	/** Writes a record as somebody else would. */
	async put(id: string, record: StoredRecord): Promise<void> {
		this.kept.put(id, record);
	}

	/** The three keys that the vault holds for a tunnel. */
	heldKeys(id: string): string[] {
		return keysIn(this.record(id));
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
			...this.kept.secrets,
			this.simulator.apiToken,
		];
	}
}
