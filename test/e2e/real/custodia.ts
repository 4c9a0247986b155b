import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import * as path from 'node:path';
import { aptMissing } from '../harness/apt';
import { freePort } from '../../helpers/ports';
import { runCommand, startProcess, temporaryFolder, waitFor } from '../../helpers/processes';

/**
 * Custodia, Debian's secrets server: secrets are encrypted at rest, each user has a name space, and
 * every access is logged.
 */
export interface Custodia {
	/** Address of a secret of the user that n8n is; PUT never overwrites one (409). */
	secretUrl(name: string): string;
	/** What n8n's credential type `httpCustomAuth` takes. */
	readonly credential: { json: string };
	/** Where its databases and its logs are. */
	readonly folder: string;
	/** @returns the status of the answer: 201, or 409 for a name that is taken */
	put(name: string, value: string): Promise<number>;
	/** @returns undefined when there is none */
	get(name: string): Promise<string | undefined>;
	/** The names of all secrets. */
	list(): Promise<string[]>;
	stop(): Promise<void>;
}

const USER = 'n8n';

const configuration = (folder: string, port: number): string => `[global]
server_version = "Secret/0.0.7"
server_url = http://127.0.0.1:${port}/
auditlog = ${folder}/audit.log
debug = False
umask = 077
[auth:sak]
handler = SimpleAuthKeys
id_header = CUSTODIA_AUTH_ID
key_header = CUSTODIA_AUTH_KEY
store = authkeys
[authz:ns]
handler = UserNameSpace
path = /secrets/
store = enc
[store:authkeys]
handler = SqliteStore
dburi = ${folder}/authkeys.db
table = secrets
[store:backing]
handler = SqliteStore
dburi = ${folder}/secrets.db
table = secrets
[store:enc]
handler = EncryptedOverlay
backing_store = backing
master_key = ${folder}/master.jwk
autogen_master_key = true
secret_protection = pinning
[/secrets]
handler = Secrets
store = enc
`;

/** Custodia has no command that makes a user. */
const ADD_USER = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute('CREATE TABLE secrets (key PRIMARY KEY UNIQUE, value)')
database.execute('INSERT INTO secrets VALUES (?, ?)', ('custodiaSAK/' + sys.argv[2], sys.argv[3]))
database.commit()
`;

/** Debian's Python, which has Custodia; another one may come first in PATH. */
const PYTHON = '/usr/bin/python3';

/** Why there is no Custodia here; undefined if there is. Installs it if it is missing. */
export async function reasonWithoutCustodia(): Promise<string | undefined> {
	return await aptMissing(['custodia']);
}

/**
 * @param key what n8n shows as its proof
 * @throws when Custodia is not installed
 */
export async function startCustodia(key = 'custodia-key-of-n8n'): Promise<Custodia> {
	const folder = temporaryFolder('custodia');
	const port = await freePort();
	const file = path.join(folder, 'custodia.conf');
	writeFileSync(file, configuration(folder, port));
	await runCommand({
		name: 'a user of Custodia',
		command: PYTHON,
		args: ['-c', ADD_USER, path.join(folder, 'authkeys.db'), USER, key],
	});
	const child = startProcess({
		name: 'custodia',
		command: PYTHON,
		args: ['-m', 'custodia.server', file],
	});
	const headers = { CUSTODIA_AUTH_ID: USER, CUSTODIA_AUTH_KEY: key };
	const secretUrl = (name: string) => `http://127.0.0.1:${port}/secrets/${USER}/${name}`;
	const ask = async (method: string, name: string, value?: string) =>
		await fetch(secretUrl(name), {
			method,
			headers: { ...headers, 'content-type': 'application/json' },
			body: value === undefined ? undefined : JSON.stringify({ type: 'simple', value }),
		});
	await waitFor('Custodia', async () => await answers(async () => await ask('GET', '')), { child });
	return {
		secretUrl,
		folder,
		credential: { json: JSON.stringify({ headers }) },
		put: async (name, value) => (await ask('PUT', name, value)).status,
		async get(name) {
			const answer = await ask('GET', name);
			return answer.ok ? ((await answer.json()) as { value: string }).value : undefined;
		},
		async list() {
			const answer = await ask('GET', '');
			return answer.ok ? ((await answer.json()) as string[]) : [];
		},
		async stop() {
			await child.stop();
			await rm(folder, { recursive: true, force: true });
		},
	};
}

/** @returns whether a server is there at all, whatever it answers */
async function answers(ask: () => Promise<unknown>): Promise<boolean> {
	try {
		await ask();
		return true;
	} catch {
		return false;
	}
}
