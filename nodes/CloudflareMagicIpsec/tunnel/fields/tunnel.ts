import { fqdnFault, interfaceAddress6Fault, interfaceAddressFault, isAddress } from '../addresses';
import type { FieldTable } from './field';
import type { Check } from './readers';
import { flag, text, textOrEmpty } from './readers';

export const address: Check = (value) =>
	isAddress(value) ? undefined : 'must be an IPv4 or IPv6 address';

/** The fields of the tunnel itself, in the order in which Cloudflare documents them. */
export const tunnelFields = {
	name: {
		property: {
			displayName: 'Name',
			name: 'name',
			type: 'string',
			default: '',
			placeholder: 'e.g. IPsec_1',
			description: 'The name of the tunnel, which no other tunnel of the account may have',
		},
		read: text(),
		required: 'always',
	},
	cloudflare_endpoint: {
		property: {
			displayName: 'Cloudflare Endpoint',
			name: 'cloudflareEndpoint',
			type: 'string',
			default: '',
			placeholder: 'e.g. 162.159.64.1',
			description:
				"The address of Cloudflare's side of the tunnel: an anycast address of your account",
		},
		read: text(address),
		required: 'always',
	},
	interface_address: {
		property: {
			displayName: 'Interface Address',
			name: 'interfaceAddress',
			type: 'string',
			default: '',
			placeholder: 'e.g. 10.0.0.0/31',
			description: "The private address of Cloudflare's side inside the tunnel, with /31 or /30",
		},
		read: text(interfaceAddressFault),
		required: 'always',
	},
	customer_endpoint: {
		property: {
			displayName: 'Customer Endpoint',
			name: 'customerEndpoint',
			type: 'string',
			default: '',
			placeholder: 'e.g. 203.0.113.1',
			description: 'The address of your side of the tunnel',
		},
		read: text(address),
	},
	description: {
		property: {
			displayName: 'Description',
			name: 'description',
			type: 'string',
			default: '',
			description: 'A text for people',
		},
		read: textOrEmpty(),
	},
	interface_address6: {
		property: {
			displayName: 'Interface Address (IPv6)',
			name: 'interfaceAddress6',
			type: 'string',
			default: '',
			placeholder: 'e.g. 2606:54c1:7:0:a9fe:12d2:1:200/127',
			description: "The IPv6 address of Cloudflare's side inside the tunnel, with /127",
		},
		read: text(interfaceAddress6Fault),
	},
	psk: {
		property: {
			displayName: 'Pre-Shared Key',
			name: 'psk',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			placeholder: 'e.g. ={{ $json.psk }}',
			description:
				'The key of the tunnel, by an expression: Cloudflare never shows it again, no output of this operation holds it, and a key that is typed in here would be stored in the workflow',
		},
		read: 'givenKey',
		secret: true,
	},
	replay_protection: {
		property: {
			displayName: 'Replay Protection',
			name: 'replayProtection',
			type: 'boolean',
			default: false,
			description: 'Whether IPsec replay protection is supported towards your side',
		},
		read: flag,
	},
	automatic_return_routing: {
		property: {
			displayName: 'Automatic Return Routing',
			name: 'automaticReturnRouting',
			type: 'boolean',
			default: false,
			description:
				'Whether answers take the tunnel that the request came through (needs the account flag coupler_integration)',
		},
		read: flag,
	},
	'custom_remote_identities.fqdn_id': {
		property: {
			displayName: 'Custom Remote Identity (FQDN)',
			name: 'customFqdnId',
			type: 'string',
			default: '',
			placeholder: 'e.g. site1.12345.custom.ipsec.cloudflare.com',
			description: 'An IKE identity of your own choice for the tunnel',
		},
		read: text(fqdnFault),
	},
} satisfies Partial<FieldTable>;
