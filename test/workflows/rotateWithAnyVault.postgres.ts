import type { IDataObject, IRun } from 'n8n-workflow';
import type { Postgres } from '../e2e/real/postgres';
import { reasonWithoutPostgres } from '../e2e/real/postgres';
import { runWorkflow, typesOfAll, typesOfBuild, typesOfN8n } from '../helpers/engine';
import { leaksIn } from '../helpers/scanner';
import { readWorkflow, withCredentials, withSettings } from '../helpers/shippedWorkflows';
import {
	credentialOf,
	ENCRYPTION_KEY,
	FILE,
	LINE,
	rowsIn,
	startDatabase,
	statementToGoBack,
} from './database';
import { errorOf, itemsOf } from './run';
import { useServices } from './services';

/** workflows/rotate-with-any-vault.json with n8n's own nodes, against a real PostgreSQL server. */

const AGES = [120, 3, 400, null];

/** Positions of the tunnels whose keys are due at 90 days. */
const DUE = [0, 2, 3];

describe(`workflows/${FILE}`, () => {
	const services = useServices(AGES);
	let postgres: Postgres;

	beforeAll(async () => {
		const reason = await reasonWithoutPostgres();
		if (reason !== undefined) throw new Error(reason);
		// n8n looks after its database connections by an interval that nobody ends.
		const { setInterval: start } = globalThis;
		jest
			.spyOn(globalThis, 'setInterval')
			.mockImplementation((...timer: Parameters<typeof start>) => start(...timer).unref());
		postgres = await startDatabase();
	});
	afterAll(async () => {
		jest.restoreAllMocks();
		await postgres.stop();
	});
	beforeEach(async () => {
		await postgres.sql('TRUNCATE psk; ALTER TABLE psk DROP CONSTRAINT IF EXISTS fault');
	});

	interface HowToRun {
		days?: number;
		/** The last node that runs: the process is killed after it. */
		until?: string;
		/** Waited for before a node starts. */
		before?: (node: string) => Promise<unknown>;
		chatUrl?: string;
	}

	async function run({ days = 90, until, before, chatUrl }: HowToRun = {}): Promise<IRun> {
		const { chat, credentials } = services();
		const settings = { max_age_days: days, chat_url: chatUrl ?? chat.url };
		const reference = { id: '1', name: 'chosen' };
		const workflow = withCredentials(withSettings(readWorkflow(FILE), settings), {
			cloudflareMagicTokenApi: reference,
			postgres: reference,
		});
		if (until !== undefined) delete workflow.connections[until];
		return await runWorkflow(workflow, {
			types: typesOfAll(await typesOfBuild(), typesOfN8n()),
			credentials: { ...credentials, postgres: credentialOf(postgres) },
			mode: 'trigger',
			async onStep(when, node) {
				if (when === 'before') await before?.(node);
			},
		});
	}

	const ids = () =>
		services()
			.simulator.tunnels()
			.map(({ id }) => id);

	const live = (id: string) => services().simulator.liveKey(id);

	const liveKeys = () => ids().map(live);

	/** @throws if a key that a run has set is not in its tunnel's row */
	async function expectHeld(): Promise<void> {
		const rows = await rowsIn(postgres);
		for (const id of ids()) {
			const { current, pending, previous } = rows[id] ?? {};
			if (services().simulator.keyHistory(id).at(-1)?.by !== 'pskSet') continue;
			expect([current, pending, previous]).toContain(live(id));
		}
	}

	/** @throws unless the live keys of these tunnels are current, and nothing is under way */
	async function expectAtRest(positions: readonly number[]): Promise<void> {
		const rows = await rowsIn(postgres);
		expect(Object.keys(rows).sort()).toEqual(positions.map((position) => ids()[position]!).sort());
		for (const [id, { current, pending }] of Object.entries(rows)) {
			expect({ current, pending }).toEqual({ current: live(id), pending: null });
		}
	}

	const constrain = async (condition: string) =>
		await postgres.sql(`ALTER TABLE psk ADD CONSTRAINT fault CHECK (${condition}) NOT VALID`);

	const messages = () => services().chat.messages;

	it('rotates what is due, tells the chat, and has nothing to do the next time', async () => {
		const before = liveKeys();
		expect(errorOf(await run())).toBeUndefined();
		expect(messages()).toEqual(['Key rotation: 3 with a new key, 0 to look at.']);
		expect(liveKeys().map((key, position) => key !== before[position])).toEqual([
			true,
			false,
			true,
			true,
		]);
		await expectAtRest(DUE);
		const requests = services().simulator.requests.length;
		expect(errorOf(await run())).toBeUndefined();
		expect(messages()).toHaveLength(1);
		expect(
			services()
				.simulator.requests.slice(requests)
				.map(({ method }) => method),
		).not.toContain('POST');
	});

	it('keeps the former key, and goes back to it by the statement of its note', async () => {
		await run({ days: 0 });
		const first = liveKeys();
		await run({ days: 0 });
		const second = liveKeys();
		const [id] = ids();
		expect((await rowsIn(postgres))[id!]).toEqual({
			current: second[0],
			pending: null,
			previous: first[0],
		});
		await postgres.sql(statementToGoBack(id!));
		await run();
		expect(liveKeys()).toEqual([first[0], ...second.slice(1)]);
		expect((await rowsIn(postgres))[id!]).toEqual({
			current: first[0],
			pending: null,
			previous: second[0],
		});
	});

	it.each(LINE.slice(3, -1))(
		'that is killed after %s is completed by the next run',
		async (node) => {
			await run({ days: 0 });
			const before = liveKeys();
			await run({ days: 0, until: node });
			await expectHeld();
			const [killed, pending] = [liveKeys(), await rowsIn(postgres)];
			await run({ days: 0 });
			await expectAtRest([0, 1, 2, 3]);
			for (const [position, id] of ids().entries()) {
				expect(live(id)).not.toBe(before[position]);
				// A key that was under way is completed, and not replaced by yet another one.
				if (pending[id]!.pending !== null) expect(live(id)).toBe(pending[id]!.pending);
				if (node === 'Set Keys') expect(live(id)).toBe(killed[position]);
			}
		},
	);

	it('completes a key whose answer was lost, whatever its age', async () => {
		const { simulator } = services();
		const lost = simulator.faults.add({
			kind: 'reset',
			when: 'after',
			operation: 'pskSet',
			skip: 1,
			times: Infinity,
		});
		await run();
		lost.remove();
		await expectHeld();
		const keys = liveKeys();
		expect(messages()[0]).toMatch(
			/^Key rotation: 0 with a new key, 3 to look at\.\n- It is not known/,
		);
		await run({ days: 10_000 });
		expect(liveKeys()).toEqual(keys);
		await expectAtRest(DUE);
	}, 60_000);

	it('sets nothing that the database did not store, and says so', async () => {
		const before = liveKeys();
		await constrain(`tunnel_id <> '${ids()[2]!}'`);
		expect(errorOf(await run())).toBeUndefined();
		expect(liveKeys()[2]).toBe(before[2]);
		await expectAtRest([0, 3]);
		const [head, ...lines] = messages()[0]!.split('\n');
		expect(head).toBe('Key rotation: 2 with a new key, 1 to look at.');
		expect(lines).toEqual([expect.stringContaining('The vault did not store it')]);
	});

	it('tells of it where nothing at all was stored', async () => {
		const before = liveKeys();
		await constrain('false');
		expect(errorOf(await run())).toBeUndefined();
		expect(liveKeys()).toEqual(before);
		expect(messages()[0]).toMatch(/^Key rotation: 0 with a new key, 3 to look at\./);
	});

	it('tells of what is live and not current, and makes it so the next time', async () => {
		await constrain('pending IS NOT NULL');
		await run();
		await expectHeld();
		const keys = liveKeys();
		const [head, ...lines] = messages()[0]!.split('\n');
		expect(head).toBe('Key rotation: 3 with a new key, 3 to look at.');
		expect(lines[0]).toContain('could not make it current in the database');
		await postgres.sql('ALTER TABLE psk DROP CONSTRAINT fault');
		await run();
		expect(liveKeys()).toEqual(keys);
		await expectAtRest(DUE);
	});

	it('stops before any change where the database can not be read', async () => {
		const before = liveKeys();
		await run({ until: 'Store as Pending' });
		await postgres.sql("UPDATE psk SET pending = pgp_sym_encrypt('x', 'another passphrase')");
		expect(errorOf(await run())).toMatch(/Wrong key or corrupt data/);
		expect(liveKeys()).toEqual(before);
		expect(
			services()
				.simulator.requests.filter(({ query }) => !('validate_only' in query))
				.map(({ method }) => method),
		).not.toContain('POST');
	});

	it('tells of a key that Cloudflare refuses in the check, and goes on with the others', async () => {
		const [first] = services().simulator.tunnels();
		services().simulator.faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			reason: 'refused by the test',
			ids: [first!.id],
		});
		await run();
		await expectAtRest([2, 3]);
		expect(messages()[0]!.split('\n')).toEqual([
			'Key rotation: 2 with a new key, 1 to look at.',
			`- The PSK of tunnel '${first!.name}' was not changed, and the old one is still live: refused by the test`,
		]);
	});

	it('ends with an error, for the error workflow, where the chat can not be reached', async () => {
		// Nothing listens on a port that the system keeps to itself.
		const ended = await run({ chatUrl: 'http://127.0.0.1:1/hooks/magic' });
		expect(errorOf(ended)).toMatch(/ECONNREFUSED|refused/);
		expect(ended.data.resultData.lastNodeExecuted).toBe('Tell the Chat');
		await expectAtRest(DUE);
	});

	it.each(LINE.slice(2))('lets another run in before %s, and no key is lost', async (node) => {
		await run({ days: 0 });
		await run({
			days: 0,
			before: async (name) => (name === node ? await run({ days: 0 }) : undefined),
		});
		await expectHeld();
		await run();
		await expectAtRest([0, 1, 2, 3]);
	});

	it('does not overwrite the pending key of another run, which may be live already', async () => {
		await run({
			days: 0,
			until: 'Store as Pending',
			before: async (name) =>
				name === 'Store as Pending' ? await run({ days: 0, until: 'Set Keys' }) : undefined,
		});
		await expectHeld();
		const keys = liveKeys();
		await run();
		expect(liveKeys()).toEqual(keys);
		await expectAtRest([0, 1, 2, 3]);
	});

	it('makes no key current that a later run has stored', async () => {
		await run({
			days: 0,
			before: async (name) => {
				if (name !== 'Promote to Current') return;
				await run({ days: 0 });
				await run({ days: 0, until: 'Store as Pending' });
			},
		});
		await expectHeld();
		await run();
		await expectAtRest([0, 1, 2, 3]);
	});

	it('makes no key current that Cloudflare did not take, and tries it again', async () => {
		const before = liveKeys();
		services().simulator.faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			reason: 'refused by the test',
			skip: 1,
		});
		expect(errorOf(await run())).toBeUndefined();
		expect(liveKeys()).toEqual(before);
		expect(messages()[0]).toMatch(/^Key rotation: 0 with a new key, 3 to look at\./);
		const rows = await rowsIn(postgres);
		for (const { current, pending } of Object.values(rows)) {
			expect([current, typeof pending]).toEqual([null, 'string']);
		}
		await run();
		await expectAtRest(DUE);
		for (const position of DUE) {
			const id = ids()[position]!;
			expect(live(id)).toBe(rows[id]!.pending);
		}
	});

	it('runs twice at once at any pace, and no key is lost', async () => {
		const random = (n: number) => Math.floor(Math.random() * n);
		const dawdle = async () => await new Promise((resolve) => setTimeout(resolve, random(25)));
		for (let pair = 0; pair < 15; pair++) {
			const ended = await Promise.all(
				[0, 1].map(async () => await run({ days: 0, before: dawdle })),
			);
			expect(ended.map(errorOf)).toEqual([undefined, undefined]);
			await expectHeld();
			await run();
			await expectAtRest([0, 1, 2, 3]);
		}
	}, 120_000);

	it('shows a key to nobody: not to the chat, the database, its log, or an output but Secret', async () => {
		await constrain(`tunnel_id <> '${ids()[2]!}'`);
		const ended = await run();
		const prepared = itemsOf(ended, 'Prepare Keys').map(({ psk }) => psk as string);
		expect(prepared).toHaveLength(3);
		const stored = await postgres.sql('SELECT * FROM psk');
		const log = await postgres.log();
		expect(log).toContain('violates check constraint');
		const told: IDataObject[][] = [
			itemsOf(ended, 'Prepare Keys', 1),
			itemsOf(ended, 'Set Keys', 1),
			itemsOf(ended, 'Promote to Current'),
			itemsOf(ended, 'Tell the Chat'),
		];
		const shown = [told, messages(), stored, log];
		expect(leaksIn(shown, [...prepared, ENCRYPTION_KEY])).toEqual([]);
		expect(services().leaksIn(shown)).toEqual([]);
	});
});
