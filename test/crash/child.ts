import { once } from 'node:events';
import type { Flow } from './flow';
import { runFlow } from './flow';

/**
 * Runs the workflow that its parent sends, once, on n8n's engine, in a process that may be killed at
 * any time. Before and after each node it tells its parent and waits for an answer.
 */
async function main(): Promise<void> {
	const tell = async (step: string) => {
		process.send!(step);
		return (await once(process, 'message'))[0] as unknown;
	};
	const flow = (await tell('ready')) as Flow;
	const run = await runFlow(flow, async (when, node) => {
		await tell(`${when} ${node}`);
	});
	const { error } = run.data.resultData;
	if (error !== undefined) throw error;
	process.disconnect();
}

main().catch((error: unknown) => {
	console.error(error);
	process.exit(1);
});
