import { BodyReader } from '../bodyReader';
import { refuseBadWebhookUrl } from './addresses';
import { MAGIC_FILTERS, isKnownAlertType, isMagicAlertType } from './alertTypes';
import {
	filtersRequired,
	invalidAlertType,
	invalidAlerting,
	invalidSelections,
	mechanismRequired,
} from './errors';
import type { AlertingAccount, Filters, Mechanisms, PolicyFields, WebhookFields } from './types';

const WEBHOOK_FIELDS = ['name', 'url', 'secret'];
const WEBHOOK_READ_ONLY = ['id', 'type', 'created_at', 'last_success', 'last_failure'];
const POLICY_FIELDS = [
	...['name', 'description', 'enabled', 'alert_type', 'alert_interval'],
	...['filters', 'mechanisms'],
];
const POLICY_READ_ONLY = ['id', 'conditions', 'created', 'modified'];

const reader = (doing: string): BodyReader => new BodyReader(doing, invalidAlerting);

const named = (read: BodyReader, value: unknown): string => {
	const name = read.string(value, '/name');
	// GUESS: the empty name is refused.
	if (name === '') throw invalidAlerting('name is required');
	return name;
};

/**
 * The body of a webhook's creation or update: both need name and url (spec).
 * GUESS: an update replaces the whole, so that one without a secret takes the old one away; read-only
 * fields are ignored.
 * @throws Refusal
 */
export const readWebhook = (
	body: unknown,
	doing: string,
	{ messenger }: AlertingAccount,
): WebhookFields => {
	const read = reader(doing);
	const fields = read.object(body, '', [...WEBHOOK_FIELDS, ...WEBHOOK_READ_ONLY]);
	for (const name of ['name', 'url']) {
		if (fields[name] === undefined) throw invalidAlerting(`${name} is required`);
	}
	const url = read.string(fields.url, '/url');
	refuseBadWebhookUrl(url, messenger.options);
	const secret = fields.secret === undefined ? '' : read.string(fields.secret, '/secret');
	return {
		name: named(read, fields.name),
		url,
		// GUESS: the empty secret is none.
		...(secret !== '' && { secret }),
	};
};

const SECONDS = { h: 3600, m: 60, s: 1 };

/** "30m", from 5 minutes to 7 days (docs). GUESS: written as a duration of Go, whose longest unit is h. */
const readInterval = (read: BodyReader, value: unknown): string => {
	const interval = read.string(value, '/alert_interval');
	if (!/^(\d+[hms])+$/.test(interval)) throw invalidAlerting('Invalid alert_interval');
	const seconds = [...interval.matchAll(/(\d+)([hms])/g)].reduce(
		(sum, [, amount, unit]) => sum + Number(amount) * SECONDS[unit as keyof typeof SECONDS],
		0,
	);
	if (seconds < 300 || seconds > 7 * 86_400) {
		throw invalidAlerting('alert_interval must be from 5 minutes to 7 days');
	}
	return interval;
};

/** 0 to 99.99 (docs). GUESS: digits with a dot, one value, and this refusal. */
const refuseBadSlo = (values: readonly string[]): void => {
	const [slo = ''] = values;
	if (values.length !== 1 || !/^\d{1,2}(\.\d{1,2})?$/.test(slo)) throw invalidSelections();
};

const readFilters = (read: BodyReader, value: unknown, alertType: string): Filters => {
	const filters: Filters = {};
	for (const [name, given] of Object.entries(read.object(value, '/filters'))) {
		const pointer = `/filters/${name}`;
		filters[name] = read.array(given, pointer).map((item) => read.string(item, pointer));
	}
	// Not simulated: what the filters of other products' alerts may be.
	if (!isMagicAlertType(alertType)) return filters;
	// `tunnel_id` was observed to be refused so, although the spec has it (terraform-provider #3272).
	if (Object.keys(filters).some((name) => !MAGIC_FILTERS.includes(name))) throw invalidSelections();
	if (filters.slo) refuseBadSlo(filters.slo);
	return filters;
};

const readIds = (read: BodyReader, value: unknown, pointer: string): { id: string }[] =>
	read.array(value, pointer).map((item) => {
		const { id } = read.object(item, pointer, ['id']);
		if (id === undefined) throw mechanismRequired('A mechanism has no id');
		return { id: read.string(id, `${pointer}/id`) };
	});

