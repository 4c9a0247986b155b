import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { aptMissing } from '../harness/apt';
import type { RunningProcess } from '../../helpers/processes';
import { freePort } from '../../helpers/ports';
import { runCommand, startProcess, temporaryFolder, waitFor } from '../../helpers/processes';

/** Debian's Redis, which keeps a log of every change and has a listener at every command. */
export interface Redis {
	readonly port: number;
	/** Ends the server in good order and starts it again with what it had. */
	restart(): Promise<void>;
	/** All that was ever stored, and every command that was given to the server. */
	seen(): Buffer[];
	stop(): Promise<void>;
}

/** Why there is no Redis here; undefined if there is. Installs it if it is missing. */
export async function reasonWithoutRedis(): Promise<string | undefined> {
	return await aptMissing(['redis-server']);
}

/**
 * With its append-only file, as a queue that may lose no job has it. The file is never rewritten,
 * so that it shows all that was stored at any time.
 */
function serverOptions(port: number, folder: string): string[] {
	return [
		...['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', ''],
		...['--appendonly', 'yes', '--auto-aof-rewrite-percentage', '0'],
	];
}

class DebianRedis implements Redis {
	/** The log of changes. */
	private readonly data = temporaryFolder('redis');

	/** What the listeners print: one line for a command. */
	private readonly heard = temporaryFolder('redis-commands');

	private children: RunningProcess[] = [];

	private starts = 0;

	constructor(readonly port: number) {}

	async start(): Promise<void> {
		const server = startProcess({
			name: 'redis',
			command: 'redis-server',
			args: serverOptions(this.port, this.data),
		});
		const command = { command: 'redis-cli', args: ['-p', String(this.port)] };
		await waitFor(
			'Redis',
			async () => {
				const answer = await runCommand({
					name: 'redis-cli ping',
					...command,
					args: [...command.args, 'ping'],
				}).catch(() => '');
				return answer === 'PONG';
			},
			{ child: server },
		);
		this.starts += 1;
		const listener = startProcess({
			name: `commands-${this.starts}`,
			...command,
			args: [...command.args, 'monitor'],
			logFolder: this.heard,
		});
		this.children = [listener, server];
	}

	async restart(): Promise<void> {
		await this.stop();
		await this.start();
	}

	seen(): Buffer[] {
		return [this.data, this.heard].flatMap(filesIn);
	}

	async stop(): Promise<void> {
		for (const child of this.children) await child.stop();
	}
}

/** The bytes of every file of a folder and of those in it. */
function filesIn(folder: string): Buffer[] {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map(({ parentPath, name }) => readFileSync(path.join(parentPath, name)));
}

/** @throws when Redis is not installed */
export async function startRedis(): Promise<Redis> {
	const redis = new DebianRedis(await freePort());
	await redis.start();
	return redis;
}
