import { inspect } from 'node:util';
import { clock } from '../../nodes/http/clock';
import type { VaultRecord } from '../../nodes/vaults/record';
import { EMPTY_RECORD, fieldsOf, sameJson } from '../../nodes/vaults/record';
import { promote, stage } from '../../nodes/vaults/transitions';
import type { Vault as Driver, VaultSnapshot } from '../../nodes/vaults/vault';
import { snapshotOf } from '../helpers/vaults';
import type { VaultWorld } from '../helpers/vaultWorlds';
import { WORLDS } from '../helpers/vaultWorlds';
import type { Mishap, Reply } from '../stubs/faultyServer';

/**
 * Every call of a driver × every fault of a vault × every request of the call, once or always: for each
 * call and fault one of them in turn, all with VAULT_FAULTS=all. The outcome is held against what the
 * server truly has, also after all that was held back was done. The waits between attempts take no time
 * here; time-outs are real and short.
 */

const IS_WHOLE = process.env.VAULT_FAULTS === 'all';

const KEYS = ['OLD-KEY-0123456789', 'NEW-KEY-0123456789'] as const;
const TIMEOUT_MS = 60;

const aws = (type: string, status = 400): Reply => ({
	status,
	body: { __type: type, Message: KEYS.join() },
});
const vault = (status: number, error = 'the server says: ' + KEYS.join()): Reply => ({
	status,
	body: { errors: [error] },
});
const before = (answer: Reply): Mishap => ({ when: 'before', answer });
const after = (answer: Reply, operation?: string): Mishap & { operation?: string } => ({
	when: 'after',
	answer,
	...(operation === undefined ? {} : { operation }),
});

/** Faults of any server and of what is in front of one. */
const ANY: Record<string, Mishap> = {
	'cut before': { when: 'before', cut: 'silent' },
	'cut after': { when: 'after', cut: 'silent' },
	'cut in the answer': { when: 'after', cut: 'halfway' },
	'cut in an answer of nothing': { when: 'before', cut: 'halfway' },
	'slow before': { when: 'before', delayMs: 5 },
	'slow after': { when: 'after', delayMs: 5 },
	'html in place': before({ status: 200, body: '<html>hello</html>' }),
	'html after': after({ status: 200, body: '<html>hello</html>' }),
	'empty in place': before({ status: 200 }),
	'empty after': after({ status: 200 }),
	'204 in place': before({ status: 204 }),
	'204 after': after({ status: 204 }),
	'other JSON in place': before({ status: 200, body: { ok: true, data: KEYS } }),
	'other JSON after': after({ status: 200, body: { ok: true, data: KEYS } }),
	'JSON null': before({ status: 200, body: 'null' }),
	redirect: before({ status: 307, headers: { location: 'http://127.0.0.1:1/' } }),
	'html 400': before({ status: 400, body: KEYS.join() }),
	'html 401': before({ status: 401, body: KEYS.join() }),
	'html 403': before({ status: 403, body: KEYS.join() }),
	'html 404': before({ status: 404, body: KEYS.join() }),
	'405': before({ status: 405 }),
	'408': before({ status: 408 }),
	'413': before({ status: 413 }),
	'429 at once': before({ status: 429 }),
	'429 with Retry-After': before({ status: 429, headers: { 'retry-after': '2' } }),
	'429 with a long Retry-After': before({ status: 429, headers: { 'retry-after': '9999' } }),
	'500 in place': before({ status: 500 }),
	'500 after': after({ status: 500 }),
	'502 in place': before({ status: 502, body: '<html>' }),
	'502 after': after({ status: 502, body: '<html>' }),
	'503 in place': before({ status: 503, body: '<html>' }),
	'503 after': after({ status: 503, body: '<html>' }),
	'504 in place': before({ status: 504, body: '<html>' }),
	'504 after': after({ status: 504, body: '<html>' }),
};

/** These wait for a real time-out. */
const SLOW: Record<string, Mishap> = {
	'held before, done later': { when: 'before', hold: true },
	'held after': { when: 'after', hold: true },
};

