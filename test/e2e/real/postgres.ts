import { chownSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import * as path from 'node:path';
import { aptMissing } from '../harness/apt';
import type { ProcessOptions } from '../../helpers/processes';
import { freePort } from '../../helpers/ports';
import { runCommand, startProcess, temporaryFolder, waitFor } from '../../helpers/processes';

/** Debian's PostgreSQL with one database for n8n. */
export interface Postgres {
	/** n8n's settings for its database. */
	readonly env: NodeJS.ProcessEnv;
	/** Rows of a query, their columns separated by `|`; at most 400. */
	query(sql: string): Promise<string[]>;
	/**
	 * From now on keeps a copy of every value that is written to any table, also of rows that are
	 * deleted at once; the tables must be there.
	 */
	recordWrites(): Promise<void>;
	/** All tables as text, the recorded writes among them. */
	dump(): Promise<string>;
	stop(): Promise<void>;
}

const VERSIONS = '/usr/lib/postgresql';

/** Why there is no PostgreSQL here; undefined if there is. Installs it if it is missing. */
export async function reasonWithoutPostgres(): Promise<string | undefined> {
	return await aptMissing(['postgresql']);
}

/** The folder with the programs of the newest release that is installed. */
function programs(): string {
	const [newest] = readdirSync(VERSIONS)
		.filter((version) => existsSync(path.join(VERSIONS, version, 'bin', 'initdb')))
		.sort((one, other) => Number(other) - Number(one));
	if (newest === undefined) throw new Error('PostgreSQL is not installed');
	return path.join(VERSIONS, newest, 'bin');
}

/** PostgreSQL refuses to run as root; Debian's package makes a user for it. */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
	if (process.getuid?.() !== 0) return undefined;
	const id = async (what: string) =>
		Number(await runCommand({ name: 'id', command: 'id', args: [what, 'postgres'] }));
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

/** @throws when PostgreSQL is not installed */
export async function startPostgres(): Promise<Postgres> {
	const bin = programs();
	const user = await serverUser();
	const folder = temporaryFolder('postgres');
	if (user !== undefined) chownSync(folder, user.uid, user.gid);
	const data = path.join(folder, 'data');
	const port = await freePort();
	const of = (program: string, args: string[]): ProcessOptions => ({
		name: program,
		command: path.join(bin, program),
		args,
		cwd: folder,
		...user,
	});
	const access = ['-h', '127.0.0.1', '-p', String(port), '-U', 'n8n'];
	await runCommand(of('initdb', ['-D', data, '-A', 'trust', '-U', 'n8n', '-E', 'UTF8']));
	const server = startProcess(
		of('postgres', ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', folder]),
	);
	await waitFor(
		'PostgreSQL',
		async () =>
			await runCommand(of('pg_isready', access)).then(
				() => true,
				() => false,
			),
		{ child: server },
	);
	await runCommand(of('createdb', [...access, 'n8n']));
	const query = async (sql: string) => {
		const text = await runCommand(
			of('psql', [...access, '-d', 'n8n', '-v', 'ON_ERROR_STOP=1', '-qAt', '-c', sql]),
		);
		return text === '' ? [] : text.split('\n');
	};
	return {
		env: {
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_HOST: '127.0.0.1',
			DB_POSTGRESDB_PORT: String(port),
			DB_POSTGRESDB_USER: 'n8n',
			DB_POSTGRESDB_DATABASE: 'n8n',
			DB_POSTGRESDB_PASSWORD: 'any',
		},
		query,
		async recordWrites() {
			await query(RECORD_WRITES);
		},
		async dump() {
			const file = path.join(folder, 'dump.sql');
			await runCommand(of('pg_dump', [...access, '-d', 'n8n', '--data-only', '--file', file]));
			return readFileSync(file, 'utf8');
		},
		async stop() {
			// Its fast way to end: it waits for no client.
			server.signal('SIGINT');
			await server.stop();
			await rm(folder, { recursive: true, force: true });
		},
	};
}
