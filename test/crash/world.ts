import type { ICredentialDataDecryptedObject, IDataObject, INodeParameters } from 'n8n-workflow';
import { outputsOf } from '../helpers/engine';
import type { KeptVault, StoredRecord, VaultName } from '../helpers/keptVault';
import { keysIn, startKeptVault } from '../helpers/keptVault';
import { leaksIn } from '../helpers/scanner';
import type { Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import { runFlow } from './flow';
import type { Moment } from './gate';
import { startGate } from './gate';
import { LAST, rotationWorkflow } from './workflows';

/** Where the requests of one run pass on their way to the account and to the vault. */
export interface Way {
	credentials: Record<string, ICredentialDataDecryptedObject>;
	vaultOrigin: string;
	/** Settles when no request is under way any more. */
	idle(): Promise<void>;
	close(): Promise<void>;
}

/** Answers false where a request is to go no further. */
export type OnMoment = (moment: Moment, what: string) => Promise<boolean>;

/** A key is as old as nobody waits: only what is left by another run is to be done. */
const NEVER_DUE_DAYS = 36_500;

/** Rotate as the "one more run" that settles what others left: at once, and without a key of its own. */
export const SETTLING: INodeParameters = {
	olderThanDays: NEVER_DUE_DAYS,
	options: { leaseMinutes: 0 },
};

/** An account and a vault in this process, which no kill of a child concerns. */
export class World {
	/** Moments at which a live key of ours was not in the vault. */
	readonly losses: string[] = [];

	private constructor(
		readonly simulator: Simulator,
		readonly vault: KeptVault,
		private readonly ids: readonly string[],
	) {}

	static async start(vault: VaultName, tunnels: number, seed: number): Promise<World> {
		const [simulator, kept] = await Promise.all([
			startSimulator({ tunnels, seed }),
			startKeptVault(vault),
		]);
		return new World(
			simulator,
			kept,
			simulator.tunnels().map(({ id }) => id),
		);
	}

	/** Opens a way to both servers. After each request that one has handled, the live keys are looked for. */
	async way(onMoment: OnMoment): Promise<Way> {
		const { simulator, vault } = this;
		const watched: OnMoment = async (moment, what) => {
			if (moment === 'handled') this.look(what);
			return await onMoment(moment, what);
		};
		const gates = await Promise.all(
			[simulator.origin, vault.server.origin].map(
				async (origin) => await startGate(origin, watched),
			),
		);
		const baseUrl = simulator.url.replace(simulator.origin, gates[0]!.origin);
		const { apiToken, accountId } = simulator;
		return {
			credentials: {
				cloudflareMagicTokenApi: { apiToken, accountId, baseUrl },
				[vault.credentialType]: vault.credential(gates[1]!.origin),
				httpHeaderAuth: { name: 'X-Vault-Token', value: vault.secrets[0]! },
			},
			vaultOrigin: gates[1]!.origin,
			idle: async () => void (await Promise.all(gates.map(async (gate) => await gate.idle()))),
			close: async () => void (await Promise.all(gates.map(async (gate) => await gate.close()))),
		};
	}

	/** Runs an operation for all tunnels in this process, to its end. Gives its items. */
	async run(operation: string, changes: INodeParameters = {}, way?: Way): Promise<IDataObject[]> {
		const { simulator, vault } = this;
		const { apiToken, accountId, url: baseUrl } = simulator;
		const run = await runFlow({
			workflow: rotationWorkflow(vault, operation, changes),
			credentials: way?.credentials ?? {
				cloudflareMagicTokenApi: { apiToken, accountId, baseUrl },
				[vault.credentialType]: vault.credential(),
			},
		});
		const { error } = run.data.resultData;
		if (error !== undefined) throw error;
		if (leaksIn(run, this.secrets()).length > 0) this.losses.push(`${operation} kept a key`);
		return outputsOf(run, LAST)[0]!.map(({ json }) => json);
	}

	/**
	 * One more run, and what is not as it should be after it: every live key is `current`, for routers
	 * too, nothing is pending, and Get Status finds nothing. The run is Rotate with a lease of 0 and an
	 * age that no key has, so that it makes no key by which all would be well again; where it ends with
	 * `live`, since the key's own run was to be finished later, Finish follows.
	 */
	async settled(): Promise<string[]> {
		const statuses = await this.run('rotate', SETTLING);
		const isLive = statuses.some(({ status }) => status === 'live');
		if (isLive) statuses.push(...(await this.run('finish')));
		const states = await this.run('getStatus');
		const said = JSON.stringify(
			[...statuses, ...states].map(({ status, state, reason }) => [status ?? state, reason]),
		);
		const found = this.ids.flatMap((id) => {
			const record = this.record(id);
			const live = this.simulator.liveKey(id);
			// Before the first rotation that was begun the vault has no key.
			if (this.isForeign(id) && keysIn(record).length === 0) return [];
			return [
				...(record.current === live ? [] : [`current is not the live key`]),
				...(this.vault.routersKey(id) === live ? [] : ['routers read another key']),
				...(record.pending === undefined && record.intent === undefined ? [] : ['still pending']),
			];
		});
		const notSteady = states.filter(({ state }) => state !== 'steady' && state !== 'none');
		if (notSteady.length > 0)
			found.push(`Get Status: ${notSteady.map(({ state }) => state).join()}`);
		return found.length === 0 ? [] : [...found, said];
	}

	record(id: string): StoredRecord {
		return this.vault.record(id);
	}

	/** Every key and credential that a run may have had in hand. */
	secrets(): string[] {
		const { simulator, vault, ids } = this;
		const keys = ids.flatMap((id) => [
			...simulator.keyHistory(id).map(({ psk }) => psk),
			...keysIn(this.record(id)),
		]);
		return [...new Set(keys), simulator.apiToken, ...vault.secrets];
	}

	/** True if a key that a run has set is live, and none of the three in the vault. */
	isLost(): boolean {
		return this.ids.some((id) => {
			const live = this.simulator.liveKey(id);
			return live !== undefined && !this.isForeign(id) && !keysIn(this.record(id)).includes(live);
		});
	}

	/** Tells, and forgets, the losses. */
	takeLosses(): string[] {
		return this.losses.splice(0);
	}

	async close(): Promise<void> {
		await Promise.all([this.simulator.close(), this.vault.server.close()]);
	}

	/** True while the live key is the one of the beginning, which no run of ours has set. */
	private isForeign(id: string): boolean {
		return this.simulator.liveKey(id) === this.simulator.keyHistory(id)[0]?.psk;
	}

	private look(what: string): void {
		if (this.isLost()) this.losses.push(`after ${what}: the live key is none of the vault's`);
	}
}
