import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../helpers/processes';
import type { Account } from '../../helpers/accountProcess';
import type { IkePair } from './ike';

/** Cloudflare's edge: it takes each key that becomes live in the account. */
export interface Edge {
	/** Waits until the edge has the key that is live in the account. */
	upToDate(): Promise<void>;
	/** When the edge took its present key, as `performance.now()` tells it. */
	loadedAt(): number;
	stop(): Promise<void>;
}

const POLL_MS = 20;

/**
 * Loads the live key of a tunnel of the simulated account into the responder, now and whenever it
 * changes.
 *
 * @param beforeLoading what keeps a new key from the edge for a while. Cloudflare does not document
 * how long its edge takes.
 */
export async function startEdge(
	account: Account,
	tunnelId: string,
	pair: IkePair,
	beforeLoading: () => Promise<void> = async () => {},
): Promise<Edge> {
	let known: string | undefined;
	let loadedAt = 0;
	let stopped = false;
	const liveKey = async () => (await account.tunnel(tunnelId)).live_key ?? undefined;
	const update = async () => {
		const live = await liveKey();
		if (live === undefined || live === known) return;
		if (known !== undefined) await beforeLoading();
		await pair.setKey('cloudflare', live);
		known = live;
		loadedAt = performance.now();
	};
	const follow = async () => {
		while (!stopped) {
			await update();
			await sleep(POLL_MS);
		}
	};
	await update();
	let problem: unknown;
	const following = follow().catch((error: unknown) => {
		problem = error;
	});
	return {
		upToDate: async () => {
			await waitFor('The live key at the edge', async () => {
				if (problem !== undefined) throw problem;
				return (await liveKey()) === known;
			});
		},
		loadedAt: () => loadedAt,
		async stop() {
			stopped = true;
			await following;
		},
	};
}
