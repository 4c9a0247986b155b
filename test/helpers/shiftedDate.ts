/**
 * Puts all code of a test file on a clock that runs as the real one, ahead of it by what `pass` added:
 * a wait of a quarter of an hour takes no time, and everybody agrees on what time it is.
 */
export function useShiftedDate(): { pass(ms: number): void } {
	const RealDate = Date;
	let ahead = 0;
	const now = () => RealDate.now() + ahead;
	beforeEach(() => {
		ahead = 0;
		globalThis.Date = new Proxy(RealDate, {
			construct: (target, given: [], type) =>
				given.length === 0 ? new target(now()) : (Reflect.construct(target, given, type) as Date),
			get: (target, name) => (name === 'now' ? now : (Reflect.get(target, name) as unknown)),
		});
	});
	afterEach(() => {
		globalThis.Date = RealDate;
	});
	return {
		pass(ms) {
			ahead += ms;
		},
	};
}
