import * as path from 'node:path';
import type { CredentialReference, N8nOptions } from '../harness/n8n';
import { N8n, startN8n } from '../harness/n8n';
import { installN8n } from '../harness/n8nInstall';
import { installPackage } from '../harness/package';
import { reasonOf } from '../../helpers/print';
import type { RunningProcess } from '../../helpers/processes';
import { freePort } from '../../helpers/ports';
import { temporaryFolder } from '../../helpers/processes';
import { SAVED } from '../../helpers/saving';
import type { Account } from '../../helpers/accountProcess';
import { startAccount } from '../../helpers/accountProcess';
import type { FlowNode } from './flow';
import { flowOf, rotateNode } from './flow';
import type { Postgres } from './postgres';
import { reasonWithoutPostgres, startPostgres } from './postgres';
import type { Redis } from './redis';
import { reasonWithoutRedis, startRedis } from './redis';
import type { VaultProcess } from '../../stubs/vault/process';
import { startVaultProcess } from '../../stubs/vault/process';

export interface QueueModeOptions {
	tarball: string;
	tunnels: number;
	workers: number;
	logFolder: string;
	/** What n8n logs, default `info`. */
	logLevel?: 'info' | 'debug';
}

export interface RotationOptions {
	/** Default the address of the vault itself. */
	vaultAddress?: string;
	/** Whose tunnels are rotated, default the account that all started with. */
	account?: Account;
}

/** What a rotation says of a tunnel: an item of Key Rotation. */
export interface TunnelReport {
	status: string;
	ipsec_tunnel_id: string;
	tunnel_name: string;
	message: string;
}

/** A rotation that a webhook starts, and that n8n saves; the answer is what the node gave. */
export interface RotationFlow {
	readonly workflowId: string;
	/**
	 * Rotates the keys of tunnels, given by their ids.
	 *
	 * @throws Error when there is no answer, or none of a run that ended well
	 */
	rotate(tunnelIds: readonly string[]): Promise<TunnelReport[]>;
}

/**
 * A machine with one worker. Each has a user folder of its own: a worker that starts takes what its
 * folder's log of events has begun and not ended for its own crash, and marks those runs as crashed.
 */
export class WorkerHost {
	private process: RunningProcess | undefined;

	constructor(private readonly n8n: N8n) {}

	get hasEnded(): boolean {
		return this.process?.hasEnded !== false;
	}

	async start(): Promise<void> {
		this.process = await this.n8n.startWorker();
	}

	/** Ends the worker at once, as a crash would. */
	async kill(): Promise<void> {
		await this.process?.kill();
	}

	async stop(): Promise<void> {
		await this.process?.stop();
	}
}

/** n8n in queue mode with all that a rotation needs. */
export interface QueueMode {
	readonly n8n: N8n;
	readonly redis: Redis;
	readonly postgres: Postgres;
	readonly account: Account;
	readonly vault: VaultProcess;
	readonly cloudflare: CredentialReference;
	/** Those that it started with, and those that were added. */
	readonly hosts: readonly WorkerHost[];
	/** Starts a worker on one more machine. */
	addHost(): Promise<WorkerHost>;
	/** The folders with all that n8n's processes keep. */
	readonly userFolders: readonly string[];
	/** Those of Key Rotation, by type. */
	readonly credentials: Record<string, CredentialReference>;
	/** Imports and publishes a rotation that a webhook starts. */
	importRotation(options?: RotationOptions): Promise<RotationFlow>;
	/** Ends all of it, and gives what did not end well. */
	stop(): Promise<void>;
}

/** Why there is no queue mode here; undefined if there is. Installs what is missing. */
export async function reasonWithoutQueueMode(): Promise<string | undefined> {
	return (await reasonWithoutRedis()) ?? (await reasonWithoutPostgres());
}

const PATIENCE_MS = 60_000;

/** n8n's own defaults would leave the runs of a dead worker unnoticed for a minute and a half. */
const SOON_NOTICED: NodeJS.ProcessEnv = {
	QUEUE_WORKER_LOCK_DURATION: '10000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
	QUEUE_WORKER_STALLED_INTERVAL: '5000',
};

function settingsOf(redis: Redis, { host, port, database, user }: Postgres): NodeJS.ProcessEnv {
	return {
		EXECUTIONS_MODE: 'queue',
		OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
		QUEUE_BULL_REDIS_HOST: '127.0.0.1',
		QUEUE_BULL_REDIS_PORT: String(redis.port),
		...SOON_NOTICED,
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: host,
		DB_POSTGRESDB_PORT: String(port),
		DB_POSTGRESDB_USER: user,
		DB_POSTGRESDB_DATABASE: database,
		DB_POSTGRESDB_PASSWORD: 'any',
	};
}

const TUNNELS: FlowNode = {
	name: 'Tunnels',
	type: 'n8n-nodes-base.splitOut',
	typeVersion: 1,
	parameters: { fieldToSplitOut: 'body.tunnels', options: {} },
};

