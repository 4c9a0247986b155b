import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { close, listen } from '../../helpers/ports';
import type { IkePair, Negotiation } from './ike';

/**
 * The customer's router as a workflow manages it, over HTTP on loopback:
 * - `POST /key` {psk} loads the key; the tunnel stays as it is. 204.
 * - `POST /reauthenticate` uses it. 204, or 409 while the other side refuses it.
 */
export interface Router {
	readonly url: string;
	/** What n8n's credential type `httpHeaderAuth` takes. */
	readonly credential: { name: string; value: string };
	/** When the router took its present key, as `performance.now()` tells it. */
	loadedAt(): number;
	/** What became of each attempt to authenticate anew, oldest first. */
	readonly attempts: readonly Negotiation[];
	stop(): Promise<void>;
}

const CREDENTIAL = { name: 'X-Router-Token', value: 'token-of-the-router' };

async function bodyOf(request: IncomingMessage): Promise<{ psk: string }> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	return JSON.parse(Buffer.concat(chunks).toString('utf8')) as { psk: string };
}

/** @param beforeLoading what happens once a new key has come and the router still has the old one */
export async function startRouter(
	pair: IkePair,
	beforeLoading: () => Promise<void> = async () => {},
): Promise<Router> {
	let loadedAt = 0;
	const attempts: Negotiation[] = [];
	const answer = async (request: IncomingMessage): Promise<number> => {
		if (request.headers[CREDENTIAL.name.toLowerCase()] !== CREDENTIAL.value) return 401;
		switch (`${request.method} ${request.url}`) {
			case 'POST /key': {
				const { psk } = await bodyOf(request);
				await beforeLoading();
				await pair.setKey('customer', psk);
				loadedAt = performance.now();
				return 204;
			}
			case 'POST /reauthenticate': {
				const attempt = await pair.reauthenticate();
				attempts.push(attempt);
				return attempt.up ? 204 : 409;
			}
			default:
				return 404;
		}
	};
	const server = createServer((request: IncomingMessage, response: ServerResponse) => {
		void answer(request)
			.catch(() => 500)
			.then((status) => response.writeHead(status).end());
	});
	const port = await listen(server);
	return {
		url: `http://127.0.0.1:${port}`,
		credential: CREDENTIAL,
		loadedAt: () => loadedAt,
		attempts,
		stop: async () => await close(server),
	};
}
