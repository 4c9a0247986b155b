import type { Fields } from './bodyReader';
import { BodyReader, isObject } from './bodyReader';
import { invalidRequest } from './envelope';
import { ipv4ToNumber, ipv6ToBigInt, isIp, parseCidr } from './addresses';
import type { BgpConfig, Json, JsonObject, Tunnel, TunnelChange } from './types';

type Reader<T> = (value: unknown, pointer: string) => T;

/** What the rules depend on besides the request itself. */
export interface ValidationContext {
	accountId: string;
	/** For error texts: `creating IPsec Tunnel`, ... */
	doing: string;
	/** x-magic-new-hc-target: true means that a health check's target is an object. */
	objectTarget: boolean;
	couplerIntegration: boolean;
	leasedEndpoints?: readonly string[] | undefined;
	/** Names of fields that only this account knows. */
	extraFields: readonly string[];
}

/**
 * Every field of a tunnel that is known.
 * GUESS: those of an answer that are not configuration are ignored in requests, so that a client may send
 * back what it read.
 */
export const TUNNEL_FIELDS: Readonly<Record<keyof Tunnel | 'psk', 'taken' | 'ignored'>> = {
	id: 'ignored',
	name: 'taken',
	cloudflare_endpoint: 'taken',
	interface_address: 'taken',
	customer_endpoint: 'taken',
	description: 'taken',
	interface_address6: 'taken',
	health_check: 'taken',
	bgp: 'taken',
	bgp_status: 'ignored',
	custom_remote_identities: 'taken',
	remote_identities: 'ignored',
	automatic_return_routing: 'taken',
	replay_protection: 'taken',
	allow_null_cipher: 'taken',
	psk: 'taken',
	psk_metadata: 'ignored',
	created_on: 'ignored',
	modified_on: 'ignored',
};

// "The name cannot share a name with other tunnels" (spec); "cannot contain spaces or special
// characters" (magic-transit configure-tunnel-endpoints), and no length limit for IPsec tunnels.
// GUESS: special is everything but letters, digits, hyphen and underscore.
const NAME = /^[A-Za-z0-9_-]+$/;

