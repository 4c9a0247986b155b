import { clock } from '../../nodes/http/clock';
import { Pacer } from '../../nodes/api/pacer';
import { delayBefore, faultOf, mayRepeat, retryAfterMs } from '../../nodes/http/retry';
import { useVirtualClock } from '../helpers/virtualClock';

describe('what may be repeated', () => {
	it.each([
		['read', 'refused lost throttled server'],
		['repeatable', 'refused lost throttled server unreadable'],
		['once', 'refused throttled'],
	] as const)('%s: %s', (policy, faults) => {
		const all = ['refused', 'lost', 'unreadable', 'throttled', 'server', 'rejected'] as const;
		expect(all.filter((fault) => mayRepeat(policy, fault)).sort()).toEqual(
			faults.split(' ').sort(),
		);
	});

	it.each([
		[429, true, 'throttled'],
		[408, false, 'server'],
		[500, true, 'server'],
		[400, true, 'rejected'],
		[404, false, 'rejected'],
		[200, true, 'rejected'],
		[200, false, 'unreadable'],
		[302, false, 'unreadable'],
	] as const)('HTTP %d, a refusal in the form of the API: %s, is %s', (status, refusal, fault) => {
		expect(faultOf(status, refusal)).toBe(fault);
	});
});

describe('the wait before a repetition', () => {
	it('doubles up to 8 s, less up to a quarter', () => {
		expect([0, 1, 2, 3, 4, 5].map((repeat) => delayBefore(repeat, 0, 0))).toEqual([
			500, 1000, 2000, 4000, 8000, 8000,
		]);
		expect(delayBefore(1, 0, 0.999)).toBe(750);
	});

	it('never undercuts Retry-After', () => {
		expect(delayBefore(0, 30_000, 0.5)).toBe(30_000);
		expect(delayBefore(3, 1_000, 0)).toBe(4_000);
	});

	it.each([
		['7', 7_000],
		['0', 0],
		['-3', 0],
		['', 0],
		[undefined, 0],
		['soon', 0],
		['Sat, 21 Nov 2026 10:00:05 GMT', 5_000],
		['Sat, 21 Nov 2026 09:00:00 GMT', 0],
	])('reads Retry-After %p as %d ms', (header, expected) => {
		const now = Date.parse('2026-11-21T10:00:00Z');
		expect(retryAfterMs({ 'retry-after': header }, now)).toBe(expected);
	});

	it("compares a date with the answer's own, whatever the clock here says", () => {
		const headers = {
			date: 'Sat, 21 Nov 2026 10:00:00 GMT',
			'retry-after': 'Sat, 21 Nov 2026 10:00:05 GMT',
		};
		expect(retryAfterMs(headers, Date.parse('2026-11-20T10:00:00Z'))).toBe(5_000);
		expect(retryAfterMs(headers, Date.parse('2026-11-22T10:00:00Z'))).toBe(5_000);
	});
});

describe('pacing by the Ratelimit header', () => {
	const virtual = useVirtualClock();

	it('sends freely while there is no header', async () => {
		const pacer = new Pacer();
		for (let n = 0; n < 100; n++) await pacer.enter(Infinity);
		expect(virtual.slept()).toBe(0);
	});

	it('waits for the window to end when nothing is left', async () => {
		const pacer = new Pacer();
		await pacer.enter(Infinity);
		pacer.leave('"default";r=1;t=30');
		await pacer.enter(Infinity);
		expect(virtual.slept()).toBe(0);
		pacer.leave('"default";r=0;t=29');
		await pacer.enter(Infinity);
		expect(virtual.slept()).toBeGreaterThanOrEqual(29_000);
		expect(virtual.slept()).toBeLessThanOrEqual(30_000);
	});

	it('counts requests that are under way', async () => {
		const pacer = new Pacer();
		await pacer.enter(Infinity);
		pacer.leave('"default";r=2;t=10');
		await pacer.enter(Infinity);
		await pacer.enter(Infinity);
		expect(virtual.slept()).toBe(0);
		await pacer.enter(Infinity);
		expect(virtual.slept()).toBe(10_000);
	});

	it('takes the smallest number of a window, whatever order answers come in', async () => {
		const pacer = new Pacer();
		await Promise.all([pacer.enter(Infinity), pacer.enter(Infinity)]);
		pacer.leave('"default";r=0;t=5');
		pacer.leave('"default";r=1;t=5');
		await pacer.enter(Infinity);
		expect(virtual.slept()).toBe(5_000);
	});

	it('never waits longer than five and a half minutes', async () => {
		const pacer = new Pacer();
		await pacer.enter(Infinity);
		pacer.leave('"default";r=0;t=86400');
		await pacer.enter(Infinity);
		expect(virtual.slept()).toBe(330_000);
	});

	it('tells how long the turn would take, if that is past the limit, and does not wait', async () => {
		const pacer = new Pacer();
		await pacer.enter(Infinity);
		pacer.leave('"default";r=0;t=60');
		expect(await pacer.enter(clock.elapsed() + 59_000)).toEqual({ waitMs: 60_000 });
		expect(virtual.slept()).toBe(0);
		expect(await pacer.enter(clock.elapsed() + 60_000)).toBe('now');
	});

	it('ends waiting when it is stopped', async () => {
		const pacer = new Pacer();
		await pacer.enter(Infinity);
		pacer.leave('"default";r=0;t=60');
		expect(await pacer.enter(Infinity, AbortSignal.abort())).toBe('stopped');
	});

	it('does not care for a clock that is set back', async () => {
		const pacer = new Pacer();
		await pacer.enter(Infinity);
		pacer.leave('"default";r=0;t=30');
		const { now } = clock;
		clock.now = () => now() - 86_400_000;
		await pacer.enter(Infinity);
		expect(virtual.slept()).toBe(30_000);
	});

	it.each(['nonsense', '', undefined, '"default";r=;t=1', 'r=x'])('ignores %p', async (header) => {
		const pacer = new Pacer();
		await pacer.enter(Infinity);
		pacer.leave(header);
		await pacer.enter(Infinity);
		expect(virtual.slept()).toBe(0);
	});
});

describe('the real clock', () => {
	it('sleeps, and stops when it is told to', async () => {
		const before = clock.now();
		await clock.sleep(20);
		expect(clock.now() - before).toBeGreaterThanOrEqual(15);
		expect(clock.random()).toBeLessThan(1);
		const stop = new AbortController();
		const sleeping = clock.sleep(200, stop.signal);
		stop.abort();
		await expect(sleeping).rejects.toThrow();
		await expect(clock.sleep(200, AbortSignal.abort())).rejects.toThrow();
	});
});
