import { createRequire } from 'node:module';
import * as path from 'node:path';
import type { IDataObject, INodeExecutionData, IRunExecutionData, ITaskData } from 'n8n-workflow';
import type { WorkflowFile } from '../../helpers/engine';
import { installN8n, n8nBinary } from './n8nInstall';
import type { RunningProcess } from '../../helpers/processes';
import { freePort } from '../../helpers/ports';
import { startProcess, waitFor } from '../../helpers/processes';
import { RestClient } from './rest';

export interface N8nOptions {
	/** n8n's user folder, which holds its database and its `.n8n/nodes`. */
	userFolder: string;
	/** Default a free one. */
	port?: number;
	env?: NodeJS.ProcessEnv;
	/**
	 * Worker processes of queue mode, default none; `env` must then name the Redis server and the
	 * database that all of them share.
	 */
	workers?: number;
	logFolder?: string;
}

export const OWNER = {
	email: 'owner@example.com',
	firstName: 'Olive',
	lastName: 'Owner',
	password: 'Magic-ipsec-1',
};

const KEY = 'a-key-for-tests-of-this-project-only';

/** What keeps n8n on this machine, quiet, and away from questions to a new owner. */
const SETTINGS: NodeJS.ProcessEnv = {
	// As n8n's own container image sets it.
	NODE_ENV: 'production',
	N8N_ENCRYPTION_KEY: KEY,
	N8N_LISTEN_ADDRESS: '127.0.0.1',
	N8N_SECURE_COOKIE: 'false',
	N8N_DIAGNOSTICS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
	N8N_TEMPLATES_ENABLED: 'false',
	N8N_PERSONALIZATION_ENABLED: 'false',
	N8N_HIRING_BANNER_ENABLED: 'false',
	N8N_VERIFIED_PACKAGES_ENABLED: 'false',
};

export interface CredentialReference {
	id: string;
	name: string;
}

/** A workflow to import: the format of the editor's Download. */
export interface Workflow extends WorkflowFile {
	name: string;
}

export interface CredentialTestResult {
	status: 'OK' | 'Error';
	message: string;
}

export interface Execution {
	id: string;
	status: 'new' | 'running' | 'waiting' | 'success' | 'error' | 'canceled' | 'crashed' | 'unknown';
	mode: string;
	data: IRunExecutionData;
}

const UNFINISHED: readonly string[] = ['new', 'running', 'waiting'];

type StoredExecution = Omit<Execution, 'data'> & { data: string };

interface ImportedWorkflow {
	id: string;
	versionId: string;
	name: string;
}

interface PublicationStatus {
	status: 'in_progress' | 'published' | 'not_published' | 'partial' | 'failed';
	triggers: Array<{ errorMessage: string | null }>;
}

/** An n8n that runs, with the person logged in who owns it. */
export class N8n {
	readonly url: string;

	readonly rest: RestClient;

	private main: RunningProcess | undefined;

	/** The worker processes of queue mode, in the order they were started. */
	readonly workers: RunningProcess[] = [];

	constructor(
		private readonly folder: string,
		private readonly port: number,
		private readonly options: N8nOptions,
	) {
		this.url = `http://127.0.0.1:${port}`;
		this.rest = new RestClient(this.url);
	}

	/** Starts the main process and waits until it and the person who owns it are there. */
	async start(): Promise<void> {
		this.main = await this.launch('n8n', ['start']);
		await this.waitUntilUp(this.url, this.main);
		await waitFor('The owner', async () => await this.logIn(), { child: this.main });
	}

	/** Starts one more worker of queue mode. */
	async startWorker(): Promise<RunningProcess> {
		const port = await freePort();
		const worker = await this.launch(
			`n8n-worker-${this.workers.length + 1}`,
			['worker', '--concurrency=5'],
			{ QUEUE_HEALTH_CHECK_ACTIVE: 'true', QUEUE_HEALTH_CHECK_PORT: String(port) },
		);
		await this.waitUntilUp(`http://127.0.0.1:${port}`, worker);
		this.workers.push(worker);
		return worker;
	}

