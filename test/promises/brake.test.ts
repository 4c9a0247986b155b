import { openWorld } from '../helpers/itemWorlds';
import type { NodeResult } from '../helpers/node';
import { runNode } from '../helpers/node';
import { liveKeys, pskParameters, runPsk, statuses } from '../helpers/psk';
import { useVirtualClock } from '../helpers/virtualClock';
import { useAccount } from '../helpers/account';
import type { Simulator } from '../simulator';

/** Generate replaces no more keys whose new one nobody knows than the option 'Stop After Unknown' says. */

const TUNNELS = 24;

/** Tunnels whose key was replaced by one that is on no Secret item. */
function lost(simulator: Simulator, before: Array<string | undefined>, { jsons }: NodeResult) {
	const known = (jsons[0] ?? []).map(({ psk }) => psk);
	return liveKeys(simulator).filter((key, index) => key !== before[index] && !known.includes(key));
}

/** Ways in which a key is made at Cloudflare and its answer does not arrive. */
const LOSSES: Array<[string, object]> = [
	['a connection that breaks', { kind: 'reset' }],
	['HTML in its place', { kind: 'html' }],
	['an empty answer', { kind: 'empty' }],
	['a redirect', { kind: 'redirect', location: 'http://127.0.0.1:9/' }],
	['half an answer', { kind: 'truncate', keepBytes: 40 }],
	['502', { kind: 'status', status: 502, message: 'Bad gateway' }],
	['409 although it was made', { kind: 'status', status: 409, code: 1409, message: 'no' }],
	['400 although it was made', { kind: 'status', status: 400, code: 1022, message: 'no' }],
	['403 of a firewall on the way back', { kind: 'html', status: 403 }],
	['429 although it was made', { kind: 'status', status: 429, code: 971, message: 'no' }],
	['success: false', { kind: 'successFalse' }],
	['an answer without its key', { kind: 'missingFields' }],
];

describe.each(LOSSES)('%s', (_, loss) => {
	const account = useAccount({ tunnels: TUNNELS, seed: 1, ageDays: () => 100 });
	useVirtualClock();

	const generate = async (fault: object, options: object) => {
		const simulator = account();
		const before = liveKeys(simulator);
		simulator.faults.add({ operation: 'pskGenerate', when: 'after', ...loss, ...fault } as never);
		const run = await runPsk(simulator, 'generate', { parameters: { options } });
		return { run, count: lost(simulator, before, run).length };
	};

	it.each([
		[1, 3],
		[4, 3],
		[20, 3],
		[20, 1],
		[3, 7],
	])('at concurrency %d never loses more than %d keys', async (concurrency, stopAfterUnknown) => {
		const { run, count } = await generate({ times: 'always' }, { concurrency, stopAfterUnknown });
		expect(run.error).toBeUndefined();
		expect(count).toBeLessThanOrEqual(stopAfterUnknown);
		expect(count).toBeGreaterThan(0);
		const all = statuses(run.jsons[1]);
		expect(all).toHaveLength(TUNNELS);
		expect(all.filter((status) => status === 'unknown')).toHaveLength(stopAfterUnknown);
		const rest = run.jsons[1]!.filter(({ status }) => status === 'unapplied');
		expect(rest).toHaveLength(TUNNELS - stopAfterUnknown);
		expect(new Set(rest.map(({ reason }) => reason)).size).toBe(1);
		expect(rest[0]!.reason).toContain('no further key was generated');
	});

	it('now and then: the keys between are kept, and no more than three are lost', async () => {
		let number = 0;
		const predicate = () => number++ % 3 === 1;
		const { run, count } = await generate({ times: 'always', predicate }, { concurrency: 1 });
		expect(count).toBeLessThanOrEqual(3);
		expect(statuses(run.jsons[0]).filter((status) => status === 'applied').length).toBeGreaterThan(
			2,
		);
	});
});

describe('answers that are lost', () => {
	const account = useAccount({ tunnels: TUNNELS, seed: 1, ageDays: () => 100 });

	it('are clear enough: the tunnels are read before and at the end only', async () => {
		const simulator = account();
		const operation = 'pskGenerate';
		simulator.faults.add({ kind: 'reset', when: 'after', operation, times: 'always' });
		await runPsk(simulator, 'generate');
		const seen = simulator.requests.map((request) => request.operation);
		expect(seen).toEqual(['list', operation, operation, operation, 'list']);
	});
});

describe('where nothing is lost', () => {
	const account = useAccount({ tunnels: TUNNELS, seed: 1, ageDays: () => 100 });
	useVirtualClock();

	it('the first checks are looked at, to see that they change nothing, and the others are trusted', async () => {
		const simulator = account();
		const { jsons } = await runPsk(simulator, 'generate', {
			parameters: { options: { validateOnly: true } },
		});
		expect(statuses(jsons[1])).toEqual(Array<string>(TUNNELS).fill('validated'));
		const seen = simulator.requests.map(({ operation }) => operation);
		expect(seen.filter((operation) => operation === 'list')).toHaveLength(3);
		expect([seen[0], seen[4], seen.at(-1)]).toEqual(['list', 'list', 'list']);
	});

	it('refusals hold nobody back', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		let number = 0;
		simulator.faults.add({
			kind: 'status',
			status: 400,
			code: 1022,
			operation: 'pskGenerate',
			times: 'always',
			predicate: () => number++ % 4 > 0,
		});
		const { jsons } = await runPsk(simulator, 'generate');
		expect(statuses(jsons[1]).filter((status) => status === 'applied')).toHaveLength(TUNNELS / 4);
		expect(statuses(jsons[1]).filter((status) => status === 'unapplied')).toHaveLength(
			(TUNNELS * 3) / 4,
		);
		expect(liveKeys(simulator).filter((key, index) => key !== before[index])).toEqual(
			jsons[0]!.map(({ psk }) => psk),
		);
	});

	it('requests that never reach Cloudflare hold nobody back', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'status',
			status: 429,
			code: 971,
			operation: 'pskGenerate',
			times: 30,
		});
		const { jsons } = await runPsk(simulator, 'generate');
		expect(statuses(jsons[1])).not.toContain('unknown');
		expect(statuses(jsons[0]).length).toBeGreaterThan(TUNNELS / 2);
	});
});

describe('two accounts, of which one loses every answer', () => {
	useVirtualClock();

	it.each([1, 4])('no more than three keys are lost, at concurrency %d', async (concurrency) => {
		const world = await openWorld('twoAccounts', Array<number>(10).fill(50));
		try {
			const [one, two] = world.simulators as [Simulator, Simulator];
			const before = liveKeys(two);
			two.faults.add({ kind: 'reset', when: 'after', operation: 'pskGenerate', times: 'always' });
			const items = one.tunnels().flatMap(({ id }, index) => [
				{ id, ...world.fields(0) },
				{ id: two.tunnels()[index]!.id, ...world.fields(1) },
			]);
			const run = await runNode({
				...world,
				items,
				parameters: pskParameters('generate', { options: { concurrency }, ...world.parameters }),
			});
			expect(lost(two, before, run).length).toBeLessThanOrEqual(3);
			expect(statuses(run.jsons[1])).toHaveLength(20);
		} finally {
			await world.close();
		}
	});
});
