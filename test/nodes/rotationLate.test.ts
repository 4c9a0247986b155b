import { clock } from '../../nodes/http/clock';
import { VAULT_NAMES } from '../helpers/keptVault';
import type { NodeResult } from '../helpers/node';
import { RotationWorld } from '../helpers/rotation';
import { isWrite } from '../helpers/rotationFaults';
import type { FaultHandle } from '../simulator/faults';

/**
 * Runs that were stalled between storing a key and Cloudflare's having set it, while others went on.
 * What they set late is live, so it has to be in the vault, and one more run has to bring all to one truth.
 */

describe.each(VAULT_NAMES)('a run that comes late (%s)', (vault) => {
	let world: RotationWorld;
	beforeEach(async () => {
		const settings = { tunnels: 1, seed: 1, ageDays: [100] };
		// AWS refuses a signature of another time.
		world = await RotationWorld.start(settings, vault, { now: () => clock.now() });
	});
	afterEach(async () => {
		clock.now = today;
		await world.close();
	});

	const { now: today } = clock;
	/** So late that nobody takes the stored key for one that is still to be sent: what is held is on its way. */
	const afterSending = () => {
		clock.now = () => today() + 8 * 60_000;
	};

	const id = () => world.simulator.tunnels()[0]!.id;
	const live = () => world.simulator.liveKey(id());
	const now = { options: { leaseMinutes: 0 } };
	/** Completes what others left, and makes no key by itself. */
	const settling = { olderThanDays: 36_500, ...now };
	const saidBy = ({ jsons }: NodeResult) => jsons[0]!.map(({ status, state }) => status ?? state);
	const says = async (...args: Parameters<RotationWorld['run']>) =>
		saidBy(await world.run(...args));

	/** Begins a run whose request that sets keys is held on its way, until it is released. */
	async function begin(...args: Parameters<RotationWorld['run']>) {
		const held: FaultHandle = world.simulator.faults.add({
			kind: 'hold',
			operation: 'pskSet',
			times: 1,
			predicate: ({ query }) => query.validate_only === undefined,
		});
		const run = world.run(...args);
		await held.arrived();
		return async () => {
			held.release();
			return await run;
		};
	}

	async function expectOneTruth(key?: string): Promise<void> {
		const isOurs = live() !== world.simulator.keyHistory(id())[0]?.psk;
		if (isOurs) expect(world.heldKeys(id())).toContain(live());
		await world.run('rotate', settling);
		expect(world.record(id()).current).toBe(live());
		expect(world.kept.routersKey(id())).toBe(live());
		expect(await says('getStatus')).toEqual(['steady']);
		if (key !== undefined) expect(live()).toBe(key);
	}

	it.each([
		['tells the date', []],
		[
			'tells no date',
			[{ kind: 'missingFields', fields: ['successfully_applied_psks.*.psk_metadata'] }],
		],
	])(
		'a Rotate beside a Roll Back, where the answer %s: the former key comes back',
		async (_, faults) => {
			await world.run('rotate');
			const former = live();
			const release = await begin('rotate');
			afterSending();
			for (const fault of faults) {
				world.simulator.faults.add({ ...fault, operation: 'pskSet', times: 'always' } as never);
			}
			// Without a date nothing proves that the former key was set, and the late run's is not.
			const isDated = faults.length === 0;
			expect(await says('rollBack')).toEqual([isDated ? 'rolled_back' : 'unknown']);
			const late = await release();
			world.simulator.faults.clear();
			expect(live()).not.toBe(former);
			expect(saidBy(late)).toEqual(['unknown']);
			await expectOneTruth(former);
		},
	);

	it('a Rotate that Cloudflare carries out between the set and the look of a Roll Back, without dates', async () => {
		await world.run('rotate');
		const former = live();
		const release = await begin('rotate');
		afterSending();
		world.simulator.faults.add({
			kind: 'missingFields',
			fields: ['successfully_applied_psks.*.psk_metadata'],
			operation: 'pskSet',
			times: 'always',
		});
		let late: Promise<NodeResult> | undefined;
		world.simulator.faults.add({
			kind: 'hook',
			operation: 'list',
			skip: 1,
			before: async () => {
				late = release();
				await new Promise((resolve) => setTimeout(resolve, 200));
			},
		});
		await world.run('rollBack');
		await late;
		world.simulator.faults.clear();
		await expectOneTruth(former);
	});

	// A request that is on its way for longer than half the lease: until the late run has written, the vault does
	// not hold the key that it sets.
	it('a Rotate that was rolled back, with another one since: the newer key comes back', async () => {
		await world.run('rotate');
		const release = await begin('rotate');
		const { pending } = world.record(id());
		expect(await says('rollBack')).toEqual(['busy']);
		afterSending();
		expect(await says('rollBack')).toEqual(['rolled_back']);
		expect(await says('rotate')).toEqual(['rotated']);
		const newest = live();
		expect(world.heldKeys(id())).not.toContain(pending);
		expect(saidBy(await release())).toEqual(['unknown']);
		expect(live()).not.toBe(newest);
		await expectOneTruth(newest);
	});

	it.each([
		[7, 'rotated'],
		[8, 'unapplied'],
	])(
		'a Rotate that stands still for %i minutes after it has stored its key: %s',
		async (minutes, said) => {
			const before = live();
			const real = clock.elapsed;
			const stored = world.kept.server.addFault({
				when: 'after',
				hold: true,
				matching: (asked) => isWrite(world.kept, asked),
			});
			try {
				const run = world.run('rotate');
				while (stored.hits === 0) await new Promise((resolve) => setTimeout(resolve, 5));
				clock.elapsed = () => real() + minutes * 60_000;
				stored.release();
				expect(saidBy(await run)).toEqual([said]);
			} finally {
				clock.elapsed = real;
			}
			expect(live() === before).toBe(said === 'unapplied');
			await expectOneTruth();
		},
	);

	it('a Rotate on a machine that sleeps after it has stored its key: nothing is set when it wakes', async () => {
		const before = live();
		const stored = world.kept.server.addFault({
			when: 'after',
			hold: true,
			matching: (asked) => isWrite(world.kept, asked),
		});
		const run = world.run('rotate');
		while (stored.hits === 0) await new Promise((resolve) => setTimeout(resolve, 5));
		// The clock for waits stands still meanwhile.
		afterSending();
		stored.release();
		expect(saidBy(await run)).toEqual(['unapplied']);
		expect(live()).toBe(before);
		await expectOneTruth();
	});

	it('two runs that set the same key: the vault has the date of the later one', async () => {
		await world.run('rotate');
		const release = await begin('rotate', now);
		expect(await says('rotate', now)).toEqual(['rotated']);
		expect(saidBy(await release())).toEqual(['rotated']);
		expect(await says('getStatus')).toEqual(['steady']);
		expect(await says('rollBack')).toEqual(['rolled_back']);
	});

	it('two runs that set the same key and finish later: Finish still knows it', async () => {
		await world.run('rotate');
		const release = await begin('rotate', { finish: 'later', ...now });
		expect(await says('rotate', now)).toEqual(['live']);
		expect(saidBy(await release())).toEqual(['live']);
		expect(await says('finish')).toEqual(['rotated']);
		expect(await says('getStatus')).toEqual(['steady']);
	});

	it.each(['pending', 'finished'])('two Roll Backs (%s)', async (before) => {
		await world.run('rotate');
		const former = live();
		await world.run('rotate', before === 'pending' ? { finish: 'later' } : {});
		const release = await begin('rollBack');
		expect(await says('rollBack')).toEqual(['rolled_back']);
		expect(saidBy(await release())).toEqual(['rolled_back']);
		expect(await says('getStatus')).toEqual(['steady']);
		expect(live()).toBe(former);
	});

	it('a list that was read before the vault, with a whole rotation between', async () => {
		await world.run('rotate');
		const former = live();
		world.simulator.faults.add({
			kind: 'hook',
			operation: 'list',
			times: 1,
			after: async () => void (await world.run('rotate', { finish: 'later' })),
		});
		expect(await says('finish')).toEqual(['rotated']);
		expect(world.record(id())).toMatchObject({ current: live(), previous: former });
		world.simulator.faults.add({
			kind: 'hook',
			operation: 'list',
			times: 1,
			after: async () => void (await world.run('rotate')),
		});
		expect(await says('getStatus')).toEqual(['steady']);
		const between = live();
		world.simulator.faults.add({
			kind: 'hook',
			operation: 'list',
			times: 1,
			after: async () => void (await world.run('rotate')),
		});
		expect(await says('rollBack')).toEqual(['rolled_back']);
		expect(live()).toBe(between);
	});
});

it('a date that is noted after a later one of the same key: Finish still knows the key', async () => {
	const world = await RotationWorld.start({ tunnels: 1, seed: 1, ageDays: [100] });
	try {
		const later = { finish: 'later', options: { leaseMinutes: 0 } };
		// The first run has stored, set and looked; its note waits, and the second run does all of it.
		const note = world.vault.addFault({ when: 'before', operation: 'write', skip: 1, hold: true });
		const first = world.run('rotate', later);
		while (note.hits === 0) await new Promise((resolve) => setTimeout(resolve, 5));
		expect((await world.run('rotate', later)).jsons[0]![0]!.status).toBe('live');
		note.release();
		expect((await first).jsons[0]![0]!.status).toBe('live');
		expect((await world.run('finish')).jsons[0]![0]!.status).toBe('rotated');
	} finally {
		await world.close();
	}
});