	/** n8n's user folder. */
	get userFolder(): string {
		return this.options.userFolder;
	}

	/** The last lines that the main process printed. */
	tail(lines?: number): string {
		return this.main?.tail(lines) ?? '';
	}

	/** The first line from now on that the main process prints and that passes the test. */
	async line(test: (line: string) => boolean, seconds = 30): Promise<string> {
		return await this.main!.line(test, seconds);
	}

	/** Ends the main process at once, as a crash would. */
	async kill(): Promise<void> {
		await this.main?.kill();
	}

	/** Ends the main process and starts it again on the same database. */
	async restart(): Promise<void> {
		await this.main?.stop();
		await this.start();
	}

	async stop(): Promise<void> {
		await Promise.all([this.main, ...this.workers].map(async (child) => await child?.stop()));
	}

	/** Makes the owner on a new database, else logs the owner in. */
	private async logIn(): Promise<boolean> {
		const { email, password } = OWNER;
		try {
			const { showSetupOnFirstLoad } = (
				await this.rest.call<{ userManagement: { showSetupOnFirstLoad: boolean } }>(
					'GET',
					'settings',
				)
			).userManagement;
			if (showSetupOnFirstLoad) await this.rest.call('POST', 'owner/setup', OWNER);
			else await this.rest.call('POST', 'login', { emailOrLdapLoginId: email, password });
			return true;
		} catch (error) {
			// /healthz answers before the REST API does.
			if (error instanceof SyntaxError || (error as { status?: number }).status === 404)
				return false;
			throw error;
		}
	}

	async createCredential(type: string, data: object, name = type): Promise<CredentialReference> {
		const { id } = await this.rest.call<CredentialReference>('POST', 'credentials', {
			name,
			type,
			data,
		});
		return { id, name };
	}

	/**
	 * What n8n's own test says of a stored credential. As the editor does, it sends back the data
	 * that n8n answers, in which marks stand for the secrets.
	 */
	async testCredential({ id }: CredentialReference): Promise<CredentialTestResult> {
		const { name, type, data } = await this.rest.call<{ name: string; type: string; data: object }>(
			'GET',
			`credentials/${id}?includeData=true`,
		);
		return await this.rest.call('POST', 'credentials/test', {
			credentials: { id, name, type, data },
		});
	}

	/** @returns the workflow's id */
	async importWorkflow(workflow: Workflow): Promise<string> {
		return (await this.rest.call<ImportedWorkflow>('POST', 'workflows', workflow)).id;
	}

	/**
	 * Publishes the workflow's present version and waits until its triggers are on.
	 *
	 * @throws Error with what a trigger said that could not be turned on
	 */
	async activate(id: string): Promise<void> {
		const { versionId } = await this.rest.call<ImportedWorkflow>('GET', `workflows/${id}`);
		await this.rest.call('POST', `workflows/${id}/activate`, { versionId });
		const { status, triggers } = await this.settledPublication(id);
		if (status === 'published') return;
		const reasons = triggers.map(({ errorMessage }) => errorMessage ?? '').filter(Boolean);
		throw new Error(`n8n could not turn on the workflow (${status}): ${reasons.join(', ')}`);
	}

	/** Turns the workflow's triggers off and waits until they are. */
	async deactivate(id: string): Promise<void> {
		await this.rest.call('POST', `workflows/${id}/deactivate`, {});
		await this.settledPublication(id);
	}

	/** n8n turns triggers on and off after it has answered. */
	private async settledPublication(id: string): Promise<PublicationStatus> {
		return await waitFor(
			'The end of a publication',
			async () => {
				const now = await this.rest.call<PublicationStatus>(
					'GET',
					`workflows/${id}/publication-status`,
				);
				return now.status !== 'in_progress' && now;
			},
			{ child: this.main },
		);
	}

