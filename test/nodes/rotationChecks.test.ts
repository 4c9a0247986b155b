import type { IDataObject } from 'n8n-workflow';
import { rotationCredentials, rotationParameters, VAULT_NAMES } from '../helpers/keptVault';
import { credentialsOf, runNode } from '../helpers/node';
import { RotationWorld } from '../helpers/rotation';
import { addVaultFault, isWrite } from '../helpers/rotationFaults';
import { useVirtualClock } from '../helpers/virtualClock';

/**
 * A server on the way that does not know `validate_only`: the check of a new key makes it live before a
 * vault holds it. Then it is stored at once, whatever comes, and where that can't be done nobody is told
 * that nothing was changed.
 */

useVirtualClock();

describe.each(VAULT_NAMES)('a check that makes keys live (%s)', (vault) => {
	let world: RotationWorld;
	beforeEach(async () => {
		world = await RotationWorld.start({ tunnels: 2, seed: 1, ageDays: [100, 20] }, vault);
		fault({ kind: 'ignoreValidateOnly', operation: 'any', times: 'always' });
	});
	afterEach(async () => {
		await world.close();
	});

	const fault = (kind: object) => world.simulator.faults.add(kind as never);
	const ids = () => world.simulator.tunnels().map(({ id }) => id);
	const isHeld = (id: string) => world.heldKeys(id).includes(world.simulator.liveKey(id)!);
	const said = (items: IDataObject[] | undefined) =>
		items!.map(({ status, verified }) => [status, verified]);

	const expectOneTruth = async () => {
		world.simulator.faults.clear();
		world.kept.server.clearFaults();
		await world.run('rotate', { options: { leaseMinutes: 0 } });
		for (const id of ids()) expect(world.record(id).current).toBe(world.simulator.liveKey(id));
	};

	it('and a vault that takes nothing: the outcome is unknown, and says what to do', async () => {
		addVaultFault(world.kept, 'no right', { of: 'write', skip: 0, times: Infinity });
		const { jsons, error } = await world.run('rotate');
		expect(error).toBeUndefined();
		expect(said(jsons[0])).toEqual(Array(2).fill(['unknown', false]));
		for (const { reason, message } of jsons[0]!) {
			expect(reason).toContain('its check may have made it live');
			expect(reason).toContain('Run Rotate again');
			expect(message).not.toContain('holds both');
		}
		await expectOneTruth();
	});

	it('and another change of the record at the same moment: the key is stored beside it', async () => {
		let times = 0;
		world.kept.server.addFault({
			when: 'before',
			delayMs: 0,
			matching: (asked) => {
				if (isWrite(world.kept, asked) && times++ === 0) {
					for (const id of ids()) world.kept.put(id, { note: 'by somebody else' });
				}
				return false;
			},
		});
		const { jsons } = await world.run('rotate');
		expect(said(jsons[0])).toEqual(Array(2).fill(['unknown', false]));
		expect(ids().map(isHeld)).toEqual([true, true]);
		await expectOneTruth();
	});

	it('and a stop during the checks: what may be live is stored, and nothing more is set', async () => {
		let stop = () => {};
		const stopWhen = new Promise<void>((resolve) => {
			stop = resolve;
		});
		fault({
			kind: 'hook',
			operation: 'pskSet',
			times: 'always',
			after: async () => {
				stop();
				await new Promise((resolve) => setTimeout(resolve, 50));
			},
		});
		const { simulator, kept } = world;
		const { jsons } = await runNode({
			credentials: { ...credentialsOf(simulator), [kept.credentialType]: kept.credential() },
			mode: 'trigger',
			items: [{}],
			node: { credentials: rotationCredentials(kept) },
			parameters: rotationParameters('rotate', kept),
			stopWhen,
		});
		expect(said(jsons[0])).toEqual(Array(2).fill(['unknown', false]));
		expect(ids().map(isHeld)).toEqual([true, true]);
		expect(ids().map((id) => simulator.keyHistory(id).length)).toEqual([2, 2]);
		await expectOneTruth();
	});

	it('and whose answers are lost, as is every look: the keys are stored, and no error says that nothing was changed', async () => {
		fault({ kind: 'status', status: 502, when: 'after', operation: 'pskSet', times: 'always' });
		fault({ kind: 'status', status: 502, operation: 'list', skip: 1, times: 'always' });
		const { jsons, error } = await world.run('rotate');
		expect(error).toBeUndefined();
		expect(said(jsons[0])).toEqual(Array(2).fill(['unknown', false]));
		expect(ids().map(isHeld)).toEqual([true, true]);
		await expectOneTruth();
	});

	it('stores all of them before it sets one again', async () => {
		const held: boolean[][] = [];
		fault({
			kind: 'hook',
			operation: 'pskSet',
			times: 'always',
			predicate: ({ query }: { query: IDataObject }) => query.validate_only === undefined,
			before: () => void held.push(ids().map(isHeld)),
		});
		const { jsons } = await world.run('rotate', { options: { batchSize: 1 } });
		expect(said(jsons[0])).toEqual(Array(2).fill(['rotated', true]));
		expect(held[0]).toEqual([true, true]);
	});
});

describe('a check that is turned away where nobody can look', () => {
	it.each([401, 403])(
		'by a status of %i: the run ends there, and nothing was changed',
		async (status) => {
			const world = await RotationWorld.start({ tunnels: 1, seed: 1 });
			try {
				const refusal = { kind: 'status', status, code: 10000, message: 'no', when: 'before' };
				world.simulator.faults.add({
					...refusal,
					operation: 'any',
					skip: 1,
					times: 'always',
				} as never);
				const { error } = await world.run('rotate');
				expect(error?.message).toContain('did not check the new key');
				expect(world.record(world.simulator.tunnels()[0]!.id)).toEqual({});
			} finally {
				await world.close();
			}
		},
	);
});
