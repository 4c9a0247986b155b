import { randomInt } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { IDataObject } from 'n8n-workflow';
import { startAccount } from '../helpers/accountProcess';
import { outputsOf } from '../helpers/engine';
import type { WorkflowFile } from '../helpers/engine';
import { temporaryFolder } from '../helpers/processes';
import { startProgram } from '../helpers/programs';
import { leaksIn } from '../helpers/scanner';
import { readWorkflow, withSettings } from '../helpers/shippedWorkflows';
import { startVaultProcess } from '../stubs/vault/process';
import type { Flow } from './flow';
import { generateWorkflow, runFlow } from './flow';
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

/** Keys and versions of a secret that are looked at for one run; it makes one of each. */
const NEWEST = 4;

/**
 * A workflow that rotates an account's keys, and can be killed at any moment; the account and the vault
 * run in processes of their own.
 */
export async function startRotation(kind: 'two-stage' | 'generate', tunnels: number) {
	const folder = temporaryFolder('crash');
	const [account, vault] = await Promise.all([
		startAccount({ tunnels, seed: randomInt(2 ** 32) }),
		startVaultProcess(),
	]);
	let onMoment: (moment: string) => Promise<boolean> = async () => true;
	const gateTo = async (url: string) =>
		await startGate(
			new URL(url).origin,
			async (moment, what) => await onMoment(`${moment} ${what}`),
		);
	const gates = await Promise.all([gateTo(account.url), gateTo(vault.secretsUrl)]);

	const through = (index: 0 | 1, url: string) =>
		url.replace(new URL(url).origin, gates[index]!.origin);
	const twoStage = withSettings(readWorkflow('rotate-in-two-stages.json'), {
		vault_url: through(1, vault.secretsUrl),
		// Every key is due at once, so that every run has work to do.
		max_age_days: 0,
	});
	const workflow: WorkflowFile = kind === 'two-stage' ? twoStage : generateWorkflow(twoStage);
	const flow: Flow = {
		workflow,
		credentials: {
			cloudflareMagicTokenApi: account.tokenCredential({ baseUrl: through(0, account.url) }),
			httpHeaderAuth: vault.credential,
		},
	};

	/** What a run may have had in hand: each tunnel's newest keys, and the credentials. */
	const secrets = async () => {
		const kept = await vault.secrets();
		const newest = (await account.tunnels()).flatMap(({ tunnel, history }) => [
			...history.slice(-NEWEST).map(({ psk }) => psk),
			...(kept.get(tunnel.id) ?? [])
				.slice(-NEWEST)
				.flatMap(({ secret }) => Object.values(secret).map(String)),
		]);
		return [...new Set(newest), account.credentials.apiToken, vault.credential.value];
	};

	return {
		account,
		vault,

		/** Runs the workflow in a child process and kills that with SIGKILL. */
		async runAndKill(kill?: Kill): Promise<Ended> {
			const logs = path.join(folder, 'n8n.log');
			const child = startProgram({
				name: 'a rotation',
				file: 'test/crash/child.ts',
				env: {
					NODE_COMPILE_CACHE: path.join(tmpdir(), 'n8n-crash-compile-cache'),
					N8N_LOG_LEVEL: 'debug',
					N8N_LOG_OUTPUT: 'console,file',
					N8N_LOG_FILE_LOCATION: logs,
					N8N_USER_FOLDER: folder,
				},
				keptLines: Infinity,
				channel: true,
			});
			let [steps, started, killedAt] = [0, 0, undefined as string | undefined];
			const killNow = (step: string) => {
				if (killedAt !== undefined || child.hasExited) return;
				killedAt = step;
				child.signal('SIGKILL');
			};
			const reached = (step: string): boolean => {
				steps++;
				if (kill !== undefined && 'step' in kill && steps >= kill.step) killNow(step);
				return killedAt === undefined;
			};
			onMoment = async (moment) => reached(moment);
			child.onMessage((step) => {
				if (step === 'ready') {
					started = Date.now();
					child.send(flow);
					if (kill !== undefined && 'afterMs' in kill) {
						setTimeout(killNow, kill.afterMs, `after ${kill.afterMs} ms`);
					}
				} else if (reached(String(step))) child.send('go');
			});
			const end = await child.ended;
			const ms = Date.now() - started;
			// What the dead process had sent off is still done by the servers.
			await Promise.all(gates.map(async (gate) => await gate.idle()));
			onMoment = async () => true;
			if (killedAt === undefined && end !== 0) {
				throw new Error(`The run stopped by itself: ${child.tail(Infinity)}`);
			}
			// One that was killed at its start has logged nothing yet.
			const logged = existsSync(logs) ? readFileSync(logs, 'utf8') : '';
			rmSync(logs, { force: true });
			return {
				killedAt,
				ms,
				leaks: leaksIn([child.tail(Infinity), logged], await secrets()),
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
			await Promise.all([account.stop(), vault.stop()]);
		},
	};
}

export type Rotation = Awaited<ReturnType<typeof startRotation>>;
