import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { bodyOf } from '../helpers/forward';
import { close, listen } from '../helpers/ports';

/** A request as a stand-in got it. */
export interface Asked {
	method: string;
	url: URL;
	headers: IncomingHttpHeaders;
	text: string;
}

export interface Answer {
	status: number;
	body?: unknown;
	contentType?: string;
}

export interface StubServer {
	/** Address without a path, `http://127.0.0.1:PORT`. */
	readonly origin: string;
	close(): Promise<void>;
}

/** What a strict stand-in answers to a request that the real service would refuse. */
export class Refusal extends Error {
	constructor(
		readonly status: number,
		readonly body: unknown,
	) {
		super(JSON.stringify(body));
	}
}

export function refuse(status: number, error: string): never {
	throw new Refusal(status, { error });
}

/** @throws Refusal if the body is no JSON object that was sent as such */
export function jsonObjectOf({ headers, text }: Asked): Record<string, unknown> {
	if (!/^application\/json\b/.test(headers['content-type'] ?? '')) refuse(415, 'not JSON');
	return parsedObject(text);
}

/** @throws Refusal if the text is no JSON object */
export function parsedObject(text: string): Record<string, unknown> {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		refuse(400, 'the body can not be parsed');
	}
	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		refuse(400, 'the body is no object');
	}
	return value as Record<string, unknown>;
}

async function asked(request: IncomingMessage): Promise<Asked> {
	return {
		method: request.method ?? 'GET',
		url: new URL(request.url ?? '/', 'http://127.0.0.1'),
		headers: request.headers,
		text: (await bodyOf(request)).toString('utf8'),
	};
}

/** A server on 127.0.0.1 that answers JSON. A Refusal that is thrown becomes its answer. */
export async function startJsonServer(answer: (request: Asked) => Answer): Promise<StubServer> {
	const judged = (request: Asked): Answer => {
		try {
			return answer(request);
		} catch (error) {
			if (error instanceof Refusal) return { status: error.status, body: error.body };
			throw error;
		}
	};
	const server = createServer((request, response) => {
		asked(request)
			.then((whole) => {
				const { status, body, contentType = 'application/json' } = judged(whole);
				response.writeHead(status, { 'content-type': contentType });
				response.end(body === undefined ? '' : JSON.stringify(body));
			})
			// A client that goes away in the middle of its request leaves nothing to answer.
			.catch(() => response.destroy());
	});
	const port = await listen(server);
	return {
		origin: `http://127.0.0.1:${port}`,
		close: async () => await close(server),
	};
}
