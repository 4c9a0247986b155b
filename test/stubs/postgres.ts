import { existsSync, readdirSync } from 'node:fs';
import { chown, readFile, rm } from 'node:fs/promises';
import * as path from 'node:path';
import { aptMissing } from '../e2e/harness/apt';
import { freePort } from '../helpers/ports';
import { runCommand, startProcess, temporaryFolder, waitFor } from '../helpers/processes';

/** A real PostgreSQL server of this machine's package, with an empty database. */
export interface Postgres {
	readonly host: string;
	readonly port: number;
	readonly database: string;
	/** Runs statements as the superuser. @returns what psql prints: no heads, columns with | between */
	sql(statements: string): Promise<string>;
	/** Everything that the server has logged. */
	log(): Promise<string>;
	stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const DATABASE = 'magic';
const VERSIONS = '/usr/lib/postgresql';
const USER = 'postgres';

/** Why no server can be had here, or undefined. Installs PostgreSQL if it is missing. */
export async function reasonWithoutPostgres(): Promise<string | undefined> {
	return await aptMissing(['postgresql']);
}

function program(name: string): string {
	const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
	const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
	if (newest === undefined) throw new Error('PostgreSQL is not installed');
	return path.join(VERSIONS, newest, 'bin', name);
}

/** The server refuses to run as root, so that root runs it as the package's own user. */
async function serverUser(): Promise<{ uid?: number; gid?: number }> {
	if (process.getuid?.() !== 0) return {};
	const id = async (flag: string) =>
		Number(await runCommand({ name: `id ${flag}`, command: 'id', args: [flag, USER] }));
	return { uid: await id('-u'), gid: await id('-g') };
}

/**
 * Starts a server on a free port of 127.0.0.1, with its data in a temporary folder.
 *
 * @param settings lines of its configuration, by name
 * @throws Error if PostgreSQL is not installed
 */
export async function startPostgres(settings: Record<string, string> = {}): Promise<Postgres> {
	const user = await serverUser();
	const folder = temporaryFolder('postgres');
	if (user.uid !== undefined) await chown(folder, user.uid, user.gid!);
	const data = path.join(folder, 'data');
	const run = async (name: string, ...args: string[]) =>
		await runCommand({ name, command: program(name), args, ...user });
	await run(
		'initdb',
		...['--pgdata', data, '--username', USER, '--auth', 'trust'],
		...['--encoding', 'UTF8', '--no-sync'],
	);
	const port = await freePort();
	const given = {
		listen_addresses: HOST,
		port: String(port),
		unix_socket_directories: folder,
		fsync: 'off',
		logging_collector: 'on',
		log_directory: folder,
		log_filename: 'server.log',
		...settings,
	};
	const server = startProcess({
		name: 'postgres',
		command: program('postgres'),
		args: [
			'-D',
			data,
			...Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
		],
		...user,
	});
	const psql = async (database: string, statements: string) => {
		const where = ['--host', HOST, '--port', String(port), '--username', USER];
		const how = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align'];
		const what = ['--set', 'ON_ERROR_STOP=1', '--dbname', database, '--command', statements];
		return (await run('psql', ...where, ...how, ...what)).trim();
	};
	const stop = async () => {
		// Clients keep their connections, for which a usual stop would wait.
		if (!server.hasEnded) await run('pg_ctl', 'stop', '--pgdata', data, '--mode', 'fast');
		await server.stop();
		await rm(folder, { recursive: true, force: true });
	};
	try {
		await waitFor('PostgreSQL', async () => await psql(USER, 'SELECT 1').catch(() => undefined), {
			child: server,
		});
		await psql(USER, `CREATE DATABASE ${DATABASE}`);
	} catch (error) {
		await stop();
		throw error;
	}
	return {
		host: HOST,
		port,
		database: DATABASE,
		sql: async (statements) => await psql(DATABASE, statements),
		log: async () => await readFile(path.join(folder, 'server.log'), 'utf8'),
		stop,
	};
}
