import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAnswerFault, spoiltAnswer } from './answerFaults';
import { CONTROL_PATH, control } from './control';
import type { Sent } from './envelope';
import type { ConductFault, FaultRegistry, Hit, TerminalFault, When } from './faults';
import type { Gateway, Handled } from './gateway';
import { brokenSimulator } from './gateway';
import type { ShownKeys } from './keys';
import { Responder } from './responder';
import { findRoute } from './routes';
import type { Simulator } from './simulator';
import { isPskFault } from './verdicts';
import type { RecordedRequest } from './types';

/** One request and its answer, with the faults that happen to it. */

export interface ExchangeParts {
	gateway: Gateway;
	faults: FaultRegistry<Simulator>;
	/** Where every request is noted. */
	requests: RecordedRequest[];
	/** Clock, ms since 1970. */
	now: () => number;
	shownKeys: ShownKeys;
	/** Ends with the simulator. */
	sleep: (ms: number) => Promise<void>;
	/** Headers of every answer. */
	headers: (principalId?: string) => Record<string, string>;
	/** The account's tunnels, in the order of its list. */
	tunnelIds: () => string[];
	simulator: () => Simulator;
}

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks);
};

/** JSON when it is some, else the text; undefined when empty. */
const readable = (raw: Buffer): unknown => {
	if (raw.length === 0) return undefined;
	const text = raw.toString('utf8');
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return text;
	}
};

const singleHeaders = (request: IncomingMessage): Record<string, string> =>
	Object.fromEntries(
		Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
	);

/** Faults that spoil what the account answered, so that it must have answered. */
const NEEDS_ANSWER: readonly TerminalFault['kind'][] = ['wrongTypes', 'missingFields', 'drip'];

const isBefore = (fault: TerminalFault): boolean =>
	'when' in fault ? fault.when !== 'after' : !NEEDS_ANSWER.includes(fault.kind);

type Hits = readonly Hit<Simulator>[];

const conductOf = (hits: Hits): ConductFault[] =>
	hits.flatMap(({ fault }) =>
		isPskFault(fault) || fault.kind === 'ignoreValidateOnly' || fault.kind === 'replaceFields'
			? [fault]
			: [],
	);

const headersOf = (hits: Hits): Record<string, string | null> =>
	Object.assign(
		{},
		...hits.map(({ fault }) => (fault.kind === 'headers' ? fault.headers : {})),
	) as Record<string, string | null>;

/** @returns what serves one request, also the control's */
export const createExchange = ({
	gateway,
	faults,
	requests,
	now,
	shownKeys,
	sleep,
	headers,
	tunnelIds,
	simulator,
}: ExchangeParts) => {
	const accompany = async (hits: Hits, at: When): Promise<void> => {
		for (const { fault, memory } of hits) {
			if (fault.kind === 'delay' && (fault.when ?? 'before') === at) await sleep(fault.ms);
			if (fault.kind === 'hold' && (fault.when ?? 'before') === at) await memory.hold();
			if (fault.kind === 'hook') await fault[at]?.(simulator());
		}
	};

	return async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
		const rawBody = await readBody(incoming);
		const { method = 'GET' } = incoming;
		const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
		const path = url.pathname;
		if (path.startsWith(CONTROL_PATH)) {
			return control(simulator(), { method, path, body: rawBody }, response);
		}
		const route = findRoute(method, path);
		const request: RecordedRequest = {
			operation: route.operation,
			method,
			path,
			query: Object.fromEntries(url.searchParams),
			headers: singleHeaders(incoming),
			body: readable(rawBody),
			status: 0,
			at: now(),
			applied: false,
		};
		requests.push(request);
		const { accompanying: hits, terminal, applied } = faults.plan(request);
		let handled: Handled | undefined;
		let answer: Sent | undefined;
		try {
			await accompany(hits, 'before');
			if (!terminal || !isBefore(terminal)) {
				handled = await gateway.handle({ request, route, rawBody, conduct: conductOf(hits) });
				request.applied = handled.applied;
				if (handled.applied) applied();
				await accompany(hits, 'after');
				answer = handled.answer;
				for (const { fault, memory } of hits) {
					if (!isAnswerFault(fault)) continue;
					const { tunnelId } = route;
					const answered = { request, tunnelId, tunnelIds: tunnelIds(), memory };
					answer = await spoiltAnswer(fault, answer, answered);
				}
			}
		} catch (error) {
			answer = brokenSimulator(error);
		}
		const responder = new Responder(
			response,
			{ common: headers(handled?.principalId), last: headersOf(hits) },
			sleep,
			(body) => shownKeys.note(body),
		);
		if (terminal) request.status = await responder.spoil(terminal, request, answer);
		else if (answer) request.status = responder.send(answer);
	};
};
