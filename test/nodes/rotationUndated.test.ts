import type { NodeResult } from '../helpers/node';
import { RotationWorld } from '../helpers/rotation';
import { useVirtualClock } from '../helpers/virtualClock';

/**
 * An account whose list shows no date of any key. There Cloudflare's word is all there is: it is not
 * believed where a key would be dropped for it, and what is not proven is said to be so.
 */

useVirtualClock();

describe('an account that shows no dates', () => {
	let world: RotationWorld;
	beforeEach(async () => {
		world = await RotationWorld.start({ tunnels: 2, seed: 1, ageDays: [100, 20] });
		world.simulator.faults.add({
			kind: 'rewrite',
			operation: 'list',
			times: 'always',
			change(body) {
				const { result } = body as { result: { ipsec_tunnels: object[] } };
				for (const tunnel of result.ipsec_tunnels) Object.assign(tunnel, { psk_metadata: {} });
				return body;
			},
		});
	});
	afterEach(async () => {
		await world.close();
	});

	const ids = () => world.simulator.tunnels().map(({ id }) => id);
	const said = ({ jsons }: NodeResult) =>
		jsons[0]!.map(({ status, reason }) => [status, String(reason)]);

	it('a key that was set is unknown, and no run is promised to settle it', async () => {
		for (let round = 0; round < 2; round++) {
			const result = await world.run('rotate', { options: { leaseMinutes: 0 } });
			for (const [status, reason] of said(result)) {
				expect(status).toBe('unknown');
				expect(reason).toContain('no run can settle this');
			}
			for (const id of ids()) expect(world.heldKeys(id)).toContain(world.simulator.liveKey(id));
		}
	});

	it('verdicts that are those of other tunnels drop no key, and what they say is doubted', async () => {
		const set = { operation: 'pskSet', skip: 1 } as const;
		world.simulator.faults.add({ kind: 'unapply', ids: [ids()[0]!], reason: 'no', ...set });
		world.simulator.faults.add({ kind: 'crossVerdicts', ...set });
		const outcomes = said(await world.run('rotate'));
		// Nothing rules out that the check before has made it live.
		expect(outcomes.map(([status]) => status)).toEqual(['unknown', 'unknown']);
		expect(JSON.stringify(outcomes)).toContain('only its word says');
		for (const id of ids()) expect(world.record(id)).toHaveProperty('pending');
		const live = world.simulator.liveKey(ids()[1]!);
		expect(world.heldKeys(ids()[1]!)).toContain(live);
	});

	it('a refusal in the check is doubted', async () => {
		world.simulator.faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			ids: [ids()[0]!],
			reason: 'too plain',
		});
		const [[status, reason]] = said(await world.run('rotate')) as [[string, string]];
		expect([status, reason]).toEqual(['unapplied', expect.stringContaining('only its word says')]);
	});

	it('a key that was checked and not stored: nobody says that nothing was changed', async () => {
		world.vault.addFault({
			when: 'before',
			operation: 'write',
			times: Infinity,
			answer: { status: 403, body: { errors: ['permission denied'] } },
		});
		world.simulator.faults.add({
			kind: 'ignoreValidateOnly',
			operation: 'pskSet',
			times: 'always',
		});
		for (const [status, reason] of said(await world.run('rotate'))) {
			expect(status).toBe('unknown');
			expect(reason).toContain('its check may have made it live');
		}
	});
});
