import { clock } from '../../nodes/http/clock';

/**
 * Puts the client's clock on a virtual one for each test of a describe block: sleeping takes no time
 * and moves it. `onSleep` may act while the client waits.
 */
export function useVirtualClock() {
	const real = { ...clock };
	let now = 0;
	let elapsed = 0;
	let slept = 0;
	let onSleep: (ms: number) => void = () => {};
	beforeEach(() => {
		now = Date.now();
		slept = 0;
		onSleep = () => {};
		clock.now = () => now;
		clock.elapsed = () => elapsed;
		clock.random = () => 0;
		clock.sleep = async (ms, signal) => {
			signal?.throwIfAborted();
			now += ms;
			elapsed += ms;
			slept += ms;
			onSleep(ms);
		};
	});
	afterEach(() => {
		Object.assign(clock, real);
	});
	return {
		/** Milliseconds since 1970. */
		now: () => now,
		/** Milliseconds slept in this test. */
		slept: () => slept,
		/** Sets the clock of the day, and not the one for waits, by milliseconds: a skew. */
		move: (ms: number) => {
			now += ms;
		},
		whileSleeping: (act: (ms: number) => void) => {
			onSleep = act;
		},
	};
}
