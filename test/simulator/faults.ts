import type { Operation, RecordedRequest } from './types';

/** Before: the account never sees the request. After: the change is made, only the answer suffers. */
export type When = 'before' | 'after';

export interface FaultMatch {
	/** Default any. */
	operation?: Operation | 'any' | readonly Operation[];
	/** How many matching requests pass first, default 0. */
	skip?: number;
	/** How many are hit, default 1; 'always' is the JSON form of Infinity. */
	times?: number | 'always';
	/** Further condition; not available over HTTP. */
	predicate?: (request: Readonly<RecordedRequest>) => boolean;
}

/** Which entries of a psk set are hit; without any of them all are. */
export interface Selection {
	ids?: readonly string[];
	/** The first n. */
	count?: number;
	/** Every nth. */
	every?: number;
}

type Timed<T> = T & {
	/** Default before. */
	when?: When;
};

/** Faults that end a request; at most one of them happens to it. */
export type TerminalFault =
	| Timed<{
			kind: 'status';
			status: number;
			code?: number;
			message?: string;
			headers?: Readonly<Record<string, string>>;
	  }>
	/** The connection is cut. */
	| Timed<{ kind: 'reset' }>
	/** There is never an answer. */
	| Timed<{ kind: 'timeout' }>
	/** Content-length is right, but only the first bytes come before the connection is cut. */
	| Timed<{ kind: 'truncate'; keepBytes?: number }>
	/** A whole answer whose JSON ends in the middle. */
	| Timed<{ kind: 'truncatedJson'; keepBytes?: number }>
	| Timed<{ kind: 'html'; status?: number; html?: string }>
	| Timed<{ kind: 'empty'; status?: number }>
	| Timed<{ kind: 'redirect'; location: string; status?: number }>
	/** HTTP 200 with success: false. */
	| Timed<{ kind: 'successFalse'; code?: number; message?: string }>
	| Timed<{ kind: 'body'; status?: number; contentType?: string; body: string }>
	/** The change is made; values of the result (or the result itself) have wrong types. */
	| { kind: 'wrongTypes'; of?: 'fields' | 'result' }
	/** The change is made; the result lacks fields: dotted paths, `*` for every key; default all. */
	| { kind: 'missingFields'; fields?: readonly string[] }
	/** The change is made; the answer comes chunk by chunk. */
	| { kind: 'drip'; chunkBytes: number; everyMs: number };

/** psk set only: keys that are refused, or of which the answer says nothing. */
export type PskFault =
	/** Not applied, and reported with the reason. */
	| ({ kind: 'unapply'; reason?: string } & Selection)
	/** In neither map, whether applied or not. */
	| ({ kind: 'omit'; applied: boolean } & Selection);

/** Faults that go together with others. */
export type AccompanyingFault<Simulated = unknown> =
	| Timed<{ kind: 'delay'; ms: number }>
	| {
			kind: 'hook';
			before?: (simulator: Simulated) => void | Promise<void>;
			after?: (simulator: Simulated) => void | Promise<void>;
	  }
	| PskFault;

export type FaultAction<Simulated = unknown> = TerminalFault | AccompanyingFault<Simulated>;
export type FaultSpec<Simulated = unknown> = FaultMatch & FaultAction<Simulated>;

export interface FaultHandle {
	readonly id: number;
	/** How many requests it hit. */
	readonly hits: number;
	remove(): void;
}

export interface FaultInfo {
	id: number;
	kind: FaultAction['kind'];
	hits: number;
}

export interface Faults<Simulated = unknown> {
	add(spec: FaultSpec<Simulated>): FaultHandle;
	clear(): void;
	list(): FaultInfo[];
}

/** What happens to one request. */
export interface Plan<Simulated> {
	accompanying: AccompanyingFault<Simulated>[];
	terminal?: TerminalFault;
}

interface ActiveFault<Simulated> {
	id: number;
	spec: FaultSpec<Simulated>;
	toSkip: number;
	left: number;
	hits: number;
}

const ACCOMPANYING: readonly string[] = ['delay', 'hook', 'unapply', 'omit'];

const isAccompanying = <S>(spec: FaultAction<S>): spec is AccompanyingFault<S> =>
	ACCOMPANYING.includes(spec.kind);