const OF_VAULT: Record<string, Mishap> = {
	'400 with an echo': before(vault(400)),
	'400 cas mismatch': before(
		vault(400, 'check-and-set parameter did not match the current version'),
	),
	'400 upgrading': before(vault(400, 'Upgrading from non-versioned to versioned data.')),
	'403 permission denied': before(vault(403, 'permission denied')),
	'404 no route': before(vault(404, 'no handler for route "x"')),
	'412 replica lags': before(vault(412, 'required index state not present')),
	'472 DR secondary': before({ status: 472 }),
	'473 standby': before({ status: 473 }),
	'500 with an echo': before(vault(500)),
	'501 not initialised': before(vault(501)),
	'503 sealed': before(vault(503, 'Vault is sealed')),
	'503 maintenance': before(vault(503)),
};

const OF_AWS: Record<string, Mishap> = Object.fromEntries([
	...[
		...['AccessDeniedException', 'DecryptionFailure', 'EncryptionFailure', 'ExpiredTokenException'],
		...['IncompleteSignature', 'InvalidParameterException', 'InvalidRequestException'],
		...['InvalidSignatureException', 'LimitExceededException', 'MalformedPolicyDocumentException'],
		...['PreconditionNotMetException', 'ResourceNotFoundException', 'ThrottlingException'],
		...[
			'UnrecognizedClientException',
			'com.amazon.coral.service#ThrottlingException',
			'Unheard-of',
		],
	].map((type) => [type, before(aws(type))]),
	['InternalServiceError in place', before(aws('InternalServiceError', 500))],
	['InternalServiceError after', after(aws('InternalServiceError', 500))],
	// A proxy may repeat a request whose answer it lost.
	['ResourceExistsException after', after(aws('ResourceExistsException'), 'PutSecretValue')],
	[
		'InvalidParameterException after',
		after(aws('InvalidParameterException'), 'UpdateSecretVersionStage'),
	],
]);

const OLD: VaultRecord = {
	...EMPTY_RECORD,
	current: { key: KEYS[0], generatedOn: 'd0' },
	others: { note: 'of others', list: [1, 2] },
};
const STAGED = stage(OLD, { key: KEYS[1], since: 's', by: 'b', finish: 'atOnce', owner: {} });
const FIRST = stage(EMPTY_RECORD, {
	key: KEYS[1],
	since: 's',
	by: 'b',
	finish: 'later',
	owner: {},
});

/** Somebody else was faster, or took the secret away: an answer that a driver has to believe. */
const CONFLICTS = new Set(['400 cas mismatch', 'ResourceNotFoundException']);

interface Case {
	/** What the secret holds before, by writes in a row. */
	given: readonly VaultRecord[];
	/** What is written; undefined for other calls. */
	written?: VaultRecord;
	call(driver: Driver, name: string, snapshot: VaultSnapshot): Promise<{ kind: string }>;
}

const writing = (given: readonly VaultRecord[], written: VaultRecord): Case => ({
	given,
	written,
	call: async (driver, _, snapshot) => await driver.write(snapshot, written),
});

const CASES: Record<string, Case> = {
	open: { given: [], call: async (driver) => await driver.open() },
	'read to change': {
		given: [OLD, STAGED],
		call: async (driver, name) => await driver.read(name, 'change'),
	},
	'read to look': {
		given: [OLD],
		call: async (driver, name) => await driver.read(name, 'look'),
	},
	'write a first record': writing([], FIRST),
	'write a pending key': writing([OLD], STAGED),
	'write a promotion': writing([OLD, STAGED], promote(STAGED, 'd1')),
	names: { given: [OLD], call: async (driver, name) => await driver.names(name) },
	close: { given: [], call: async (driver) => await driver.close() },
};

const real = { ...clock };
let elapsed = 0;
beforeAll(() => {
	clock.elapsed = () => elapsed;
	clock.sleep = async (ms, signal) => {
		signal?.throwIfAborted();
		elapsed += ms;
	};
});
afterAll(() => void Object.assign(clock, real));

let count = 0;

