import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { inputError } from '../../shared/errors';
import type { BgpConfig, HealthCheck, IpsecTunnel, IpsecTunnelBody } from '../../api/types';
import { keyFault } from '../keys/key';
import {
	asnFault,
	fqdnFault,
	interfaceAddress6Fault,
	interfaceAddressFault,
	isAddress,
	isPrefix,
	md5KeyFault,
} from './addresses';

/** The fields of a tunnel that an item gives; what it does not give is absent, never null. */
export type GivenFields = Partial<Omit<IpsecTunnelBody, 'bgp'>> & { bgp?: Partial<BgpConfig> };

export const nameField: INodeProperties = {
	displayName: 'Name',
	name: 'name',
	type: 'string',
	default: '',
	placeholder: 'e.g. IPsec_1',
	description: 'The name of the tunnel, which no other tunnel of the account may have',
};

export const cloudflareEndpointField: INodeProperties = {
	displayName: 'Cloudflare Endpoint',
	name: 'cloudflareEndpoint',
	type: 'string',
	default: '',
	placeholder: 'e.g. 162.159.64.1',
	description: "The address of Cloudflare's side of the tunnel: an anycast address of your account",
};

export const interfaceAddressField: INodeProperties = {
	displayName: 'Interface Address',
	name: 'interfaceAddress',
	type: 'string',
	default: '',
	placeholder: 'e.g. 10.0.0.0/31',
	description: "The private address of Cloudflare's side inside the tunnel, with /31 or /30",
};

/** The fields that every tunnel may leave out, in alphabetical order. */
export const optionalFields: INodeProperties[] = [
	{
		displayName: 'Automatic Return Routing',
		name: 'automaticReturnRouting',
		type: 'boolean',
		default: false,
		description:
			'Whether answers take the tunnel that the request came through (needs the account flag coupler_integration)',
	},
	{
		displayName: 'BGP Customer ASN',
		name: 'bgpCustomerAsn',
		type: 'number',
		default: 65000,
		description: 'The autonomous system number of your side; the other BGP fields need it',
	},
	{
		displayName: 'BGP Export Filter ID',
		name: 'bgpExportFilterId',
		type: 'string',
		default: '',
		description: 'The BGP filter profile for the routes that Cloudflare advertises to you',
	},
	{
		displayName: 'BGP Extra Prefixes',
		name: 'bgpExtraPrefixes',
		type: 'string',
		default: '',
		placeholder: 'e.g. 10.1.0.0/16, 10.2.0.0/16',
		description:
			'Prefixes to advertise to your router besides the routing table, with commas between',
	},
	{
		displayName: 'BGP Import Filter ID',
		name: 'bgpImportFilterId',
		type: 'string',
		default: '',
		description: 'The BGP filter profile for the routes that Cloudflare receives from you',
	},
	{
		displayName: 'BGP MD5 Key',
		name: 'bgpMd5Key',
		type: 'string',
		typeOptions: { password: true },
		default: '',
		description:
			'Key against misconfiguration of the BGP session; Cloudflare does not treat it as a secret',
	},
	{
		displayName: 'Custom Remote Identity (FQDN)',
		name: 'customFqdnId',
		type: 'string',
		default: '',
		placeholder: 'e.g. site1.12345.custom.ipsec.cloudflare.com',
		description: 'An IKE identity of your own choice for the tunnel',
	},
	{
		displayName: 'Customer Endpoint',
		name: 'customerEndpoint',
		type: 'string',
		default: '',
		placeholder: 'e.g. 203.0.113.1',
		description: 'The address of your side of the tunnel',
	},
	{
		displayName: 'Description',
		name: 'description',
		type: 'string',
		default: '',
		description: 'A text for people',
	},
	{
		displayName: 'Health Check Direction',
		name: 'healthCheckDirection',
		type: 'options',
		options: [
			{
				name: 'Bidirectional',
				value: 'bidirectional',
				description: 'Probe and answer go through the tunnel',
			},
			{
				name: 'Unidirectional',
				value: 'unidirectional',
				description: 'The answer comes back over the Internet',
			},
		],
		default: 'unidirectional',
		description: 'Which way the health check takes',
	},
	{
		displayName: 'Health Check Enabled',
		name: 'healthCheckEnabled',
		type: 'boolean',
		default: true,
		description: 'Whether Cloudflare checks the health of the tunnel',
	},
	{
		displayName: 'Health Check Rate',
		name: 'healthCheckRate',
		type: 'options',
		options: [
			{ name: 'High', value: 'high' },
			{ name: 'Low', value: 'low' },
			{ name: 'Mid', value: 'mid' },
		],
		default: 'mid',
		description: 'How often the health check runs',
	},
	{
		displayName: 'Health Check Target',
		name: 'healthCheckTarget',
		type: 'string',
		default: '',
		placeholder: 'e.g. 203.0.113.1',
		description:
			"The address that a check of type Request is sent to; empty for Cloudflare's default. Ignored for bidirectional checks.",
	},
	{
		displayName: 'Health Check Type',
		name: 'healthCheckType',
		type: 'options',
		options: [
			{ name: 'Reply', value: 'reply' },
			{ name: 'Request', value: 'request' },
		],
		default: 'reply',
		description: 'The ICMP message that the health check sends',
	},
	{
		displayName: 'Interface Address (IPv6)',
		name: 'interfaceAddress6',
		type: 'string',
		default: '',
		placeholder: 'e.g. 2606:54c1:7:0:a9fe:12d2:1:200/127',
		description: "The IPv6 address of Cloudflare's side inside the tunnel, with /127",
	},
	{
		displayName: 'Pre-Shared Key',
		name: 'psk',
		type: 'string',
		typeOptions: { password: true },
		default: '',
		placeholder: 'e.g. ={{ $json.psk }}',
		description:
			'The key of the tunnel, best given by an expression: Cloudflare never shows it again, and no output of this operation holds it',
	},
	{
		displayName: 'Replay Protection',
		name: 'replayProtection',
		type: 'boolean',
		default: false,
		description: 'Whether IPsec replay protection is supported towards your side',
	},
];

