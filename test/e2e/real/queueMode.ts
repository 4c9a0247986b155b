import * as path from 'node:path';
import type { IDataObject, IWorkflowSettings } from 'n8n-workflow';
import type { CredentialReference, N8nOptions, Workflow } from '../harness/n8n';
import { N8n, startN8n } from '../harness/n8n';
import { installN8n } from '../harness/n8nInstall';
import { installPackage } from '../harness/package';
import { reasonOf } from '../../helpers/print';
import type { RunningProcess } from '../../helpers/processes';
import { freePort } from '../../helpers/ports';
import { temporaryFolder } from '../../helpers/processes';
import { SAVED, UNSAVED } from '../../helpers/saving';
import { withSettings } from '../../helpers/shippedWorkflows';
import type { Account } from '../../helpers/accountProcess';
import { startAccount } from '../../helpers/accountProcess';
import { exampleWorkflow } from '../harness/workflows';
import type { FlowNode } from './flow';
import { flowOf } from './flow';
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

/** The workflows of workflows/ that rotate keys and are started by other workflows. */
export type RotationFile = 'rotate-given-tunnels.json' | 'rotate-in-two-stages.json';

export interface RotationOptions {
	/** Whether n8n is to store the executions, keys included; the files say no. */
	isSaved?: boolean;
	/** Default the vault itself. */
	vaultUrl?: string;
	/** Whose tunnels are rotated, default the account that all started with. */
	account?: Account;
}

/** What a rotation says of a tunnel: an item of the workflow's node Report. */
export interface TunnelReport {
	status: string;
	ipsec_tunnel_id: string;
	tunnel_name: string;
	verified: boolean;
	message: string;
}

/** A rotation that a webhook starts; the answer is what it reports. */
export interface RotationFlow {
	/** Ids of the workflow with the webhook and of the one with the keys. */
	readonly workflowIds: { webhook: string; rotation: string };
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
	/** Imports and publishes a rotation and, before it, a workflow with a webhook. */
	importRotation(file: RotationFile, options?: RotationOptions): Promise<RotationFlow>;
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

/** Webhook → one item for each tunnel → the rotation → its report as the answer. */
function webhookFlow(rotation: string, settings: IWorkflowSettings) {
	const { webhookPath, workflow } = flowOf('Rotate over a webhook', [
		TUNNELS,
		{
			name: 'Rotate',
			type: 'n8n-nodes-base.executeWorkflow',
			typeVersion: 1.2,
			parameters: {
				source: 'database',
				workflowId: { __rl: true, mode: 'id', value: rotation },
				mode: 'once',
				options: { waitForSubWorkflow: true },
			},
		},
	]);
	const { parameters } = workflow.nodes.find(({ name }) => name === 'Webhook')!;
	Object.assign(parameters, { responseMode: 'lastNode', responseData: 'allEntries' });
	return {
		webhookPath,
		workflow: { ...workflow, settings: { ...workflow.settings, ...settings } },
	};
}

interface Setup {
	n8n: N8n;
	credentials: Record<string, CredentialReference>;
	vaultUrl: string;
	isSaved: boolean;
}

/** A file of workflows/ as a user sets it up: address, credentials, every key due. */
function rotationWorkflow(file: RotationFile, setup: Setup): Workflow {
	const { vaultUrl, credentials, isSaved } = setup;
	const workflow = withSettings(exampleWorkflow(file, credentials), {
		vault_url: vaultUrl,
		...(file === 'rotate-in-two-stages.json' ? { max_age_days: 0 } : {}),
	});
	if (!isSaved) return workflow;
	for (const { parameters } of workflow.nodes) {
		delete (parameters.options as IDataObject | undefined)?.requireUnsaved;
	}
	return { ...workflow, settings: { ...workflow.settings, ...SAVED } };
}

async function importRotation(file: RotationFile, setup: Setup): Promise<RotationFlow> {
	const { n8n, isSaved } = setup;
	const rotation = await n8n.importWorkflow(rotationWorkflow(file, setup));
	await n8n.activate(rotation);
	const { webhookPath, workflow } = webhookFlow(rotation, isSaved ? SAVED : UNSAVED);
	const webhook = await n8n.importWorkflow(workflow);
	await n8n.activate(webhook);
	return {
		workflowIds: { webhook, rotation },
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
		const token = await n8n.createCredential('httpHeaderAuth', vault.credential, 'Vault token');
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
			async importRotation(file, changes = {}) {
				const { account: owner, vaultUrl = vault.secretsUrl, isSaved = false } = changes;
				const own = owner === undefined ? cloudflare : await credentialOf(owner);
				const credentials = { cloudflareMagicTokenApi: own, httpHeaderAuth: token };
				return await importRotation(file, { n8n, credentials, vaultUrl, isSaved });
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
	/** The vault refused it: another run had written. */
	| 'refused'
	/** There was no answer, or no good one. */
	| 'failed';

/** Rotates the key of one tunnel, whatever comes. */
export async function rotateOne(flow: RotationFlow, tunnelId: string): Promise<Outcome> {
	try {
		const report = await flow.rotate([tunnelId]);
		if (report.some(({ status }) => /^not (stored|promoted)$/.test(status))) return 'refused';
		const isDone = report.length === 1 && report[0]!.status === 'applied' && report[0]!.verified;
		return isDone ? 'done' : 'failed';
	} catch {
		return 'failed';
	}
}
