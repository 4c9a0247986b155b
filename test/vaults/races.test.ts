import { clock } from '../../nodes/http/clock';
import type { HttpRequest, Transport } from '../../nodes/http/transport';
import type { VaultRecord } from '../../nodes/vaults/record';
import { isSettled } from '../../nodes/vaults/record';
import {
	dropPending,
	intendRollBack,
	promote,
	putBack,
	stage,
} from '../../nodes/vaults/transitions';
import type { Vault as Driver } from '../../nodes/vaults/vault';
import type { VaultWorld } from '../helpers/vaultWorlds';
import { WORLDS } from '../helpers/vaultWorlds';
import { createRandom } from '../simulator/random';

/**
 * Runs that write the same secrets at once, each a little slow, with answers that get lost, and killed
 * at any request. No write is ever lost, and in the end routers read what the record says.
 */

const ROUNDS = 40;
const WRITERS = 3;

/** Breaks the tie between waiting for a run that was killed and going on. */
class Killed extends Error {}

interface Run {
	driver: Driver;
	/** Rejects when the run is killed; it sends nothing from then on. */
	killed: Promise<never>;
}

/** A run whose requests are slow, whose answers get lost, and that is killed at one of them. */
function startRun(world: VaultWorld, random: () => number): Run {
	let left = random() < 0.3 ? Math.floor(random() * 12) : Infinity;
	let kill: () => void = () => {};
	const killed = new Promise<never>((_, reject) => {
		kill = () => reject(new Killed());
	});
	killed.catch(() => undefined);
	const never = new Promise<never>(() => {});
	const around =
		(transport: Transport): Transport =>
		async (request: HttpRequest) => {
			await new Promise((resolve) => setTimeout(resolve, random() * 4));
			const isLast = left-- <= 0;
			if (isLast && random() < 0.5) {
				kill();
				return await never;
			}
			const reply = await transport(request);
			if (isLast) {
				kill();
				return await never;
			}
			const isLost = random() < 0.08;
			return isLost
				? { kind: 'none', sent: true, code: 'ECONNRESET', what: 'it broke', remedy: '' }
				: reply;
		};
	return { driver: world.driver({ around }), killed };
}

/** One step from any record to another, as a rotation takes them. */
function step(record: VaultRecord, key: string, random: () => number): VaultRecord {
	const counter = Number(record.others.counter ?? 0) + 1;
	// Two runs that write the very same are both told that it is stored.
	const counted = { ...record, others: { ...record.others, counter, by: key } };
	if (record.intent !== undefined) {
		const back = putBack(counted, key, key);
		return back === counted ? dropPending(counted) : back;
	}
	if (record.pending === undefined && random() < 0.2) return intendRollBack(counted);
	if (record.pending === undefined || random() < 0.2) {
		return stage(counted, { key, since: key, by: key, finish: 'later', owner: {} });
	}
	if (random() < 0.2) return dropPending(counted);
	return random() < 0.3 ? intendRollBack(counted) : promote(counted, key);
}

describe.each(WORLDS)('%s', (_, start) => {
	const real = { ...clock };
	beforeAll(() => {
		clock.sleep = async (ms) => await new Promise((resolve) => setTimeout(resolve, ms / 200));
	});
	afterAll(() => void Object.assign(clock, real));

	let world: VaultWorld;
	beforeAll(async () => {
		world = await start();
	});
	afterAll(async () => await world.close());

	it(`${WRITERS} runs at once, ${ROUNDS} times: no write is lost`, async () => {
		const { next: random } = createRandom(11);
		const seen = { stored: 0, conflict: 0, failed: 0, killed: 0 };
		for (let round = 0; round < ROUNDS; round++) {
			const name = `magic-ipsec/t${round}`;
			const counters: number[] = [];
			const write = async (writer: number) => {
				const { driver, killed } = startRun(world, random);
				for (let turn = 0; turn < 4; turn++) {
					const read = await Promise.race([driver.read(name, 'change'), killed]);
					if (read.kind === 'failed') throw new Error(read.what);
					const next = step(read.snapshot.record, `${round} ${writer} ${turn}`, random);
					const outcome = await Promise.race([driver.write(read.snapshot, next), killed]);
					seen[outcome.kind]++;
					if (outcome.kind === 'stored') counters.push(next.others.counter as number);
				}
				await Promise.race([driver.close(), killed]);
			};
			const runs = await Promise.allSettled(
				Array.from({ length: WRITERS }, async (__, writer) => await write(writer)),
			);
			for (const run of runs) {
				if (run.status === 'fulfilled') continue;
				if (!(run.reason instanceof Killed)) throw run.reason;
				seen.killed++;
			}
			// Two writes from one state would have the same number.
			expect(new Set(counters).size).toBe(counters.length);
			const last = world.driver();
			const read = await last.read(name, 'change');
			if (read.kind === 'failed') throw new Error(read.what);
			const { record, unfinished } = read.snapshot;
			expect(Number(record.others.counter ?? 0)).toBeGreaterThanOrEqual(Math.max(0, ...counters));
			expect(unfinished).toBe(false);
			expect(world.routersKey(name)).toBe(record.current?.key);
			if (isSettled(record)) expect(world.truth(name)?.current).toBe(record.current?.key);
			await last.close();
		}
		// Else there was no race, or nothing but failures.
		expect(seen.conflict).toBeGreaterThan(ROUNDS);
		expect(seen.stored).toBeGreaterThan(3 * ROUNDS);
		expect(seen.killed).toBeGreaterThan(ROUNDS / 4);
		expect(seen.failed).toBeLessThan(ROUNDS / 4);
	}, 240_000);
});
