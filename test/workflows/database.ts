import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import type { Postgres } from '../e2e/real/postgres';
import { startPostgres } from '../e2e/real/postgres';
import { readWorkflow } from '../helpers/shippedWorkflows';

/** The database of workflows/rotate-with-any-vault.json, as its notes have its user make it. */

export const FILE = 'rotate-with-any-vault.json';

/** Its nodes, in the order of the file. */
export const LINE = readWorkflow(FILE)
	.nodes.filter(({ type }) => !type.endsWith('.stickyNote'))
	.map(({ name }) => name);

export const ENCRYPTION_KEY = 'the passphrase of the server';

const KEY = "current_setting('magic_ipsec.key')";

function notes(): string {
	const texts = readWorkflow(FILE).nodes.map(({ parameters: { content } }) => content);
	return texts.filter((text) => typeof text === 'string').join('\n');
}

/** The statements that the notes tell a user to run beforehand. */
function statementsOfNotes(): string {
	return [...notes().matchAll(/```sql\n(.*?)```/gs)].map(([, statements]) => statements).join('\n');
}

/** The statement by which the notes tell a user to go back to the former key of a tunnel. */
export function statementToGoBack(tunnelId: string): string {
	const [, statement] = /`(UPDATE psk SET pending = previous[^`]*)`/.exec(notes()) ?? [];
	if (statement === undefined) throw new Error('The notes have no statement to go back');
	return statement.replace('…', tunnelId);
}

/**
 * A server with what the notes of the workflow have its user make.
 *
 * @throws Error if PostgreSQL is not installed
 */
export async function startDatabase(): Promise<Postgres> {
	const postgres = await startPostgres({
		fsync: 'off',
		'magic_ipsec.key': ENCRYPTION_KEY,
		// What would betray a key, for the notes' statements to turn off.
		log_statement: 'all',
		log_min_duration_statement: '0',
	});
	await postgres.sql("CREATE ROLE n8n LOGIN PASSWORD 'n8n'");
	await postgres.sql(statementsOfNotes());
	return postgres;
}

export interface Row {
	current: string | null;
	pending: string | null;
	previous: string | null;
}

/** The rows with their keys decrypted, by the tunnel's id. */
export async function rowsIn(postgres: Postgres): Promise<Record<string, Row>> {
	const decrypted = ['current', 'pending', 'previous'].map(
		(name) => `'${name}', pgp_sym_decrypt(${name}, ${KEY})`,
	);
	const text = await postgres.sql(
		`SELECT coalesce(json_object_agg(tunnel_id, json_build_object(${decrypted.join()})), '{}') FROM psk`,
	);
	return JSON.parse(text) as Record<string, Row>;
}

/** What n8n's credential type `postgres` takes. */
export function credentialOf({ host, port, database }: Postgres): ICredentialDataDecryptedObject {
	return { host, port, database, user: 'n8n', password: 'n8n', ssl: 'disable' };
}
