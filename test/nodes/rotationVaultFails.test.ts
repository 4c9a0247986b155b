import { RotationWorld } from '../helpers/rotation';
import type { SecretsManager } from '../stubs/secretsManager';
import { useVirtualClock } from '../helpers/virtualClock';

/** A vault that fails, or is changed by others, between the steps of an operation; and what Get Status says of what is left. */

useVirtualClock();

describe('one secret, or one tunnel, that can not be worked with', () => {
	let world: RotationWorld;
	afterEach(async () => {
		await world.close();
	});
	const options = { tunnels: 3, seed: 1 };
	const ids = () => world.simulator.tunnels().map(({ id }) => id);
	const go = { node: { onError: 'continueRegularOutput' as const } };
	const said = async (...args: Parameters<RotationWorld['run']>) => {
		const { jsons, error } = await world.run(...args);
		expect(error).toBeUndefined();
		return new Map(jsons[0]!.map((json) => [json.ipsec_tunnel_id, json]));
	};

	/** Puts JSON of so many levels into another field of a secret: in AWS by its text, which nothing else can write. */
	function nest(id: string): void {
		const deep = '['.repeat(20_000) + ']'.repeat(20_000);
		const fields = JSON.stringify(world.record(id)).slice(1, -1);
		const SecretString = `{${fields}${fields === '' ? '' : ','}"other":${deep}}`;
		const { inside } = world.kept.server as SecretsManager;
		const content = { ClientRequestToken: 'x'.repeat(32), SecretString };
		const name = `magic-ipsec/${id}`;
		if (inside.all.has(name)) inside.put({ SecretId: name, ...content });
		else inside.create({ Name: name, ...content });
	}

	it('JSON of 20,000 levels in AWS: the others are rotated', async () => {
		world = await RotationWorld.start(options, 'awsSecretsManager');
		const [bad, ...good] = ids();
		nest(bad!);
		const outcomes = await said('rotate', {}, go);
		expect(outcomes.get(bad)).toMatchObject({
			status: 'unapplied',
			reason: expect.stringContaining('100 levels'),
		});
		for (const id of good) expect(outcomes.get(id)).toMatchObject({ status: 'rotated' });
	});

	it('JSON of 20,000 levels that comes into AWS in the middle: no outcome is lost', async () => {
		world = await RotationWorld.start(options, 'awsSecretsManager');
		const [bad, ...good] = ids();
		const after = () => nest(bad!);
		world.simulator.faults.add({ kind: 'hook', operation: 'pskSet', skip: 1, times: 1, after });
		const outcomes = await said('rotate');
		expect(outcomes.get(bad)).toMatchObject({ status: expect.stringMatching(/^(live|unknown)$/) });
		for (const id of good) expect(outcomes.get(id)).toMatchObject({ status: 'rotated' });
		for (const id of ids()) expect(world.heldKeys(id)).toContain(world.simulator.liveKey(id));
	});

	it("half a character in a tunnel's name: the others are rotated", async () => {
		world = await RotationWorld.start(options);
		const [bad, ...good] = ids();
		world.simulator.updateTunnel(bad!, { name: 'bad\ud800name' });
		for (const [operation, word] of [
			['rotate', 'rotated'],
			['getStatus', 'steady'],
		] as const) {
			const outcomes = await said(operation, { path: 'magic-ipsec/{tunnel_name}' }, go);
			expect(outcomes.get(bad)?.reason).toContain('half a character');
			for (const id of good) expect(Object.values(outcomes.get(id)!)).toContain(word);
		}
	});
});

