import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { IDataObject } from 'n8n-workflow';
import { request } from 'undici';
import { outputsOf } from '../helpers/engine';
import type { WorkflowFile } from '../helpers/engine';
import { startProgram, startServer } from '../helpers/processes';
import { leaksIn } from '../helpers/scanner';
import type { KeyEvent } from '../simulator';
import type { VaultState } from '../stubs/vault/kv2';
import type { Flow } from './flow';
import { generateWorkflow, readWorkflow, runFlow, withSettings } from './flow';
import { startGate } from './gate';

/** When a run is killed: at a step, counted from 1, or after milliseconds of work. */
export type Kill = { step: number } | { afterMs: number };

/** What became of a run that was to be killed. */
export interface Ended {
	/** The step at which it was killed; undefined if it was over before. */
	killedAt: string | undefined;
	/** Milliseconds from its first step to its end. */
	ms: number;
	/** Secrets found in what it printed and logged. */
	leaks: string[];
}

interface SimulatorReady {
	url: string;
	accountId: string;
	apiToken: string;
}

export interface TunnelKeys {
	tunnel: { id: string; name: string };
	live_key: string | null;
	history: KeyEvent[];
}

/** Keys and versions of a secret that are looked at for one run; it makes one of each. */
const NEWEST = 4;

const SECRETS_FOLDER = 'magic-ipsec';

async function getJson<T>(url: URL): Promise<T> {
	// The servers close connections that are idle for long.
	return (await (await request(url, { reset: true })).body.json()) as T;
}

/** An account, a vault and a workflow that rotates the account's keys, each in a process of its own. */
export async function startWorld(kind: 'two-stage' | 'generate', tunnels: number) {
	const folder = mkdtempSync(path.join(tmpdir(), 'crash-'));
	const [simulator, vault] = await Promise.all([
		startServer<SimulatorReady>('test/simulator/cli.ts', ['--tunnels', String(tunnels)]),
		startServer<{ url: string; token: string }>('test/stubs/vault/cli.ts', [
			'--directory',
			path.join(folder, 'vault'),
		]),
	]);
	let onMoment: (moment: string) => Promise<boolean> = async () => true;
	const gateTo = async (url: string) =>
		await startGate(
			new URL(url).origin,
			async (moment, what) => await onMoment(`${moment} ${what}`),
		);
	const gates = await Promise.all([gateTo(simulator.ready.url), gateTo(vault.ready.url)]);

	const through = (index: 0 | 1, url: string) =>
		url.replace(new URL(url).origin, gates[index]!.origin);
	const twoStage = withSettings(readWorkflow('rotate-in-two-stages.json'), {
		vault_url: `${through(1, vault.ready.url)}/${SECRETS_FOLDER}`,
		// Every key is due at once, so that every run has work to do.
		max_age_days: 0,
	});
	const workflow: WorkflowFile = kind === 'two-stage' ? twoStage : generateWorkflow(twoStage);
	const { apiToken, accountId } = simulator.ready;
	const flow: Flow = {
		workflow,
		credentials: {
			cloudflareMagicTokenApi: { apiToken, accountId, baseUrl: through(0, simulator.ready.url) },
			httpHeaderAuth: { name: 'X-Vault-Token', value: vault.ready.token },
		},
	};

	const accountState = async () =>
		(await getJson<{ tunnels: TunnelKeys[] }>(new URL('/__sim/state', simulator.ready.url)))
			.tunnels;
	const vaultState = async () => {
		const state = await getJson<VaultState>(new URL('/__vault/state', vault.ready.url));
		return (id: string) => state[`${SECRETS_FOLDER}/${id}`] ?? [];
	};
	/** What a run may have had in hand: each tunnel's newest keys, and the credentials. */
	const secrets = async () => {
		const secret = await vaultState();
		const newest = (await accountState()).flatMap(({ tunnel, history }) => [
			...history.slice(-NEWEST).map(({ psk }) => psk),
			...secret(tunnel.id)
				.slice(-NEWEST)
				.flatMap(({ data }) => Object.values(data ?? {}).map(String)),
		]);
		return [...new Set(newest), apiToken, vault.ready.token];
	};

	return {
		accountState,
		vaultState,

		/** Runs the workflow in a child process and kills that with SIGKILL. */
		async runAndKill(kill?: Kill): Promise<Ended> {
			const logs = path.join(folder, 'n8n.log');
			const program = startProgram('test/crash/child.ts', [], {
				NODE_COMPILE_CACHE: path.join(tmpdir(), 'n8n-crash-compile-cache'),
				N8N_LOG_LEVEL: 'debug',
				N8N_LOG_OUTPUT: 'console,file',
				N8N_LOG_FILE_LOCATION: logs,
				N8N_USER_FOLDER: folder,
			});
			const { child } = program;
			const ended = once(child, 'close');
			let [steps, started, killedAt] = [0, 0, undefined as string | undefined];
			const killNow = (step: string) => {
				if (killedAt !== undefined || child.exitCode !== null) return;
				killedAt = step;
				child.kill('SIGKILL');
			};
			const reached = (step: string): boolean => {
				steps++;
				if (kill !== undefined && 'step' in kill && steps >= kill.step) killNow(step);
				return killedAt === undefined;
			};
			onMoment = async (moment) => reached(moment);
			child.on('message', (step: string) => {
				if (step === 'ready') {
					started = Date.now();
					child.send(flow);
					if (kill !== undefined && 'afterMs' in kill) {
						setTimeout(killNow, kill.afterMs, `after ${kill.afterMs} ms`);
					}
				} else if (reached(step)) child.send('go');
			});
			await ended;
			const ms = Date.now() - started;
			// What the dead process had sent off is still done by the servers.
			await Promise.all(gates.map(async (gate) => await gate.idle()));
			onMoment = async () => true;
			if (killedAt === undefined && child.exitCode !== 0) {
				throw new Error(`The run stopped by itself: ${program.printed()}`);
			}
			// One that was killed at its start has logged nothing yet.
			const logged = existsSync(logs) ? readFileSync(logs, 'utf8') : '';
			rmSync(logs, { force: true });
			return {
				killedAt,
				ms,
				leaks: leaksIn([program.printed(), logged], await secrets()),
			};
		},

		/** Runs the workflow in this process, to its end. Gives what it reports. */
		async runWhole(): Promise<IDataObject[]> {
			const run = await runFlow(flow);
			const { error, lastNodeExecuted } = run.data.resultData;
			if (error !== undefined) throw error;
			return outputsOf(run, lastNodeExecuted!)[0]!.map(({ json }) => json);
		},

		secrets,

		async close(): Promise<void> {
			await Promise.all(gates.map(async (gate) => await gate.close()));
			await Promise.all([simulator.stop(), vault.stop()]);
			rmSync(folder, { recursive: true });
		},
	};
}

export type World = Awaited<ReturnType<typeof startWorld>>;
