/**
 * JSON schemas (draft 7, for ajv with ajv-formats) of what Cloudflare answers about IPsec tunnels, in own words
 * after the OpenAPI document. Stricter than that one in two ways: objects name every field that is known,
 * and what was observed only (`remote_identities`, `ipsec_id`) is part of it.
 */

export type Schema = Readonly<Record<string, unknown>>;

export const string: Schema = { type: 'string' };
const boolean: Schema = { type: 'boolean' };
const identifier: Schema = { type: 'string', pattern: '^[0-9a-f]{32}$' };
export const timestamp: Schema = { type: 'string', format: 'date-time' };

export const object = (
	properties: Record<string, Schema>,
	required: readonly string[],
): Schema => ({
	type: 'object',
	additionalProperties: false,
	properties,
	required,
});

export const listOf = (items: Schema): Schema => ({ type: 'array', items });
const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
export const oneOf = (...values: readonly string[]): Schema => ({ type: 'string', enum: values });

const pskMetadata = object({ last_generated_on: timestamp }, []);

const healthCheck = (target: Schema): Schema =>
	object(
		{
			enabled: boolean,
			rate: oneOf('low', 'mid', 'high'),
			type: oneOf('reply', 'request'),
			direction: oneOf('unidirectional', 'bidirectional'),
			target,
		},
		['enabled', 'rate', 'type', 'direction', 'target'],
	);

const bgp = object(
	{
		customer_asn: { type: 'integer', minimum: 0, maximum: 0x7fffffff },
		extra_prefixes: listOf(string),
		md5_key: { type: 'string', minLength: 1 },
		import_filter_id: string,
		export_filter_id: string,
	},
	['customer_asn'],
);

const port: Schema = { type: 'integer', minimum: 1, maximum: 65535 };
const bgpStatus = object(
	{
		state: oneOf('BGP_DOWN', 'BGP_UP', 'BGP_ESTABLISHING'),
		tcp_established: boolean,
		updated_at: timestamp,
		bgp_state: string,
		cf_speaker_ip: { type: 'string', format: 'ipv4' },
		cf_speaker_port: port,
		customer_speaker_ip: { type: 'string', format: 'ipv4' },
		customer_speaker_port: port,
	},
	['state', 'tcp_established', 'updated_at'],
);

const tunnel = (target: Schema): Schema =>
	object(
		{
			id: identifier,
			name: string,
			cloudflare_endpoint: string,
			interface_address: string,
			customer_endpoint: string,
			description: string,
			interface_address6: string,
			health_check: healthCheck(target),
			bgp,
			bgp_status: bgpStatus,
			custom_remote_identities: object({ fqdn_id: string }, []),
			remote_identities: object({ hex_id: string, fqdn_id: string, user_id: string }, [
				'hex_id',
				'fqdn_id',
				'user_id',
			]),
			automatic_return_routing: boolean,
			replay_protection: boolean,
			allow_null_cipher: boolean,
			psk_metadata: pskMetadata,
			created_on: timestamp,
			modified_on: timestamp,
		},
		['id', 'name', 'cloudflare_endpoint', 'interface_address'],
	);

/** T as answered with `x-magic-new-hc-target: true`. */
export const tunnelSchema = tunnel(
	object({ saved: string, effective: string }, ['saved', 'effective']),
);
/** T as answered without that header. */
export const legacyTunnelSchema = tunnel(string);

/** @param more what else the envelope has */
export const success = (result: Schema, more: Record<string, Schema> = {}): Schema =>
	object(
		{
			result,
			success: { const: true },
			errors: { type: 'array', maxItems: 0 },
			messages: { type: 'array' },
			...more,
		},
		['result', 'success', 'errors', 'messages', ...Object.keys(more)],
	);

const appliedPsk = object(
	{ ipsec_tunnel_id: identifier, ipsec_id: string, psk: string, psk_metadata: pskMetadata },
	['ipsec_tunnel_id', 'ipsec_id', 'psk', 'psk_metadata'],
);

/** @param T form of a tunnel in these answers */
export const answerSchemas = (T: Schema) => ({
	list: success(object({ ipsec_tunnels: listOf(T) }, ['ipsec_tunnels'])),
	create: success(T),
	legacyCreate: success(object({ ipsec_tunnels: listOf(T) }, ['ipsec_tunnels'])),
	bulkUpdate: success(
		object({ modified: boolean, modified_ipsec_tunnels: listOf(T) }, [
			'modified',
			'modified_ipsec_tunnels',
		]),
	),
	get: success(object({ ipsec_tunnel: T }, ['ipsec_tunnel'])),
	update: success(
		object({ modified: boolean, modified_ipsec_tunnel: T }, ['modified', 'modified_ipsec_tunnel']),
	),
	delete: success(
		object({ deleted: boolean, deleted_ipsec_tunnel: T }, ['deleted', 'deleted_ipsec_tunnel']),
	),
	pskGenerate: success(appliedPsk),
	pskSet: success(
		object({ successfully_applied_psks: mapOf(appliedPsk), unapplied_psks: mapOf(string) }, [
			'successfully_applied_psks',
			'unapplied_psks',
		]),
	),
});

const errorInfo = object(
	{
		// The document says at least 1000, but 0 and 971 were observed.
		code: { type: 'integer', minimum: 0 },
		message: { type: 'string', minLength: 1 },
		documentation_url: { type: 'string', format: 'uri' },
		source: object({ pointer: string }, []),
		error_chain: listOf(
			object({ code: { type: 'integer' }, message: string }, ['code', 'message']),
		),
	},
	['code', 'message'],
);

export const failureSchema = object(
	{
		result: { type: 'null' },
		success: { const: false },
		errors: { type: 'array', items: errorInfo, minItems: 1 },
		messages: { type: 'array' },
	},
	['result', 'success', 'errors', 'messages'],
);
