import type { INode, INodeProperties } from 'n8n-workflow';
import type { MagicAlertType } from '../api/alertingTypes';
import { authenticationProperty } from '../shared/connection';
import { inputError } from '../shared/errors';
import type { JsonRecord } from '../http/json';
import { record } from '../http/json';
import {
	accountIdOption,
	optionsCollection,
	refuseUnreadOptions,
	timeoutOption,
} from '../shared/options';
import type { AlertEvent } from './alert';

const ALERT_TYPES: readonly MagicAlertType[] = [
	'magic_tunnel_health_check_event',
	'magic_wan_tunnel_health',
];

/** Minutes; Cloudflare allows 5 minutes to 7 days. */
const INTERVAL = { min: 5, max: 10_080 };

export const properties: INodeProperties[] = [
	authenticationProperty,
	{
		displayName: 'Alert Type',
		name: 'alertType',
		type: 'options',
		options: [
			{
				name: 'Magic Transit: Tunnel Health',
				value: 'magic_tunnel_health_check_event',
				description: 'The health of a tunnel of Magic Transit fell under the SLO, or is back',
			},
			{
				name: 'Magic WAN: Tunnel Health',
				value: 'magic_wan_tunnel_health',
				description:
					'The health of a tunnel of Magic WAN (Cloudflare WAN) fell under the SLO, or is back',
			},
		],
		default: 'magic_wan_tunnel_health',
	},
	{
		displayName: 'SLO',
		name: 'slo',
		type: 'number',
		typeOptions: { minValue: 0, maxValue: 99.99, numberPrecision: 2 },
		default: 99.9,
		description:
			'Percentage of health checks that must succeed: Cloudflare alerts when fewer do, for tunnels with traffic in the last six hours',
	},
	{
		displayName: 'Tunnel Names or IDs',
		name: 'tunnelNames',
		type: 'multiOptions',
		typeOptions: { loadOptionsMethod: 'getTunnelNames' },
		default: [],
		description:
			'Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>',
		hint: 'Leave empty for all tunnels',
	},
	{
		displayName: 'Events',
		name: 'events',
		type: 'multiOptions',
		options: [
			{ name: 'End', value: 'end', description: 'The health of a tunnel is good again' },
			{ name: 'Start', value: 'start', description: 'The health of a tunnel fell under the SLO' },
		],
		default: ['start', 'end'],
		required: true,
		description: 'What starts the workflow',
	},
	optionsCollection([
		accountIdOption,
		{
			displayName: 'Alert Interval (Minutes)',
			name: 'alertInterval',
			type: 'number',
			typeOptions: { minValue: INTERVAL.min, maxValue: INTERVAL.max },
			default: 30,
			description:
				'Shortest time between two alerts about the same tunnel, 5 minutes to 7 days (10,080)',
		},
		{
			displayName: 'Catch Up',
			name: 'catchUp',
			type: 'boolean',
			default: false,
			description:
				"Whether to start the workflow, once n8n is back, with the alerts that it missed, from the account's alert history",
		},
		{
			displayName: 'Policy Name',
			name: 'policyName',
			type: 'string',
			default: '',
			placeholder: 'e.g. Tunnels of the offices',
			description:
				"Name of the notification policy and of the destination in Cloudflare, in place of the workflow's name",
		},
		timeoutOption,
	]),
];

/** The parameters that say which account is asked, and how. */
export interface Access {
	authentication: unknown;
	accountId: unknown;
	/** Milliseconds. */
	timeoutMs: number;
}

/** The node's parameters, checked. */
export interface Settings extends Access {
	alertType: MagicAlertType;
	/** Percentage, as Cloudflare writes it. */
	slo: string;
	/** Names or ids; empty for all tunnels. */
	tunnels: string[];
	/** Minutes. */
	alertInterval?: number;
	/** Empty for the workflow's name. */
	policyName: string;
	events: AlertEvent[];
	catchUp: boolean;
}

/** n8n's context of any kind whose parameters do not depend on an item. */
export interface ParameterContext {
	getNode(): INode;
	getNodeParameter(name: string, fallback?: unknown): unknown;
}

/** Something of an expression as a list of texts: a list, or a text with commas. */
function listOf(value: unknown): string[] {
	const entries = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [];
	return entries
		.filter((entry) => typeof entry === 'string')
		.map((entry) => entry.trim())
		.filter((entry) => entry !== '');
}

function unusable(context: ParameterContext, what: string, remedy: string) {
	return inputError(context.getNode(), `${what} can't be used`, remedy);
}

function optionsOf(context: ParameterContext): JsonRecord {
	return record(context.getNodeParameter('options', {})) ?? {};
}

/**
 * Reads what is needed to remove things, which must be possible whatever the other parameters are.
 *
 * @throws NodeOperationError if it can't be used
 */
export function readAccess(context: ParameterContext): Access {
	const { timeout = 60, accountId } = optionsOf(context);
	if (!(typeof timeout === 'number' && timeout >= 1 && timeout <= 600)) {
		throw unusable(
			context,
			"The option 'Timeout'",
			'Give the seconds until an unanswered request is given up, from 1 to 600.',
		);
	}
	const authentication = context.getNodeParameter('authentication', 'apiToken');
	return { authentication, accountId, timeoutMs: timeout * 1000 };
}

function readCatchUp(context: ParameterContext): boolean {
	const { catchUp = false } = optionsOf(context);
	if (typeof catchUp === 'boolean') return catchUp;
	throw unusable(context, "The option 'Catch Up'", 'It must be true or false.');
}

function readAlertType(context: ParameterContext): MagicAlertType {
	const given = context.getNodeParameter('alertType', '');
	const alertType = ALERT_TYPES.find((known) => known === given);
	if (alertType !== undefined) return alertType;
	throw unusable(context, "The parameter 'Alert Type'", 'Choose one from the list.');
}

function readSlo(context: ParameterContext): string {
	const given = context.getNodeParameter('slo', '');
	const slo = given === '' ? NaN : Number(given);
	if (slo >= 0 && slo <= 99.99) return String(Math.round(slo * 100) / 100);
	throw unusable(context, "The parameter 'SLO'", 'Give a percentage from 0 to 99.99.');
}

function readEvents(context: ParameterContext): AlertEvent[] {
	const given = listOf(context.getNodeParameter('events', []));
	const events = given.filter((event) => event === 'start' || event === 'end');
	if (events.length > 0) return events;
	throw unusable(context, "The parameter 'Events'", 'Choose Start, End or both.');
}

function readInterval(context: ParameterContext): number | undefined {
	const { alertInterval } = optionsOf(context);
	if (alertInterval === undefined || isInterval(alertInterval)) return alertInterval;
	throw unusable(
		context,
		"The option 'Alert Interval (Minutes)'",
		'Give whole minutes, from 5 to 10080 (7 days).',
	);
}

/**
 * Reads the node's parameters.
 *
 * @throws NodeOperationError if one can't be used
 */
export function readSettings(context: ParameterContext): Settings {
	refuseUnreadOptions(context);
	const { policyName = '' } = optionsOf(context);
	return {
		...readAccess(context),
		alertType: readAlertType(context),
		slo: readSlo(context),
		tunnels: listOf(context.getNodeParameter('tunnelNames', [])),
		alertInterval: readInterval(context),
		policyName: String(policyName).trim(),
		events: readEvents(context),
		catchUp: readCatchUp(context),
	};
}

function isInterval(value: unknown): value is number {
	return Number.isInteger(value) && Number(value) >= INTERVAL.min && Number(value) <= INTERVAL.max;
}
