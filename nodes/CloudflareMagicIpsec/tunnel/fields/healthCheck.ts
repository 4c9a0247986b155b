import type { FieldTable } from './field';
import { flag, oneOf, textOrEmpty } from './readers';
import { address } from './tunnel';

/** The fields of a tunnel's health check. */
export const healthCheckFields = {
	'health_check.enabled': {
		property: {
			displayName: 'Health Check Enabled',
			name: 'healthCheckEnabled',
			type: 'boolean',
			default: true,
			description: 'Whether Cloudflare checks the health of the tunnel',
		},
		read: flag,
	},
	'health_check.rate': {
		property: {
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
		read: oneOf('low', 'mid', 'high'),
	},
	'health_check.type': {
		property: {
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
		read: oneOf('reply', 'request'),
	},
	'health_check.direction': {
		property: {
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
		read: oneOf('unidirectional', 'bidirectional'),
	},
	'health_check.target.saved': {
		property: {
			displayName: 'Health Check Target',
			name: 'healthCheckTarget',
			type: 'string',
			default: '',
			placeholder: 'e.g. 203.0.113.1',
			description:
				"The address that a check of type Request is sent to; empty for Cloudflare's default. Ignored for bidirectional checks.",
		},
		read: textOrEmpty(address),
	},
} satisfies Partial<FieldTable>;
