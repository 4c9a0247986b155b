import type { ChildProcess, Serializable } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { WriteStream } from 'node:fs';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, setGlobalDispatcher } from 'undici';
import { print, reasonOf, secondsSince } from './print';

export interface ProcessOptions {
	/** Shown in messages and used for the log's file name. */
	name: string;
	command: string;
	args?: readonly string[];
	cwd?: string;
	/** Laid over this process's environment; undefined takes a variable away. */
	env?: NodeJS.ProcessEnv;
	/** The user and group that it runs as, by their numbers, where it may not be root. */
	uid?: number;
	gid?: number;
	/** Folder of the log file; without it, the lines are kept in memory only. */
	logFolder?: string;
	/** How many of the last lines are kept in memory, default 400. */
	keptLines?: number;
	/** Opens a channel for messages, for a child that is a Node program. */
	channel?: boolean;
}

const KEPT_LINES = 400;
const PROGRESS_MS = 10_000;

/** A child process that leads a process group of its own, with what it printed. */
export class RunningProcess {
	readonly name: string;

	readonly logFile: string | undefined;

	/** Settles with the exit code, or the signal's name, when the process has ended. */
	readonly ended: Promise<number | string>;

	private readonly child: ChildProcess;

	private readonly log: WriteStream | undefined;

	private readonly keptLines: number;

	private readonly lines: string[] = [];

	private readonly listeners = new Set<(line: string) => void>();

	private result: number | string | undefined;

	constructor(options: ProcessOptions) {
		const { name, command, args = [], cwd, env, uid, gid, logFolder, channel = false } = options;
		this.name = name;
		this.keptLines = options.keptLines ?? KEPT_LINES;
		if (logFolder !== undefined) {
			mkdirSync(logFolder, { recursive: true });
			this.logFile = path.join(logFolder, `${name}.log`);
			this.log = createWriteStream(this.logFile, { flags: 'a' });
		}
		this.child = spawn(command, args, {
			cwd,
			uid,
			gid,
			env: { ...process.env, ...env },
			stdio: channel ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
			detached: true,
		});
		for (const stream of [this.child.stdout!, this.child.stderr!]) this.keep(stream);
		this.ended = new Promise((resolve) => {
			this.child.once('error', (error) => this.finish(error.message, resolve));
			this.child.once('close', (code, signal) => this.finish(code ?? signal ?? 'lost', resolve));
		});
		running.add(this);
	}

	get pid(): number | undefined {
		return this.child.pid;
	}

	/** Whether it has ended, with all that it printed heard. */
	get hasEnded(): boolean {
		return this.result !== undefined;
	}

	/** Whether it has ended by itself; what it printed last may still be on its way. */
	get hasExited(): boolean {
		return this.child.exitCode !== null;
	}

	/** Sends a message to a child with a channel. */
	send(message: Serializable): void {
		this.child.send(message);
	}

	/** Hears the messages of a child with a channel. */
	onMessage(listener: (message: Serializable) => void): void {
		this.child.on('message', listener);
	}

	/** The last lines that were printed, oldest first. */
	tail(lines = 25): string {
		return this.lines.slice(-lines).join('\n');
	}

	/**
	 * The first line printed from now on that passes the test; lines printed before do not count.
	 *
	 * @param seconds how long to wait for it, default for ever
	 * @throws Error when the time is over or the process has ended
	 */
	async line(test: (line: string) => boolean, seconds?: number): Promise<string> {
		const over = new AbortController();
		const found = new Promise<string>((resolve) => {
			const listener = (line: string) => {
				if (test(line)) resolve(line);
			};
			this.listeners.add(listener);
			over.signal.addEventListener('abort', () => this.listeners.delete(listener));
		});
		const fail = (): never => {
			throw new Error(`${this.name} did not print what was waited for:\n${this.tail()}`);
		};
		const late =
			seconds === undefined
				? []
				: [sleep(seconds * 1000, undefined, { signal: over.signal }).then(fail)];
		try {
			return await Promise.race([found, this.ended.then(fail), ...late]);
		} finally {
			over.abort();
		}
	}

	/** Sends a signal to the process and to all that it started. */
	signal(name: NodeJS.Signals): void {
		if (this.pid === undefined) return;
		try {
			process.kill(-this.pid, name);
		} catch {
			// The group is gone already.
		}
	}

	/** Ends the process: SIGTERM, and SIGKILL for what is left after `graceSeconds`. */
	async stop(graceSeconds = 10): Promise<void> {
		this.signal('SIGTERM');
		await Promise.race([this.ended, sleep(graceSeconds * 1000, undefined, { ref: false })]);
		this.signal('SIGKILL');
		await this.ended;
	}