/** GUESS: an id that means nothing is refused as a missing mechanism is. */
const readMechanisms = (
	read: BodyReader,
	value: unknown,
	{ state }: AlertingAccount,
): Mechanisms => {
	const kinds = ['email', 'pagerduty', 'webhooks'] as const;
	const given = read.object(value, '/mechanisms', kinds);
	const mechanisms: Mechanisms = {};
	for (const kind of kinds) {
		if (given[kind] === undefined) continue;
		mechanisms[kind] = readIds(read, given[kind], `/mechanisms/${kind}`);
	}
	const { email = [], pagerduty = [], webhooks = [] } = mechanisms;
	const unknown = [
		...email.filter(({ id }) => !/^[^\s@]+@[^\s@]+$/.test(id)),
		...webhooks.filter(({ id }) => !state.webhooks.has(id)),
		// The account has no PagerDuty service.
		...pagerduty,
	];
	if (unknown[0]) throw mechanismRequired(`Unknown mechanism ${unknown[0].id}`);
	if (email.length + webhooks.length === 0) throw mechanismRequired();
	return mechanisms;
};

/**
 * The body of a policy's creation, or of its update, which needs no field (spec).
 * GUESS: an update keeps what it does not name; read-only fields are ignored; and the order of checks.
 * @throws Refusal
 */
export const readPolicy = (
	body: unknown,
	doing: string,
	account: AlertingAccount,
	before?: PolicyFields,
): PolicyFields => {
	const read = reader(doing);
	const given = read.object(body, '', [...POLICY_FIELDS, ...POLICY_READ_ONLY]);
	const fields: Record<string, unknown> = { ...before };
	for (const name of POLICY_FIELDS) if (given[name] !== undefined) fields[name] = given[name];
	for (const name of ['name', 'alert_type', 'enabled']) {
		if (fields[name] === undefined) throw invalidAlerting(`${name} is required`);
	}
	const alertType = read.string(fields.alert_type, '/alert_type');
	if (!isKnownAlertType(alertType, account)) throw invalidAlertType();
	if (fields.mechanisms === undefined) throw mechanismRequired();
	const filters =
		fields.filters === undefined ? undefined : readFilters(read, fields.filters, alertType);
	// GUESS: alerts about Magic tunnels need an SLO; every example of the docs has one.
	if (isMagicAlertType(alertType) && !filters?.slo) throw filtersRequired();
	return {
		name: named(read, fields.name),
		...(fields.description !== undefined && {
			description: read.string(fields.description, '/description'),
		}),
		enabled: read.boolean(fields.enabled, '/enabled'),
		alert_type: alertType,
		...(fields.alert_interval !== undefined && {
			alert_interval: readInterval(read, fields.alert_interval),
		}),
		...(filters && { filters }),
		mechanisms: readMechanisms(read, fields.mechanisms, account),
	};
};

export interface TestOptions {
	severity: number;
	source?: string;
	event?: 'start' | 'end';
	correlationId?: string;
}

/** The enum 0, 1, 2 of the spec. GUESS: what its numbers mean. */
const STATE_EVENTS = [undefined, 'start', 'end'] as const;

const readNumber = (read: BodyReader, value: unknown, name: string, most: number): number => {
	const number = read.integer(value, `/${name}`);
	if (number < 0 || number > most) throw invalidAlerting(`${name} must be from 0 to ${most}`);
	return number;
};

/**
 * The body of a policy's test, which may be missing.
 * @throws Refusal also when state_event comes without state_correlation_id (spec: "Required")
 */
export const readTest = (body: unknown): TestOptions => {
	const read = reader('testing the policy');
	const known = ['severity', 'source', 'state_event', 'state_correlation_id'];
	const { severity, source, ...state } = read.object(body ?? {}, '', known);
	const { state_event: stateEvent, state_correlation_id: correlationId } = state;
	if (stateEvent !== undefined && correlationId === undefined) {
		throw invalidAlerting('state_correlation_id is required with state_event');
	}
	const event =
		stateEvent === undefined
			? undefined
			: STATE_EVENTS[readNumber(read, stateEvent, 'state_event', 2)];
	return {
		// "a default INFO-severity test alert", 1 (spec).
		severity: severity === undefined ? 1 : readNumber(read, severity, 'severity', 4),
		...(source !== undefined && { source: read.string(source, '/source') }),
		...(event && { event }),
		...(correlationId !== undefined && {
			correlationId: read.string(correlationId, '/state_correlation_id'),
		}),
	};
};
