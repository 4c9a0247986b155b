import * as fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { RotationWorld } from '../helpers/rotation';
import { leaksIn } from '../helpers/scanner';
import { useVirtualClock } from '../helpers/virtualClock';

/**
 * Random histories of an account and its vault: operations, faults of both, keys that somebody else
 * sets, runs that find what others left. After every step the key that is live is one of the three in
 * the vault, unless somebody else has set it; and one more run brings all back to one truth.
 *
 * ROTATION_HISTORIES sets how many; FC_SEED repeats a failure.
 */
const HISTORIES = Number(process.env.ROTATION_HISTORIES ?? 60);
const SEED = process.env.FC_SEED === undefined ? {} : { seed: Number(process.env.FC_SEED) };

const status = (code: number) => ({ kind: 'status', status: code, code: 1000, message: 'x' });

/** What may go wrong at Cloudflare, once or for as long as an operation lasts. */
const cloudflareFault = fc.record({
	operation: fc.constantFrom('pskSet', 'list'),
	skip: fc.nat(3),
	times: fc.constantFrom(1, 2, Infinity),
	fault: fc.constantFrom(
		{ kind: 'reset', when: 'before' },
		{ kind: 'reset', when: 'after' },
		{ kind: 'truncatedJson', when: 'after' },
		{ ...status(500), when: 'after' },
		{ ...status(400), when: 'before' },
		{ ...status(409), when: 'after' },
		{ ...status(403), when: 'before' },
		{ ...status(429), when: 'before' },
	),
});

const vaultFault = fc.record({
	operation: fc.constantFrom('read', 'write'),
	skip: fc.nat(4),
	times: fc.constantFrom(1, 3, Infinity),
	mishap: fc.constantFrom(
		{ when: 'before', answer: { status: 503, body: { errors: ['Vault is sealed'] } } },
		{ when: 'before', answer: { status: 403, body: { errors: ['permission denied'] } } },
		{ when: 'after', answer: { status: 500, body: { errors: ['internal'] } } },
		{ when: 'before', cut: 'silent' },
		{ when: 'after', cut: 'silent' },
		{ when: 'after', cut: 'halfway' },
		{ when: 'before', answer: { status: 412, body: { errors: ['required index state'] } } },
		{ when: 'before', answer: { status: 429, body: { errors: ['rate limit quota exceeded'] } } },
	),
});

const step = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({
			do: fc.constantFrom('rotate', 'rotate', 'rotate', 'finish', 'rollBack'),
			finish: fc.constantFrom('atOnce', 'later'),
			olderThanDays: fc.constantFrom(0, 0, 90),
			leaseMinutes: fc.constantFrom(0, 0, 15),
			onError: fc.constantFrom('stopWorkflow', 'continueRegularOutput'),
			cloudflare: fc.array(cloudflareFault, { maxLength: 2 }),
			vault: fc.array(vaultFault, { maxLength: 2 }),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('foreign'), tunnel: fc.nat(1) }) },
);

const history = fc.record({
	ages: fc.array(fc.constantFrom(null, 10, 100), { minLength: 2, maxLength: 2 }),
	steps: fc.array(step, { minLength: 1, maxLength: 7 }),
});

useVirtualClock();

/** What a status says must be true of the live key and the record. */
function isTrue(
	world: RotationWorld,
	{ status: said, ipsec_tunnel_id }: IDataObject,
	before: Map<string, string | undefined>,
): boolean {
	const id = String(ipsec_tunnel_id);
	const live = world.simulator.liveKey(id);
	const { current, pending } = world.record(id);
	switch (said) {
		case 'rotated':
		case 'rolled_back':
			return live === current && pending === undefined;
		case 'live':
			// A lost answer of the last write may hide that the key is current by now.
			return live === pending || live === current;
		case 'unknown':
			return true;
		default:
			return !before.has(id) || live === before.get(id);
	}
}

it('keeps the live key in the vault, and one more run brings all to one truth', async () => {
	let runs = 0;
	await fc.assert(
		fc.asyncProperty(history, async ({ ages, steps }) => {
			const world = await RotationWorld.start({ tunnels: 2, seed: 1, ageDays: ages });
			try {
				const { simulator, vault } = world;
				const ids = simulator.tunnels().map(({ id }) => id);
				/** Keys that are not ours: those of the beginning, and those that somebody else set. */
				const foreign = new Set(ids.map((id) => simulator.liveKey(id)));
				for (const [index, one] of steps.entries()) {
					if (one.do === 'foreign') {
						const key = `set-by-somebody-else-${index}`;
						simulator.setKey(ids[(one as { tunnel: number }).tunnel]!, key);
						foreign.add(key);
						continue;
					}
					const {
						do: operation,
						cloudflare,
						vault: faults,
						onError,
						...rest
					} = one as never as {
						do: string;
						cloudflare: Array<{ fault: object; operation: string; skip: number; times: number }>;
						vault: Array<{ mishap: object; operation: string; skip: number; times: number }>;
						onError: string;
						finish: string;
						olderThanDays: number;
						leaseMinutes: number;
					};
					for (const { fault, ...where } of cloudflare)
						simulator.faults.add({ ...where, ...fault } as never);
					for (const { mishap, ...where } of faults)
						vault.addFault({ ...where, ...mishap } as never);
					const before = new Map(ids.map((id) => [id, simulator.liveKey(id)]));
					const { finish, olderThanDays, leaseMinutes } = rest;
					const result = await world.run(
						operation,
						{ finish, olderThanDays, options: operation === 'rotate' ? { leaseMinutes } : {} },
						{ node: { onError: onError as never } },
					);
					runs += 1;
					simulator.faults.clear();
					vault.clearFaults();
					for (const id of ids) {
						const live = simulator.liveKey(id);
						if (!foreign.has(live)) expect(world.heldKeys(id)).toContain(live);
					}
					const wrong = (result.jsons[0] ?? []).filter((item) => !isTrue(world, item, before));
					expect(wrong).toEqual([]);
					if (result.error !== undefined) {
						expect(ids.map((id) => simulator.liveKey(id))).toEqual([...before.values()]);
					}
					expect(leaksIn([result.run], world.secrets())).toEqual([]);
				}
				const options = { leaseMinutes: 0 };
				const last = await world.run('rotate', { options });
				for (const item of last.jsons[0]!) {
					expect(['rotated', 'live', 'rolled_back']).toContain(item.status);
					expect(isTrue(world, item, new Map())).toBe(true);
				}
				await world.run('finish');
				await world.run('rotate', { options });
				for (const id of ids) {
					const { current, pending } = world.record(id);
					expect([current, pending]).toEqual([simulator.liveKey(id), undefined]);
				}
			} finally {
				await world.close();
			}
		}),
		{ numRuns: HISTORIES, ...SEED },
	);
	expect(runs).toBeGreaterThan(HISTORIES);
}, 1_800_000);
