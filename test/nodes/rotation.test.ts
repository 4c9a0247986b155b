import { RotationWorld } from '../helpers/rotation';
import { leaksIn } from '../helpers/scanner';

describe('Key Rotation', () => {
	let world: RotationWorld;
	beforeEach(async () => {
		world = await RotationWorld.start({ tunnels: 3, seed: 1, ageDays: [100, 20, null] });
	});
	afterEach(async () => {
		await world.close();
	});

	const ids = () => world.simulator.tunnels().map(({ id }) => id);
	const liveKeys = () => ids().map((id) => world.simulator.liveKey(id));
	const statuses = async (...args: Parameters<RotationWorld['run']>) => {
		const { jsons, error } = await world.run(...args);
		expect(error).toBeUndefined();
		return jsons[0]!.map(({ status, state }) => status ?? state);
	};
	const unsent = (kind: object) =>
		world.simulator.faults.add({ operation: 'pskSet', ...kind } as never);

	describe('Rotate', () => {
		it('gives every tunnel a key that the vault holds, live and verified, and no key to any item', async () => {
			const before = liveKeys();
			const result = await world.run('rotate');
			const [items] = result.jsons;
			for (const [index, id] of ids().entries()) {
				expect(world.simulator.liveKey(id)).not.toBe(before[index]);
				expect(world.record(id)).toEqual({
					current: world.simulator.liveKey(id),
					current_generated_on: world.dateOf(id),
					tunnel_id: id,
					tunnel_name: items![index]!.tunnel_name,
					account_id: world.simulator.accountId,
				});
				expect(items![index]).toMatchObject({
					status: 'rotated',
					verified: true,
					account_id: world.simulator.accountId,
					ipsec_tunnel_id: id,
					last_generated_on: world.dateOf(id),
					vault_path: `magic-ipsec/${id}`,
					vault_version: '2',
				});
				expect(items![index]).not.toHaveProperty('psk');
			}
			expect(result.outputs).toHaveLength(1);
			expect(leaksIn([result.run, result.hints], world.secrets())).toEqual([]);
		});

		it('asks no more than it must: list, reads, check, list, writes, bulk set, list, writes', async () => {
			await world.run('rotate');
			expect(world.simulator.requests.map(({ operation }) => operation)).toEqual([
				'list',
				'pskSet',
				'list',
				'pskSet',
				'list',
			]);
			const count = (operation: string) =>
				world.vault.requests.filter((request) => request.operation === operation).length;
			expect([count('read'), count('write')]).toEqual([3, 6]);
		});

		it('keeps keys that are not due, and counts a key that was never set as due', async () => {
			const before = liveKeys();
			expect(await statuses('rotate', { olderThanDays: 90 })).toEqual([
				'rotated',
				'kept',
				'rotated',
			]);
			expect(liveKeys()[1]).toBe(before[1]);
			expect(world.record(ids()[1]!)).toEqual({});
		});

		it('works on the tunnel of each item, and refuses one that is in two', async () => {
			const items = [{ id: ids()[2] }, { id: ids()[0] }];
			const { jsons, outputs } = await world.run('rotate', { scope: 'item' }, { items });
			expect(jsons[0]!.map(({ ipsec_tunnel_id }) => ipsec_tunnel_id)).toEqual([ids()[2], ids()[0]]);
			expect(outputs[0]!.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
			const twice = await world.run('rotate', { scope: 'item' }, { items: [items[0]!, items[0]!] });
			expect(twice.error?.message).toContain('more than one item');
		});

		it('keeps the former key as previous', async () => {
			await world.run('rotate');
			const former = liveKeys();
			await world.run('rotate');
			expect(ids().map((id) => world.record(id).previous)).toEqual(former);
		});

		it('with Finish: Later ends as live and pending, also when a later run completes it', async () => {
			expect(await statuses('rotate', { finish: 'later' })).toEqual(['live', 'live', 'live']);
			for (const id of ids()) {
				expect(world.record(id)).toMatchObject({
					pending: world.simulator.liveKey(id),
					pending_generated_on: world.dateOf(id),
					finish: 'later',
				});
			}
			const keys = liveKeys();
			const options = { leaseMinutes: 0 };
			expect(await statuses('rotate', { options })).toEqual(['live', 'live', 'live']);
			expect(liveKeys()).toEqual(keys);
		});

		it('leaves a pending key of another run alone while its lease lasts', async () => {
			await world.run('rotate', { finish: 'later' });
			expect(await statuses('rotate')).toEqual(['busy', 'busy', 'busy']);
		});

		it.each([
			['a time in the future counts as now', 3_600_000, 'busy'],
			['an old one is taken over', -16 * 60_000, 'rotated'],
			['a young one is not', -14 * 60_000, 'busy'],
		])('the lease of a pending key: %s', async (_, offset, expected) => {
			const [id] = ids();
			await world.put(id!, {
				pending: 'a-key-of-another-run',
				replaces_generated_on: world.dateOf(id!),
				pending_since: new Date(Date.now() + offset).toISOString(),
				pending_by: 'another',
				finish: 'atOnce',
			});
			const [first] = await statuses('rotate');
			expect(first).toBe(expected);
			const live = world.simulator.liveKey(id!) === 'a-key-of-another-run';
			expect(live).toBe(expected === 'rotated');
		});

		it('a key that Cloudflare refuses in the check is no fault: the others go on', async () => {
			unsent({ kind: 'unapply', ids: [ids()[0]], reason: 'too plain' });
			expect(await statuses('rotate')).toEqual(['unapplied', 'rotated', 'rotated']);
			expect(world.record(ids()[0]!)).toEqual({});
		});

		it('drops a pending key that Cloudflare refuses by name when it is set', async () => {
			unsent({ kind: 'unapply', skip: 1, ids: [ids()[0]], reason: 'tunnel is locked' });
			const { jsons } = await world.run('rotate');
			expect(jsons[0]![0]).toMatchObject({
				status: 'unapplied',
				reason: expect.stringContaining('tunnel is locked'),
			});
			expect(world.record(ids()[0]!)).not.toHaveProperty('pending');
		});

		it('never drops a pending key that an earlier run may have set', async () => {
			const [id] = ids();
			world.simulator.setKey(id!, 'the-pending-key');
			await world.put(id!, {
				pending: 'the-pending-key',
				replaces_generated_on: '2020-01-01T00:00:00Z',
			});
			unsent({ kind: 'unapply', ids: [id], reason: 'no', times: Infinity });
			const [first] = await statuses('rotate');
			expect(first).toBe('unknown');
			expect(world.record(id!).pending).toBe('the-pending-key');
		});

		it('a fault before the first write stops the run, and nothing was written', async () => {
			const before = liveKeys();
			world.vault.addFault({
				when: 'before',
				operation: 'read',
				skip: 1,
				times: Infinity,
				answer: { status: 403, body: { errors: ['permission denied'] } },
			});
			const { error, jsons } = await world.run('rotate');
			expect(error?.message).toContain('in the vault');
			expect(jsons[0]).toBeUndefined();
			expect(liveKeys()).toEqual(before);
			expect(world.vault.requests.filter(({ operation }) => operation === 'write')).toEqual([]);
		});

		it('what the vault does not store is not set', async () => {
			const before = liveKeys();
			world.vault.addFault({
				when: 'before',
				operation: 'write',
				times: 1,
				answer: { status: 403, body: { errors: ['permission denied'] } },
			});
			const said = await statuses('rotate', { options: { vaultConcurrency: 1 } });
			expect(said).toEqual(['unapplied', 'rotated', 'rotated']);
			expect(liveKeys()[0]).toBe(before[0]);
		});

		it('what was set and can not be promoted is live, and the next run finishes it', async () => {
			world.vault.addFault({
				when: 'before',
				operation: 'write',
				skip: 3,
				times: Infinity,
				answer: { status: 503, body: { errors: ['Vault is sealed'] } },
			});
			expect(await statuses('rotate')).toEqual(['live', 'live', 'live']);
			expect(ids().map((id) => world.record(id).pending)).toEqual(liveKeys());
			world.vault.clearFaults();
			const keys = liveKeys();
			const options = { leaseMinutes: 0 };
			expect(await statuses('rotate', { options })).toEqual(['rotated', 'rotated', 'rotated']);
			expect(ids().map((id) => world.record(id).current)).toEqual(keys);
		});

		it('refuses a record of another tunnel and a place that two tunnels share', async () => {
			await world.put(ids()[1]!, { current: 'x', tunnel_id: 'f'.repeat(32) });
			expect((await world.run('rotate')).error?.message).toContain('belongs to another tunnel');
			world.simulator.updateTunnel(ids()[1]!, { name: 'twin' } as never);
			world.simulator.updateTunnel(ids()[2]!, { name: 'twin' } as never);
			const { error } = await world.run('rotate', { path: 'magic-ipsec/{tunnel_name}' });
			expect(error?.message).toContain('Two tunnels have the same place');
			expect(world.vault.requests.filter(({ operation }) => operation === 'write')).toEqual([]);
		});

		it('refuses a place that two tunnels share in two spellings of the mount', async () => {
			const [first, second] = ids();
			for (const id of [first, second]) world.simulator.updateTunnel(id!, { name: 'twin' });
			const items = [
				{ id: first, mount: 'secret' },
				{ id: second, mount: '/secret/' },
			];
			const { error } = await world.run(
				'rotate',
				{ scope: 'item', mount: '={{ $json.mount }}', path: 'magic-ipsec/{tunnel_name}' },
				{ items },
			);
			expect(error?.message).toContain('Two tunnels have the same place');
		});

		it('in a continue mode a fault is an item, and the others go on', async () => {
			await world.put(ids()[1]!, { current: 'x', tunnel_id: 'f'.repeat(32) });
			const node = { onError: 'continueRegularOutput' } as const;
			expect(await statuses('rotate', {}, { node })).toEqual(['rotated', 'unapplied', 'rotated']);
		});

		it('after a foreign change the stale key is no former key to go back to', async () => {
			await world.run('rotate');
			world.simulator.setKey(ids()[0]!, 'set-by-somebody-else');
			expect(await statuses('rotate', { olderThanDays: 90 })).toEqual(['kept', 'kept', 'kept']);
			await world.run('rotate');
			expect(world.record(ids()[0]!).previous).toBeUndefined();
			expect((await world.run('rollBack')).jsons[0]![0]).toMatchObject({ status: 'unapplied' });
		});

		it.each([
			[{ path: 'magic-ipsec/x' }, 'must hold {tunnel_id}'],
			[{ vault: 'other' }, "'Vault' has no such choice"],
			[{ finish: 'never' }, "'Finish' has no such choice"],
			[{ olderThanDays: -1 }, "'Older Than (Days)' can't be used"],
			[{ scope: 'some' }, "'Scope' has no such choice"],
			[{ options: { leaseMinutes: 0.5 } }, "'Lease (Minutes)'"],
		])('refuses %j', async (parameters, words) => {
			const { error } = await world.run('rotate', parameters);
			expect(`${error?.message} ${error?.description}`).toContain(words);
			const node = { onError: 'continueRegularOutput' } as const;
			const { jsons } = await world.run('rotate', parameters, { node });
			expect(jsons[0]!.map(({ status }) => status)).toEqual(['unapplied']);
			expect(world.vault.requests).toEqual([]);
		});
	});

	describe('Finish', () => {
		it('promotes what is live', async () => {
			await world.run('rotate');
			const former = liveKeys();
			await world.run('rotate', { finish: 'later' });
			expect(await statuses('finish')).toEqual(['rotated', 'rotated', 'rotated']);
			for (const [index, id] of ids().entries()) {
				expect(world.record(id)).toMatchObject({
					current: liveKeys()[index],
					previous: former[index],
				});
			}
			expect(await statuses('finish')).toEqual(['unapplied', 'unapplied', 'unapplied']);
		});

		it('says so where the pending key was not set, and where somebody changed the key elsewhere', async () => {
			await world.run('rotate', { finish: 'later' });
			const [first, second] = ids();
			await world.put(first!, {
				...world.record(first!),
				pending_generated_on: undefined,
				replaces_generated_on: world.dateOf(first!),
			});
			world.simulator.setKey(second!, 'set-by-somebody-else');
			const { jsons } = await world.run('finish');
			expect(jsons[0]!.map(({ status }) => status)).toEqual(['unapplied', 'unapplied', 'rotated']);
			expect(jsons[0]![0]!.reason).toContain('not set yet');
			expect(jsons[0]![1]!.reason).toContain('drift');
		});
	});

	describe('Roll Back', () => {
		it('sets the former key again, and what it dropped is marked', async () => {
			await world.run('rotate');
			const former = liveKeys();
			await world.run('rotate', { finish: 'later' });
			const dropped = liveKeys();
			expect(await statuses('rollBack')).toEqual(['rolled_back', 'rolled_back', 'rolled_back']);
			expect(liveKeys()).toEqual(former);
			for (const [index, id] of ids().entries()) {
				expect(world.record(id)).toMatchObject({
					current: former[index],
					current_generated_on: world.dateOf(id),
					previous: dropped[index],
					previous_rolled_back_on: expect.any(String),
				});
				expect(world.record(id)).not.toHaveProperty('intent');
			}
			expect(await statuses('rollBack')).toEqual(['unapplied', 'unapplied', 'unapplied']);
			expect(liveKeys()).toEqual(former);
		});

		it('after a Finish swaps current and previous', async () => {
			await world.run('rotate');
			const former = liveKeys();
			await world.run('rotate');
			expect(await statuses('rollBack')).toEqual(['rolled_back', 'rolled_back', 'rolled_back']);
			expect(liveKeys()).toEqual(former);
		});

		it('says so where there is no former key', async () => {
			await world.run('rotate', { finish: 'later' });
			expect(await statuses('rollBack')).toEqual(['unapplied', 'unapplied', 'unapplied']);
		});

		it('that was cut off is completed by whoever comes next', async () => {
			for (const operation of ['rotate', 'finish', 'rollBack']) {
				await world.run('rotate');
				const former = liveKeys();
				await world.run('rotate', { finish: 'later', options: { leaseMinutes: 0 } });
				unsent({ kind: 'reset', when: 'before', times: Infinity });
				expect(await statuses('rollBack')).toEqual(['unknown', 'unknown', 'unknown']);
				expect(ids().map((id) => world.record(id).intent)).toEqual(Array(3).fill('roll_back'));
				world.simulator.faults.clear();
				const options = operation === 'rotate' ? { leaseMinutes: 0 } : {};
				expect(await statuses(operation, { options })).toEqual(Array(3).fill('rolled_back'));
				expect(liveKeys()).toEqual(former);
			}
		}, 120_000);
	});

	describe('Get Status', () => {
		const states = async (parameters = {}) =>
			(await world.run('getStatus', parameters)).jsons[0]!.map(({ state }) => state);

		it('tells what the vault holds against what Cloudflare says, and changes nothing', async () => {
			expect(await states()).toEqual(['none', 'none', 'none']);
			await world.run('rotate');
			expect(await states()).toEqual(['steady', 'steady', 'steady']);
			world.simulator.setKey(ids()[0]!, 'set-by-somebody-else');
			await world.put(ids()[1]!, { current: 5 as never });
			await world.put(ids()[2]!, { ...world.record(ids()[2]!), pending: 'next' });
			const writes = () =>
				world.vault.requests.filter(({ operation }) => operation === 'write').length;
			const before = writes();
			expect(await states()).toEqual(['drift', 'unreadable', 'pending']);
			expect(writes()).toBe(before);
		});

		it('tells when a key was rolled back, until the next one takes its place', async () => {
			const rolledBack = async () =>
				(await world.run('getStatus')).jsons[0]!.map(({ rolled_back_on: on }) => on);
			await world.run('rotate');
			expect(await rolledBack()).toEqual([null, null, null]);
			await world.run('rotate', { finish: 'later' });
			const from = Date.now();
			await world.run('rollBack');
			for (const on of await rolledBack()) {
				expect(Date.parse(String(on))).toBeGreaterThanOrEqual(from);
			}
			await world.run('rotate');
			expect(await rolledBack()).toEqual([null, null, null]);
		});

		it('tells of records whose tunnel is gone, and of one that was renamed', async () => {
			const path = 'magic-ipsec/{tunnel_name}';
			await world.run('rotate', { path });
			const [gone, renamed] = ids();
			world.simulator.removeTunnel(gone!);
			world.simulator.updateTunnel(renamed!, { name: 'other-name' } as never);
			const { jsons } = await world.run('getStatus', { path });
			const reasons = jsons[0]!.map(({ state, reason }) => [state, reason]);
			expect(reasons).toEqual(
				expect.arrayContaining([
					['drift', expect.stringContaining('no such tunnel any more')],
					['drift', expect.stringContaining("now named 'other-name'")],
				]),
			);
		});

		it('says what is wrong with the vault', async () => {
			world.vault.mode.sealed = true;
			const { error } = await world.run('getStatus');
			expect(error?.message).toContain('sealed');
		});
	});

	it('an AI agent may use it: nothing of its answers is a secret', async () => {
		const type = 'n8n-nodes-cloudflare-magic-ipsec.cloudflareMagicIpsecTool';
		const { jsons, run } = await world.run('rotate', {}, { node: { type } });
		expect(jsons[0]).toHaveLength(3);
		expect(leaksIn([run], world.secrets())).toEqual([]);
	});

	it('two runs at once end with one truth', async () => {
		const options = { leaseMinutes: 0 };
		for (let round = 0; round < 5; round++) {
			const both = await Promise.all([
				world.run('rotate', { options }),
				world.run('rotate', { options }),
			]);
			for (const { error, run } of both) {
				expect(error).toBeUndefined();
				expect(leaksIn([run], world.secrets())).toEqual([]);
			}
			for (const id of ids()) expect(world.heldKeys(id)).toContain(world.simulator.liveKey(id));
			await world.run('rotate', { options });
			for (const id of ids()) expect(world.record(id).current).toBe(world.simulator.liveKey(id));
		}
	}, 120_000);
});

describe("a key in the place of a tunnel's name", () => {
	it.each(['rotate', 'getStatus'])('is not repeated by %s', async (operation) => {
		const world = await RotationWorld.start({ tunnels: 1, seed: 1 });
		const key = 'the-live-key-of-another-tunnel';
		const tunnelId = { __rl: true, mode: 'name', value: '={{ $json.data.current }}' };
		try {
			for (const node of [{}, { onError: 'continueRegularOutput' } as const]) {
				const items = [{ data: { current: key } }];
				const { jsons, error } = await world.run(operation, { tunnelId }, { items, node });
				expect(JSON.stringify([jsons, error?.message, error?.description])).not.toContain(key);
			}
		} finally {
			await world.close();
		}
	});
});
