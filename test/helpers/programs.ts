import * as path from 'node:path';
import { ROOT } from './paths';
import type { ProcessOptions, RunningProcess } from './processes';
import { startProcess } from './processes';

/** A TypeScript program of this tree, to be run in a process of its own. */
export interface ProgramOptions extends Omit<ProcessOptions, 'command' | 'cwd' | 'uid' | 'gid'> {
	/** Its path below the tree's root. */
	file: string;
}

export function startProgram({ file, args = [], ...options }: ProgramOptions): RunningProcess {
	return startProcess({
		...options,
		command: process.execPath,
		args: ['--import', 'tsx', path.join(ROOT, file), ...args],
		cwd: ROOT,
	});
}

export interface ServerProcess<Ready> {
	child: RunningProcess;
	/** What it printed when it was ready. */
	ready: Ready;
}

/**
 * Starts a server of this tree that prints one line of JSON when it is ready.
 *
 * @throws Error with what it printed if that line does not come
 */
export async function startServer<Ready>(options: ProgramOptions): Promise<ServerProcess<Ready>> {
	const child = startProgram(options);
	const line = await child.line((text) => text.startsWith('{'), 60);
	return { child, ready: JSON.parse(line) as Ready };
}
