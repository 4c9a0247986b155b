import { sleep } from 'n8n-workflow';

/**
 * Ends a wait when the signal is aborted, also in n8n before 2.34, whose `sleep` knows no signal.
 *
 * @throws the signal's reason
 */
async function unlessAborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
	let stop = (): void => undefined;
	const aborted = new Promise<never>((_, reject) => {
		stop = () => reject(signal.reason as Error);
		if (signal.aborted) stop();
	});
	signal.addEventListener('abort', stop);
	try {
		await Promise.race([wait, aborted]);
	} finally {
		signal.removeEventListener('abort', stop);
	}
}

/**
 * Time as the client sees it, in one place, so that a test or a benchmark can run on a virtual
 * clock: `now` in milliseconds since 1970, `elapsed` in milliseconds of a clock that nobody can set,
 * for waits, `sleep` in milliseconds (rejects when the signal is aborted), `deadline` a signal that
 * is aborted after milliseconds, `random` in [0, 1).
 */
export const clock = {
	now: (): number => Date.now(),
	elapsed: (): number => performance.now(),
	sleep: async (ms: number, signal?: AbortSignal): Promise<void> =>
		await (signal === undefined ? sleep(ms) : unlessAborted(sleep(ms, signal), signal)),
	deadline: (ms: number): AbortSignal => AbortSignal.timeout(ms),
	random: (): number => Math.random(),
};
