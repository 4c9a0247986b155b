import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { listen } from '../helpers/ports';
import { numberToIpv4 } from './addresses';
import type { AccountSummary } from './accounts';
import { createAlerts } from './alerting/alerts';
import { refuseBadOrigins } from './alerting/addresses';
import { createMessenger } from './alerting/messenger';
import { AlertingState } from './alerting/state';
import type { AlertingAccount, Alerts } from './alerting/types';
import type { Authenticator, Credentials } from './auth';
import { createAuthenticator } from './auth';
import { createExchange } from './exchange';
import type { Faults } from './faults';
import { FaultRegistry } from './faults';
import { Gateway } from './gateway';
import { Probes } from './health/probes';
import type { AccountHealth } from './health/query';
import type { Health } from './health/types';
import { ShownKeys } from './keys';
import type { RateLimiter } from './rateLimit';
import { createRateLimiter } from './rateLimit';
import { createRandom } from './random';
import { BASE_PATH } from './routes';
import { CLOUDFLARE_ENDPOINTS, seedTunnels } from './seed';
import { AccountState } from './state';
import { DAY_MS, createClock, fromMs } from './time';
import type {
	KeyEvent,
	OutsideTunnel,
	RecordedRequest,
	SimulatorOptions,
	StoredTunnel,
	Tunnel,
	TunnelChange,
	TunnelFields,
} from './types';

/** A Cloudflare account on loopback. */
export interface Simulator extends Credentials {
	/** Base URL of the API, `http://127.0.0.1:PORT/client/v4`. */
	readonly url: string;
	readonly origin: string;
	readonly accountId: string;
	/** The short number in IKE identities. */
	readonly accountNumber: string;
	/** Visible to every user credential, but Magic is not sold to it: 1012. */
	readonly notOnboardedAccountId: string;

	/** Copies of all tunnels, with the object form of the health check's target. */
	tunnels(): Tunnel[];
	tunnel(idOrName: string): Tunnel | undefined;
	/** Makes a tunnel beside the API: no rule but the id's uniqueness is checked. */
	addTunnel(tunnel?: OutsideTunnel): Tunnel;
	/** Changes a tunnel beside the API, unchecked. */
	updateTunnel(idOrName: string, fields: Partial<TunnelFields>): Tunnel;
	removeTunnel(idOrName: string): boolean;
	/** The key that is live at the edge; undefined when there is none. */
	liveKey(idOrName: string): string | undefined;
	/** Somebody else changes a key. */
	setKey(idOrName: string, psk: string): void;
	/**
	 * The BGP session of a tunnel goes up or down.
	 * @throws Error when the tunnel has no BGP
	 */
	setBgpUp(idOrName: string, isUp: boolean): Tunnel;
	/** All keys that were live, oldest first; kept when the tunnel is gone. */
	keyHistory(idOrName: string): KeyEvent[];

	/**
	 * Whether a client was shown this key: under the name `psk`, in a 2xx answer of JSON that was sent
	 * whole, whatever else was wrong with it.
	 */
	showedKey(psk: string): boolean;

	/** Notifications of the account, beside its API. */
	readonly alerts: Alerts;

	/** Routers, and what data centres find when they probe tunnels. */
	readonly health: Health;

	/** Requests to the API in the order they arrived. */
	readonly requests: readonly RecordedRequest[];
	resetRequests(): void;
	readonly faults: Faults<Simulator>;
	/** Forgets what was used of the rate limits. */
	resetRateLimit(): void;
	/** Answers one request that came to another server, as if it had come to this one. */
	readonly serve: RequestListener;
	/** Ends the server and every connection, hanging ones too. */
	close(): Promise<void>;
	/** Settles when the server has ended. */
	readonly closed: Promise<void>;
}