/** Webhook → one item for each tunnel → Rotate, whose items are the answer. */
async function importRotation(
	n8n: N8n,
	credentials: Record<string, CredentialReference>,
): Promise<RotationFlow> {
	const { webhookPath, workflow } = flowOf('Rotate over a webhook', [
		TUNNELS,
		rotateNode(credentials),
	]);
	const { parameters } = workflow.nodes.find(({ name }) => name === 'Webhook')!;
	Object.assign(parameters, { responseMode: 'lastNode', responseData: 'allEntries' });
	const settings = { ...workflow.settings, ...SAVED };
	const workflowId = await n8n.importWorkflow({ ...workflow, settings });
	await n8n.activate(workflowId);
	return {
		workflowId,
		async rotate(tunnelIds) {
			const answer = await fetch(`${n8n.url}/webhook/${webhookPath}`, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ tunnels: tunnelIds.map((id) => ({ ipsec_tunnel_id: id })) }),
				// n8n never answers a run that ended before its main process was back at a restarted Redis.
				signal: AbortSignal.timeout(PATIENCE_MS),
			});
			const text = await answer.text();
			if (answer.ok) return JSON.parse(text) as TunnelReport[];
			throw new Error(`The rotation answered ${answer.status}: ${text}`);
		},
	};
}

/** Has the vault keep every version of its secrets: their histories show that none ever lacked a live key. */
async function keepAllVersions({ nodeCredential: { address, token } }: VaultProcess) {
	const answer = await fetch(`${address}/v1/secret/config`, {
		method: 'POST',
		headers: { 'x-vault-token': token },
		body: JSON.stringify({ max_versions: 1000 }),
	});
	if (!answer.ok) throw new Error(`The vault answered ${answer.status} to its configuration`);
}

/** Ends all, the last one first; one that does not end keeps no other from ending. */
async function stopAll(tasks: ReadonlyArray<() => Promise<unknown>>): Promise<void> {
	const reasons: string[] = [];
	for (const task of [...tasks].reverse()) {
		await task().catch((error: unknown) => reasons.push(reasonOf(error)));
	}
	if (reasons.length > 0) throw new Error(reasons.join('\n'));
}

/**
 * Starts a simulated account, a vault, Redis, PostgreSQL and n8n, a main process and workers, with the
 * package from its tarball.
 */
export async function startQueueMode(options: QueueModeOptions): Promise<QueueMode> {
	const { tarball, tunnels, workers, logFolder, logLevel = 'info' } = options;
	const stops: Array<() => Promise<unknown>> = [];
	const started = async <T extends { stop(): Promise<unknown> }>(starting: Promise<T>) => {
		const part = await starting;
		stops.push(async () => await part.stop());
		return part;
	};
	try {
		const account = await started(startAccount({ tunnels, seed: 40, logFolder }));
		const vault = await started(startVaultProcess(logFolder));
		await keepAllVersions(vault);
		const redis = await started(startRedis());
		const postgres = await started(startPostgres());
		const env = { ...settingsOf(redis, postgres), N8N_LOG_LEVEL: logLevel };
		const userFolders: string[] = [];
		const optionsOf = async (name: string): Promise<N8nOptions> => {
			const userFolder = temporaryFolder(`queue-${name}`);
			userFolders.push(userFolder);
			await installPackage(userFolder, tarball);
			return { userFolder, env, logFolder: path.join(logFolder, name) };
		};
		const n8n = await started(startN8n(await optionsOf('main')));
		const hosts: WorkerHost[] = [];
		const addHost = async () => {
			const setup = await optionsOf(`host-${hosts.length + 1}`);
			const host = new WorkerHost(new N8n(await installN8n(), await freePort(), setup));
			stops.push(async () => await host.stop());
			hosts.push(host);
			await host.start();
			return host;
		};
		for (let count = 0; count < workers; count++) await addHost();
		const credentialOf = async (owner: Account) =>
			await n8n.createCredential('cloudflareMagicTokenApi', owner.tokenCredential());
		const cloudflare = await credentialOf(account);
		const vaultOf = async (address: string) =>
			await n8n.createCredential('cloudflareMagicVaultApi', { ...vault.nodeCredential, address });
		const credentials = {
			cloudflareMagicTokenApi: cloudflare,
			cloudflareMagicVaultApi: await vaultOf(vault.nodeCredential.address),
		};
		return {
			n8n,
			hosts,
			addHost,
			userFolders,
			redis,
			postgres,
			account,
			vault,
			cloudflare,
			credentials,
			async importRotation({ account: owner, vaultAddress } = {}) {
				return await importRotation(n8n, {
					...credentials,
					...(owner && { cloudflareMagicTokenApi: await credentialOf(owner) }),
					...(vaultAddress && { cloudflareMagicVaultApi: await vaultOf(vaultAddress) }),
				});
			},
			stop: async () => await stopAll(stops),
		};
	} catch (error) {
		await stopAll(stops).catch(() => undefined);
		throw error;
	}
}

/** What became of one run for one tunnel. */
export type Outcome =
	/** The new key is live, verified and current in the vault. */
	| 'done'
	/** The run says that it is not: another one was at work, or something failed. */
	| 'refused'
	/** There was no answer, or no good one. */
	| 'failed';

/** Rotates the key of one tunnel, whatever comes. */
export async function rotateOne(flow: RotationFlow, tunnelId: string): Promise<Outcome> {
	try {
		const report = await flow.rotate([tunnelId]);
		if (report.length !== 1) return 'failed';
		return report[0]!.status === 'rotated' ? 'done' : 'refused';
	} catch {
		return 'failed';
	}
}