// `'!@#$%^&*()+[]{}<>/.,;:_-~`= \|` and alphanumerics: printable ASCII without `"` and `?` (spec).
const MD5_KEY = /^[\x20-\x7e]+$/;
const MD5_KEY_FORBIDDEN = /["?]/;

const PRIVATE_RANGES: readonly [string, number][] = [
	['10.0.0.0', 8],
	['172.16.0.0', 12],
	['192.168.0.0', 16],
	['169.254.240.0', 20],
];

const isPrivate = (address: string): boolean =>
	PRIVATE_RANGES.some(
		([network, length]) =>
			ipv4ToNumber(address) >>> (32 - length) === ipv4ToNumber(network) >>> (32 - length),
	);

/** Reads one field after the other; every rule says where Cloudflare states it. */
export class TunnelReader {
	private readonly read: BodyReader;

	constructor(private readonly context: ValidationContext) {
		this.read = new BodyReader(context.doing);
	}

	private readonly name: Reader<string> = (value, pointer) => {
		const name = this.read.string(value, pointer);
		// GUESS: the empty name is refused.
		if (name === '') throw invalidRequest('name is required', pointer);
		if (!NAME.test(name)) {
			throw invalidRequest('name cannot contain spaces or special characters', pointer);
		}
		return name;
	};

	private readonly endpoint: Reader<string> = (value, pointer) => {
		const endpoint = this.read.string(value, pointer);
		if (!isIp(endpoint)) {
			throw invalidRequest(`${pointer.slice(1)} must be an IPv4 or IPv6 address`, pointer);
		}
		return endpoint;
	};

	private readonly cloudflareEndpoint: Reader<string> = (value, pointer) => {
		const endpoint = this.endpoint(value, pointer);
		const { leasedEndpoints } = this.context;
		// GUESS: "an anycast address leased to the account" is enforced, and with this text.
		if (leasedEndpoints && !leasedEndpoints.includes(endpoint)) {
			throw invalidRequest('cloudflare_endpoint is not assigned to this account', pointer);
		}
		return endpoint;
	};

	// GUESS: the empty string clears an optional endpoint, as null is refused.
	private readonly customerEndpoint: Reader<string> = (value, pointer) =>
		value === '' ? '' : this.endpoint(value, pointer);

	/** /31 by the spec, /30 by the docs, from the ranges that the docs name. */
	private readonly interfaceAddress: Reader<string> = (value, pointer) => {
		const text = this.read.string(value, pointer);
		const cidr = parseCidr(text);
		if (cidr?.version !== 4 || (cidr.length !== 31 && cidr.length !== 30)) {
			throw invalidRequest('interface_address must be an IPv4 /31 or /30 prefix', pointer);
		}
		if (!isPrivate(cidr.address)) {
			throw invalidRequest(
				'interface_address must be in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 169.254.240.0/20',
				pointer,
			);
		}
		// GUESS: in a /30 the network's and the broadcast address are refused.
		if (cidr.length === 30 && [0, 3].includes(ipv4ToNumber(cidr.address) % 4)) {
			throw invalidRequest('interface_address must be a host address of its /30', pointer);
		}
		return text;
	};

	/** "A 127 bit IPV6 prefix [...] the address being the first IP of the subnet" (spec). */
	// GUESS: the empty string clears it. Not simulated: the account's virtual_subnet6.
	private readonly interfaceAddress6: Reader<string> = (value, pointer) => {
		const text = this.read.string(value, pointer);
		if (text === '') return text;
		const cidr = parseCidr(text);
		if (cidr?.version !== 6 || cidr.length !== 127) {
			throw invalidRequest('interface_address6 must be an IPv6 /127 prefix', pointer);
		}
		if (ipv6ToBigInt(cidr.address) % 2n !== 0n) {
			throw invalidRequest('interface_address6 must be the first address of its subnet', pointer);
		}
		return text;
	};

	private choice<const T extends string>(choices: readonly T[]): Reader<T> {
		return (value, pointer) => {
			const text = this.read.string(value, pointer);
			const found = choices.find((choice) => choice === text);
			if (found === undefined) {
				throw invalidRequest(`${pointer.slice(1)} must be one of ${choices.join(', ')}`, pointer);
			}
			return found;
		};
	}

	// GUESS: a saved target that is no IP address is refused; "" is documented as "use the default".
	private readonly targetAddress: Reader<string> = (value, pointer) => {
		const address = this.read.string(value, pointer);
		if (address !== '' && !isIp(address)) {
			throw invalidRequest('health_check.target must be an IP address or empty', pointer);
		}
		return address;
	};

	/** "Must be in object form if the x-magic-new-hc-target header is set to true and string form if
	 * x-magic-new-hc-target is absent or set to false" (spec). */
	private readonly target: Reader<string | undefined> = (value, pointer) => {
		if (value !== null && isObject(value) !== this.context.objectTarget) {
			throw invalidRequest(
				this.context.objectTarget
					? 'health_check.target must be an object when x-magic-new-hc-target is true'
					: 'health_check.target must be a string unless x-magic-new-hc-target is true',
				pointer,
			);
		}
		if (!this.context.objectTarget) return this.targetAddress(value, pointer);
		const { saved, effective } = this.read.object(value, pointer, ['saved', 'effective']);
		// "effective [...] Ignored in POST, PUT, and PATCH requests" (spec).
		// GUESS: its type is checked all the same.
		if (effective !== undefined) this.read.string(effective, `${pointer}/effective`);
		return saved === undefined ? undefined : this.targetAddress(saved, `${pointer}/saved`);
	};

	private readonly healthCheck: Reader<NonNullable<TunnelChange['health_check']>> = (
		value,
		pointer,
	) => {
		const fields = this.read.object(value, pointer, [
			'enabled',
			'rate',
			'type',
			'direction',
			'target',
		]);
		return this.each<NonNullable<TunnelChange['health_check']>>(fields, pointer, {
			enabled: (field, at) => this.read.boolean(field, at),
			rate: this.choice(['low', 'mid', 'high']),
			type: this.choice(['reply', 'request']),
			direction: this.choice(['unidirectional', 'bidirectional']),
			target: this.target,
		});
	};

	private readonly bgp: Reader<BgpConfig> = (value, pointer) => {
		const fields = this.read.object(value, pointer, [
			'customer_asn',
			'extra_prefixes',
			'md5_key',
			'import_filter_id',
			'export_filter_id',
		]);
		if (fields.customer_asn === undefined) {
			throw invalidRequest('bgp.customer_asn is required', `${pointer}/customer_asn`);
		}
		return this.each<BgpConfig>(fields, pointer, {
			// int32, minimum 0 (spec). GUESS: that format is enforced, so larger 4-byte ASNs are refused.
			customer_asn: (field, at) => {
				const asn = this.read.integer(field, at);
				if (asn < 0 || asn > 0x7fffffff) {
					throw invalidRequest('bgp.customer_asn must be between 0 and 2147483647', at);
				}
				return asn;
			},
			extra_prefixes: (field, at) =>
				this.read.array(field, at).map((entry, index) => {
					const prefix = this.read.string(entry, `${at}/${index}`);
					if (!parseCidr(prefix)) {
						throw invalidRequest('bgp.extra_prefixes must hold CIDR prefixes', `${at}/${index}`);
					}
					return prefix;
				}),
			md5_key: (field, at) => {
				const key = this.read.string(field, at);
				if (!MD5_KEY.test(key) || MD5_KEY_FORBIDDEN.test(key)) {
					throw invalidRequest('bgp.md5_key is empty or has a character that is not allowed', at);
				}
				return key;
			},
			// GUESS: whether a filter profile of that id exists is not checked.
			import_filter_id: (field, at) => this.read.string(field, at),
			export_filter_id: (field, at) => this.read.string(field, at),
		}) as BgpConfig;
	};

	/** "Must be of the form `<custom label>.<account ID>.custom.ipsec.cloudflare.com`" (spec). */
	// GUESS: the account ID in it is the 32-hex one, the label is one DNS label, "" clears it.
	private readonly customIdentities: Reader<{ fqdn_id?: string }> = (value, pointer) => {
		const { fqdn_id: fqdnId } = this.read.object(value, pointer, ['fqdn_id']);
		if (fqdnId === undefined) return {};
		const text = this.read.string(fqdnId, `${pointer}/fqdn_id`);
		if (text === '') return {};
		const suffix = `.${this.context.accountId}.custom.ipsec.cloudflare.com`;
		const label = text.endsWith(suffix) ? text.slice(0, -suffix.length) : '';
		if (!/^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label)) {
			throw invalidRequest(
				'custom_remote_identities.fqdn_id must be of the form <custom label>.<account ID>.custom.ipsec.cloudflare.com',
				`${pointer}/fqdn_id`,
			);
		}
		return { fqdn_id: text };
	};

	/** "Requests setting this to `true` without that flag will be rejected" (spec). */
	private readonly automaticReturnRouting: Reader<boolean> = (value, pointer) => {
		const wanted = this.read.boolean(value, pointer);
		if (wanted && !this.context.couplerIntegration) {
			throw invalidRequest(
				'automatic_return_routing requires the coupler_integration account flag',
				pointer,
			);
		}
		return wanted;
	};

	/** The spec knows no length and no alphabet; `abcde` was accepted live. */
	readonly psk: Reader<string> = (value, pointer) => {
		const psk = this.read.string(value, pointer);
		// GUESS: the empty string is refused.
		if (psk === '') throw invalidRequest('psk must not be empty', pointer);
		return psk;
	};

	/** Reads the fields that are there; explicit null reaches the reader, which refuses it. */
	private each<T extends object>(
		fields: Fields,
		pointer: string,
		readers: { [K in keyof T]-?: Reader<T[K] | undefined> },
	): Partial<T> {
		const result: Partial<T> = {};
		for (const name of Object.keys(readers) as (keyof T & string)[]) {
			if (fields[name] === undefined) continue;
			const value = readers[name](fields[name], `${pointer}/${name}`);
			if (value !== undefined) result[name] = value;
		}
		return result;
	}

	private readonly change: {
		[K in Exclude<keyof TunnelChange, 'extra'>]-?: Reader<TunnelChange[K]>;
	} = {
		name: this.name,
		cloudflare_endpoint: this.cloudflareEndpoint,
		interface_address: this.interfaceAddress,
		customer_endpoint: this.customerEndpoint,
		description: (value, pointer) => this.read.string(value, pointer),
		interface_address6: this.interfaceAddress6,
		health_check: this.healthCheck,
		bgp: this.bgp,
		custom_remote_identities: this.customIdentities,
		automatic_return_routing: this.automaticReturnRouting,
		replay_protection: (value, pointer) => this.read.boolean(value, pointer),
		// Response-only in the spec, but cloudflare-go v0 sends it and Terraform v4 let users set it.
		allow_null_cipher: (value, pointer) => this.read.boolean(value, pointer),
		psk: this.psk,
	};

	/**
	 * @param whole whether the fields that the spec requires must be there
	 * @throws Refusal for the first rule that is broken
	 */
	tunnel(body: unknown, pointer: string, whole: boolean): TunnelChange {
		const fields = this.read.object(body, pointer, [
			...Object.keys(TUNNEL_FIELDS),
			...this.context.extraFields,
		]);
		for (const name of ['name', 'cloudflare_endpoint', 'interface_address']) {
			if (whole && fields[name] === undefined) {
				throw invalidRequest(`${name} is required`, `${pointer}/${name}`);
			}
		}
		const extra = this.extra(fields, pointer);
		return {
			...this.each<Omit<TunnelChange, 'extra'>>(fields, pointer, this.change),
			...(Object.keys(extra).length > 0 && { extra }),
		};
	}

	private extra(fields: Fields, pointer: string): JsonObject {
		const sent = this.context.extraFields.filter((name) => fields[name] !== undefined);
		return Object.fromEntries(
			sent.map((name) => {
				if (fields[name] === null) throw invalidRequest(`${name} is null`, `${pointer}/${name}`);
				return [name, fields[name] as Json];
			}),
		);
	}
}
