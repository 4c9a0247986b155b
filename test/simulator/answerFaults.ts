import type { Envelope, Sent } from './envelope';
import { isSuccess } from './envelope';
import type { FaultMemory } from './faultMemory';
import type { Selection } from './faults';
import { selected } from './faults';
import type { Json, JsonObject, RecordedRequest } from './types';

/**
 * Faults that alter what the account answered, in the order in which they were added; its change, if the
 * request makes one, is made. All but `notFound`, `swapAnswers` and `rewrite` leave a refusal as it is.
 */
export type AnswerFault =
	/**
	 * A 2xx that holds the result otherwise than in Cloudflare's envelope: the bare result, `success` as
	 * text, `success: false` beside the result, or no `success`.
	 */
	| { kind: 'envelope'; form: 'unwrapped' | 'textSuccess' | 'falseSuccess' | 'noSuccess' }
	/** The result names another tunnel: `id`, default the account's next one. */
	| { kind: 'otherId'; id?: string }
	/** Ids of the result in capitals: names of members, values, or (by default) both. */
	| { kind: 'capitalIds'; of?: 'names' | 'values' }
	/**
	 * Answers of two requests that are under way at the same time change places: the first waits for the
	 * second. `previous`, for a client that sends one after the other, gives each the answer of the one
	 * before, the first its own.
	 */
	| { kind: 'swapAnswers'; with?: 'partner' | 'previous' }
	/** The list lacks tunnels that a GET by id answers. */
	| ({ kind: 'unlist' } & Selection)
	/** The list holds tunnels a second time, at its end. */
	| ({ kind: 'listTwice' } & Selection)
	/** The list holds further entries at its end, of any form. */
	| { kind: 'listAlso'; tunnels: readonly Json[] }
	/**
	 * What is said where the account has no such tunnel, since 404 with 1032 is only a guess. For `times`
	 * every request counts, also one whose tunnel is there.
	 */
	| { kind: 'notFound'; status?: number; code?: number; message?: string; html?: string }
	/** Anything else; not available over HTTP. The body is a copy; a text is sent as it is. */
	| { kind: 'rewrite'; change: (body: unknown, request: Readonly<RecordedRequest>) => unknown };

const ANSWER_KINDS: Readonly<Record<AnswerFault['kind'], true>> = {
	envelope: true,
	otherId: true,
	capitalIds: true,
	swapAnswers: true,
	unlist: true,
	listTwice: true,
	listAlso: true,
	notFound: true,
	rewrite: true,
};

export const isAnswerFault = <T extends { kind: string }>(
	fault: T | AnswerFault,
): fault is AnswerFault => Object.hasOwn(ANSWER_KINDS, fault.kind);

/** What the faults need to know of the request and of its account. */
export interface Answered {
	request: RecordedRequest;
	/** Of the path. */
	tunnelId?: string | undefined;
	/** All ids of the account, in the order of its list. */
	tunnelIds: readonly string[];
	memory: FaultMemory<Sent>;
}

/** Members that hold keys, which are no ids whatever they look like. */
const SECRETS: readonly string[] = ['psk', 'md5_key'];

/** A copy with other names and texts; those of secrets stay. */
const mapTexts = (
	value: unknown,
	{ name, text }: { name: (text: string) => string; text: (text: string) => string },
): unknown => {
	if (typeof value === 'string') return text(value);
	if (Array.isArray(value)) return value.map((entry) => mapTexts(entry, { name, text }));
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(
		Object.entries(value).map(([key, member]): [string, unknown] => [
			name(key),
			SECRETS.includes(key) ? member : mapTexts(member, { name, text }),
		]),
	);
};

const same = (text: string): string => text;

const IDS = /[0-9a-f]{32}/g;
const capitals = (text: string): string => text.replace(IDS, (id) => id.toUpperCase());

/** No tunnel has it: it stands for one of another account. */
const FOREIGN_ID = 'f'.repeat(32);

const nextId = ({ tunnelIds }: Answered, id: string): string => {
	const others = tunnelIds.filter((other) => other !== id);
	return others[Math.max(0, tunnelIds.indexOf(id)) % Math.max(1, others.length)] ?? FOREIGN_ID;
};

