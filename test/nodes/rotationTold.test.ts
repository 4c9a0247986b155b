import type { IDataObject } from 'n8n-workflow';
import { request } from 'undici';
import { clock } from '../../nodes/http/clock';
import { RotationWorld } from '../helpers/rotation';

/** What Key Rotation tells of a vault, of dates and of tunnels that somebody else left in disorder. */

describe('what is told', () => {
	let world: RotationWorld;
	const real = { ...clock };
	beforeEach(async () => {
		world = await RotationWorld.start({ tunnels: 2, seed: 1, ageDays: [100, null] });
	});
	afterEach(async () => {
		Object.assign(clock, real);
		await world.close();
	});

	const ids = () => world.simulator.tunnels().map(({ id }) => id);
	const fault = (kind: object) => world.simulator.faults.add(kind as never);
	const run = async (...args: Parameters<RotationWorld['run']>): Promise<IDataObject[]> =>
		(await world.run(...args)).jsons[0]!;
	const statuses = (items: IDataObject[]) => items.map(({ status }) => status);

	it.each(['rotate', 'finish', 'rollBack'])(
		'%s tells that the vault itself will delete the key',
		async (operation) => {
			if (operation !== 'rotate') await run('rotate', { finish: 'later' });
			for (const id of ids()) {
				const { statusCode, body } = await request(
					`${world.vault.origin}/v1/secret/metadata/magic-ipsec/${id}`,
					{
						method: 'POST',
						headers: { 'X-Vault-Token': world.vault.token },
						body: JSON.stringify({ delete_version_after: '3600s' }),
					},
				);
				await body.dump();
				expect(statusCode).toBeLessThan(300);
			}
			if (operation === 'rollBack') await run('finish');
			const { hints } = await world.run(operation);
			expect(JSON.stringify(hints)).toMatch(/delete/);
		},
	);

	it('a tunnel that the list lacks is not called gone, and nobody is told that its record is of no use', async () => {
		await run('rotate');
		const [first, second] = ids();
		fault({ kind: 'unlist', ids: [first], times: 'always' });
		const about = async () =>
			(await run('getStatus')).filter(({ ipsec_tunnel_id: id }) => id === first);
		const [item, ...others] = await about();
		expect(others).toEqual([]);
		expect(item).toMatchObject({ state: 'unreadable', ipsec_tunnel_id: first });
		expect(item!.reason).toContain('still has the tunnel');
		fault({ kind: 'status', status: 500, operation: 'get', times: 'always' });
		clock.sleep = async () => {};
		const [unseen] = await about();
		expect(unseen!.reason).toContain('not known whether');
		world.simulator.faults.clear();
		world.simulator.removeTunnel(second!);
		const gone = (await run('getStatus')).find(({ ipsec_tunnel_id: id }) => id === second);
		expect(gone).toMatchObject({
			state: 'drift',
			reason: expect.stringContaining('no such tunnel any more'),
		});
	});

	it.each([
		['no word of its key', undefined],
		['a date in another form', { last_generated_on: 'Sat, 21 Nov 2026 19:46:34' }],
	])(
		'%s: a key whose age is not told is kept, unless every key is to be rotated',
		async (_, psk) => {
			fault({
				kind: 'rewrite',
				operation: 'list',
				times: 'always',
				change(body: { result: { ipsec_tunnels: IDataObject[] } }) {
					body.result.ipsec_tunnels[0]!.psk_metadata = psk;
					return body;
				},
			});
			const before = world.simulator.liveKey(ids()[0]!);
			const items = await run('rotate', { olderThanDays: 90 });
			expect(statuses(items)).toEqual(['kept', 'rotated']);
			expect(items[0]!.reason).toContain('does not tell when its key was made');
			expect(world.simulator.liveKey(ids()[0]!)).toBe(before);
			await run('rotate');
			expect(world.simulator.liveKey(ids()[0]!)).not.toBe(before);
		},
	);

	it('a pending key from far in the future: it is said that the time is wrong, and what helps', async () => {
		const [id] = ids();
		world.kept.put(id!, {
			pending: 'a-key-of-another-run-a-key',
			pending_since: '2099-01-01T00:00:00Z',
			replaces_generated_on: world.dateOf(id!),
			current: world.simulator.liveKey(id!),
		});
		const [item] = await run('rotate');
		expect(item!.status).toBe('busy');
		expect(item!.reason).toContain('Lease 0');
		expect(item!.reason).not.toContain('15 min');
		const [back] = await run('rollBack');
		expect(back!.status).toBe('rolled_back');
	});

	it('a lease that began by another clock is told by its real end', async () => {
		const [id] = ids();
		const since = new Date(Date.now() + 30 * 60_000).toISOString();
		world.kept.put(id!, { pending: 'a-key-of-another-run-a-key', pending_since: since });
		expect((await run('rotate'))[0]!.reason).toContain('in 45 min');
	});

	it('a first key whose answer was lost: nobody says that the vault holds the former one', async () => {
		clock.sleep = async () => {};
		fault({ kind: 'status', status: 502, operation: 'pskSet', skip: 1, times: 'always' });
		for (const { status, message } of await run('rotate')) {
			expect(status).toBe('unknown');
			expect(message).not.toContain('both');
		}
	});
});
