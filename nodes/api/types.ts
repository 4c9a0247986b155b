/**
 * Shapes of Cloudflare's Magic IPsec tunnels API.
 *
 * Source: Cloudflare's OpenAPI document, tag "Magic IPsec tunnels"
 * (https://developers.cloudflare.com/api/resources/magic_transit/subresources/ipsec_tunnels/).
 * Fields that the document does not name pass through: every answer type is open.
 */

export type HealthCheckRate = 'low' | 'mid' | 'high';
export type HealthCheckType = 'reply' | 'request';
export type HealthCheckDirection = 'unidirectional' | 'bidirectional';

/** The form of a health check's target under the header `x-magic-new-hc-target: true`. */
export interface HealthCheckTarget {
	/** The address that was saved; an empty string means Cloudflare's default. */
	saved?: string;
	/** The address in use; read-only. */
	effective?: string;
}

export interface HealthCheck {
	enabled?: boolean;
	rate?: HealthCheckRate;
	type?: HealthCheckType;
	direction?: HealthCheckDirection;
	target?: HealthCheckTarget | string;
}

export interface BgpConfig {
	customer_asn: number;
	extra_prefixes?: string[];
	md5_key?: string;
	import_filter_id?: string;
	export_filter_id?: string;
}

export type BgpState = 'BGP_DOWN' | 'BGP_UP' | 'BGP_ESTABLISHING';

export interface PskMetadata {
	/** RFC 3339; absent while no PSK was ever made. */
	last_generated_on?: string;
}

/** What create, update and bulk update take; a PSK goes in here, but never comes back. */
export interface IpsecTunnelBody {
	name: string;
	cloudflare_endpoint: string;
	interface_address: string;
	customer_endpoint?: string;
	description?: string;
	interface_address6?: string;
	psk?: string;
	replay_protection?: boolean;
	automatic_return_routing?: boolean;
	health_check?: HealthCheck;
	bgp?: BgpConfig;
	custom_remote_identities?: { fqdn_id?: string };
}

export interface IpsecTunnel extends Omit<IpsecTunnelBody, 'psk'> {
	id: string;
	psk_metadata?: PskMetadata;
	bgp_status?: { state: BgpState; tcp_established: boolean; updated_at: string };
	created_on?: string;
	modified_on?: string;
	[field: string]: unknown;
}

export interface PskEntry {
	/** The tunnel's id. */
	id: string;
	psk: string;
}

/** Answer of psk_generate; `psk` is shown this once and never again. */
export interface GeneratedPsk {
	/** Undefined only in the answer to a check. */
	psk?: string;
	ipsec_id?: string;
	last_generated_on?: string;
}

/** What Cloudflare says of one tunnel in an answer to psk set. */
export type PskSetVerdict =
	| { kind: 'applied'; ipsec_id?: string; last_generated_on?: string }
	| { kind: 'unapplied'; reason: string }
	/** In neither map, in both, or in a form that says nothing. */
	| { kind: 'unclear'; reason: string };
