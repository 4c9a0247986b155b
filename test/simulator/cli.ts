import { parseArgs } from 'node:util';
import { startSimulator } from './simulator';
import type { AgeDays, SimulatorOptions } from './types';

const USAGE =
	'Usage: cli --port 0 --tunnels 5 --seed 1 --age-days 400,12,null --allow-loopback-webhooks ' +
	'--public-origin https://n8n.example.com=http://127.0.0.1:5678';

const wholeNumber = (name: string, text: string, most: number): number => {
	if (!/^\d+$/.test(text) || Number(text) > most) {
		throw new Error(`--${name} must be a whole number from 0 to ${most}, not "${text}"`);
	}
	return Number(text);
};

/** Ages in days, repeated over the tunnels. */
const ageDays = (text: string): AgeDays => {
	const ages = text
		.split(',')
		.map((age) => (age === 'null' ? null : wholeNumber('age-days', age, 100_000)));
	return (index) => ages[index % ages.length] ?? null;
};

const publicOrigins = (pairs: readonly string[]): Record<string, string> =>
	Object.fromEntries(
		pairs.map((pair) => {
			const [origin, target, ...rest] = pair.split('=');
			if (!origin || !target || rest.length > 0) {
				throw new Error(`--public-origin must be PUBLIC=LOOPBACK, not "${pair}"`);
			}
			return [origin, target];
		}),
	);

const readOptions = (): SimulatorOptions => {
	const { values } = parseArgs({
		options: {
			port: { type: 'string', default: '0' },
			tunnels: { type: 'string', default: '5' },
			seed: { type: 'string' },
			'age-days': { type: 'string' },
			'allow-loopback-webhooks': { type: 'boolean', default: false },
			'public-origin': { type: 'string', multiple: true, default: [] },
		},
	});
	const { 'age-days': ages } = values;
	return {
		port: wholeNumber('port', values.port, 65535),
		tunnels: wholeNumber('tunnels', values.tunnels, 100_000),
		...(values.seed !== undefined && { seed: wholeNumber('seed', values.seed, 0xffffffff) }),
		...(ages !== undefined && { ageDays: ageDays(ages) }),
		alerting: {
			allowLoopback: values['allow-loopback-webhooks'],
			publicOrigins: publicOrigins(values['public-origin']),
		},
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
