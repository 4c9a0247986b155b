import { sleep } from 'n8n-workflow';

/**
 * Time as the client sees it, in one place, so that a test or a benchmark can run on a virtual
 * clock: `now` in milliseconds since 1970, `elapsed` in milliseconds of a clock that nobody can set,
 * for waits, `sleep` in milliseconds (rejects when the signal is aborted), `deadline` a signal that
 * is aborted after milliseconds, `random` in [0, 1).
 */
export const clock = {
	now: (): number => Date.now(),
	elapsed: (): number => performance.now(),
	sleep: async (ms: number, signal?: AbortSignal): Promise<void> => await sleep(ms, signal),
	deadline: (ms: number): AbortSignal => AbortSignal.timeout(ms),
	random: (): number => Math.random(),
};
