import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Asked } from './jsonServer';

/** Servers on loopback that go wrong as told: before or after they did what was asked. */

/** What a server answers. */
export interface Reply {
	status: number;
	headers?: Record<string, string>;
	/** An object is sent as JSON, a text as it is. */
	body?: object | string;
}

/** What goes wrong with a request. `before` it was acted upon, or `after`. */
export type Mishap =
	/** Another answer; before: in place of acting. */
	| { when: 'before' | 'after'; answer: Reply }
	/** The connection breaks, without an answer or in the middle of it; before: in place of acting. */
	| { when: 'before' | 'after'; cut: 'silent' | 'halfway' }
	/** Milliseconds of delay. */
	| { when: 'before' | 'after'; delayMs: number }
	/** Waits until it is released; what was asked is done even if the client has gone. */
	| { when: 'before' | 'after'; hold: true };

export type Fault = Mishap & {
	/** Which requests: one operation, as the server names it, or what a function says; all without it. */
	operation?: string;
	matching?: (asked: Asked) => boolean;
	/** How many matching requests pass first, default 0. */
	skip?: number;
	/** How many are hit, default 1. */
	times?: number;
};

export interface FaultHandle {
	/** How many requests were hit. */
	readonly hits: number;
	/** Lets go of what it holds now and from now on. */
	release(): void;
}

export interface SeenRequest {
	operation: string;
	method: string;
	/** With its query. */
	path: string;
	/** Undefined while it is not answered, and where it never was. */
	status?: number;
}

export interface FaultyServer {
	/** Address without a path, `http://127.0.0.1:PORT`. */
	readonly origin: string;
	/** In the order they came. */
	readonly requests: SeenRequest[];
	addFault(fault: Fault): FaultHandle;
	clearFaults(): void;
	close(): Promise<void>;
	/** Settles when the server has ended. */
	readonly closed: Promise<void>;
}

export interface ServerOptions {
	operationOf(asked: Asked): string;
	/** Does what is asked and gives the answer. */
	act(asked: Asked): Reply | Promise<Reply>;
	/** 0, the default, takes a free port. */
	port?: number;
}

class ActiveFault implements FaultHandle {
	hits = 0;

	private readonly released: Promise<void>;

	release: () => void = () => {};

	constructor(
		private readonly fault: Fault,
		private left = { skip: fault.skip ?? 0, times: fault.times ?? 1 },
	) {
		this.released = new Promise((resolve) => {
			this.release = resolve;
		});
	}

	takes(asked: Asked, operation: string): boolean {
		if (this.fault.operation !== undefined && this.fault.operation !== operation) return false;
		if (this.fault.matching?.(asked) === false) return false;
		if (this.left.skip > 0) {
			this.left.skip--;
			return false;
		}
		if (this.left.times <= 0) return false;
		this.left.times--;
		this.hits++;
		return true;
	}

	/** What is to be sent at this point; undefined to go on. */
	async at(
		when: 'before' | 'after',
	): Promise<{ answer?: Reply; cut?: 'silent' | 'halfway' } | undefined> {
		if (this.fault.when !== when) return undefined;
		if ('answer' in this.fault) return { answer: this.fault.answer };
		if ('cut' in this.fault) return { cut: this.fault.cut };
		if ('hold' in this.fault) await this.released;
		else
			await new Promise((resolve) =>
				setTimeout(resolve, (this.fault as { delayMs: number }).delayMs),
			);
		return undefined;
	}
}

async function askedOf(request: IncomingMessage): Promise<Asked> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	return {
		method: request.method ?? 'GET',
		url: new URL(request.url ?? '/', 'http://127.0.0.1'),
		headers: request.headers,
		text: Buffer.concat(chunks).toString('utf8'),
	};
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
	const text = typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
	const type = typeof body === 'object' ? { 'content-type': 'application/json' } : {};
	response.writeHead(status, { ...type, ...headers });
	response.end(text);
}

/** Sends the head and half of the body, then breaks the connection. */
function breakHalfway(response: ServerResponse, { status, body }: Reply): void {
	const text = typeof body === 'object' ? JSON.stringify(body) : (body ?? '');
	response.writeHead(status, {
		'content-length': text.length + 10,
		'content-type': 'application/json',
	});
	response.write(text.slice(0, text.length / 2), () => response.destroy());
}

export async function startFaultyServer(options: ServerOptions): Promise<FaultyServer> {
	const requests: SeenRequest[] = [];
	let faults: ActiveFault[] = [];

	const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
		const asked = await askedOf(request);
		const operation = options.operationOf(asked);
		const seen: SeenRequest = {
			operation,
			method: asked.method,
			path: asked.url.pathname + asked.url.search,
		};
		requests.push(seen);
		const fault = faults.find((one) => one.takes(asked, operation));
		const first = await fault?.at('before');
		const reply = first?.answer ?? (first?.cut ? { status: 200 } : await options.act(asked));
		const last = first ?? (await fault?.at('after'));
		if (last?.cut === 'silent') return void response.destroy();
		const shown = last?.answer ?? reply;
		if (last?.cut === 'halfway') return breakHalfway(response, shown);
		seen.status = shown.status;
		send(response, shown);
	};
	const server = createServer((request, response) => {
		// A client that goes away in the middle of its request leaves nothing to answer.
		serve(request, response).catch(() => response.destroy());
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(options.port ?? 0, '127.0.0.1', resolve);
	});
	const closed = new Promise<void>((resolve) => server.once('close', () => resolve()));
	return {
		origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		requests,
		addFault(fault) {
			const active = new ActiveFault(fault);
			faults.push(active);
			return active;
		},
		clearFaults() {
			for (const fault of faults) fault.release();
			faults = [];
		},
		async close() {
			for (const fault of faults) fault.release();
			server.close();
			server.closeAllConnections();
			await closed;
		},
		closed,
	};
}
