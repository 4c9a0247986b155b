import { RotationWorld } from '../helpers/rotation';
import { leaksIn } from '../helpers/scanner';
import { useVirtualClock } from '../helpers/virtualClock';

/** What others do to the record, and what a server does that does not keep to its word, in the middle of a run. */

useVirtualClock();

describe('in the middle of a rotation', () => {
	let world: RotationWorld;
	beforeEach(async () => {
		world = await RotationWorld.start({ tunnels: 2, seed: 1, ageDays: [100, 20] });
	});
	afterEach(async () => {
		await world.close();
	});

	const ids = () => world.simulator.tunnels().map(({ id }) => id);
	const fault = (kind: object) => world.simulator.faults.add(kind as never);

	const expectOneTruth = async () => {
		for (const id of ids()) expect(world.heldKeys(id)).toContain(world.simulator.liveKey(id));
		await world.run('rotate', { options: { leaseMinutes: 0 } });
		for (const id of ids()) expect(world.record(id).current).toBe(world.simulator.liveKey(id));
	};

	it.each([
		['an old copy of the record is written back', { current: 'an-old-key' }],
		['the record is emptied', {}],
		['another run has staged its own key', { current: 'an-old-key', pending: 'of-another-run' }],
	])('%s: the live key is put back', async (_, record) => {
		// The third list is the look after the set.
		fault({
			kind: 'hook',
			operation: 'list',
			skip: 2,
			before: async () => await world.put(ids()[0]!, record as never),
		});
		const { jsons } = await world.run('rotate');
		expect(jsons[0]!.map(({ status }) => status)).toEqual(['unknown', 'rotated']);
		await expectOneTruth();
	});

	it('a server that does not know validate_only: the key that it made live is stored', async () => {
		fault({ kind: 'ignoreValidateOnly', operation: 'pskSet', times: 'always' });
		const { jsons } = await world.run('rotate');
		expect(jsons[0]!.map(({ status }) => status)).toEqual(['rotated', 'rotated']);
		await expectOneTruth();
	});

	it('and where its answers are lost as well', async () => {
		fault({ kind: 'ignoreValidateOnly', operation: 'pskSet', times: 5 });
		fault({ kind: 'reset', when: 'after', operation: 'pskSet', times: 5 });
		const { error } = await world.run('rotate');
		expect(error).toBeUndefined();
		await expectOneTruth();
	});

	it('a refusal by name drops nothing that another run has taken over', async () => {
		const [id] = ids();
		fault({
			kind: 'hook',
			operation: 'list',
			skip: 2,
			before: async () => {
				const { pending } = world.record(id!);
				world.simulator.setKey(id!, pending!);
				await world.put(id!, { ...world.record(id!), pending_by: 'another run' });
			},
		});
		fault({ kind: 'unapply', operation: 'pskSet', skip: 1, ids: [id], reason: 'busy' });
		await world.run('rotate');
		expect(world.heldKeys(id!)).toContain(world.simulator.liveKey(id!));
	});

	it('a Roll Back that may be done already is not withdrawn', async () => {
		await world.run('rotate');
		const former = ids().map((id) => world.simulator.liveKey(id));
		await world.run('rotate', { finish: 'later' });
		fault({ kind: 'reset', when: 'after', operation: 'pskSet', times: 'always' });
		await world.run('rollBack');
		world.simulator.faults.clear();
		fault({ kind: 'unapply', operation: 'pskSet', ids: ids(), reason: 'no', times: 'always' });
		const { jsons } = await world.run('rollBack');
		expect(jsons[0]!.map(({ status }) => status)).toEqual(['unknown', 'unknown']);
		world.simulator.faults.clear();
		await world.run('finish');
		expect(ids().map((id) => world.record(id).current)).toEqual(former);
	});

	it('a reason that repeats the key that is live is left out', async () => {
		await world.run('rotate');
		const live = ids().map((id) => world.simulator.liveKey(id)!);
		const reason = `differs from the active key ${live[0]}`;
		fault({ kind: 'unapply', operation: 'pskSet', ids: ids(), reason, times: 'always' });
		const { run } = await world.run('rotate');
		expect(leaksIn([run], live)).toEqual([]);
	});

	it('what somebody put into a field of the record is not shown', async () => {
		await world.put(ids()[0]!, { tunnel_id: 'a-key-in-the-wrong-field' });
		await world.put(ids()[1]!, { current: 'x', current_generated_on: 'a-key-in-the-wrong-field' });
		const rotated = await world.run('rotate');
		const looked = await world.run('getStatus');
		const shown = JSON.stringify([
			rotated.error?.message,
			rotated.error?.description,
			looked.jsons,
		]);
		expect(shown).not.toContain('a-key-in-the-wrong-field');
	});

	it('Get Status calls no record useless where the list can not be read', async () => {
		await world.run('rotate');
		fault({
			kind: 'status',
			operation: 'list',
			status: 403,
			code: 10000,
			message: 'x',
			times: 'always',
		});
		const { jsons } = await world.run(
			'getStatus',
			{},
			{ node: { onError: 'continueRegularOutput' } },
		);
		expect(jsons[0]!.map(({ state }) => state)).toEqual(['unreadable']);
	});
});
