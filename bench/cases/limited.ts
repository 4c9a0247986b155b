import type { IRun } from 'n8n-workflow';
import type { Keys } from '../rivals/contender';
import type { HttpSettings } from '../rivals/httpRequest';
import { generatedKeys, httpRequestMissing, runHttpEach } from '../rivals/httpRequest';
import type { PskOperation } from '../rivals/ours';
import { inputOf, keysOfOurs, runOurs } from '../rivals/ours';
import type { Traffic } from '../server/account';
import { Account } from '../server/account';
import { listen } from '../server/listen';
import { LIMITS, rateLimits } from '../server/rateLimits';
import { rounded } from '../stats';
import { onVirtualTime } from '../virtualTime';
import type { Bench, CaseResult, Target } from './case';
import { atLeast, atMost, freshEntries } from './case';

/** Cloudflare's documented limits on, on a virtual clock; the server is in this process. */

const LATENCY_MS = 20;

/** Requests of psk_generate that our node has under way at the same time. */
const CONCURRENCY = 4;

type Limits = typeof LIMITS;

/** In small, for a smoke run: two windows with few requests. */
const SMALL: Limits = { requests: 8, windowMs: 300_000, perSecond: 200 };

interface Limited {
	contender: string;
	/** Virtual milliseconds. */
	ms: number;
	/** Tunnels whose live key is a new one. */
	replaced: number;
	/** Tunnels whose live key was not handed out. */
	lost: number;
	traffic: Traffic;
}

interface Entrant {
	name: string;
	run(url: string, keys: number): Promise<() => Keys>;
}

async function runLimited(entrant: Entrant, keys: number, limits: Limits): Promise<Limited> {
	const listener = await listen();
	try {
		const account = new Account(keys, rateLimits(limits));
		const old = account.liveKeys();
		listener.serve(account, LATENCY_MS);
		const { result, ms } = await onVirtualTime(
			listener.waiting,
			async () => await entrant.run(listener.url, keys),
		);
		const handedOut = new Set(result().values());
		const fresh = account.liveKeys().filter((psk, index) => psk !== old[index]);
		return {
			contender: entrant.name,
			ms,
			replaced: fresh.length,
			lost: fresh.filter((psk) => !handedOut.has(psk)).length,
			traffic: account.trafficSoFar(),
		};
	} finally {
		await listener.close();
	}
}

function oursFor(operation: PskOperation): Entrant {
	return {
		name: `this node: ${operation === 'set' ? 'Set' : 'Generate'}`,
		run: async (url, keys) => {
			const run = await runOurs(operation, url, inputOf(freshEntries(keys)));
			return () => keysOfOurs(run);
		},
	};
}

function http(name: string, settings: HttpSettings): Entrant {
	return {
		name: `HTTP Request node, ${name}`,
		run: async (url, keys) => {
			const run: IRun = await runHttpEach(url, freshEntries(keys), settings);
			return () => generatedKeys(run);
		},
	};
}

/** The fastest even pace, in whole seconds, that keeps to 1,200 requests in five minutes. */
const paced = http('100 items each 26 s', {
	batching: { batchSize: 100, batchInterval: 26_000 },
});

const UNPACED = [
	http('as it comes', {}),
	http('On Error: Continue', { onError: 'continueRegularOutput' }),
	http('its batching with its defaults, 50 items each s', {
		batching: { batchSize: 50, batchInterval: 1_000 },
	}),
];

/** The least milliseconds in which so many requests can be made within the limits. */
function leastMs(requests: number, limits: Limits): number {
	const windows = Math.floor((requests - 1) / limits.requests);
	const perSecond = Math.min(limits.perSecond, (CONCURRENCY * 1_000) / LATENCY_MS);
	return windows * limits.windowMs + ((requests - windows * limits.requests) * 1_000) / perSecond;
}

const rowOf = (keys: number, one: Limited) => ({
	keys,
	contender: one.contender,
	seconds: rounded(one.ms / 1_000),
	replaced: one.replaced,
	'live keys lost': one.lost,
	requests: one.traffic.requests,
	'answered 429': one.traffic.throttled,
});

/** Replacing 5,000 keys within Cloudflare's limits. */
export async function replaceWithinLimits(bench: Bench): Promise<CaseResult> {
	const keys = bench.mode === 'smoke' ? 10 : 5_000;
	const missing = httpRequestMissing();
	bench.progress(`replace ${keys} keys within the rate limits, on a virtual clock`);
	const own = await runLimited(oursFor('set'), keys, LIMITS);
	const rivals =
		missing === undefined && bench.mode !== 'smoke' ? [await runLimited(paced, keys, LIMITS)] : [];
	const about = `replace ${keys} keys, 20 ms, rate limits`;
	const faster: Target[] = rivals.map(({ ms }) =>
		atLeast(about, 'times faster than HTTP Request for each', rounded(ms / own.ms), 100),
	);
	return {
		case: 'replace within the rate limits',
		about:
			'Replacing N keys at 20 ms with the documented limits (1,200 requests in five minutes, 200 a second), in seconds of a virtual clock; one run each.',
		rows: [own, ...rivals].map((one) => rowOf(keys, one)),
		targets: [...faster, atMost(about, 'live keys lost', own.lost, 0)],
		notes: missing === undefined ? [] : [`HTTP Request node left out: ${missing}`],
	};
}

/** Generating keys, one request for each, within Cloudflare's limits. */
export async function generateWithinLimits(bench: Bench): Promise<CaseResult> {
	const smoke = bench.mode === 'smoke';
	const keys = { smoke: 10, quick: 1_500, full: 3_000 }[bench.mode];
	const limits = smoke ? SMALL : LIMITS;
	const missing = httpRequestMissing();
	bench.progress(`generate ${keys} keys within the rate limits, on a virtual clock`);
	const own = await runLimited(oursFor('generate'), keys, limits);
	const rivals: Limited[] = [];
	for (const entrant of missing === undefined && !smoke ? [...UNPACED, paced] : []) {
		rivals.push(await runLimited(entrant, keys, limits));
	}
	const about = `generate ${keys} keys, 20 ms, rate limits`;
	const least = leastMs(own.traffic.requests, limits);
	const timed = smoke
		? []
		: [atMost(about, 'time / the least possible', Number((own.ms / least).toFixed(4)), 1.02)];
	return {
		case: 'generate within the rate limits',
		about: `Generating N keys at 20 ms with the same limits, in seconds of a virtual clock; one run each. The least possible time for our ${own.traffic.requests} requests, ${CONCURRENCY} at a time, is ${rounded(least / 1_000)} s.`,
		rows: [own, ...rivals].map((one) => rowOf(keys, one)),
		targets: [
			...timed,
			atMost(about, 'keys not replaced', keys - own.replaced, 0),
			atMost(about, 'live keys lost', own.lost, 0),
			atMost(about, 'times that one request was answered 429', own.traffic.mostRefusals, 1),
		],
		notes: missing === undefined ? [] : [`HTTP Request node left out: ${missing}`],
	};
}
