import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { createInterface } from 'node:readline';

/** A program of the tests in a process of its own. */
export interface Program {
	readonly child: ChildProcess;
	/** All that it printed so far, on both streams. */
	printed(): string;
	/** Ends it, and settles when it has ended. */
	stop(signal?: NodeJS.Signals): Promise<void>;
}

const ROOT = path.join(__dirname, '..', '..');

/** Starts a TypeScript program of this tree. `file` is a path below the tree's root. */
export function startProgram(
	file: string,
	parameters: readonly string[],
	env: NodeJS.ProcessEnv = {},
): Program {
	const child = spawn(process.execPath, ['--import', 'tsx', path.join(ROOT, file), ...parameters], {
		cwd: ROOT,
		env: { ...process.env, ...env },
		stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
	});
	const texts: string[] = [];
	for (const stream of [child.stdout!, child.stderr!]) {
		stream.setEncoding('utf8').on('data', (text: string) => texts.push(text));
	}
	const ended = once(child, 'close');
	return {
		child,
		printed: () => texts.join(''),
		async stop(signal = 'SIGTERM') {
			child.kill(signal);
			await ended;
		},
	};
}

/**
 * Starts a server of this tree that prints one line of JSON when it is ready.
 *
 * @throws Error with what it printed if it ends before that
 */
export async function startServer<Ready>(
	file: string,
	parameters: readonly string[],
): Promise<Program & { ready: Ready }> {
	const program = startProgram(file, parameters);
	const line = await Promise.race([
		once(createInterface(program.child.stdout!), 'line').then(([text]) => String(text)),
		once(program.child, 'close').then(() => undefined),
	]);
	if (line === undefined) throw new Error(`${file} did not start: ${program.printed()}`);
	return { ...program, ready: JSON.parse(line) as Ready };
}
