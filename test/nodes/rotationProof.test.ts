import type { IDataObject } from 'n8n-workflow';
import { clock } from '../../nodes/http/clock';
import { VAULT_NAMES } from '../helpers/keptVault';
import { RotationWorld } from '../helpers/rotation';
import { addVaultFault } from '../helpers/rotationFaults';

/** What proves that a key is live, and what a run may take out of the vault. */

describe.each(VAULT_NAMES)('proof that a key is live (%s)', (vault) => {
	let world: RotationWorld;
	const real = { ...clock };
	beforeEach(async () => {
		world = await RotationWorld.start({ tunnels: 1, seed: 1, ageDays: [100] }, vault, {
			// AWS refuses a signature of another time.
			now: () => clock.now(),
		});
		await world.run('rotate');
	});
	afterEach(async () => {
		Object.assign(clock, real);
		await world.close();
	});

	const fault = (kind: object) => world.simulator.faults.add(kind as never);
	const id = () => world.simulator.tunnels()[0]!.id;
	const live = () => world.simulator.liveKey(id())!;
	const now = { options: { leaseMinutes: 0 } };
	const run = async (...args: Parameters<RotationWorld['run']>): Promise<IDataObject> => {
		const { jsons, error } = await world.run(...args);
		expect(error).toBeUndefined();
		return jsons[0]![0]!;
	};
	const later = (minutes: number) => {
		clock.now = () => real.now() + minutes * 60_000;
	};

	/** A gateway that sets nothing, and answers with the date that the list tells. */
	const changeNothing = () =>
		fault({
			kind: 'body',
			status: 200,
			contentType: 'application/json',
			operation: 'pskSet',
			times: 'always',
			body: JSON.stringify({
				success: true,
				errors: [],
				messages: [],
				result: {
					successfully_applied_psks: {
						[id()]: { psk_metadata: { last_generated_on: world.dateOf(id()) } },
					},
					unapplied_psks: {},
				},
			}),
		});

	it('a set that changed nothing is no rotation, however often it is repeated', async () => {
		const before = live();
		changeNothing();
		for (let round = 0; round < 2; round++) {
			expect(await run('rotate', now)).toMatchObject({ status: 'unknown', verified: false });
			expect(world.record(id()).current).toBe(before);
		}
		world.simulator.faults.clear();
		expect(await run('rotate', now)).toMatchObject({ status: 'rotated' });
		expect(world.record(id())).toMatchObject({ current: live(), previous: before });
	});

	it.each(['atOnce', 'later'])(
		'a set that changed nothing is no Roll Back (after Finish: %s)',
		async (finish) => {
			const former = live();
			await run('rotate', { finish });
			const before = live();
			changeNothing();
			expect(await run('rollBack')).toMatchObject({ status: 'unknown', verified: false });
			expect(live()).toBe(before);
			expect(world.heldKeys(id())).toContain(before);
			world.simulator.faults.clear();
			expect(await run('rollBack')).toMatchObject({ status: 'rolled_back' });
			expect(live()).toBe(former);
		},
	);

	it('an answer without a date, and a date that somebody else has moved, prove nothing', async () => {
		fault({
			kind: 'missingFields',
			operation: 'pskSet',
			fields: ['successfully_applied_psks.*.psk_metadata'],
			times: 'always',
		});
		fault({
			kind: 'hook',
			operation: 'pskSet',
			skip: 1,
			after: () => world.simulator.setKey(id(), 'set-by-somebody-else-at-once'),
		});
		const item = await run('rotate');
		expect(item).toMatchObject({ status: 'unknown', verified: false });
		expect(item.reason).toContain('does not say when');
		expect((await run('getStatus')).state).toBe('pending');
	});

	it('Roll Back waits while the run that stored a key may still set it', async () => {
		const former = live();
		fault({ kind: 'status', status: 403, code: 10000, operation: 'pskSet', skip: 1, times: 9 });
		expect((await run('rotate')).status).toBe('unapplied');
		const { pending } = world.record(id());
		world.simulator.faults.clear();
		const item = await run('rollBack');
		expect(item.status).toBe('busy');
		expect(item.reason).toContain('for 8 min');
		expect(world.record(id()).pending).toBe(pending);
		later(7.6);
		expect((await run('rollBack')).status).toBe('rolled_back');
		expect(live()).toBe(former);
	});

	it('a key of an earlier run, whose request may still be on its way, is not dropped', async () => {
		fault({ kind: 'status', status: 403, code: 10000, operation: 'pskSet', skip: 1, times: 1 });
		expect((await run('rotate')).status).toBe('unapplied');
		const { pending } = world.record(id());
		fault({ kind: 'unapply', reason: 'the tunnel is busy', operation: 'pskSet', times: 'always' });
		const item = await run('rotate', now);
		expect(item.status).toBe('unknown');
		expect(item.reason).toContain('may still be on its way');
		expect(world.record(id()).pending).toBe(pending);
		later(16);
		expect((await run('rotate')).status).toBe('unapplied');
		expect(world.record(id())).not.toHaveProperty('pending');
	});

	it('a refusal that repeats another key of the vault is left out', async () => {
		const current = 'correcthorsebattery';
		world.simulator.setKey(id(), current);
		world.kept.put(id(), { current, current_generated_on: world.dateOf(id()) });
		fault({ kind: 'unapply', reason: `the same as ${current}`, operation: 'pskSet', skip: 1 });
		const atSet = await run('rotate', now);
		fault({ kind: 'unapply', reason: `the same as ${current}`, operation: 'pskSet' });
		const atCheck = await run('rotate', now);
		for (const item of [atSet, atCheck]) {
			expect(item.status).toBe('unapplied');
			expect(JSON.stringify(item)).not.toContain(current);
		}
	});

	it('Roll Back sets no key of the vault that routers read differently', async () => {
		await world.close();
		world = await RotationWorld.start({ tunnels: 1, seed: 1 }, vault);
		world.kept.put(id(), { current: `${live()}\n` });
		await run('rotate', { finish: 'later' });
		const [before, record] = [live(), world.record(id())];
		const item = await run('rollBack');
		expect(item.status).toBe('unapplied');
		expect(item.reason).toContain('line break');
		expect(live()).toBe(before);
		expect(world.record(id())).toEqual(record);
	});

	// In AWS who edits AWSCURRENT by hand changes neither of these.
	if (vault === 'awsSecretsManager') return;

	it('a record that was replaced and can not be read again: nobody says that the vault holds the key', async () => {
		fault({
			kind: 'hook',
			operation: 'pskSet',
			skip: 1,
			after: () => {
				world.kept.put(id(), { note: 'overwritten' });
				addVaultFault(world.kept, 'no right', { of: 'read', skip: 0, times: Infinity });
			},
		});
		const item = await run('rotate');
		expect(item.status).toBe('unknown');
		expect(item.reason).toContain('may not hold');
	});

	it('Rotate sets no pending key of the vault that routers read differently', async () => {
		const before = live();
		const record = { ...world.record(id()), pending: ' \n' };
		world.kept.put(id(), record);
		const item = await run('rotate');
		expect(item.status).toBe('unapplied');
		expect(item.reason).toContain('line break');
		expect(live()).toBe(before);
		expect(world.record(id())).toEqual(record);
	});
});
