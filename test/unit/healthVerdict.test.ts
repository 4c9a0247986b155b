import fc from 'fast-check';
import type { HealthResult } from '../../nodes/api/tunnelHealth';
import {
	byTunnel,
	counting,
	dataCentersIn,
	healthOf,
	verdictOf,
} from '../../nodes/CloudflareMagicIpsec/health/verdict';

const result = (more: Partial<HealthResult> = {}): HealthResult => ({
	tunnelName: 'paris',
	dataCenter: 'fra01',
	city: 'Frankfurt',
	active: true,
	at: 60_000,
	results: 10,
	state: 1,
	...more,
});

describe('a verdict', () => {
	it.each([
		[[], 'unknown'],
		[[1], 'healthy'],
		[[1, 1], 'healthy'],
		[[0, 0], 'down'],
		[[0.5, 0.5], 'degraded'],
		[[1, 0], 'degraded'],
		[[0.999], 'degraded'],
		[[0.001], 'degraded'],
	])('of states %j is %s', (states, health) => {
		expect(verdictOf(states.map((state) => ({ state })))).toBe(health);
	});

	it('may tolerate that some results say otherwise', () => {
		expect(healthOf({ state: 0.9 }, 0.1)).toBe('healthy');
		expect(healthOf({ state: 0.1 }, 0.1)).toBe('down');
		expect(healthOf({ state: 0.89 }, 0.1)).toBe('degraded');
		expect(verdictOf([{ state: 0.95 }, { state: 1 }], 0.1)).toBe('healthy');
	});
});

describe('what data centres found', () => {
	it('is what their newest results say, in whatever order they come', () => {
		const results = [
			result({ at: 120_000, state: 0, results: 4 }),
			result({ at: 60_000, results: 6 }),
			result({ dataCenter: 'ams01', city: 'Amsterdam', at: 60_000, state: 0.5 }),
		];
		const expected = [
			{ name: 'ams01', city: 'Amsterdam', state: 0.5, active: true, results: 10, newestAt: 60_000 },
			{ name: 'fra01', city: 'Frankfurt', state: 0, active: true, results: 10, newestAt: 120_000 },
		];
		fc.assert(
			fc.property(fc.shuffledSubarray(results, { minLength: 3 }), (shuffled) =>
				expect(dataCentersIn(shuffled)).toEqual(expected),
			),
		);
	});

	it('is a mean by number where a data centre became active within a minute', () => {
		const [found] = dataCentersIn([
			result({ results: 30, state: 1, active: false }),
			result({ results: 10, state: 0 }),
		]);
		expect(found).toMatchObject({ state: 0.75, active: true, results: 40 });
	});

	it('has a state though it counts no results', () => {
		expect(dataCentersIn([result({ results: 0 })])).toMatchObject([{ state: 1, results: 0 }]);
	});

	it('is put together by tunnel', () => {
		const other = result({ tunnelName: 'oslo' });
		expect([...byTunnel([result(), other, result({ at: 0 })])]).toEqual([
			['paris', [result(), result({ at: 0 })]],
			['oslo', [other]],
		]);
	});
});

describe('data centres count', () => {
	const [active, idle] = dataCentersIn([
		result(),
		result({ dataCenter: 'lhr01', active: false }),
	]) as [ReturnType<typeof dataCentersIn>[0], ReturnType<typeof dataCentersIn>[0]];

	it('if they carried traffic, as long as any did', () => {
		expect(counting([active, idle], true)).toEqual([active]);
		expect(counting([idle], true)).toEqual([idle]);
	});

	it('all, if they are not asked for traffic', () => {
		expect(counting([active, idle], false)).toEqual([active, idle]);
	});
});