/** What is wrong with a value, or undefined. */
type Check = (value: string) => string | undefined;

const address: Check = (value) =>
	isAddress(value) ? undefined : 'must be an IPv4 or IPv6 address';

const anything: Check = () => undefined;

function oneOf(...allowed: string[]): Check {
	return (value) => (allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}`);
}

/** Reads the fields of one item and gathers what is wrong with them. */
class FieldReader {
	readonly faults: string[] = [];

	constructor(private readonly values: IDataObject) {}

	text(name: string, label: string, check: Check): string | undefined {
		const value = this.values[name];
		if (value === undefined || value === null) return undefined;
		if (typeof value !== 'string') return this.fault(label, 'must be a text');
		const trimmed = value.trim();
		if (trimmed === '') return undefined;
		const fault = check(trimmed);
		return fault === undefined ? trimmed : this.fault(label, fault);
	}

	/** Like `text`, but an empty text is a value too. */
	textOrEmpty(name: string, label: string, check: Check): string | undefined {
		const value = this.values[name];
		return typeof value === 'string' && value.trim() === '' ? '' : this.text(name, label, check);
	}

	boolean(name: string, label: string): boolean | undefined {
		const value = this.values[name];
		if (value === undefined || value === null) return undefined;
		return typeof value === 'boolean' ? value : this.fault(label, 'must be true or false');
	}

	number(name: string, label: string, check: (value: number) => string | undefined) {
		const value = this.values[name];
		if (value === undefined || value === null || value === '') return undefined;
		const number = typeof value === 'string' ? Number(value) : value;
		if (typeof number !== 'number') return this.fault(label, 'must be a number');
		const fault = check(number);
		return fault === undefined ? number : this.fault(label, fault);
	}

	list(name: string, label: string, check: Check): string[] | undefined {
		const value = this.values[name];
		const parts = Array.isArray(value)
			? value.map(String)
			: this.text(name, label, anything)?.split(',');
		const entries = parts?.map((part) => part.trim()).filter((part) => part !== '');
		if (entries === undefined || entries.length === 0) return undefined;
		const faults = entries.map(check).filter((fault) => fault !== undefined);
		return faults[0] === undefined ? entries : this.fault(label, faults[0]);
	}

	secret(name: string, label: string, check: (value: unknown) => string | undefined) {
		const value = this.values[name];
		if (value === undefined) return undefined;
		const fault = check(value);
		return fault === undefined ? (value as string) : this.fault(label, fault);
	}

	fault(label: string, what: string): undefined {
		this.faults.push(`'${label}' ${what}`);
		return undefined;
	}
}

/** An object without its undefined members, or undefined if none is left. */
function compact<T extends object>(value: T): T | undefined {
	const entries = Object.entries(value).filter(([, member]) => member !== undefined);
	return entries.length === 0 ? undefined : (Object.fromEntries(entries) as T);
}

function readHealthCheck(reader: FieldReader): HealthCheck | undefined {
	const target = reader.textOrEmpty('healthCheckTarget', 'Health Check Target', address);
	return compact<HealthCheck>({
		enabled: reader.boolean('healthCheckEnabled', 'Health Check Enabled'),
		rate: reader.text('healthCheckRate', 'Health Check Rate', oneOf('low', 'mid', 'high')) as
			| HealthCheck['rate']
			| undefined,
		type: reader.text('healthCheckType', 'Health Check Type', oneOf('reply', 'request')) as
			| HealthCheck['type']
			| undefined,
		direction: reader.text(
			'healthCheckDirection',
			'Health Check Direction',
			oneOf('unidirectional', 'bidirectional'),
		) as HealthCheck['direction'] | undefined,
		target: target === undefined ? undefined : { saved: target },
	});
}

function readBgp(reader: FieldReader): Partial<BgpConfig> | undefined {
	return compact<Partial<BgpConfig>>({
		customer_asn: reader.number('bgpCustomerAsn', 'BGP Customer ASN', asnFault),
		extra_prefixes: reader.list('bgpExtraPrefixes', 'BGP Extra Prefixes', (prefix) =>
			isPrefix(prefix) ? undefined : 'must hold prefixes such as 10.1.0.0/16',
		),
		md5_key: reader.secret('bgpMd5Key', 'BGP MD5 Key', (value) =>
			typeof value === 'string' ? md5KeyFault(value) : 'must be a text',
		),
		import_filter_id: reader.text('bgpImportFilterId', 'BGP Import Filter ID', anything),
		export_filter_id: reader.text('bgpExportFilterId', 'BGP Export Filter ID', anything),
	});
}

/** The fields that values of the node's parameters give, and what is wrong with them. */
export function readFields(values: IDataObject): { given: GivenFields; faults: string[] } {
	const reader = new FieldReader(values);
	const fqdn = reader.text('customFqdnId', 'Custom Remote Identity (FQDN)', fqdnFault);
	const given = compact<GivenFields>({
		name: reader.text('name', 'Name', anything),
		cloudflare_endpoint: reader.text('cloudflareEndpoint', 'Cloudflare Endpoint', address),
		interface_address: reader.text('interfaceAddress', 'Interface Address', interfaceAddressFault),
		customer_endpoint: reader.text('customerEndpoint', 'Customer Endpoint', address),
		description: reader.textOrEmpty('description', 'Description', anything),
		interface_address6: reader.text(
			'interfaceAddress6',
			'Interface Address (IPv6)',
			interfaceAddress6Fault,
		),
		psk: reader.secret('psk', 'Pre-Shared Key', keyFault),
		replay_protection: reader.boolean('replayProtection', 'Replay Protection'),
		automatic_return_routing: reader.boolean('automaticReturnRouting', 'Automatic Return Routing'),
		health_check: readHealthCheck(reader),
		bgp: readBgp(reader),
		custom_remote_identities: fqdn === undefined ? undefined : { fqdn_id: fqdn },
	});
	return { given: given ?? {}, faults: reader.faults };
}

const REQUIRED = [
	['name', 'Name'],
	['cloudflare_endpoint', 'Cloudflare Endpoint'],
	['interface_address', 'Interface Address'],
] as const;

/** What a body that is to be a whole tunnel lacks. */
export function missingFields(body: GivenFields, faults: readonly string[] = []): string[] {
	const missing: string[] = REQUIRED.filter(
		([field, label]) =>
			body[field] === undefined && !faults.some((fault) => fault.startsWith(`'${label}'`)),
	).map(([, label]) => `'${label}' is missing`);
	if (
		body.bgp !== undefined &&
		body.bgp.customer_asn === undefined &&
		!faults.some((fault) => fault.startsWith("'BGP Customer ASN'"))
	) {
		missing.push("'BGP Customer ASN' is missing: the other BGP fields need it");
	}
	return missing;
}

/**
 * Throws one error that names all faults of an item.
 *
 * @throws NodeOperationError if there are any
 */
export function refuseFaults(
	context: IExecuteFunctions,
	itemIndex: number,
	faults: readonly string[],
): void {
	if (faults.length === 0) return;
	throw inputError(
		context.getNode(),
		faults.length === 1
			? `The tunnel can't be sent to Cloudflare: ${faults[0]}`
			: `The tunnel can't be sent to Cloudflare: ${faults.length} fields need a correction`,
		`${faults.join('; ')}. Nothing was changed.`,
		itemIndex,
	);
}