/** The tunnel that a result is about: the path's, or the one that was just made. */
const ownId = (result: unknown, { tunnelId }: Answered): string | undefined => {
	if (tunnelId !== undefined) return tunnelId;
	const id: unknown = (result as JsonObject | null)?.id;
	return typeof id === 'string' ? id : undefined;
};

const withOtherId = (result: unknown, answered: Answered, other?: string): unknown => {
	const own = ownId(result, answered);
	if (own === undefined) return result;
	const id = other ?? nextId(answered, own);
	const replace = (text: string): string => text.replaceAll(own, id);
	return mapTexts(result, { name: replace, text: replace });
};

interface Listed {
	ipsec_tunnels: { id: string }[];
}

const withList = (result: unknown, change: (tunnels: { id: string }[]) => unknown[]): unknown => ({
	ipsec_tunnels: change((result as Listed).ipsec_tunnels),
});

const chosen = (selection: Selection, tunnels: readonly { id: string }[]): Set<string> =>
	new Set(
		selected(
			selection,
			tunnels.map(({ id }) => id),
		),
	);

const spoiltResult = (fault: AnswerFault, result: unknown, answered: Answered): unknown => {
	switch (fault.kind) {
		case 'otherId':
			return withOtherId(result, answered, fault.id);
		case 'capitalIds':
			return mapTexts(result, {
				name: fault.of === 'values' ? same : capitals,
				text: fault.of === 'names' ? same : capitals,
			});
		case 'unlist':
			return withList(result, (tunnels) => {
				const hidden = chosen(fault, tunnels);
				return tunnels.filter(({ id }) => !hidden.has(id));
			});
		case 'listTwice':
			return withList(result, (tunnels) => {
				const doubled = chosen(fault, tunnels);
				return [...tunnels, ...tunnels.filter(({ id }) => doubled.has(id))];
			});
		case 'listAlso':
			return withList(result, (tunnels) => [...tunnels, ...fault.tunnels]);
		default:
			return result;
	}
};

const withoutEnvelope = (
	body: Envelope,
	form: Extract<AnswerFault, { kind: 'envelope' }>['form'],
): unknown => {
	const { success, ...rest } = body;
	switch (form) {
		case 'unwrapped':
			return rest.result;
		case 'textSuccess':
			return { ...rest, success: String(success) };
		case 'falseSuccess':
			return { ...rest, success: false };
		case 'noSuccess':
			return rest;
	}
};

const NOT_FOUND = 1032;

const notFoundOtherwise = (
	answer: Sent,
	{ status, code, message, html }: Extract<AnswerFault, { kind: 'notFound' }>,
): Sent => {
	const [error] = (answer.body as Partial<Envelope> | null)?.errors ?? [];
	if (error?.code !== NOT_FOUND) return answer;
	const sent = status ?? answer.status;
	if (html !== undefined) {
		return { status: sent, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: html };
	}
	const told = { ...error, code: code ?? error.code, message: message ?? error.message };
	return { ...answer, status: sent, body: { ...(answer.body as Envelope), errors: [told] } };
};

/** What a fault makes of an answer; settles late where it waits for another request. */
export const spoiltAnswer = async (
	fault: AnswerFault,
	answer: Sent,
	answered: Answered,
): Promise<Sent> => {
	switch (fault.kind) {
		case 'notFound':
			return notFoundOtherwise(answer, fault);
		case 'swapAnswers':
			return fault.with === 'previous'
				? answered.memory.delayed(answer)
				: await answered.memory.exchanged(answer);
		case 'rewrite':
			return {
				...answer,
				body: fault.change(structuredClone(answer.body), answered.request),
			};
	}
	const { body } = answer;
	if (!isSuccess(body)) return answer;
	return fault.kind === 'envelope'
		? { ...answer, body: withoutEnvelope(body, fault.form) }
		: { ...answer, body: { ...body, result: spoiltResult(fault, body.result, answered) } };
};

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
