import { inspect } from 'node:util';
import type { VaultRecord } from '../../nodes/vaults/record';
import { EMPTY_RECORD, fieldsOf } from '../../nodes/vaults/record';
import {
	dropPending,
	intendRollBack,
	promote,
	putBack,
	stage,
} from '../../nodes/vaults/transitions';
import { failureOf, snapshotOf } from '../helpers/vaults';
import type { VaultWorld } from '../helpers/vaultWorlds';
import { WORLDS } from '../helpers/vaultWorlds';

/** What every vault promises, by vaults/vault.ts. */

const NAME = 'magic-ipsec/t1';

const staged = (record: VaultRecord, key: string): VaultRecord =>
	stage(record, {
		key,
		replacesGeneratedOn: '2026-01-01T00:00:00Z',
		since: '2026-02-01T00:00:00Z',
		by: 'a run',
		finish: 'atOnce',
		owner: { tunnelId: 't1', tunnelName: 'site', accountId: 'a1' },
	});

describe.each(WORLDS)('%s', (_, start) => {
	let world: VaultWorld;
	beforeEach(async () => {
		world = await start();
	});
	afterEach(async () => {
		await world.close();
	});

	it('opens, reads what never was, and closes', async () => {
		const driver = world.driver();
		expect(await driver.open()).toEqual({ kind: 'opened', warnings: [] });
		for (const purpose of ['change', 'look'] as const) {
			expect(snapshotOf(await driver.read(NAME, purpose))).toMatchObject({
				name: NAME,
				state: 'absent',
				record: EMPTY_RECORD,
				version: '',
				unfinished: false,
				warnings: [],
			});
		}
		expect(await driver.close()).toEqual({ kind: 'closed' });
	});

	it('takes a key through its whole life, each step from the snapshot of the one before', async () => {
		const driver = world.driver();
		let snapshot = snapshotOf(await driver.read(NAME, 'change'));
		const take = async (record: VaultRecord) => {
			snapshot = snapshotOf(await driver.write(snapshot, record));
			expect(snapshot.record).toEqual(record);
			expect(world.truth(NAME)).toEqual(fieldsOf(record));
			const read = snapshotOf(await world.driver().read(NAME, 'look'));
			expect(fieldsOf(read.record)).toEqual(fieldsOf(record));
			expect(read).toMatchObject({ state: 'present', unfinished: false });
			expect([read.revision, read.version]).toEqual([snapshot.revision, snapshot.version]);
		};
		await take(staged(snapshot.record, 'K1'));
		expect(world.routersKey(NAME)).toBeUndefined();
		await take(promote(snapshot.record, 'd1'));
		expect(world.routersKey(NAME)).toBe('K1');
		await take(staged(snapshot.record, 'K2'));
		expect(world.routersKey(NAME)).toBe('K1');
		await take(promote(snapshot.record, 'd2'));
		expect(world.routersKey(NAME)).toBe('K2');
		await take(intendRollBack(snapshot.record));
		await take(putBack(snapshot.record, 'd3', 'now'));
		expect(world.routersKey(NAME)).toBe('K1');
		await take(staged(snapshot.record, 'K3'));
		await take(intendRollBack(snapshot.record));
		await take(putBack(snapshot.record, 'd4', 'now'));
		expect(world.truth(NAME)).toMatchObject({ current: 'K1', previous: 'K3' });
		await take(staged(snapshot.record, 'K4'));
		await take(dropPending(snapshot.record));
		expect(world.truth(NAME)).toMatchObject({ current: 'K1', previous: 'K3' });
		expect(world.routersKey(NAME)).toBe('K1');
		await driver.close();
	});

	it('keeps the fields of others, and takes over a key that is there', async () => {
		world.store(NAME, { current: 'OLD', note: 'mine', nested: { a: [1, null, 'x'] } });
		const driver = world.driver();
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		expect(snapshot.record).toMatchObject({ current: { key: 'OLD' } });
		const stored = snapshotOf(await driver.write(snapshot, staged(snapshot.record, 'K1')));
		await driver.write(stored, promote(stored.record, 'd1'));
		expect(world.truth(NAME)).toMatchObject({
			current: 'K1',
			previous: 'OLD',
			note: 'mine',
			nested: { a: [1, null, 'x'] },
		});
		await driver.close();
	});

	it('a second writer from the same state gets a conflict, and changes nothing', async () => {
		const [one, other] = [world.driver(), world.driver()];
		for (const round of [1, 2, 3]) {
			const first = snapshotOf(await one.read(NAME, 'change'));
			const second = snapshotOf(await other.read(NAME, 'change'));
			snapshotOf(await one.write(first, staged(first.record, `K${round}`)));
			const before = world.truth(NAME);
			expect(await other.write(second, staged(second.record, 'X'))).toEqual({ kind: 'conflict' });
			expect(await one.write(first, staged(first.record, 'Y'))).toEqual({ kind: 'conflict' });
			expect(world.truth(NAME)).toEqual(before);
			if (round === 1) continue;
			const again = snapshotOf(await other.read(NAME, 'change'));
			snapshotOf(await other.write(again, promote(again.record, 'd')));
			expect(await one.write(again, staged(again.record, 'Z'))).toEqual({ kind: 'conflict' });
		}
		await Promise.all([one.close(), other.close()]);
	});

	it('never comes back to a revision that it had', async () => {
		const [one, other] = [world.driver(), world.driver()];
		const old = snapshotOf(await one.read(NAME, 'change'));
		let snapshot = snapshotOf(await other.read(NAME, 'change'));
		const seen = new Set<string>([snapshot.revision]);
		for (const round of [1, 2, 3]) {
			for (const step of [
				(record: VaultRecord) => staged(record, `K${round}`),
				dropPending,
				(record: VaultRecord) => staged(record, `L${round}`),
				(record: VaultRecord) => promote(record, 'd'),
			]) {
				snapshot = snapshotOf(await other.write(snapshot, step(snapshot.record)));
				expect(seen.has(snapshot.revision)).toBe(false);
				seen.add(snapshot.revision);
			}
		}
		expect(await one.write(old, staged(old.record, 'X'))).toEqual({ kind: 'conflict' });
		await Promise.all([one.close(), other.close()]);
	});

	it('a conflict where somebody else stored by other means', async () => {
		const driver = world.driver();
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		const written = snapshotOf(await driver.write(snapshot, staged(snapshot.record, 'K1')));
		const live = snapshotOf(await driver.write(written, promote(written.record, 'd1')));
		world.store(NAME, { ...world.truth(NAME), current: 'BY HAND' });
		const read = snapshotOf(await driver.read(NAME, 'change'));
		expect(read.record.current?.key).toBe('BY HAND');
		expect(read.revision).not.toBe(live.revision);
		const next = snapshotOf(await driver.write(read, staged(read.record, 'K2')));
		expect(next.record).toMatchObject({ current: { key: 'BY HAND' }, pending: { key: 'K2' } });
		const last = snapshotOf(await driver.write(next, promote(next.record, 'd2')));
		expect(last.record).toMatchObject({ current: { key: 'K2' }, previous: { key: 'BY HAND' } });
		expect(world.routersKey(NAME)).toBe('K2');
		await driver.close();
	});

	it.each([
		[{ current: 7 }, "'current' holds no text"],
		[{ intent: 'something new' }, "'intent'"],
	])('what is not understood is left alone: %j', async (fields, words) => {
		world.store(NAME, { ...fields, previous: 'KEY-THAT-NOBODY-SEES' });
		const failure = failureOf(await world.driver().read(NAME, 'change'));
		expect(failure).toMatchObject({ fault: 'unreadable', reach: 'secret', mayHaveHappened: false });
		expect(failure.what).toContain(words);
		expect(inspect(failure)).not.toContain('KEY-THAT');
	});

	it('lists the names below a prefix', async () => {
		for (const name of ['magic-ipsec/b', 'magic-ipsec/a', 'magic-ipsec/deep/er/c', 'magic', 'z']) {
			world.store(name, {});
		}
		const driver = world.driver();
		expect(await driver.names('magic-ipsec/')).toEqual({
			kind: 'names',
			names: ['magic-ipsec/a', 'magic-ipsec/b', 'magic-ipsec/deep/er/c'],
		});
		expect(await driver.names('magic-ipsec/deep')).toMatchObject({
			names: ['magic-ipsec/deep/er/c'],
		});
		expect(await driver.names('mag')).toMatchObject({ names: { length: 4 } });
		expect(await driver.names('nothing/')).toMatchObject({ names: [] });
		expect(await driver.names('')).toMatchObject({ names: { length: 5 } });
		await driver.close();
	});

	it('sends nothing after the stop, but settles and closes', async () => {
		const stop = new AbortController();
		const driver = world.driver({ limits: { stop: stop.signal } });
		await driver.open();
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		stop.abort();
		const sent = world.server.requests.length;
		const stopped = { fault: 'stopped', mayHaveHappened: false };
		expect(await driver.read(NAME, 'change')).toMatchObject(stopped);
		expect(await driver.write(snapshot, staged(snapshot.record, 'K1'))).toMatchObject(stopped);
		expect(await driver.names('')).toMatchObject(stopped);
		expect(world.server.requests).toHaveLength(sent);
		expect(await driver.close()).toEqual({ kind: 'closed' });
		expect(world.truth(NAME)).toBeUndefined();
	});

	it('a write that is under way at the stop is waited for', async () => {
		const stop = new AbortController();
		const driver = world.driver({ limits: { stop: stop.signal } });
		await driver.open();
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		const first = snapshotOf(await driver.write(snapshot, staged(snapshot.record, 'K1')));
		world.server.addFault({
			when: 'after',
			delayMs: 100,
			matching: ({ method }) => method === 'POST',
			times: 9,
		});
		const promoting = driver.write(first, promote(first.record, 'd'));
		setTimeout(() => stop.abort(), 50);
		const outcome = await promoting;
		// AWS's write has three steps, the first of which counts for nothing by itself.
		if (outcome.kind === 'failed') {
			expect(outcome).toMatchObject({ fault: 'stopped', mayHaveHappened: false });
			expect(world.truth(NAME)).toMatchObject({ pending: 'K1' });
		} else {
			expect(snapshotOf(outcome).record.current?.key).toBe('K1');
		}
		await driver.close();
	});

	it('holds no secret where it could be looked at', async () => {
		const driver = world.driver();
		await driver.open();
		const snapshot = snapshotOf(await driver.read(NAME, 'change'));
		await driver.write(snapshot, staged(snapshot.record, 'A-KEY-OF-THE-TEST'));
		const shown = inspect(driver, { depth: Infinity, showHidden: true, getters: true });
		for (const secret of [...world.secrets(), 'A-KEY-OF-THE-TEST']) {
			expect(shown).not.toContain(secret);
			expect(JSON.stringify(driver)).not.toContain(secret);
		}
		await driver.close();
	});
});
