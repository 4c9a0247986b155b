import fc from 'fast-check';
import { wavesOf } from '../../nodes/CloudflareMagicIpsec/rotation/waves';

interface Given {
	site: string;
	age: number | undefined;
}

const given = (site: string, age: number | undefined): Given => ({ site, age });

const ages = (waves: Given[][]) => waves.map((wave) => wave.map(({ age }) => age));

describe('waves', () => {
	it('begin with the canary, and go from the oldest key to the youngest', () => {
		const tunnels = [given('a', 1), given('b', 9), given('c', undefined), given('d', 5)];
		expect(ages(wavesOf(tunnels, 1, 2))).toEqual([[undefined], [9, 5], [1]]);
	});

	it('have a first one like the others without a canary', () => {
		const tunnels = [given('a', 1), given('b', 2), given('c', 3)];
		expect(ages(wavesOf(tunnels, 0, 2))).toEqual([[3, 2], [1]]);
	});

	it('let a younger key go before where the older one would be the second of its site', () => {
		const tunnels = [given('a', 9), given('a', 8), given('b', 1)];
		expect(ages(wavesOf(tunnels, 0, 2))).toEqual([[9, 1], [8]]);
	});

	it('are none without tunnels', () => {
		expect(wavesOf([], 1, 10)).toEqual([]);
	});

	it('are those that are found by going through all tunnels once for each wave', () => {
		const slowly = (tunnels: Given[], canary: number, size: number): Given[][] => {
			let left = [...tunnels].sort((a, b) => (b.age ?? 1e9) - (a.age ?? 1e9));
			const waves: Given[][] = [];
			while (left.length > 0) {
				const room = waves.length === 0 && canary > 0 ? canary : size;
				const wave: Given[] = [];
				for (const tunnel of left) {
					if (wave.length < room && !wave.some(({ site }) => site === tunnel.site)) {
						wave.push(tunnel);
					}
				}
				left = left.filter((tunnel) => !wave.includes(tunnel));
				waves.push(wave);
			}
			return waves;
		};
		const tunnel = fc.record({
			site: fc.constantFrom('a', 'b', 'c', 'd'),
			age: fc.option(fc.nat(50), { nil: undefined }),
		});
		fc.assert(
			fc.property(
				fc.array(tunnel, { maxLength: 40 }),
				fc.nat(3),
				fc.integer({ min: 1, max: 6 }),
				(tunnels, canary, size) => {
					expect(wavesOf(tunnels, canary, size)).toEqual(slowly(tunnels, canary, size));
				},
			),
			{ numRuns: 1_000, seed: 12 },
		);
	});
});
