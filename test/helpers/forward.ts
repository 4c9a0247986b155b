import type { IncomingMessage, ServerResponse } from 'node:http';
import { omit } from 'lodash';
import { request } from 'undici';

export interface Forwarded {
	status: number;
	headers: Record<string, string | string[] | undefined>;
	body: Buffer;
}

/** Headers that are about one connection, and not about the message. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding'];

/** The whole body of a request. */
export async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of incoming) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
}

/**
 * Sends a request as it came to another origin, and gives the answer.
 *
 * @param keepsHost the header Host goes along, for a request whose signature it is part of
 */
export async function forward(
	origin: string,
	{ method, url, headers }: IncomingMessage,
	body: Buffer,
	keepsHost = false,
): Promise<Forwarded> {
	const answer = await request(`${origin}${url}`, {
		method: method as 'GET',
		headers: omit(headers, [...(keepsHost ? [] : ['host']), ...HOP_BY_HOP]) as Record<
			string,
			string
		>,
		body: body.length === 0 ? null : body,
		// The server closes connections that are idle for long.
		reset: true,
	});
	const { statusCode: status, headers: given } = answer;
	return { status, headers: given, body: Buffer.from(await answer.body.arrayBuffer()) };
}

/** Gives an answer of `forward` to the one who asked. */
export function handOn(response: ServerResponse, { status, headers, body }: Forwarded): void {
	response.writeHead(status, omit(headers, HOP_BY_HOP) as Record<string, string>);
	response.end(body);
}
