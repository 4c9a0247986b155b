import type { DocumentNode, GraphQLResolveInfo, TypeNode } from 'graphql';
import {
	execute,
	GraphQLError,
	parse,
	parseType,
	TypeInfo,
	validate,
	visit,
	visitWithTypeInfo,
} from 'graphql';
import type { Sent } from '../envelope';
import { DATASET, GraphqlRefusal, refusalAnswer } from './errors';
import type { Filter } from './groups';
import { groupsOf, rangeOf } from './groups';
import type { Probes } from './probes';
import { DIMENSIONS, SCHEMA } from './schema';
import type { HealthOptions } from './types';

/** One query, from its text to its answer. */

const DAY_S = 86_400;

/** "up to one week … about three months back" (dashboard's and health checks' pages). */
const NOT_OLDER_THAN_S = 91 * DAY_S;

const DEFAULT_MAX_DURATION_S = 7 * DAY_S;

/** Of the docs' sample of `settings`. */
const DEFAULT_MAX_PAGE_SIZE = 10_000;

/** What an account knows of its tunnels' health. */
export interface AccountHealth {
	probes: Probes;
	options: HealthOptions;
	/** Clock of the probes, ms since 1970. */
	now: () => number;
}

export interface QueryParts {
	/** The account, if these credentials may read its analytics. */
	accountBy: (tag: string) => AccountHealth | undefined;
	now: () => number;
}

interface DatasetArguments {
	filter: Filter;
	limit: number;
	orderBy?: string[];
}

/** The texts that Cloudflare has for what graphql-js finds. GUESS: which of them it takes for what. */
const refusalOf = ({ message }: GraphQLError): GraphqlRefusal => {
	const [, field] = /^Cannot query field "(\w+)"/.exec(message) ?? [];
	if (field !== undefined) return new GraphqlRefusal('unknownField', `"${field}"`);
	if (/must not have a selection/.test(message)) return new GraphqlRefusal('selectionsOnScalar');
	if (/must have a selection of subfields/.test(message)) return new GraphqlRefusal('noSelections');
	return new GraphqlRefusal('badArguments', `"${DATASET}": ${message}`);
};

const checkedArguments = (
	{ filter, limit, orderBy = [] }: DatasetArguments,
	{ options, now }: AccountHealth,
): Required<DatasetArguments> => {
	const { maxPageSize = DEFAULT_MAX_PAGE_SIZE, maxDuration = DEFAULT_MAX_DURATION_S } = options;
	if (limit < 1 || limit > maxPageSize)
		throw new GraphqlRefusal('limitTooHigh', String(maxPageSize));
	const { from, to } = rangeOf(filter, now());
	// GUESS: a filter without a time is one of all time.
	if (to - from > maxDuration * 1000) {
		throw new GraphqlRefusal('tooWide', `: the range can't be wider than ${maxDuration}s`);
	}
	if (from < now() - NOT_OLDER_THAN_S * 1000) {
		throw new GraphqlRefusal('tooOld', `${NOT_OLDER_THAN_S}s`);
	}
	return { filter, limit, orderBy };
};

const settingsOf = ({ maxPageSize, maxDuration }: HealthOptions) => ({
	enabled: true,
	availableFields: ['count', ...Object.keys(DIMENSIONS).map((name) => `dimensions.${name}`)],
	maxDuration: maxDuration ?? DEFAULT_MAX_DURATION_S,
	maxNumberOfFields: 30,
	maxPageSize: maxPageSize ?? DEFAULT_MAX_PAGE_SIZE,
	notOlderThan: NOT_OLDER_THAN_S,
});

/** The dimensions that are asked for, by the names that the answer gives them. */
const askedDimensions = ({ fieldNodes, fragments }: GraphQLResolveInfo): string[] => {
	type Selections = NonNullable<(typeof fieldNodes)[number]['selectionSet']>['selections'];
	const namesIn = (selections: Selections): string[] =>
		selections.flatMap((node) => {
			if (node.kind === 'Field') return [node.name.value];
			const set =
				node.kind === 'InlineFragment'
					? node.selectionSet
					: fragments[node.name.value]!.selectionSet;
			return namesIn(set.selections);
		});
	const dimensions = fieldNodes.flatMap((node) =>
		(node.selectionSet?.selections ?? []).filter(
			(selection) => selection.kind === 'Field' && selection.name.value === 'dimensions',
		),
	);
	return dimensions.flatMap((node) =>
		namesIn('selectionSet' in node ? (node.selectionSet?.selections ?? []) : []),
	);
};

const rootOf = (parts: QueryParts) => ({
	cost: 1,
	viewer: {
		budget: 1_000,
		accounts({ filter }: { filter?: { accountTag: string } }) {
			// GUESS: without a filter nothing is shown.
			if (filter === undefined) return [];
			const { accountTag } = filter;
			const account = parts.accountBy(accountTag);
			if (account === undefined) throw new GraphqlRefusal('notForAccount');
			const { options, probes, now } = account;
			return [
				{
					accountTag,
					settings() {
						if (options.settings === false) throw new GraphqlRefusal('noAccess', '"settings"');
						return { [DATASET]: settingsOf(options) };
					},
					[DATASET]: (given: DatasetArguments, _: unknown, info: GraphQLResolveInfo) => {
						const asked = checkedArguments(given, account);
						return groupsOf(probes, asked, askedDimensions(info), options, now());
					},
				},
			];
		},
	},
});

/**
 * The query with each of its variables declared as what it stands for: String!, Int! and Time! work,
 * although the schema's types have names of their own (observed).
 */
const retyped = (document: DocumentNode): DocumentNode => {
	const types = new Map<string, TypeNode>();
	const info = new TypeInfo(SCHEMA);
	visit(
		document,
		visitWithTypeInfo(info, {
			Variable({ name }) {
				const type = info.getInputType();
				if (type) types.set(name.value, parseType(String(type)));
			},
		}),
	);
	return visit(document, {
		VariableDefinition: (node) => ({
			...node,
			type: types.get(node.variable.name.value) ?? node.type,
		}),
	});
};

/** @throws GraphqlRefusal */
const answered = async (body: unknown, parts: QueryParts): Promise<Sent> => {
	const { query, variables } = (body ?? {}) as { query?: unknown; variables?: unknown };
	if (typeof query !== 'string') throw new GraphqlRefusal('notParsed');
	let document;
	try {
		document = retyped(parse(query));
	} catch {
		throw new GraphqlRefusal('notParsed');
	}
	const [fault] = validate(SCHEMA, document);
	if (fault !== undefined) throw refusalOf(fault);
	const variableValues = (variables ?? {}) as Record<string, unknown>;
	const result = await execute({
		schema: SCHEMA,
		document,
		rootValue: rootOf(parts),
		variableValues,
	});
	const [error] = result.errors ?? [];
	if (error?.originalError instanceof GraphqlRefusal) throw error.originalError;
	if (error !== undefined) throw refusalOf(error);
	return { status: 200, body: { data: result.data, errors: null } };
};

export const answerQuery = async (body: unknown, parts: QueryParts): Promise<Sent> => {
	try {
		return await answered(body, parts);
	} catch (error) {
		if (!(error instanceof GraphqlRefusal)) throw error;
		return refusalAnswer(error, parts.now());
	}
};
