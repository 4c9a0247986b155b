import { strict as assert } from 'node:assert';
import type { ICredentialDataDecryptedObject, IDataObject } from 'n8n-workflow';
import { leaksIn } from '../../../helpers/scanner';
import { readWorkflow } from '../../../helpers/shippedWorkflows';
import type { Postgres } from '../../real/postgres';
import { startPostgres } from '../../real/postgres';
import type { Example } from '../../../workflows/run';
import { errorOf, itemsOf, runExample } from '../../../workflows/run';
import type { Services } from '../../../workflows/services';
import { startServices } from '../../../workflows/services';

/**
 * workflows/rotate-with-postgres.json on a real PostgreSQL server. The end-to-end suite calls this,
 * because not every machine that runs the other tests has a server.
 */

const FILE = 'rotate-with-postgres.json';
export const ENCRYPTION_KEY = 'the passphrase of the server';
const KEY = "current_setting('magic_ipsec.key')";

/** The statements that the workflow's own notes tell a user to run. */
function statementsOfNotes(): string {
	const notes = readWorkflow(FILE).nodes.flatMap(({ parameters: { content } }) =>
		typeof content === 'string' ? [content] : [],
	);
	return notes
		.flatMap((note) => [...note.matchAll(/```sql\n(.*?)```/gs)].map(([, statements]) => statements))
		.join('\n');
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
}

/** The rows with their keys decrypted, by the tunnel's id. */
export async function rowsIn(postgres: Postgres): Promise<Record<string, Row>> {
	const text = await postgres.sql(
		`SELECT coalesce(json_object_agg(tunnel_id, json_build_object(
			'current', pgp_sym_decrypt(current, ${KEY}), 'pending', pgp_sym_decrypt(pending, ${KEY}))), '{}')
		FROM psk`,
	);
	return JSON.parse(text) as Record<string, Row>;
}

/** What n8n's credential type `postgres` takes. */
export function credentialOf({ host, port, database }: Postgres): ICredentialDataDecryptedObject {
	return { host, port, database, user: 'n8n', password: 'n8n', ssl: 'disable' };
}

function rotation(services: Services, postgres: Postgres, max_age_days: number): Example {
	return {
		file: FILE,
		settings: { max_age_days },
		credentials: { ...services.credentials, postgres: credentialOf(postgres) },
	};
}

/** What happens elsewhere before a node of the run starts. */
interface Meanwhile {
	node: string;
	act: () => Promise<void>;
}

/** Runs the workflow to its end. @returns its report, and the keys that it made */
async function rotated(
	example: Example,
	meanwhile?: Meanwhile,
): Promise<{ report: IDataObject[]; made: string[] }> {
	const run = await runExample({
		...example,
		async onStep(when, node) {
			if (when === 'before' && node === meanwhile?.node) await meanwhile.act();
		},
	});
	assert.equal(errorOf(run), undefined);
	const { lastNodeExecuted, runData } = run.data.resultData;
	const made = runData['Prepare Keys'] === undefined ? [] : itemsOf(run, 'Prepare Keys');
	return {
		report: itemsOf(run, lastNodeExecuted!),
		made: made.map(({ psk }) => psk as string),
	};
}

const statusesOf = (report: IDataObject[]) => report.map(({ status }) => status as string).sort();

/**
 * Proves: what is due is rotated and lies encrypted in the database; what fails or is left over is
 * told, and finished by the next run; two runs at once lose no key and overwrite none; neither the report nor the
 * server's log shows a key.
 *
 * @throws AssertionError for what is not so, and Error if PostgreSQL is not installed
 */
export async function provePostgresRotation(): Promise<void> {
	const services = await startServices([120, 3, 400, null]);
	const postgres = await startDatabase();
	const { simulator } = services;
	const ids = simulator.tunnels().map(({ id }) => id);
	const live = (id: string) => simulator.liveKey(id);
	const keys: string[] = [];
	const run = async (days: number, meanwhile?: Meanwhile) => {
		const { report, made } = await rotated(rotation(services, postgres, days), meanwhile);
		keys.push(...made);
		assert.deepEqual(services.leaksIn(report), []);
		return report;
	};
	const current = async () => {
		const rows = await rowsIn(postgres);
		return Object.fromEntries(ids.flatMap((id) => (rows[id] ? [[id, rows[id].current]] : [])));
	};
	try {
		const first = live(ids[1]!);
		const due = [ids[0]!, ids[2]!, ids[3]!];
		assert.deepEqual(statusesOf(await run(90)), ['applied', 'applied', 'applied']);
		assert.equal(live(ids[1]!), first);
		assert.deepEqual(await current(), Object.fromEntries(due.map((id) => [id, live(id)])));
		assert.deepEqual(await run(90), []);

		await postgres.sql(
			'ALTER TABLE psk ADD CONSTRAINT fault CHECK (pending IS NOT NULL) NOT VALID',
		);
		const unpromoted = await run(0);
		assert.deepEqual(statusesOf(unpromoted), [
			...['applied', 'applied', 'applied', 'applied'],
			...['not promoted', 'not promoted', 'not promoted', 'not promoted'],
		]);
		const leftOver = await rowsIn(postgres);
		for (const id of ids) assert.equal(leftOver[id]?.pending, live(id));
		await postgres.sql('ALTER TABLE psk DROP CONSTRAINT fault');
		const before = ids.map(live);
		assert.deepEqual(statusesOf(await run(90)), ['applied', 'applied', 'applied', 'applied']);
		assert.deepEqual(ids.map(live), before);
		assert.deepEqual(await current(), Object.fromEntries(ids.map((id) => [id, live(id)])));

		await postgres.sql('ALTER TABLE psk ADD CONSTRAINT fault CHECK (pending IS NULL)');
		assert.deepEqual(statusesOf(await run(0)), Array(4).fill('not stored'));
		assert.deepEqual(ids.map(live), before);
		await postgres.sql('ALTER TABLE psk DROP CONSTRAINT fault');

		// Another run gets in before the first stage, and then before the second.
		const late = await run(0, { node: 'Store as Pending', act: async () => void (await run(0)) });
		assert.deepEqual(statusesOf(late), Array(4).fill('not stored'));
		assert.match(String(late[0]?.message), /because another run was at work/);
		assert.deepEqual(await current(), Object.fromEntries(ids.map((id) => [id, live(id)])));
		const last = await run(0, {
			node: 'Promote to Current',
			act: async () => void (await run(90)),
		});
		assert.equal(last.filter(({ status }) => status === 'not promoted').length, 4);
		assert.deepEqual(await current(), Object.fromEntries(ids.map((id) => [id, live(id)])));

		const stored = await postgres.sql('SELECT * FROM psk');
		const log = await postgres.log();
		assert.match(log, /violates check constraint/);
		assert.deepEqual(leaksIn([stored, log], [...new Set(keys), ENCRYPTION_KEY]), []);
	} finally {
		await postgres.stop();
		await services.close();
	}
}
