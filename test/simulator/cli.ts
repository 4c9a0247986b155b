import { parseArgs } from 'node:util';
import { startSimulator } from './simulator';

const USAGE = 'Usage: cli --port 0 --tunnels 5 --seed 1';

const wholeNumber = (name: string, text: string, most: number): number => {
	if (!/^\d+$/.test(text) || Number(text) > most) {
		throw new Error(`--${name} must be a whole number from 0 to ${most}, not "${text}"`);
	}
	return Number(text);
};

const readOptions = (): { port: number; tunnels: number; seed?: number } => {
	const { values } = parseArgs({
		options: {
			port: { type: 'string', default: '0' },
			tunnels: { type: 'string', default: '5' },
			seed: { type: 'string' },
		},
	});
	return {
		port: wholeNumber('port', values.port, 65535),
		tunnels: wholeNumber('tunnels', values.tunnels, 100_000),
		...(values.seed !== undefined && { seed: wholeNumber('seed', values.seed, 0xffffffff) }),
	};
};

/** Prints one line of JSON and serves until a signal or POST /__sim/close. */
const main = async (): Promise<void> => {
	const simulator = await startSimulator(readOptions());
	const { url, accountId, apiToken, email, apiKey } = simulator;
	for (const signal of ['SIGTERM', 'SIGINT'] as const) {
		process.once(signal, () => void simulator.close());
	}
	process.stdout.write(`${JSON.stringify({ url, accountId, apiToken, email, apiKey })}\n`);
	await simulator.closed;
};

main().catch((error: unknown) => {
	process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
	process.exitCode = 2;
});
