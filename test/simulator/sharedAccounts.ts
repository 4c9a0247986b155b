import { createServer } from 'node:http';
import { close, listen } from '../helpers/ports';
import type { Credentials } from './auth';
import { createAuthenticator } from './auth';
import { CONTROL_PATH } from './control';
import { createRandom } from './random';
import { createRateLimiter } from './rateLimit';
import { BASE_PATH } from './routes';
import type { Membership, Simulator } from './simulator';
import { startSimulator } from './simulator';
import type { SimulatorOptions } from './types';

/**
 * Several accounts behind one base URL, and one user whose credentials act in all of them: Cloudflare as
 * an MSP sees it. The account-owned token belongs to the first.
 */
export interface SharedAccounts extends Credentials {
	/** Base URL of the API: the id in a request's path decides which account answers. */
	readonly url: string;
	readonly origin: string;
	/** In the order of the options. Each has a `url` of its own too, and the same credentials. */
	readonly accounts: readonly Simulator[];
	/** Ends all of them. */
	close(): Promise<void>;
}

/**
 * Control is not reached at the shared origin, as it would not say of which account: use an account's own.
 * @param options one for each account; the first one's seed, clock and rate limit are the user's
 * @throws Error when two have one id
 */
export const startAccounts = async (
	options: readonly SimulatorOptions[],
): Promise<SharedAccounts> => {
	const { seed, now = Date.now, rateLimit } = options[0] ?? {};
	// Not the first account's own source, which would give the same ids once more.
	const random = createRandom(seed === undefined ? undefined : seed + 0x10000);
	const ids = options.map(({ accountId }) => accountId ?? random.hex(32));
	if (new Set(ids).size < ids.length) throw new Error('Two accounts have the same id');
	const membership: Membership = {
		authenticator: createAuthenticator(random, ids[0] ?? ''),
		rateLimiter: createRateLimiter(now, rateLimit),
		summaries: [],
		health: new Map(),
	};
	const accounts: Simulator[] = [];
	// One after the other, so that GET /accounts has their order.
	for (const [index, accountId] of ids.entries()) {
		const accountName = `Example Corp Network ${index + 1}`;
		accounts.push(await startSimulator({ accountName, ...options[index], accountId }, membership));
	}

	const server = createServer((request, response) => {
		const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
		const [, id] = /\/accounts\/([^/]+)/.exec(pathname) ?? [];
		// A query names its account in its body, and each of them knows all. What names no account, or an unknown one, has the same answer at each of them.
		const account =
			accounts.find((one) => id === one.accountId || id === one.notOnboardedAccountId) ??
			accounts[0];
		if (!account || pathname.startsWith(CONTROL_PATH)) response.writeHead(404).end();
		else account.serve(request, response);
	});
	const origin = `http://127.0.0.1:${await listen(server)}`;

	return {
		...membership.authenticator.credentials,
		url: `${origin}${BASE_PATH}`,
		origin,
		accounts,
		async close() {
			await Promise.all([close(server), ...accounts.map((account) => account.close())]);
		},
	};
};
