import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Received } from './datagrams';
import type { Namespace } from './namespace';

/** One end of a stream: a network namespace and its address inside the tunnel. */
export interface StreamEnd {
	namespace: Namespace;
	address: string;
}

/** What became of the datagrams of one direction, a number each, from 0 on. */
export interface Delivery {
	sent: number;
	/** Numbers of the datagrams that never arrived. */
	lost: number[];
}

const PROGRAM = path.join(__dirname, 'datagrams.ts');
const PORT = 4711;

/**
 * How many datagrams may be on their way in one direction. Without a limit, the buffers of a busy
 * machine overflow, and what they lose looks like a fault of the tunnel.
 */
export const IN_FLIGHT = 8;

/** Nothing is on its way any more when nothing has come in for so long. */
const SETTLE_MS = 500;

class End {
	private readonly child: ChildProcessByStdio<Writable, Readable, null>;
	private readonly answers: AsyncIterableIterator<string>;

	constructor(own: StreamEnd, other: StreamEnd, interval: number) {
		const { command, args } = own.namespace.inside(
			process.execPath,
			'--import',
			pathToFileURL(require.resolve('tsx')).href,
			PROGRAM,
			own.address,
			other.address,
			String(PORT),
			String(interval),
			String(IN_FLIGHT),
		);
		this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
		const lines = createInterface({ input: this.child.stdout });
		this.answers = lines[Symbol.asyncIterator]();
	}

	async answer(): Promise<string> {
		const { value, done } = await this.answers.next();
		if (done) throw new Error('One end of the datagrams ended early');
		return value as string;
	}

	tell(command: 'send' | 'pause' | 'report'): void {
		this.child.stdin.write(`${command}\n`);
	}

	/** Ends the sending. @returns how many were sent */
	async pause(): Promise<number> {
		this.tell('pause');
		return (JSON.parse(await this.answer()) as { sent: number }).sent;
	}

	async report(): Promise<Received> {
		this.tell('report');
		return JSON.parse(await this.answer()) as Received;
	}

	close(): void {
		this.child.stdin.end();
	}
}

function deliveryOf(sent: number, { runs }: Received): Delivery {
	const arrived = new Set(
		runs.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n)),
	);
	const lost = Array.from({ length: sent }, (_, n) => n).filter((number) => !arrived.has(number));
	return { sent, lost };
}

/** The last delivery, when all has arrived or nothing more comes in. */
async function settled(ask: () => Promise<Delivery>): Promise<Delivery> {
	let delivery = await ask();
	for (let missing = Infinity; delivery.lost.length > 0 && delivery.lost.length < missing; ) {
		missing = delivery.lost.length;
		await sleep(SETTLE_MS);
		delivery = await ask();
	}
	return delivery;
}

/**
 * Sends a steady stream of numbered datagrams of 200 bytes from each end to the other while something
 * happens, and tells what arrived of each direction.
 *
 * @param interval ms between two datagrams; a busy machine sends fewer, but numbers them all the same
 */
export async function streamDuring<T>(
	first: StreamEnd,
	second: StreamEnd,
	interval: number,
	act: () => Promise<T>,
): Promise<{ result: T; fromFirst: Delivery; fromSecond: Delivery }> {
	const one = new End(first, second, interval);
	const other = new End(second, first, interval);
	const both = [one, other];
	try {
		await Promise.all(both.map(async (end) => await end.answer()));
		for (const end of both) end.tell('send');
		const result = await act();
		const [byOne, byOther] = [await one.pause(), await other.pause()];
		return {
			result,
			fromFirst: await settled(async () => deliveryOf(byOne, await other.report())),
			fromSecond: await settled(async () => deliveryOf(byOther, await one.report())),
		};
	} finally {
		for (const end of both) end.close();
	}
}