/** The fields of a tunnel that Cloudflare takes back; what it only reports is left out. */
function writable(tunnel: IpsecTunnel): GivenFields {
	const target = tunnel.health_check?.target;
	const saved = typeof target === 'string' ? target : target?.saved;
	const present = (value: unknown) => value !== undefined && value !== null;
	const body: GivenFields = {
		name: tunnel.name,
		cloudflare_endpoint: tunnel.cloudflare_endpoint,
		interface_address: tunnel.interface_address,
		customer_endpoint: tunnel.customer_endpoint,
		description: tunnel.description,
		interface_address6: tunnel.interface_address6,
		replay_protection: tunnel.replay_protection,
		automatic_return_routing: tunnel.automatic_return_routing,
		health_check: present(tunnel.health_check)
			? withoutNulls({
					...tunnel.health_check,
					target: saved === undefined ? undefined : { saved },
				})
			: undefined,
		bgp: present(tunnel.bgp) ? withoutNulls({ ...tunnel.bgp }) : undefined,
		custom_remote_identities: present(tunnel.custom_remote_identities)
			? withoutNulls({ ...tunnel.custom_remote_identities })
			: undefined,
	};
	return withoutNulls(body) ?? {};
}

/** Cloudflare refuses null (code 1022), so what it answers as null is not sent back. */
function withoutNulls<T extends object>(value: T): T | undefined {
	return compact(
		Object.fromEntries(
			Object.entries(value).map(([key, member]) => [key, member === null ? undefined : member]),
		) as T,
	);
}

/** A tunnel as it is with what an item gives laid over it. */
export function overlay(tunnel: IpsecTunnel, given: GivenFields): GivenFields {
	const current = writable(tunnel);
	return {
		...current,
		...given,
		...(given.health_check && { health_check: { ...current.health_check, ...given.health_check } }),
		...(given.bgp && { bgp: { ...current.bgp, ...given.bgp } }),
		...(given.custom_remote_identities && {
			custom_remote_identities: {
				...current.custom_remote_identities,
				...given.custom_remote_identities,
			},
		}),
	};
}