export const isPskFault = <S>(fault: AccompanyingFault<S>): fault is PskFault =>
	fault.kind === 'unapply' || fault.kind === 'omit';

const matches = <S>({ operation = 'any', predicate }: FaultSpec<S>, request: RecordedRequest) =>
	(operation === 'any' ||
		(typeof operation === 'string'
			? operation === request.operation
			: operation.includes(request.operation))) &&
	(predicate?.(request) ?? true);

export class FaultRegistry<Simulated> implements Faults<Simulated> {
	private active: ActiveFault<Simulated>[] = [];
	private nextId = 1;

	add(spec: FaultSpec<Simulated>): FaultHandle {
		const fault: ActiveFault<Simulated> = {
			id: this.nextId++,
			spec,
			toSkip: spec.skip ?? 0,
			left: spec.times === 'always' ? Infinity : (spec.times ?? 1),
			hits: 0,
		};
		this.active.push(fault);
		return {
			id: fault.id,
			get hits() {
				return fault.hits;
			},
			remove: () => {
				this.active = this.active.filter((other) => other !== fault);
			},
		};
	}

	clear(): void {
		this.active = [];
	}

	list(): FaultInfo[] {
		return this.active.map(({ id, spec, hits }) => ({ id, kind: spec.kind, hits }));
	}

	/** Faults are asked in the order they were added; one that ends a request leaves later ones unused. */
	plan(request: RecordedRequest): Plan<Simulated> {
		const plan: Plan<Simulated> = { accompanying: [] };
		for (const fault of this.active) {
			const { spec } = fault;
			const accompanies = isAccompanying(spec);
			if (fault.left <= 0 || (plan.terminal && !accompanies) || !matches(spec, request)) continue;
			if (fault.toSkip > 0) {
				fault.toSkip -= 1;
				continue;
			}
			fault.left -= 1;
			fault.hits += 1;
			if (accompanies) plan.accompanying.push(spec);
			else plan.terminal = spec;
		}
		return plan;
	}
}

/** Which of the entries a selection means. */
export const selected = ({ ids, count, every }: Selection, entries: readonly string[]): string[] =>
	entries.filter((id, index) =>
		ids
			? ids.includes(id)
			: count !== undefined
				? index < count
				: every !== undefined
					? index % every === every - 1
					: true,
	);

const wrongType = (value: unknown): unknown => {
	if (typeof value === 'string') return 7;
	if (typeof value === 'object' && value !== null) return 'unexpected';
	return [];
};

export const withWrongTypes = (result: unknown, of: 'fields' | 'result' = 'fields'): unknown =>
	of === 'fields' && typeof result === 'object' && result !== null && !Array.isArray(result)
		? Object.fromEntries(Object.entries(result).map(([name, value]) => [name, wrongType(value)]))
		: wrongType(result);

/** @param fields dotted paths, `*` for every key or index */
export const withoutFields = (result: unknown, fields?: readonly string[]): unknown => {
	if (!fields) return {};
	const copy: unknown = structuredClone(result);
	const drop = (value: unknown, [first = '', ...rest]: string[]): void => {
		if (typeof value !== 'object' || value === null) return;
		const container = value as Record<string, unknown>;
		for (const key of first === '*' ? Object.keys(container) : [first]) {
			if (rest.length === 0) delete container[key];
			else drop(container[key], rest);
		}
	};
	for (const path of fields) drop(copy, path.split('.'));
	return copy;
};

const KINDS: readonly FaultAction['kind'][] = [
	...(['status', 'reset', 'timeout', 'truncate', 'truncatedJson', 'html', 'empty'] as const),
	...(['redirect', 'successFalse', 'body', 'wrongTypes', 'missingFields', 'drip'] as const),
	...(['delay', 'unapply', 'omit'] as const),
];

/** @throws Error when JSON does not name a fault; hooks and predicates need the same process */
export const faultFromJson = <S>(json: unknown): FaultSpec<S> => {
	const kind: unknown = typeof json === 'object' && json !== null && Reflect.get(json, 'kind');
	if (!KINDS.some((known) => known === kind)) {
		throw new Error(`kind must be one of ${KINDS.join(', ')}`);
	}
	return json as FaultSpec<S>;
};
