import { asnFault, isPrefix, md5KeyFault } from '../addresses';
import type { FieldTable } from './field';
import { list, number, secret, text } from './readers';

/** The fields of a tunnel's BGP session. */
export const bgpFields = {
	'bgp.customer_asn': {
		property: {
			displayName: 'BGP Customer ASN',
			name: 'bgpCustomerAsn',
			type: 'number',
			default: 65000,
			description: 'The autonomous system number of your side; the other BGP fields need it',
		},
		read: number(asnFault),
		required: 'with its siblings',
	},
	'bgp.extra_prefixes': {
		property: {
			displayName: 'BGP Extra Prefixes',
			name: 'bgpExtraPrefixes',
			type: 'string',
			default: '',
			placeholder: 'e.g. 10.1.0.0/16, 10.2.0.0/16',
			description:
				'Prefixes to advertise to your router besides the routing table, with commas between',
		},
		read: list((prefix) =>
			isPrefix(prefix) ? undefined : 'must hold prefixes such as 10.1.0.0/16',
		),
	},
	'bgp.md5_key': {
		property: {
			displayName: 'BGP MD5 Key',
			name: 'bgpMd5Key',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description:
				"Key of the BGP session; no output holds it but those of Get and Get Many with 'Include BGP MD5 Key'",
		},
		read: secret(md5KeyFault),
		secret: true,
	},
	'bgp.import_filter_id': {
		property: {
			displayName: 'BGP Import Filter ID',
			name: 'bgpImportFilterId',
			type: 'string',
			default: '',
			description: 'The BGP filter profile for the routes that Cloudflare receives from you',
		},
		read: text(),
	},
	'bgp.export_filter_id': {
		property: {
			displayName: 'BGP Export Filter ID',
			name: 'bgpExportFilterId',
			type: 'string',
			default: '',
			description: 'The BGP filter profile for the routes that Cloudflare advertises to you',
		},
		read: text(),
	},
} satisfies Partial<FieldTable>;
