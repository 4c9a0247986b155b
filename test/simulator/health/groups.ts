import type { Probes } from './probes';
import type { HealthOptions, Row } from './types';

/** Filters, groups, order and limit of the dataset. */

export type Filter = { [field: string]: unknown } & { AND?: Filter[]; OR?: Filter[] };

const MINUTE_MS = 60_000;

const BUCKETS: Readonly<Record<string, number>> = {
	datetimeMinute: 1,
	datetimeFiveMinutes: 5,
	datetimeFifteenMinutes: 15,
	datetimeHalfOfHour: 30,
	datetimeHour: 60,
	// GUESS: results are sent at the start of their minute, as far as anybody can see.
	datetime: 1,
};

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** A dimension of a row; times in ms since 1970. */
const dimension = ({ dataCentre, tunnel, active, minute, tunnelState }: Row, name: string) => {
	const bucket = BUCKETS[name];
	if (bucket !== undefined) return Math.floor(minute / (bucket * MINUTE_MS)) * bucket * MINUTE_MS;
	switch (name) {
		case 'active':
			return active;
		case 'edgeColoCity':
			return dataCentre.city;
		case 'edgeColoCode':
			return dataCentre.code;
		case 'edgeColoCountry':
			return dataCentre.country;
		case 'edgeColoRegion':
			return dataCentre.region;
		case 'edgeColoName':
			return dataCentre.name;
		case 'edgePopName':
			// GUESS: the same as the data centre's name.
			return dataCentre.name;
		case 'remoteTunnelIPv4':
			return tunnel.customerEndpoint;
		case 'resultStatus':
			// GUESS: the values are not published.
			return tunnelState === 1 ? 'healthy' : tunnelState === 0 ? 'down' : 'degraded';
		case 'siteName':
			return '';
		default:
			return tunnel.name;
	}
};

type Value = string | number;

const like = (value: Value, pattern: Value): boolean =>
	new RegExp(
		`^${String(pattern)
			.split('%')
			.map((part) => part.replace(/[^\w]/g, '\\$&'))
			.join('.*')}$`,
	).test(String(value));

const OPERATORS: Readonly<Record<string, (value: Value, given: never) => boolean>> = {
	'': (value, given: Value) => value === given,
	geq: (value, given: Value) => value >= given,
	gt: (value, given: Value) => value > given,
	leq: (value, given: Value) => value <= given,
	lt: (value, given: Value) => value < given,
	neq: (value, given: Value) => value !== given,
	in: (value, given: readonly Value[]) => given.includes(value),
	notin: (value, given: readonly Value[]) => !given.includes(value),
	like: (value, given: Value) => like(value, given),
	notlike: (value, given: Value) => !like(value, given),
};

/** Bounds of the time that a filter leaves, in ms since 1970. */
export const rangeOf = (filter: Filter, now: number): { from: number; to: number } => {
	const number = (value: unknown, fallback: number) =>
		typeof value === 'number' ? value : fallback;
	const own = {
		from: Math.max(number(filter.datetime_geq, 0), number(filter.datetime_gt, -1) + 1),
		to: Math.min(number(filter.datetime_lt, now), number(filter.datetime_leq, now - 1) + 1),
	};
	const parts = (filter.AND ?? []).map((part) => rangeOf(part, now));
	return {
		from: Math.max(own.from, ...parts.map(({ from }) => from)),
		to: Math.min(own.to, ...parts.map(({ to }) => to)),
	};
};

const fits = (row: Row, filter: Filter): boolean =>
	Object.entries(filter).every(([name, given]) => {
		if (name === 'AND') return (given as Filter[]).every((part) => fits(row, part));
		if (name === 'OR') return (given as Filter[]).some((part) => fits(row, part));
		const [field = '', operator = ''] = name.split('_');
		// Already in the range that the rows were made for.
		if (field === 'datetime') return true;
		return OPERATORS[operator]!(dimension(row, field), given as never);
	});

interface Group {
	count: number;
	avg: { tunnelState: number; sampleInterval: number };
	dimensions: Record<string, Value>;
}

const sorted = (groups: Group[], orderBy: readonly string[]): Group[] => {
	const value = (group: Group, field: string): Value => {
		if (field === 'count') return group.count;
		if (field === 'avg_tunnelState') return group.avg.tunnelState;
		if (field === 'avg_sampleInterval') return group.avg.sampleInterval;
		return group.dimensions[field] ?? 0;
	};
	return groups.sort((a, b) => {
		for (const order of orderBy) {
			const sign = order.endsWith('_DESC') ? -1 : 1;
			const field = order.replace(/_(ASC|DESC)$/, '');
			const [one, other] = [value(a, field), value(b, field)];
			if (one !== other) return one < other ? -sign : sign;
		}
		return 0;
	});
};

/** Names that a filter may let through, so that no row of others has to be made; undefined for all. */
const namesIn = ({ tunnelName: name, tunnelName_in: names }: Filter): Set<string> | undefined => {
	if (typeof name === 'string') return new Set([name]);
	return Array.isArray(names) ? new Set(names as string[]) : undefined;
};

/** The rows of the answer. */
export const groupsOf = (
	probes: Probes,
	{ filter, limit, orderBy }: { filter: Filter; limit: number; orderBy: readonly string[] },
	dimensions: readonly string[],
	{ sampleInterval = 1 }: HealthOptions,
	now: number,
): Group[] => {
	const { from, to } = rangeOf(filter, now);
	const wanted = namesIn(filter);
	const groups = new Map<string, Group & { sum: number }>();
	for (const row of probes.rows(from, to, (name) => wanted?.has(name) ?? true)) {
		if (!fits(row, filter)) continue;
		const values = dimensions.map((name) => dimension(row, name));
		const key = JSON.stringify(values);
		const group = groups.get(key) ?? {
			count: 0,
			sum: 0,
			avg: { tunnelState: 0, sampleInterval },
			dimensions: Object.fromEntries(dimensions.map((name, index) => [name, values[index]!])),
		};
		group.count += row.count;
		group.sum += row.count * row.tunnelState;
		groups.set(key, group);
	}
	const all = [...groups.values()].map(({ sum, count, avg, dimensions: of }) => ({
		count,
		avg: { ...avg, tunnelState: Math.fround(sum / count) },
		dimensions: of,
	}));
	return sorted(all, orderBy)
		.slice(0, limit)
		.map((group) => ({
			...group,
			dimensions: Object.fromEntries(
				Object.entries(group.dimensions).map(([name, value]) => [
					name,
					name in BUCKETS ? iso(value as number) : value,
				]),
			),
		}));
};
