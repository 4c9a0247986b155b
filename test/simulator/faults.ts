import type { AnswerFault } from './answerFaults';
import type { Sent } from './envelope';
import { FaultMemory, Milestone } from './faultMemory';
import type { Operation, RecordedRequest } from './types';
import type { PskFault } from './verdicts';

/** Before: the account never sees the request. After: the change is made, only the answer suffers. */
export type When = 'before' | 'after';

export interface FaultMatch {
	/** Default any that the kind can happen to. */
	operation?: Operation | 'any' | readonly Operation[];
	/** How many matching requests pass first, default 0. */
	skip?: number;
	/** How many are hit, default 1 (2 for answers that are swapped); 'always' is the JSON form of Infinity. */
	times?: number | 'always';
	/** Further condition; not available over HTTP. */
	predicate?: (request: Readonly<RecordedRequest>) => boolean;
}

/** Which entries of a psk set, or of a list, are hit; without any of them all are. */
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

/**
 * A text of an error, or how to make it from the request and from what the account answered (undefined
 * when it never saw the request), for errors that echo what they should not; see echoes.ts.
 */
export type ErrorText =
	| string
	| ((request: Readonly<RecordedRequest>, answered: unknown) => string);

/** Faults that end a request; at most one of them happens to it. */
export type TerminalFault =
	| Timed<{
			kind: 'status';
			status: number;
			code?: number;
			message?: ErrorText;
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
	| Timed<{ kind: 'successFalse'; code?: number; message?: ErrorText }>
	/** An error in GraphQL's own form, by default with HTTP 200, as clients meet them. */
	| Timed<{ kind: 'graphqlError'; message: string; code?: string | number; status?: number }>
	| Timed<{ kind: 'body'; status?: number; contentType?: string; body: string }>
	/** The change is made; values of the result (or the result itself) have wrong types. */
	| { kind: 'wrongTypes'; of?: 'fields' | 'result' }
	/** The change is made; the result lacks fields: dotted paths, `*` for every key; default all. */
	| { kind: 'missingFields'; fields?: readonly string[] }
	/** The change is made; the answer comes chunk by chunk. */
	| { kind: 'drip'; chunkBytes: number; everyMs: number };

/** How the account itself treats a request, where Cloudflare's documents leave it open. */
export type ConductFault =
	| PskFault
	/**
	 * A server, or a gateway before it, that does not know `validate_only`: it hits requests that carry
	 * the parameter, and makes their change.
	 */
	| {
			kind: 'ignoreValidateOnly';
			/**
			 * The answer: default `applied`, that of the change; or `validated`, that of a mere check, so that
			 * it holds another date, another id and another generated key than those that are live now.
			 */
			answer?: 'applied' | 'validated';
	  }
	/**
	 * PUT replaces: a field that the body lacks goes back to its default, and a body without the fields
	 * that the document requires is refused. Without this fault such a field is kept.
	 */
	| { kind: 'replaceFields' };

/** Faults that go together with others. */
export type AccompanyingFault<Simulated = unknown> =
	| Timed<{ kind: 'delay'; ms: number }>
	/** The request stays there until `release` of the handle, or until the fault is removed. */
	| Timed<{ kind: 'hold' }>
	| {
			kind: 'hook';
			before?: (simulator: Simulated) => void | Promise<void>;
			after?: (simulator: Simulated) => void | Promise<void>;
	  }
	/** Headers of the answer, whatever it is; null takes one away. */
	| { kind: 'headers'; headers: Readonly<Record<string, string | null>> }
	| ConductFault
	| AnswerFault;

export type FaultAction<Simulated = unknown> = TerminalFault | AccompanyingFault<Simulated>;
export type FaultSpec<Simulated = unknown> = FaultMatch & FaultAction<Simulated>;
type Kind = FaultAction['kind'];

export interface FaultHandle {
	readonly id: number;
	/** How many requests it hit. */
	readonly hits: number;
	/**
	 * Settles when the fault has hit so many requests, default 1, with the last of them. They have
	 * arrived whole, and the account has not looked at them.
	 */
	arrived(count?: number): Promise<RecordedRequest>;
	/**
	 * Settles when so many requests that it hit have changed the account, with the last of them: the
	 * change is made, and no byte of the answer is sent.
	 */
	applied(count?: number): Promise<RecordedRequest>;
	/** Lets go all requests that a fault of the kind `hold` has stopped. */
	release(): void;
	/** Ends the fault; requests that it holds go on. */
	remove(): void;
}

export interface FaultInfo {
	id: number;
	kind: Kind;
	hits: number;
}

export interface Faults<Simulated = unknown> {
	add(spec: FaultSpec<Simulated>): FaultHandle;
	clear(): void;
	list(): FaultInfo[];
}

/** A fault that happens to a request, with what it remembers of the requests before. */
export interface Hit<Simulated> {
	fault: AccompanyingFault<Simulated>;
	memory: FaultMemory<Sent>;
}

/** What happens to one request. */
export interface Plan<Simulated> {
	accompanying: Hit<Simulated>[];
	terminal?: TerminalFault;
	/** To be called when the request has changed the account. */
	applied(): void;
}

interface ActiveFault<Simulated> {
	id: number;
	spec: FaultSpec<Simulated>;
	toSkip: number;
	left: number;
	memory: FaultMemory<Sent>;
	arrivals: Milestone<RecordedRequest>;
	changes: Milestone<RecordedRequest>;
}

const KINDS: Readonly<Record<Kind, 'ends' | 'accompanies'>> = {
	status: 'ends',
	reset: 'ends',
	timeout: 'ends',
	truncate: 'ends',
	truncatedJson: 'ends',
	html: 'ends',
	empty: 'ends',
	redirect: 'ends',
	successFalse: 'ends',
	graphqlError: 'ends',
	body: 'ends',
	wrongTypes: 'ends',
	missingFields: 'ends',
	drip: 'ends',
	delay: 'accompanies',
	hold: 'accompanies',
	hook: 'accompanies',
	headers: 'accompanies',
	ignoreValidateOnly: 'accompanies',
	replaceFields: 'accompanies',
	unapply: 'accompanies',
	omit: 'accompanies',
	bothVerdicts: 'accompanies',
	crossVerdicts: 'accompanies',
	extraVerdicts: 'accompanies',
	refuseBatch: 'accompanies',
	envelope: 'accompanies',
	otherId: 'accompanies',
	capitalIds: 'accompanies',
	swapAnswers: 'accompanies',
	unlist: 'accompanies',
	listTwice: 'accompanies',
	listAlso: 'accompanies',
	notFound: 'accompanies',
	rewrite: 'accompanies',
};

/** Kinds that can happen to some operations only; others let such a fault wait. */
const OPERATIONS: Readonly<Partial<Record<Kind, readonly Operation[]>>> = {
	replaceFields: ['update', 'bulkUpdate'],
	graphqlError: ['graphql'],
	unapply: ['pskSet'],
	omit: ['pskSet'],
	bothVerdicts: ['pskSet'],
	crossVerdicts: ['pskSet'],
	extraVerdicts: ['pskSet'],
	refuseBatch: ['pskSet'],
	otherId: ['create', 'get', 'update', 'delete', 'pskGenerate'],
	unlist: ['list'],
	listTwice: ['list'],
	listAlso: ['list'],
	notFound: ['get', 'update', 'bulkUpdate', 'delete', 'pskGenerate'],
};

const isAccompanying = <S>(spec: FaultAction<S>): spec is AccompanyingFault<S> =>
	KINDS[spec.kind] === 'accompanies';

const canHappen = (kind: Kind, { operation, query }: RecordedRequest): boolean =>
	(OPERATIONS[kind]?.includes(operation) ?? true) &&
	(kind !== 'ignoreValidateOnly' || query.validate_only !== undefined);

const matches = <S>(spec: FaultSpec<S>, request: RecordedRequest): boolean => {
	const { operation = 'any', predicate, kind } = spec;
	const isMeant =
		operation === 'any' ||
		(typeof operation === 'string'
			? operation === request.operation
			: operation.includes(request.operation));
	return isMeant && canHappen(kind, request) && (predicate?.(request) ?? true);
};

export class FaultRegistry<Simulated> implements Faults<Simulated> {
	private active: ActiveFault<Simulated>[] = [];
	private nextId = 1;

	add(spec: FaultSpec<Simulated>): FaultHandle {
		const { skip = 0, times = spec.kind === 'swapAnswers' ? 2 : 1 } = spec;
		const fault: ActiveFault<Simulated> = {
			id: this.nextId++,
			spec,
			toSkip: skip,
			left: times === 'always' ? Infinity : times,
			memory: new FaultMemory(),
			arrivals: new Milestone(),
			changes: new Milestone(),
		};
		this.active.push(fault);
		return {
			id: fault.id,
			get hits() {
				return fault.arrivals.count;
			},
			arrived: (count = 1) => fault.arrivals.reached(count),
			applied: (count = 1) => fault.changes.reached(count),
			release: () => fault.memory.release(),
			remove: () => {
				this.active = this.active.filter((other) => other !== fault);
				fault.memory.release();
			},
		};
	}

	clear(): void {
		for (const { memory } of this.active.splice(0)) memory.release();
	}

	list(): FaultInfo[] {
		return this.active.map(({ id, spec, arrivals }) => ({
			id,
			kind: spec.kind,
			hits: arrivals.count,
		}));
	}

	/** Faults are asked in the order they were added; one that ends a request leaves later ones unused. */
	plan(request: RecordedRequest): Plan<Simulated> {
		const hit: ActiveFault<Simulated>[] = [];
		const plan: Plan<Simulated> = {
			accompanying: [],
			applied: () => {
				for (const { changes } of hit) changes.add(request);
			},
		};
		for (const fault of this.active) {
			const { spec, memory } = fault;
			const accompanies = isAccompanying(spec);
			if (fault.left <= 0 || (plan.terminal && !accompanies) || !matches(spec, request)) continue;
			if (fault.toSkip > 0) {
				fault.toSkip -= 1;
				continue;
			}
			fault.left -= 1;
			hit.push(fault);
			if (accompanies) plan.accompanying.push({ fault: spec, memory });
			else plan.terminal = spec;
		}
		for (const { arrivals } of hit) arrivals.add(request);
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

/** Kinds that are nothing but a function. */
const FUNCTIONS: readonly Kind[] = ['hook', 'rewrite'];

/** @throws Error when JSON does not name a fault; functions need the same process */
export const faultFromJson = <S>(json: unknown): FaultSpec<S> => {
	const kind: unknown = typeof json === 'object' && json !== null && Reflect.get(json, 'kind');
	const known = (Object.keys(KINDS) as Kind[]).filter((one) => !FUNCTIONS.includes(one));
	if (!known.some((one) => one === kind)) {
		throw new Error(`kind must be one of ${known.join(', ')}`);
	}
	return json as FaultSpec<S>;
};
