/**
 * Health of tunnels in the simulated account: what data centres find when they probe. Sources: Cloudflare's
 * pages on tunnel health checks and its GraphQL Analytics API, and the schema that its
 * cloudflare-prometheus-exporter holds (introspected 2025-12).
 */

/** Down, degraded, healthy, as `avg.tunnelState` counts them. */
export type State = 0 | 0.5 | 1;

export interface DataCentre {
	/** `edgeColoName` */
	name: string;
	/** IATA code. */
	code: string;
	city: string;
	country: string;
	region: string;
	/** Every server probes and judges alone. */
	servers: number;
	/** Whether tunnels' traffic went through it in the last six hours, until a test says otherwise. */
	active: boolean;
}

export interface HealthOptions {
	/** Clock of the probes in ms since 1970, by default the account's. */
	now?: () => number;
	dataCentres?: readonly DataCentre[];
	/** Ms until a result can be read; GUESS: five minutes, as the official exporter waits. */
	delayMs?: number;
	/** Ms that a server stays in degraded or down at least. */
	minimumMs?: number;
	/** Ms from the last fault to healthy again, five minutes to thirty. */
	recoveryMs?: number;
	/** Ms from an authentication until the last server has the new SA; Cloudflare: 90 to 150 s, since 2026 less. */
	spreadMs?: number;
	/** Of so many results one is kept, as in adaptive sampling. */
	sampleInterval?: number;
	/** Whether `settings` may be asked. */
	settings?: boolean;
	/** Rows of a page at most. */
	maxPageSize?: number;
	/** Seconds that one query may span. */
	maxDuration?: number;
	/** Queries of a user in five minutes. */
	queryLimit?: number;
	/** How it is said that there were too many: with 429, or with 200 and the account's own limit. */
	queryLimitForm?: 'user' | 'account';
}

/** One change of what becomes of a tunnel's probes. */
export interface Condition {
	/** Ms since 1970. */
	at: number;
	/** Share of the probes that are lost, from 0 to 1. */
	loss: number;
}

/** What a test says of tunnels, routers and data centres. Tunnels by id or name. */
export interface Health {
	/** The router gets a key; it uses it when it authenticates. */
	loadKey(tunnel: string, psk: string): void;
	/**
	 * The router authenticates anew. With another key than the account's the tunnel has no SA from now on.
	 * @returns whether it succeeded
	 */
	authenticate(tunnel: string): boolean;
	/** When the router last authenticated with success, ms since 1970; undefined if it has no SA. */
	authenticatedAt(tunnel: string): number | undefined;
	/** From now on so many of the probes are lost, from 0 to 1; in one data centre or in all. */
	setLoss(tunnel: string, loss: number, dataCentre?: string): void;
	/** Probes of one server of a data centre (default the first) are lost, once. */
	loseProbes(tunnel: string, count: number, dataCentre?: string): void;
	/** From now on traffic goes through a data centre, or does not. */
	setActive(tunnel: string, dataCentre: string, active: boolean): void;
	/** Mean state of a data centre's servers now, whether it can be read already or not. */
	stateNow(tunnel: string, dataCentre?: string): number;
}

/** Results of one tunnel in one data centre and one minute. */
export interface Row {
	count: number;
	/** Mean of the results. */
	tunnelState: number;
	/** Ms since 1970, start of the minute. */
	minute: number;
	active: 0 | 1;
	dataCentre: DataCentre;
	tunnel: { name: string; customerEndpoint: string };
}
