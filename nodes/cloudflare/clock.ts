import { sleep } from 'n8n-workflow';

/**
 * Time as the client sees it, in one place, so that a test or a benchmark can run on a virtual
 * clock: `now` in milliseconds since 1970, `sleep` in milliseconds (rejects when the signal is
 * aborted), `random` in [0, 1).
 */
export const clock = {
	now: (): number => Date.now(),
	sleep: async (ms: number, signal?: AbortSignal): Promise<void> => await sleep(ms, signal),
	random: (): number => Math.random(),
};
