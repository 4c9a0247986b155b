/**
 * Everything that this process prints or logs. To be imported before anything of n8n's: its logger
 * reads the level only once.
 */

process.env.N8N_LOG_LEVEL = 'debug';

/** What was printed, oldest first; a test empties it. */
export const printed: unknown[] = [];

for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const) {
	console[method] = (...texts: unknown[]) => {
		printed.push(...texts);
	};
}

/** n8n's logger writes to the streams behind the console. */
const sink = {
	write(text: unknown): boolean {
		printed.push(text);
		return true;
	},
};

for (const stream of ['_stdout', '_stderr']) {
	Object.defineProperty(console, stream, { value: sink, configurable: true });
}
