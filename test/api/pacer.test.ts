import { Pacer } from '../../nodes/api/pacer';
import { clock } from '../../nodes/http/clock';
import { useVirtualClock } from '../helpers/virtualClock';

/** How many requests are sent, and when, by what Cloudflare's Ratelimit header leaves. */

const virtual = useVirtualClock();

const limit = (remaining: number, seconds: number) => `"default";r=${remaining};t=${seconds}`;

/** Asks for a turn that may be waited for as long as it takes, unless it is said how long. */
const enter = async (pacer: Pacer, longestMs = Infinity, signal?: AbortSignal) =>
	await pacer.enter(clock.elapsed() + longestMs, signal);

/** Sends one request, whose answer has a header. */
async function pass(pacer: Pacer, header: unknown): Promise<void> {
	expect(await enter(pacer, 0)).toBe('now');
	pacer.leave(header);
}

/** How many requests may be under way at once. */
async function places(pacer: Pacer): Promise<number> {
	for (let number = 0; number < 100; number++) {
		if ((await enter(pacer, 0)) !== 'now') return number;
	}
	return Infinity;
}

describe('without a header', () => {
	it.each([
		undefined,
		null,
		5,
		['r=0;t=9'],
		'',
		'x',
		'"default";r=0',
		'"default";t=5',
		'xr=0;t=9',
		'r=0;xt=9',
	])('%j keeps nothing back', async (header) => {
		const pacer = new Pacer();
		await pass(pacer, header);
		expect(await places(pacer)).toBe(Infinity);
	});
});

describe('a header', () => {
	it.each([limit(2, 30), '"default"; r=2; t=30', 'r=2;t=30', 't=30;r=2', '"default";r=2;q=9;t=30'])(
		'%s leaves two requests, those under way counted',
		async (header) => {
			const pacer = new Pacer();
			await pass(pacer, header);
			expect(await places(pacer)).toBe(2);
			pacer.leave(undefined);
			expect(await places(pacer)).toBe(1);
		},
	);

	it('may leave many', async () => {
		const pacer = new Pacer();
		await pass(pacer, limit(12, 30));
		expect(await places(pacer)).toBe(12);
	});

	it('that leaves none is waited for to the end of its window', async () => {
		const pacer = new Pacer();
		await pass(pacer, limit(0, 30));
		expect(await enter(pacer, 29_999)).toEqual({ waitMs: 30_000 });
		expect(virtual.slept()).toBe(0);
		expect(await enter(pacer, 30_000)).toBe('now');
		expect(virtual.slept()).toBe(30_000);
		expect(await places(pacer)).toBe(Infinity);
	});

	it('counts from its answer on', async () => {
		const pacer = new Pacer();
		await pass(pacer, limit(0, 30));
		await clock.sleep(12_000);
		expect(await enter(pacer, 0)).toEqual({ waitMs: 18_000 });
	});

	it('keeps nobody waiting for longer than five and a half minutes', async () => {
		const pacer = new Pacer();
		await pass(pacer, limit(0, 10_000));
		expect(await enter(pacer, 0)).toEqual({ waitMs: 330_000 });
	});
});

describe('several answers', () => {
	const after = async (...headers: string[]): Promise<Pacer> => {
		const pacer = new Pacer();
		for (let sent = 0; sent < headers.length; sent++) {
			expect(await enter(pacer, 0)).toBe('now');
		}
		for (const header of headers) pacer.leave(header);
		return pacer;
	};

	it('of one window may come out of order: the fewest left and the latest end count', async () => {
		for (const headers of [
			[limit(3, 30), limit(4, 31)],
			[limit(4, 31), limit(3, 30)],
			[limit(4, 30), limit(3, 31)],
			[limit(3, 31), limit(4, 30)],
		]) {
			expect(await places(await after(...headers))).toBe(3);
			expect(await enter(await after(...headers, limit(0, 30)), 0)).toEqual({ waitMs: 31_000 });
		}
	});

	it.each([
		['two seconds later', 30, 32],
		['two seconds earlier', 32, 30],
	])('that end %s are of two windows: the last one counts', async (_, first, second) => {
		expect(await places(await after(limit(1, first), limit(5, second)))).toBe(5);
		expect(await enter(await after(limit(1, first), limit(0, second)), 0)).toEqual({
			waitMs: second * 1000,
		});
	});

	it('are of two windows where the first is over', async () => {
		const pacer = new Pacer();
		await pass(pacer, limit(1, 1));
		await clock.sleep(1_000);
		await pass(pacer, limit(5, 0));
		await pass(pacer, limit(7, 1));
		expect(await places(pacer)).toBe(7);
	});
});

describe('a stop', () => {
	it('before the turn takes none', async () => {
		const pacer = new Pacer();
		expect(await enter(pacer, Infinity, AbortSignal.abort())).toBe('stopped');
	});

	it('ends the waiting for one, and takes none', async () => {
		const pacer = new Pacer();
		await pass(pacer, limit(1, 30));
		expect(await enter(pacer, 0)).toBe('now');
		const stop = new AbortController();
		virtual.whileSleeping(() => stop.abort());
		expect(await enter(pacer, Infinity, stop.signal)).toBe('stopped');
		expect(await places(pacer)).toBe(Infinity);
	});
});