/** Runs one case with one fault. Gives what is wrong with its outcome. */
async function faultsOf(
	world: VaultWorld,
	{ given, written, call }: Case,
	[title, mishap]: readonly [string, Mishap & { operation?: string }],
	skip: number,
	times: number,
): Promise<{ wrong: string[]; hits: number }> {
	const name = `magic-ipsec/t${++count}`;
	const patient = world.driver();
	let snapshot = snapshotOf(await patient.read(name, 'change'));
	for (const record of given) snapshot = snapshotOf(await patient.write(snapshot, record));
	await patient.close();
	const limits = 'hold' in mishap ? { timeoutMs: TIMEOUT_MS } : {};
	const driver = world.driver({ limits });
	const old = world.truth(name);
	const changes = world.changes(name);
	const handle = world.server.addFault({ ...mishap, skip, times });
	const outcome = await call(driver, name, snapshot);
	const atOnce = world.truth(name);
	handle.release();
	world.server.clearFaults();
	await new Promise((resolve) => setTimeout(resolve, 'hold' in mishap ? 20 : 0));
	const truth = world.truth(name);
	const wrong: string[] = [];

	const isOld = sameJson(truth, old);
	const isNew = written !== undefined && sameJson(truth, fieldsOf(written));
	if (!isOld && !isNew) wrong.push('the vault holds something else');
	switch (outcome.kind) {
		case 'stored':
			if (!isNew) wrong.push('stored, but it is not there');
			if (!sameJson(atOnce, truth)) wrong.push('stored, but only later');
			if (world.routersKey(name) !== truth?.current) wrong.push('routers read another key');
			break;
		case 'failed': {
			const { mayHaveHappened } = outcome as { mayHaveHappened?: boolean };
			if (!mayHaveHappened && !isOld) wrong.push('said not to have happened, but did');
			if (written === undefined && mayHaveHappened)
				wrong.push('may have happened, but is no write');
			break;
		}
		case 'conflict':
			if (!CONFLICTS.has(title)) wrong.push('a conflict with nobody');
			if (!isOld) wrong.push('a conflict, but it was written');
			break;
	}
	if (world.changes(name) - changes > 1) wrong.push('written twice');
	const shown = inspect(outcome, { depth: Infinity, showHidden: true }) + inspect(driver);
	if (outcome.kind === 'failed') {
		for (const secret of [...KEYS, ...world.secrets()]) {
			if (shown.includes(secret)) wrong.push('a secret is shown');
		}
		if (/undefined|\[object| {2}/.test(Object.values(outcome).join(' '))) wrong.push('a bad text');
	}
	// One more run brings all back to one truth.
	const next = world.driver();
	const again = snapshotOf(await next.read(name, 'change'));
	if (!sameJson(fieldsOf(again.record), truth ?? {}))
		wrong.push('the next run reads another record');
	if (world.routersKey(name) !== truth?.current) wrong.push('routers still read another key');
	if ((await next.write(again, OLD)).kind !== 'stored') wrong.push('the next run can not write');
	await next.close();
	await driver.close();
	const told = wrong.map((what) => `${what} (skip ${skip}, times ${times}): ${inspect(outcome)}`);
	return { wrong: told, hits: handle.hits };
}

describe.each(WORLDS)('%s', (kind, start) => {
	let world: VaultWorld;
	let runs = 0;
	beforeAll(async () => {
		world = await start();
	});
	afterAll(async () => {
		await world.close();
	});

	const own = kind === 'AWS' ? OF_AWS : OF_VAULT;

	// With an AppRole, only what has to do with its tokens is different.
	const cases = Object.entries(CASES).filter(
		([call]) => kind !== 'Vault by AppRole' || /open|pending|close/.test(call),
	);
	const faults = Object.entries({ ...ANY, ...own, ...SLOW });
	describe.each(cases)('%s', (call, one) => {
		const row = cases.findIndex(([name]) => name === call);
		it.each(faults)('%s', async (...fault) => {
			// Twice is more than once only where the driver settles what it can't believe.
			const twice = fault[0] in own || fault[0].startsWith('other JSON');
			const all = twice ? [1, 2, 99] : [1, 9];
			const column = faults.findIndex(([name]) => name === fault[0]);
			for (const times of IS_WHOLE ? all : [all[(row + column) % all.length]!]) {
				// At each request of the call, until there is none left to be hit.
				for (let skip = 0, hits = 1; hits > 0; skip++) {
					const found = await faultsOf(world, one, fault, skip, times);
					hits = found.hits;
					runs += Number(hits > 0);
					expect(found.wrong).toEqual([]);
				}
			}
		});
	});

	it('every call was hit at each of its requests', () => {
		const least = { AWS: 600, 'Vault by token': 300 }[kind] ?? 100;
		expect(runs).toBeGreaterThan(IS_WHOLE ? 2.5 * least : least);
	});
});
