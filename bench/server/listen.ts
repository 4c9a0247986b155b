import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Account } from './account';

/**
 * Connections that may wait to be accepted. Node's default of 511 is less than a rival opens at once,
 * and the system repeats a connection that found no room a second later, which would be its loss.
 */
const BACKLOG = 4_096;

export interface Listener {
	/** Base URL, as a credential holds it. */
	url: string;
	/** The account that answers from now on, and milliseconds until each answer. */
	serve(account: Account, latencyMs: number): void;
	/** Requests that were received, and whose answers wait for the latency to pass. */
	waiting(): number;
	close(): Promise<void>;
}

/** Puts an account on a free port of the loopback address. */
export async function listen(): Promise<Listener> {
	let current: { account: Account; latencyMs: number } | undefined;
	let waiting = 0;
	const server = createServer((request, response) => {
		const served = current;
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			const { status, headers, body } = served!.account.answer({
				method: request.method ?? '',
				path: request.url ?? '',
				authorization: request.headers.authorization,
				body: Buffer.concat(chunks).toString(),
			});
			const send = () => {
				response.writeHead(status, {
					'content-type': 'application/json',
					'content-length': Buffer.byteLength(body),
					...headers,
				});
				response.end(body);
			};
			if (served!.latencyMs === 0) {
				send();
				return;
			}
			waiting += 1;
			setTimeout(() => {
				waiting -= 1;
				send();
			}, served!.latencyMs);
		});
	});
	server.keepAliveTimeout = 600_000;
	await new Promise<void>((resolve) => {
		server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG }, resolve);
	});
	const { port } = server.address() as AddressInfo;
	return {
		url: `http://127.0.0.1:${port}`,
		serve: (account, latencyMs) => {
			current = { account, latencyMs };
		},
		waiting: () => waiting,
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