	/** A production run of an active workflow that begins with a webhook that takes a POST. */
	async callWebhook(webhookPath: string, body: unknown = {}): Promise<void> {
		const answer = await fetch(`${this.url}/webhook/${webhookPath}`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
		if (!answer.ok)
			throw new Error(`The webhook answered ${answer.status}: ${await answer.text()}`);
	}

	/** A manual run from a trigger node, as the editor's button starts it; gives the execution's id. */
	async runManually(id: string, trigger: string): Promise<string> {
		const { executionId } = await this.rest.call<{ executionId: string }>(
			'POST',
			`workflows/${id}/run`,
			{ triggerToStartFrom: { name: trigger } },
		);
		return executionId;
	}

	/** The stored executions of a workflow, newest first, without their data. */
	async executions(workflowId: string): Promise<Array<Omit<Execution, 'data'>>> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId }));
		const { results } = await this.rest.call<{ results: Array<Omit<Execution, 'data'>> }>(
			'GET',
			`executions?filter=${filter}&limit=100`,
		);
		return results;
	}

	/** A stored execution with its data. */
	async execution(id: string): Promise<Execution> {
		const stored = await this.rest.call<StoredExecution>('GET', `executions/${id}`);
		return { ...stored, data: this.unflatten(stored.data) };
	}

	/** The newest execution of a workflow, when it has ended. */
	async lastExecution(workflowId: string, seconds = 60): Promise<Execution> {
		const { id } = await waitFor(
			'The end of an execution',
			async () => {
				const [newest] = await this.executions(workflowId);
				return newest !== undefined && !UNFINISHED.includes(newest.status) && newest;
			},
			{ seconds, child: this.main },
		);
		return await this.execution(id);
	}

	/** n8n answers execution data in the format of the library `flatted`, which it brings along. */
	private unflatten(data: string): IRunExecutionData {
		const { parse } = createRequire(n8nBinary(this.folder))('flatted') as {
			parse(text: string): IRunExecutionData;
		};
		return parse(data);
	}

	private async launch(
		name: string,
		args: readonly string[],
		env: NodeJS.ProcessEnv = {},
	): Promise<RunningProcess> {
		return startProcess({
			name,
			command: process.execPath,
			args: [n8nBinary(this.folder), ...args],
			cwd: this.options.userFolder,
			env: {
				...SETTINGS,
				N8N_USER_FOLDER: this.options.userFolder,
				N8N_PORT: String(this.port),
				N8N_RUNNERS_BROKER_PORT: String(await freePort()),
				...this.options.env,
				...env,
			},
			logFolder: this.options.logFolder,
		});
	}

	private async waitUntilUp(url: string, child: RunningProcess): Promise<void> {
		await waitFor(
			child.name,
			async () => {
				try {
					return (await fetch(`${url}/healthz/readiness`)).ok;
				} catch {
					return false;
				}
			},
			{ child, seconds: 120 },
		);
	}
}

/** Starts n8n (installed into the cache if it is not there), its owner made and logged in. */
export async function startN8n(options: N8nOptions): Promise<N8n> {
	const folder = await installN8n();
	const n8n = new N8n(path.resolve(folder), options.port ?? (await freePort()), options);
	await n8n.start();
	for (let count = 0; count < (options.workers ?? 0); count++) await n8n.startWorker();
	return n8n;
}

/** What a node did in an execution. */
export function taskIn(execution: Execution, node: string): ITaskData {
	const task = execution.data.resultData.runData[node]?.[0];
	if (task !== undefined) return task;
	const { message } = execution.data.resultData.error ?? {};
	throw new Error(`The node ${node} did not run (${message ?? execution.status})`);
}

/** The items of each output of a node; an output without items is an empty list. */
export function outputsIn(execution: Execution, node: string): IDataObject[][] {
	const main = (taskIn(execution, node).data?.main ?? []) as Array<INodeExecutionData[] | null>;
	return main.map((items) => (items ?? []).map(({ json }) => json));
}
