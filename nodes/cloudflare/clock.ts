import { sleep } from 'n8n-workflow';

/** Rejects when a signal is aborted; never resolves. */
async function aborted(signal: AbortSignal): Promise<never> {
	return await new Promise((_, reject) => {
		const stop = () => reject(new DOMException('Stopped', 'AbortError'));
		if (signal.aborted) stop();
		signal.addEventListener('abort', stop, { once: true });
	});
}

/**
 * Time as the client sees it, in one place, so that a test or a benchmark can run on a virtual
 * clock: `now` in milliseconds since 1970, `sleep` in milliseconds (rejects when the signal is
 * aborted), `random` in [0, 1).
 */
export const clock = {
	now: (): number => Date.now(),
	sleep: async (ms: number, signal?: AbortSignal): Promise<void> =>
		await (signal === undefined ? sleep(ms) : Promise.race([sleep(ms), aborted(signal)])),
	random: (): number => Math.random(),
};
