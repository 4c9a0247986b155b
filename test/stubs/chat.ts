import type { StubServer } from './jsonServer';
import { jsonObjectOf, refuse, startJsonServer } from './jsonServer';

/** A chat's incoming webhook, which takes `{ "text": … }` as Slack and Mattermost do. */
export interface Chat extends StubServer {
	/** Where messages are posted. */
	readonly url: string;
	/** The texts that came, oldest first. */
	readonly messages: readonly string[];
}

const PATH = '/hooks/magic';

/** Starts a strict stand-in for a chat's webhook: it takes one text and nothing else. */
export async function startChat(): Promise<Chat> {
	const messages: string[] = [];
	const server = await startJsonServer((request) => {
		if (request.method !== 'POST' || request.url.pathname !== PATH) refuse(404, 'no such hook');
		const { text, ...others } = jsonObjectOf(request);
		if (typeof text !== 'string' || text === '') refuse(400, 'no text');
		if (Object.keys(others).length > 0) refuse(400, `unknown: ${Object.keys(others).join(', ')}`);
		messages.push(text);
		return { status: 200, body: { ok: true } };
	});
	return { ...server, url: `${server.origin}${PATH}`, messages };
}