describe('a vault that fails in the middle', () => {
	let world: RotationWorld;
	beforeEach(async () => {
		world = await RotationWorld.start({ tunnels: 2, seed: 1, ageDays: [100, 20] });
	});
	afterEach(async () => {
		await world.close();
	});

	const ids = () => world.simulator.tunnels().map(({ id }) => id);
	const fault = (kind: object) => world.simulator.faults.add(kind as never);
	const DENIED = { status: 403, body: { errors: ['permission denied'] } };
	const deny = (operation: string, skip: number) =>
		world.vault.addFault({ when: 'before', operation, skip, times: Infinity, answer: DENIED });
	const statuses = async (...args: Parameters<RotationWorld['run']>) =>
		(await world.run(...args)).jsons[0]!.map(({ status, state }) => status ?? state);

	it('Roll Back: what the vault did not take is unknown, and the next run completes it', async () => {
		await world.run('rotate');
		const former = ids().map((id) => world.simulator.liveKey(id));
		await world.run('rotate');
		deny('write', 2);
		expect(await statuses('rollBack')).toEqual(['unknown', 'unknown']);
		world.vault.clearFaults();
		expect(await statuses('getStatus')).toEqual(['pending', 'pending']);
		expect(await statuses('finish')).toEqual(['rolled_back', 'rolled_back']);
		expect(ids().map((id) => world.record(id).current)).toEqual(former);
	});

	it('Roll Back: a record that others change meanwhile', async () => {
		await world.run('rotate');
		await world.run('rotate');
		fault({
			kind: 'hook',
			operation: 'list',
			skip: 1,
			before: async () => await world.put(ids()[0]!, { note: 'emptied by somebody' }),
		});
		expect(await statuses('rollBack')).toEqual(['unknown', 'rolled_back']);
		for (const id of ids()) expect(world.heldKeys(id)).toContain(world.simulator.liveKey(id));
	});

	it('Roll Back: a former key that Cloudflare refuses by name takes the intent back', async () => {
		await world.run('rotate');
		await world.run('rotate');
		fault({ kind: 'unapply', operation: 'pskSet', ids: ids(), reason: 'too old', times: 'always' });
		const { jsons } = await world.run('rollBack');
		expect(jsons[0]!.map(({ status }) => status)).toEqual(['unapplied', 'unapplied']);
		expect(jsons[0]![0]!.reason).toContain('too old');
		expect(ids().map((id) => world.record(id).intent)).toEqual([undefined, undefined]);
		deny('write', 2);
		expect(await statuses('rollBack')).toEqual(['unapplied', 'unapplied']);
		expect(ids().map((id) => world.record(id).intent)).toEqual(['roll_back', 'roll_back']);
	});

	it('Roll Back: refused as a whole, or never sent, it is done by the next run', async () => {
		await world.run('rotate');
		await world.run('rotate');
		fault({
			kind: 'status',
			operation: 'pskSet',
			status: 403,
			code: 10000,
			message: 'no',
			times: 'always',
		});
		const { jsons } = await world.run('rollBack');
		expect(jsons[0]!.map(({ status }) => status)).toEqual(['unapplied', 'unapplied']);
		expect(jsons[0]![0]!.reason).toContain('the next run does it');
		world.simulator.faults.clear();
		expect(await statuses('rollBack')).toEqual(['rolled_back', 'rolled_back']);
	});

	it('Rotate: a refused key that the vault does not drop stays pending', async () => {
		fault({ kind: 'unapply', operation: 'pskSet', skip: 1, ids: ids(), reason: 'locked' });
		deny('write', 2);
		const { jsons } = await world.run('rotate');
		expect(jsons[0]!.map(({ status }) => status)).toEqual(['unapplied', 'unapplied']);
		expect(jsons[0]![0]!.reason).toContain('still pending');
		world.vault.clearFaults();
		expect(await statuses('rotate', { options: { leaseMinutes: 0 } })).toEqual([
			'rotated',
			'rotated',
		]);
	});

	it('Rotate: refused as a whole, the new keys stay pending', async () => {
		fault({
			kind: 'status',
			operation: 'pskSet',
			skip: 1,
			status: 403,
			code: 10000,
			message: 'no',
			times: 'always',
		});
		const { jsons } = await world.run('rotate');
		expect(jsons[0]!.map(({ status }) => status)).toEqual(['unapplied', 'unapplied']);
		expect(jsons[0]![0]!.reason).toContain('stays pending');
		world.simulator.faults.clear();
		expect(await statuses('getStatus')).toEqual(['pending', 'pending']);
		expect(await statuses('rotate', { options: { leaseMinutes: 0 } })).toEqual([
			'rotated',
			'rotated',
		]);
	});

	it('Rotate with Finish: Later: a date that could not be noted', async () => {
		deny('write', 2);
		expect(await statuses('rotate', { finish: 'later' })).toEqual(['live', 'live']);
		world.vault.clearFaults();
		expect(await statuses('finish')).toEqual(['unapplied', 'unapplied']);
		expect(await statuses('rotate', { options: { leaseMinutes: 0 } })).toEqual(['live', 'live']);
		expect(await statuses('finish')).toEqual(['rotated', 'rotated']);
	});

	it('Rotate: an unclear answer while the vault can no longer be read', async () => {
		fault({ kind: 'reset', when: 'after', operation: 'pskSet', skip: 1, times: 'always' });
		deny('read', 2);
		const { jsons } = await world.run('rotate');
		expect(jsons[0]!.map(({ status }) => status)).toEqual(['unknown', 'unknown']);
		expect(jsons[0]![0]!.reason).toContain('could not be made sure');
	});

	it('Rotate: another run that finishes the same key at the same moment', async () => {
		const [id] = ids();
		fault({
			kind: 'hook',
			operation: 'list',
			skip: 2,
			before: async () => {
				const { pending, ...record } = world.record(id!);
				await world.put(id!, { tunnel_id: record.tunnel_id, current: pending });
			},
		});
		const { jsons } = await world.run('rotate');
		expect(jsons[0]!.map(({ status }) => status)).toEqual(['rotated', 'rotated']);
		expect(jsons[0]![0]!.reason).toContain('Another run finished it');
	});

	it('Rotate: another run that takes the key over at the same moment', async () => {
		const [id] = ids();
		let times = 0;
		fault({
			kind: 'hook',
			operation: 'list',
			skip: 2,
			before: async () => {
				times += 1;
				await world.put(id!, { ...world.record(id!), pending_by: 'another run' });
			},
		});
		expect(await statuses('rotate')).toEqual(['rotated', 'rotated']);
		expect(times).toBe(1);
	});

	it('Get Status: what is pending, what was never dated, and a vault whose names can not be listed', async () => {
		await world.run('rotate', { finish: 'later' });
		const [first, second] = ids();
		const { jsons } = await world.run('getStatus');
		expect(jsons[0]!.map(({ reason }) => reason)).toEqual(
			Array(2).fill('The pending key is live.'),
		);
		world.simulator.setKey(first!, 'set-by-somebody-else');
		await world.put(second!, { current: 'known-by-hand' });
		deny('list', 0);
		const again = await world.run('getStatus');
		expect(again.jsons[0]!.map(({ state, reason }) => [state, String(reason)])).toEqual([
			['pending', expect.stringContaining('neither')],
			['steady', expect.stringContaining('does not say when')],
		]);
		expect(JSON.stringify(again.hints)).toContain('could not be listed');
	});

	it.each(['getStatus', 'finish'])('%s: an option that can not be used', async (operation) => {
		const parameters = { options: { vaultConcurrency: 0 } };
		expect((await world.run(operation, parameters)).error?.description).toContain(
			"'Vault Concurrency'",
		);
		const node = { onError: 'continueRegularOutput' } as const;
		expect((await world.run(operation, parameters, { node })).jsons[0]).toHaveLength(1);
	});
});
