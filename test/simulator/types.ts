import type { AlertingOptions } from './alerting/types';
import type { AlertingOperation } from './alerting/operations';
import type { HealthOptions } from './health/types';

/**
 * The words that the parts of the simulated account share. Names in snake_case are Cloudflare's own
 * (API reference, "Magic IPsec tunnels"); everything else is the simulator's.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** A point in time in nanoseconds since 1970, because psk_generate answers nanoseconds. */
export type Instant = bigint;

export interface HealthCheckTarget {
	saved: string;
	effective: string;
}

export interface HealthCheck {
	enabled: boolean;
	rate: 'low' | 'mid' | 'high';
	type: 'reply' | 'request';
	direction: 'unidirectional' | 'bidirectional';
	target: HealthCheckTarget | string;
}

export interface BgpConfig {
	customer_asn: number;
	extra_prefixes?: string[];
	md5_key?: string;
	import_filter_id?: string;
	export_filter_id?: string;
}

export interface BgpStatus {
	state: 'BGP_DOWN' | 'BGP_UP' | 'BGP_ESTABLISHING';
	tcp_established: boolean;
	updated_at: string;
	bgp_state?: string;
	cf_speaker_ip?: string;
	cf_speaker_port?: number;
	customer_speaker_ip?: string;
	customer_speaker_port?: number;
}

/** An IPsec tunnel as Cloudflare answers it. A PSK is never part of it. */
export interface Tunnel {
	id: string;
	name: string;
	cloudflare_endpoint: string;
	interface_address: string;
	customer_endpoint?: string;
	description?: string;
	interface_address6?: string;
	health_check: HealthCheck;
	bgp?: BgpConfig;
	bgp_status?: BgpStatus;
	custom_remote_identities?: { fqdn_id?: string };
	remote_identities: { hex_id: string; fqdn_id: string; user_id: string };
	automatic_return_routing?: boolean;
	replay_protection?: boolean;
	allow_null_cipher: boolean;
	psk_metadata: { last_generated_on?: string };
	created_on: string;
	modified_on: string;
}

/** What a tunnel is configured with; the health check's target is the saved one. */
export interface TunnelFields {
	name: string;
	cloudflare_endpoint: string;
	interface_address: string;
	customer_endpoint?: string;
	description?: string;
	interface_address6?: string;
	health_check: Omit<HealthCheck, 'target'> & { target: string };
	bgp?: BgpConfig;
	custom_remote_identities?: { fqdn_id?: string };
	automatic_return_routing: boolean;
	replay_protection: boolean;
	allow_null_cipher: boolean;
	/** Fields that only this account knows (`extraFields` of the options), as far as they are set. */
	extra?: JsonObject;
}

/** A change as a request carries it, after validation. */
export type TunnelChange = Partial<Omit<TunnelFields, 'health_check'>> & {
	health_check?: Partial<TunnelFields['health_check']>;
	psk?: string;
};

export interface StoredTunnel {
	readonly id: string;
	readonly fields: TunnelFields;
	readonly createdAt: Instant;
	readonly modifiedAt: Instant;
	readonly psk?: string;
	readonly pskGeneratedAt?: Instant;
	readonly bgpUp: boolean;
	/** When the BGP session went up or down; undefined while it never did. */
	readonly bgpChangedAt?: Instant;
}

export type KeySource =
	| 'seed'
	| 'outside'
	| 'create'
	| 'update'
	| 'bulkUpdate'
	| 'pskGenerate'
	| 'pskSet';

/** One key that was live, oldest first in a history. */
export interface KeyEvent {
	psk: string;
	/** RFC 3339, nanoseconds. */
	at: string;
	by: KeySource;
}

export type Operation =
	| 'list'
	| 'create'
	| 'bulkUpdate'
	| 'get'
	| 'update'
	| 'delete'
	| 'pskGenerate'
	| 'pskSet'
	| 'listAccounts'
	| 'verifyToken'
	| 'verifyAccountToken'
	| 'graphql'
	| AlertingOperation
	| 'unknown';

export interface RecordedRequest {
	operation: Operation;
	method: string;
	/** Path without the query, as it was sent. */
	path: string;
	query: Record<string, string>;
	headers: Record<string, string>;
	/** Parsed JSON, else the text, else undefined. */
	body: unknown;
	/** Status answered; 0 while there is none or when the connection was cut. */
	status: number;
	/** Simulator clock, ms. */
	at: number;
	/** Whether the account was changed by it. */
	applied: boolean;
}

export interface RateLimitOptions {
	limit?: number;
	windowSeconds?: number;
	blockSeconds?: number;
	/** Code of the 429; both were observed. */
	code?: 971 | 10429;
}

/** Days since a seeded tunnel's key was made; null for a tunnel that has no key yet. */
export type AgeDays = ((index: number) => number | null) | readonly (number | null)[];

export interface SimulatorOptions {
	/** 0 takes a free port. */
	port?: number;
	/** How many sites the account starts with. */
	tunnels?: number;
	/** Makes ids, keys and credentials repeatable; without it they are random. */
	seed?: number;
	/** Clock, ms since 1970. */
	now?: () => number;
	rateLimit?: RateLimitOptions;
	/** 32 hex digits. */
	accountId?: string;
	/** As GET /accounts shows it. */
	accountName?: string;
	/** False: the account answers 1012 to everything Magic. */
	onboarded?: boolean;
	flags?: { couplerIntegration?: boolean };
	/** When given, only these are accepted as cloudflare_endpoint. */
	leasedEndpoints?: readonly string[];
	ageDays?: AgeDays;
	/**
	 * Fields of a tunnel that no document names yet, with the value that each has until it is set, null for
	 * none. Create and PUT take them, every answer shows them. GUESS: any JSON but null is a value, as null
	 * is refused elsewhere.
	 */
	extraFields?: Readonly<JsonObject>;
	alerting?: AlertingOptions;
	health?: HealthOptions;
}

export type OutsideTunnel = Partial<TunnelFields> & {
	id?: string;
	psk?: string;
	/** Age of `psk` in days, default 0. */
	ageDays?: number;
};
