import type { GraphQLScalarType, GraphQLSchema } from 'graphql';
import { buildSchema, Kind } from 'graphql';
import { parseInstant } from '../time';
import { DATASET } from './errors';

/**
 * The part of Cloudflare's schema that tells of tunnels' health, name by name as the live API was
 * introspected for cloudflare-prometheus-exporter (2025-12). Left out: `confidence`, other datasets, zones.
 */

const TIMES = [
	'datetimeFifteenMinutes',
	'datetimeFiveMinutes',
	'datetimeHalfOfHour',
	'datetimeHour',
];

/** The dimensions with their types. */
export const DIMENSIONS: Readonly<Record<string, 'uint8' | 'Time' | 'string'>> = {
	active: 'uint8',
	datetime: 'Time',
	...Object.fromEntries(TIMES.map((name) => [name, 'Time'] as const)),
	datetimeMinute: 'Time',
	edgeColoCity: 'string',
	edgeColoCode: 'string',
	edgeColoCountry: 'string',
	edgeColoName: 'string',
	edgeColoRegion: 'string',
	edgePopName: 'string',
	remoteTunnelIPv4: 'string',
	resultStatus: 'string',
	siteName: 'string',
	tunnelName: 'string',
};

const PREFIX = 'AccountMagicTransitTunnelHealthChecksAdaptiveGroups';

/** `active_in` and `active_notin` take bytes in the real schema, which are not simulated. */
const filterFields = Object.entries(DIMENSIONS).flatMap(([name, type]) => [
	`${name}: ${type}`,
	...['geq', 'gt', 'leq', 'lt', 'neq'].map((operator) => `${name}_${operator}: ${type}`),
	...(type === 'uint8' ? [] : [`${name}_in: [${type}!]`, `${name}_notin: [${type}!]`]),
	...(type === 'string' ? [`${name}_like: ${type}`, `${name}_notlike: ${type}`] : []),
]);

/** coloStatus and metalStatus can be sorted by and are no dimensions. */
const sortable = [
	...Object.keys(DIMENSIONS),
	'avg_sampleInterval',
	'avg_tunnelState',
	'coloStatus',
	'count',
	'metalStatus',
];

const SCALARS = ['Time', 'bool', 'float32', 'float64', 'int64', 'string', 'uint64', 'uint8'];

const SDL = `
${SCALARS.map((name) => `scalar ${name}`).join('\n')}
type Query { cost: uint64! viewer: viewer }
type viewer { accounts(filter: AccountFilter_InputObject): [account!]! budget: uint64! }
input AccountFilter_InputObject { accountTag: string! }
type account {
	accountTag: string!
	settings: AccountSettings
	${DATASET}(filter: ${PREFIX}Filter_InputObject!, limit: uint64!, orderBy: [${PREFIX}OrderBy!]): [${PREFIX}!]!
}
type AccountSettings { ${DATASET}: Settings }
type Settings {
	availableFields: [string!]! enabled: bool! maxDuration: int64! maxNumberOfFields: int64!
	maxPageSize: int64! notOlderThan: int64!
}
type ${PREFIX} { avg: ${PREFIX}Avg count: uint64! dimensions: ${PREFIX}Dimensions }
type ${PREFIX}Avg { sampleInterval: float64! tunnelState: float32! }
type ${PREFIX}Dimensions { ${Object.entries(DIMENSIONS)
	.map(([name, type]) => `${name}: ${type}!`)
	.join(' ')} }
input ${PREFIX}Filter_InputObject {
	AND: [${PREFIX}Filter_InputObject!] OR: [${PREFIX}Filter_InputObject!]
	${filterFields.join('\n')}
}
enum ${PREFIX}OrderBy { ${sortable.flatMap((name) => [`${name}_ASC`, `${name}_DESC`]).join(' ')} }
`;

const read: Readonly<Record<string, (value: unknown) => unknown>> = {
	string(value) {
		if (typeof value === 'string') return value;
		throw new Error('it must be a string');
	},
	Time(value) {
		const instant = typeof value === 'string' ? parseInstant(value) : undefined;
		if (instant === undefined) throw new Error('it must be a time of RFC 3339');
		return Number(instant / 1_000_000n);
	},
	uint64: unsigned,
	uint8: unsigned,
};

function unsigned(value: unknown): number {
	if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
	throw new Error('it must be a whole number, 0 or more');
}

const build = (): GraphQLSchema => {
	const schema = buildSchema(SDL);
	for (const [name, parse] of Object.entries(read)) {
		const scalar = schema.getType(name) as GraphQLScalarType;
		scalar.parseValue = parse;
		scalar.parseLiteral = (node) => {
			if (node.kind === Kind.STRING) return parse(node.value);
			if (node.kind === Kind.INT) return parse(Number(node.value));
			throw new Error('it must be a text or a whole number');
		};
	}
	return schema;
};

export const SCHEMA = build();
