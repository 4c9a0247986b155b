import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
	method: string;
	path: string;
	headers: Record<string, string>;
	/** Parsed JSON. */
	body: unknown;
}

/** What a receiver does with a notification: a status, or never an answer. */
export type Reply = number | 'hang';

/** Somebody who receives webhooks on loopback. */
export interface Receiver {
	readonly origin: string;
	/** In the order they came, including those that get no answer. */
	readonly received: Received[];
	/** How to answer from now on; the function runs when a notification has arrived. Default 200. */
	answerWith(reply: Reply | ((received: Received) => Reply | Promise<Reply>)): void;
	/** Ends the server, hanging connections too. */
	close(): Promise<void>;
}

/** Starts a receiver on 127.0.0.1, on a free port. */
export const startReceiver = async (): Promise<Receiver> => {
	const received: Received[] = [];
	let reply: (received: Received) => Reply | Promise<Reply> = () => 200;
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			const one: Received = {
				method: request.method ?? '',
				path: request.url ?? '',
				headers: Object.fromEntries(
					Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
				),
				body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown,
			};
			received.push(one);
			void Promise.resolve(reply(one)).then((status) => {
				if (status !== 'hang') response.writeHead(status).end();
			});
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		received,
		answerWith(next) {
			reply = typeof next === 'function' ? next : () => next;
		},
		async close() {
			const closed = new Promise((resolve) => server.close(resolve));
			server.closeAllConnections();
			await closed;
		},
	};
};