/** What several accounts of one user have in common; see `startAccounts`. */
export interface Membership {
	authenticator: Authenticator;
	/** Limits are the user's, whatever the account. */
	rateLimiter: RateLimiter;
	/** What GET /accounts lists; every account adds itself. */
	summaries: AccountSummary[];
	/** Every account adds itself. */
	health: Map<string, AccountHealth>;
}

/** Starts a simulated account on 127.0.0.1, by default with a user of its own. */
export const startSimulator = async (
	options: SimulatorOptions = {},
	membership?: Membership,
): Promise<Simulator> => {
	const { port = 0, tunnels = 0, seed, now = Date.now, flags, leasedEndpoints } = options;
	const random = createRandom(seed);
	const clock = createClock(now, () => random.next());
	const accountId = options.accountId ?? random.hex(32);
	const notOnboardedAccountId = random.hex(32);
	const accountNumber = String(10_000_000 + Math.floor(random.next() * 89_999_999));
	const { authenticator, rateLimiter, summaries, health }: Membership = membership ?? {
		authenticator: createAuthenticator(random, accountId),
		rateLimiter: createRateLimiter(now, options.rateLimit),
		summaries: [],
		health: new Map(),
	};
	const state = new AccountState(accountNumber, options.extraFields);
	const requests: RecordedRequest[] = [];
	const faults = new FaultRegistry<Simulator>();
	const shownKeys = new ShownKeys();
	const { alerting: alertingOptions = {} } = options;
	refuseBadOrigins(alertingOptions);
	const messenger = createMessenger(alertingOptions);

	for (const tunnel of seedTunnels(tunnels, random, now(), options.ageDays)) {
		state.put(tunnel);
		const { id, psk, pskGeneratedAt } = tunnel;
		if (psk !== undefined && pskGeneratedAt !== undefined) {
			state.remember(id, psk, pskGeneratedAt, 'seed');
		}
	}

	const isOnboarded = options.onboarded !== false;
	const alertingFor = (id: string, hasMagic: boolean): AlertingAccount => ({
		id,
		hasMagic,
		state: new AlertingState(),
		clock,
		random,
		messenger,
		historyBody: alertingOptions.historyBody ?? 'string',
	});
	const alerting = alertingFor(accountId, isOnboarded);
	const find = (idOrName: string): StoredTunnel | undefined =>
		state.find(idOrName) ?? state.findByName(idOrName);
	const mustFind = (idOrName: string): StoredTunnel => {
		const tunnel = find(idOrName);
		if (!tunnel) throw new Error(`The simulated account has no tunnel ${idOrName}`);
		return tunnel;
	};
	const { health: healthOptions = {} } = options;
	const healthNow = healthOptions.now ?? now;
	const probes = new Probes({
		tunnels: () => state.all(),
		find: mustFind,
		firstKey: (id) => state.history(id)[0],
		now: healthNow,
		options: healthOptions,
	});
	health.set(accountId, { probes, options: healthOptions, now: healthNow });
	const queryLimiter = createRateLimiter(now, { limit: healthOptions.queryLimit ?? 300 });
	const createdOn = '2021-03-01T08:00:00.000000Z';
	summaries.push(
		{ id: accountId, name: options.accountName ?? 'Example Corp Network', createdOn },
		{ id: notOnboardedAccountId, name: 'Example Corp Sandbox', createdOn },
	);
	const gateway = new Gateway({
		account: {
			id: accountId,
			state,
			clock,
			random,
			couplerIntegration: flags?.couplerIntegration ?? false,
			leasedEndpoints,
		},
		visible: new Map([
			[accountId, { onboarded: isOnboarded, alerting }],
			[
				notOnboardedAccountId,
				{ onboarded: false, alerting: alertingFor(notOnboardedAccountId, false) },
			],
		]),
		summaries,
		authenticator,
		rateLimiter,
		health: { ...health.get(accountId)!, limiter: queryLimiter, accounts: health },
	});

	const timers = new Set<NodeJS.Timeout>();
	const sleep = (ms: number): Promise<void> =>
		new Promise((resolve) => {
			const timer = setTimeout(() => {
				timers.delete(timer);
				resolve();
			}, ms);
			timers.add(timer);
		});

	const exchange = createExchange({
		gateway,
		faults,
		requests,
		now,
		shownKeys,
		sleep,
		headers: (principalId) => ({
			'cf-ray': `${random.hex(16)}-AMS`,
			...rateLimiter.headers(principalId),
		}),
		tunnelIds: () => state.all().map(({ id }) => id),
		simulator: () => simulator,
	});

	const serve: RequestListener = (request, response) => {
		// A client that goes away in the middle of its request leaves nothing to answer.
		exchange(request, response).catch(() => response.destroy());
	};
	const server = createServer(serve);
	const origin = `http://127.0.0.1:${await listen(server, port)}`;
	const closed = new Promise<void>((resolve) => server.once('close', () => resolve()));

	let added = 0;

	const simulator: Simulator = {
		...authenticator.credentials,
		url: `${origin}${BASE_PATH}`,
		origin,
		accountId,
		accountNumber,
		notOnboardedAccountId,
		tunnels: () => state.all().map((tunnel) => state.toAnswer(tunnel, true)),
		tunnel(idOrName) {
			const tunnel = find(idOrName);
			return tunnel && state.toAnswer(tunnel, true);
		},
		addTunnel({ id = random.hex(32), psk, ageDays = 0, ...fields } = {}) {
			if (state.find(id)) throw new Error(`The simulated account already has a tunnel ${id}`);
			const index = added++;
			const at = clock.instant() - fromMs(ageDays * DAY_MS);
			const change: TunnelChange = {
				name: `site-added-${String(index + 1).padStart(2, '0')}`,
				cloudflare_endpoint: CLOUDFLARE_ENDPOINTS[0],
				customer_endpoint: `198.51.100.${(index % 254) + 1}`,
				interface_address: `${numberToIpv4(10 * 2 ** 24 + 240 * 2 ** 16 + index * 2)}/31`,
				...fields,
				...(psk !== undefined && { psk }),
			};
			const tunnel = state.changed(undefined, change, id, at);
			state.put(tunnel);
			if (psk !== undefined) state.remember(id, psk, at, 'outside');
			return state.toAnswer(tunnel, true);
		},
		updateTunnel(idOrName, fields) {
			const before = mustFind(idOrName);
			const after = state.changed(before, fields, before.id, clock.instant());
			state.put(after);
			return state.toAnswer(after, true);
		},
		removeTunnel(idOrName) {
			const tunnel = find(idOrName);
			return tunnel !== undefined && state.remove(tunnel.id);
		},
		liveKey: (idOrName) => find(idOrName)?.psk,
		setKey: (idOrName, psk) => state.setKey(mustFind(idOrName).id, psk, clock.instant(), 'outside'),
		setBgpUp(idOrName, isUp) {
			const tunnel = mustFind(idOrName);
			if (!tunnel.fields.bgp) throw new Error(`The tunnel ${tunnel.fields.name} has no BGP`);
			const changed =
				tunnel.bgpUp === isUp ? tunnel : { ...tunnel, bgpUp: isUp, bgpChangedAt: clock.instant() };
			state.put(changed);
			return state.toAnswer(changed, true);
		},
		showedKey: (psk) => shownKeys.has(psk),
		alerts: createAlerts(alerting, mustFind),
		health: probes,
		keyHistory: (idOrName) => state.history(find(idOrName)?.id ?? idOrName),
		requests,
		resetRequests: () => {
			requests.length = 0;
		},
		faults,
		resetRateLimit() {
			rateLimiter.reset();
			queryLimiter.reset();
		},
		serve,
		async close() {
			for (const timer of timers) clearTimeout(timer);
			timers.clear();
			messenger.close();
			if (server.listening) server.close();
			server.closeAllConnections();
			await closed;
		},
		closed,
	};
	return simulator;
};
