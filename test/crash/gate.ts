import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { bodyOf, forward, handOn } from '../helpers/forward';
import { close, listen } from '../helpers/ports';

/** A moment in the life of a request: it arrived, the server has handled it, its answer was given. */
export type Moment = 'arrived' | 'handled' | 'answered';

/** Passes requests on to a server and tells of each moment; what it is told to do is waited for. */
export interface Gate {
	/** Address of the gate, `http://127.0.0.1:PORT`. */
	readonly origin: string;
	/** Settles when no request is under way at the server behind it. */
	idle(): Promise<void>;
	close(): Promise<void>;
}

/**
 * Starts a gate on loopback.
 *
 * @param origin of the server behind it
 * @param onMoment answers false where the request is to go no further
 */
export async function startGate(
	origin: string,
	onMoment: (moment: Moment, what: string) => Promise<boolean>,
): Promise<Gate> {
	const underWay = new Set<Promise<unknown>>();

	const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
		const body = await bodyOf(incoming);
		const { method = 'GET', url = '/' } = incoming;
		const what = `${method} ${url.replaceAll(/[0-9a-f]{32}/g, '…')}`;
		if (!(await onMoment('arrived', what))) return void response.destroy();
		const answer = await forward(origin, incoming, body, true);
		if (!(await onMoment('handled', what))) return void response.destroy();
		handOn(response, answer);
		await onMoment('answered', what);
	};

	const server = createServer((incoming, response) => {
		const passing = pass(incoming, response)
			.catch(() => response.destroy())
			.finally(() => underWay.delete(passing));
		underWay.add(passing);
	});
	const port = await listen(server);
	return {
		origin: `http://127.0.0.1:${port}`,
		async idle() {
			while (underWay.size > 0) await Promise.all(underWay);
		},
		close: async () => await close(server),
	};
}
