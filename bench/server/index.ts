import { fork } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import type { Traffic } from './account';

export type Command = { kind: 'reset'; tunnels: number; latencyMs: number } | { kind: 'state' };

export interface State {
	/** The live keys, in the order of the tunnels. */
	keys: string[];
	traffic: Traffic;
}

export type Reply = { kind: 'ready'; url: string } | ({ kind: 'state' } & State);

export interface Server {
	/** Base URL, as a credential holds it. */
	url: string;
	/** Gives the server a fresh account. */
	reset(tunnels: number, latencyMs: number): Promise<void>;
	state(): Promise<State>;
	close(): Promise<void>;
}

/** Starts the fixed-cost server in a process of its own, so that its work is not the contender's. */
export async function startServer(): Promise<Server> {
	const child = fork(path.join(__dirname, 'process.ts'), { execArgv: ['--import', 'tsx'] });
	const next = async () => {
		const over = new AbortController();
		const ended = async () => {
			await once(child, 'exit', over);
			throw new Error("The benchmarks' server ended");
		};
		try {
			const [message] = await Promise.race([once(child, 'message', over), ended()]);
			return message as Reply;
		} finally {
			over.abort();
		}
	};
	const ask = async (command: Command) => {
		const reply = next();
		child.send(command);
		return await reply;
	};
	const ready = await next();
	if (ready.kind !== 'ready') throw new Error("The benchmarks' server did not start");
	return {
		url: ready.url,
		reset: async (tunnels, latencyMs) => void (await ask({ kind: 'reset', tunnels, latencyMs })),
		state: async () => {
			const reply = await ask({ kind: 'state' });
			if (reply.kind !== 'state') throw new Error("The benchmarks' server told no state");
			return reply;
		},
		close: async () => {
			const exit = once(child, 'exit');
			child.disconnect();
			await exit;
		},
	};
}
