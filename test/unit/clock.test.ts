import * as workflow from 'n8n-workflow';
import { clock } from '../../nodes/http/clock';

jest.mock('n8n-workflow', () => {
	const original: typeof workflow = jest.requireActual('n8n-workflow');
	return { ...original, sleep: jest.fn(original.sleep) };
});

const SLEEPS = {
	'as it is now': undefined,
	'before n8n 2.34, which knows no signal': async (ms: number) =>
		await new Promise<void>((resolve) => {
			setTimeout(resolve, ms).unref();
		}),
};

describe.each(Object.entries(SLEEPS))("a wait on n8n's sleep, %s", (_, sleep) => {
	beforeEach(() => {
		if (sleep !== undefined) jest.mocked(workflow.sleep).mockImplementation(sleep);
	});

	afterEach(() => {
		jest.mocked(workflow.sleep).mockReset();
		jest
			.mocked(workflow.sleep)
			.mockImplementation(jest.requireActual<typeof workflow>('n8n-workflow').sleep);
	});

	it('lasts as long as it was asked for', async () => {
		const started = performance.now();
		await clock.sleep(30);
		await clock.sleep(30, new AbortController().signal);
		expect(performance.now() - started).toBeGreaterThanOrEqual(58);
	});

	it('ends when the run is stopped', async () => {
		const stop = new AbortController();
		const waiting = clock.sleep(60_000, stop.signal);
		stop.abort(new Error('stopped'));
		await expect(waiting).rejects.toThrow();
	});

	it('does not begin when the run is stopped already', async () => {
		await expect(clock.sleep(60_000, AbortSignal.abort(new Error('stopped')))).rejects.toThrow();
	});
});
