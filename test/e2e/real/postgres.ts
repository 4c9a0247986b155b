import { existsSync, readdirSync } from 'node:fs';
import { chown, readFile, rm } from 'node:fs/promises';
import * as path from 'node:path';
import { freePort } from '../../helpers/ports';
import type { ProcessOptions } from '../../helpers/processes';
import { runCommand, startProcess, temporaryFolder, waitFor } from '../../helpers/processes';
import { aptMissing } from '../harness/apt';

/** Debian's PostgreSQL with one empty database. */
export interface Postgres {
	readonly host: string;
	readonly port: number;
	readonly database: string;
	/** The superuser, who needs no password. */
	readonly user: string;
	/** Runs statements as the superuser. @returns what psql prints: no heads, columns with | between */
	sql(statements: string): Promise<string>;
	/** Rows of a query, their columns with | between; at most 400. */
	query(statement: string): Promise<string[]>;
	/**
	 * From now on keeps a copy of every value that is written to any table, also of rows that are
	 * deleted at once; the tables must be there.
	 */
	recordWrites(): Promise<void>;
	/** All tables as text, the recorded writes among them. */
	dump(): Promise<string>;
	/** Everything that the server has logged. */
	log(): Promise<string>;
	stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const DATABASE = 'magic';
const VERSIONS = '/usr/lib/postgresql';
const USER = 'postgres';

/** Why there is no PostgreSQL here; undefined if there is. Installs it if it is missing. */
export async function reasonWithoutPostgres(): Promise<string | undefined> {
	return await aptMissing(['postgresql']);
}

/** The newest release that is installed. */
function newestVersion(): string | undefined {
	const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
	return versions
		.filter((version) => existsSync(path.join(VERSIONS, version, 'bin', 'initdb')))
		.sort((one, other) => Number(other) - Number(one))[0];
}

/** The folder with the programs of the newest release. */
function programs(): string {
	const newest = newestVersion();
	if (newest === undefined) throw new Error('PostgreSQL is not installed');
	return path.join(VERSIONS, newest, 'bin');
}

/** PostgreSQL refuses to run as root; Debian's package makes a user for it. */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
	if (process.getuid?.() !== 0) return undefined;
	const id = async (flag: string) =>
		Number(await runCommand({ name: `id ${flag}`, command: 'id', args: [flag, USER] }));
	return { uid: await id('-u'), gid: await id('-g') };
}

/**
 * Keeps each value once: rows of executions repeat the workflow, and a whole history of rows would
 * be too long to be searched.
 */
const RECORD_WRITES = `
CREATE SCHEMA written;
CREATE TABLE written.value (
	table_name text, column_name text, value text, hash text,
	PRIMARY KEY (table_name, column_name, hash)
);
CREATE FUNCTION written.keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO written.value
	SELECT TG_TABLE_NAME, field.key, field.value, md5(field.value)
	FROM jsonb_each_text(to_jsonb(NEW)) AS field WHERE length(field.value) > 7
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
DO $$
DECLARE one text;
BEGIN
	FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
		EXECUTE format('CREATE TRIGGER written AFTER INSERT OR UPDATE ON public.%I
			FOR EACH ROW EXECUTE FUNCTION written.keep()', one);
	END LOOP;
END $$;
`;

/**
 * Starts a server on a free port of 127.0.0.1, with its data in a temporary folder.
 *
 * @param settings lines of its configuration, by name
 * @throws Error if PostgreSQL is not installed
 */
export async function startPostgres(settings: Record<string, string> = {}): Promise<Postgres> {
	const bin = programs();
	const user = await serverUser();
	const folder = temporaryFolder('postgres');
	if (user !== undefined) await chown(folder, user.uid, user.gid);
	const data = path.join(folder, 'data');
	const port = await freePort();
	const of = (name: string, ...args: string[]): ProcessOptions => ({
		name,
		command: path.join(bin, name),
		args,
		cwd: folder,
		...user,
	});
	await runCommand(
		of(
			'initdb',
			...['--pgdata', data, '--username', USER, '--auth', 'trust'],
			...['--encoding', 'UTF8', '--no-sync'],
		),
	);
	const given = {
		listen_addresses: HOST,
		port: String(port),
		unix_socket_directories: folder,
		...settings,
	};
	const server = startProcess({
		...of(
			'postgres',
			...['-D', data],
			...Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
		),
		logFolder: folder,
	});
	const access = ['--host', HOST, '--port', String(port), '--username', USER];
	const psql = async (database: string, statements: string) => {
		const how = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align'];
		const what = ['--set', 'ON_ERROR_STOP=1', '--dbname', database, '--command', statements];
		return (await runCommand(of('psql', ...access, ...how, ...what))).trim();
	};
	const sql = async (statements: string) => await psql(DATABASE, statements);
	const stop = async () => {
		// Its fast way to end: it waits for no client.
		server.signal('SIGINT');
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
		user: USER,
		sql,
		async query(statement) {
			const text = await sql(statement);
			return text === '' ? [] : text.split('\n');
		},
		async recordWrites() {
			await sql(RECORD_WRITES);
		},
		async dump() {
			const file = path.join(folder, 'dump.sql');
			await runCommand(
				of('pg_dump', ...access, '--dbname', DATABASE, '--data-only', '--file', file),
			);
			return await readFile(file, 'utf8');
		},
		log: async () => await readFile(server.logFile!, 'utf8'),
		stop,
	};
}