	/** Ends the process at once, as a crash would. */
	async kill(): Promise<void> {
		this.signal('SIGKILL');
		await this.ended;
	}

	private finish(result: number | string, resolve: (result: number | string) => void): void {
		if (this.result !== undefined) return;
		this.result = result;
		running.delete(this);
		this.log?.end();
		resolve(result);
	}

	private keep(stream: NodeJS.ReadableStream): void {
		let rest = '';
		stream.setEncoding('utf8');
		stream.on('data', (chunk: string) => {
			this.log?.write(chunk);
			const lines = (rest + chunk).split('\n');
			rest = lines.pop() ?? '';
			for (const line of lines) this.hear(line);
		});
		stream.on('end', () => {
			if (rest !== '') this.hear(rest);
		});
	}

	private hear(line: string): void {
		this.lines.push(line);
		if (this.lines.length > this.keptLines) this.lines.shift();
		for (const listener of this.listeners) listener(line);
	}
}

const running = new Set<RunningProcess>();
const folders = new Set<string>();

let ending = false;

/** Starts a process; it is ended with this one, whatever ends this one. */
export function startProcess(options: ProcessOptions): RunningProcess {
	if (ending) throw new Error('Nothing is started any more: this process is ending');
	return new RunningProcess(options);
}

/** A new folder for temporary files, removed when this process ends. */
export function temporaryFolder(name: string): string {
	const folder = mkdtempSync(path.join(tmpdir(), `magic-e2e-${name}-`));
	folders.add(folder);
	return folder;
}

/** Ends every process that is still running, the newest first. */
export async function stopAll(): Promise<void> {
	await Promise.all([...running].reverse().map(async (child) => await child.stop()));
}

function cleanUp(): void {
	for (const child of running) child.signal('SIGKILL');
	for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Makes this process end all that it started before it ends, Ctrl-C included.
 *
 * @param interruptedCode exit code after Ctrl-C: 0 where that is the usual end
 */
export function endChildrenAtExit(interruptedCode = 130): void {
	process.on('exit', cleanUp);
	for (const [signal, code] of [
		['SIGINT', interruptedCode],
		['SIGTERM', 143],
		['SIGHUP', 129],
	] as const) {
		process.on(signal, () => {
			// npm and the terminal both send it: once is enough.
			if (ending) return;
			ending = true;
			void stopAll().finally(() => process.exit(code));
		});
	}
}

async function exitCodeOf(main: () => Promise<number>): Promise<number> {
	try {
		return await main();
	} catch (error) {
		// What fails while all is being ended fails because of that.
		if (!ending) process.stderr.write(`${reasonOf(error)}\n`);
		return 1;
	}
}

/**
 * Runs a program's main function, which gives the exit code, and ends all that it started with it.
 *
 * @param interruptedCode exit code after Ctrl-C
 */
export function runMain(main: () => Promise<number>, interruptedCode?: number): void {
	endChildrenAtExit(interruptedCode);
	// Servers close connections that are idle, just when the next request may be under way on one.
	setGlobalDispatcher(new Agent({ keepAliveTimeout: 1, keepAliveMaxTimeout: 1 }));
	void exitCodeOf(main).then(async (code) => {
		if (ending) return;
		await stopAll();
		process.exit(code);
	});
}

/**
 * Runs a command to its end and prints a line at least every 10 s meanwhile.
 *
 * @throws Error with the last lines it printed if it fails
 */
export async function runCommand(options: ProcessOptions): Promise<string> {
	const started = Date.now();
	const child = startProcess(options);
	const progress = setInterval(
		() => print(`  … ${options.name}: still working after ${secondsSince(started)}`),
		PROGRESS_MS,
	);
	try {
		const result = await child.ended;
		if (result === 0) return child.tail(KEPT_LINES);
		throw new Error(`${options.name} ended with ${result}:\n${child.tail()}`);
	} finally {
		clearInterval(progress);
	}
}

/**
 * Asks again until the answer is neither undefined nor false, and gives it.
 *
 * @param what completes the sentence "… was waited for"
 * @throws Error when `seconds` have passed, or when `child` has ended
 */
export async function waitFor<T>(
	what: string,
	ask: () => Promise<T | undefined | false>,
	{ seconds = 60, child }: { seconds?: number; child?: RunningProcess } = {},
): Promise<T> {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		const answer = await ask();
		if (answer !== undefined && answer !== false) return answer;
		if (child?.hasEnded === true) throw new Error(`${child.name} ended:\n${child.tail()}`);
		if (Date.now() > end) {
			const log = child === undefined ? '' : `:\n${child.tail()}`;
			throw new Error(`${what} was waited for in vain for ${seconds} s${log}`);
		}
		await sleep(100);
	}
}
