import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { startProcess, temporaryFolder } from '../helpers/processes';
import type { RunningProcess } from '../helpers/processes';
import { leaksIn } from '../helpers/scanner';
import { compileChild } from './compiled';
import type { WorkflowFile } from '../helpers/engine';
import type { Way, World } from './world';

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

interface Spare {
	child: RunningProcess;
	logs: string;
	/** Settles when it waits for its workflow; rejects if it ended before. */
	ready: Promise<void>;
}

/** Processes that run one workflow each and are killed; the next one is made ready meanwhile. */
export class Victims {
	private readonly folder = temporaryFolder('crash');

	private readonly program = compileChild();

	private count = 0;

	private spare: Spare = this.start();

	/**
	 * Runs a workflow in a child process and kills that with SIGKILL. A request's arrival and the
	 * server's being done with it are steps, and so are the beginning and the end of each node.
	 *
	 * @param make the workflow, for the way that its requests take
	 */
	async run(world: World, make: (way: Way) => WorkflowFile, kill?: Kill): Promise<Ended> {
		const { child, logs, ready } = this.spare;
		this.spare = this.start();
		let [steps, killedAt] = [0, undefined as string | undefined];
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
		const way = await world.way(async (moment, what) =>
			// The answer's end is the next request's beginning.
			moment === 'answered' ? true : reached(`${moment} ${what}`),
		);
		await ready;
		const started = Date.now();
		child.onMessage((step) => {
			if (reached(String(step))) child.send('go');
		});
		child.send({ workflow: make(way), credentials: way.credentials } as never);
		const timer =
			kill !== undefined && 'afterMs' in kill
				? setTimeout(killNow, kill.afterMs, `after ${kill.afterMs.toFixed(1)} ms`)
				: undefined;
		const end = await child.ended;
		const ms = Date.now() - started;
		clearTimeout(timer);
		// What the dead process had sent off is still done by the servers.
		await way.idle();
		await way.close();
		if (killedAt === undefined && end !== 0) {
			throw new Error(`The run stopped by itself: ${child.tail(Infinity)}`);
		}
		// One that was killed at its start has logged nothing yet.
		const logged = existsSync(logs) ? readFileSync(logs, 'utf8') : '';
		rmSync(logs, { force: true });
		return { killedAt, ms, leaks: leaksIn([child.tail(Infinity), logged], world.secrets()) };
	}

	async close(): Promise<void> {
		this.spare.ready.catch(() => {});
		await this.spare.child.kill();
	}

	private start(): Spare {
		const logs = path.join(this.folder, `n8n-${++this.count}.log`);
		const child = startProcess({
			name: 'a rotation',
			command: process.execPath,
			args: [this.program],
			env: {
				NODE_COMPILE_CACHE: path.join(tmpdir(), 'n8n-crash-compile-cache'),
				N8N_LOG_LEVEL: 'debug',
				N8N_LOG_OUTPUT: 'console,file',
				N8N_LOG_FILE_LOCATION: logs,
				N8N_USER_FOLDER: this.folder,
			},
			keptLines: Infinity,
			channel: true,
		});
		const ready = new Promise<void>((resolve, reject) => {
			child.onMessage((message) => {
				if (message === 'ready') resolve();
			});
			void child.ended.then(() => reject(new Error(`A child did not start: ${child.tail()}`)));
		});
		ready.catch(() => {});
		return { child, logs, ready };
	}
}
