import type { ServerResponse } from 'node:http';
import { withWrongTypes, withoutFields } from './answerFaults';
import type { Sent } from './envelope';
import { failure, isSuccess } from './envelope';
import type { ErrorText, TerminalFault } from './faults';
import { refusalAnswer } from './health/errors';
import type { RecordedRequest } from './types';

const JSON_TYPE = { 'content-type': 'application/json' };

const HTML = `<!DOCTYPE html>
<html><head><title>Just a moment...</title></head>
<body><h1>Checking your browser before accessing the API</h1></body></html>
`;

const textOf = (body: unknown): string =>
	typeof body === 'string' ? body : (JSON.stringify(body) ?? '');

type Headers = Readonly<Record<string, string>>;

export interface AnswerHeaders {
	/** Of every answer. */
	common: Headers;
	/** What a fault makes of them, and of the answer's own; null takes one away. */
	last: Readonly<Record<string, string | null>>;
}

/** Sends answers, whole or spoilt. */
export class Responder {
	constructor(
		private readonly response: ServerResponse,
		private readonly headers: AnswerHeaders,
		private readonly sleep: (ms: number) => Promise<void>,
		/** Told every 2xx answer that is sent whole. */
		private readonly told: (body: string) => void,
	) {}

	send({ status, headers, body }: Sent): number {
		return this.raw(status, { ...JSON_TYPE, ...headers }, textOf(body));
	}

	/**
	 * @param answer what the account answered; undefined when it never saw the request
	 * @returns the status sent, 0 when there was none
	 */
	async spoil(
		fault: TerminalFault,
		request: RecordedRequest,
		answer: Sent | undefined,
	): Promise<number> {
		const message = (text: ErrorText): string =>
			typeof text === 'string' ? text : text(request, answer?.body);
		switch (fault.kind) {
			case 'reset':
				this.response.socket?.resetAndDestroy();
				return 0;
			case 'timeout':
				return 0;
			case 'status':
				return this.status(fault, message(fault.message ?? 'internal server error'));
			case 'successFalse':
				return this.send(
					failure(200, [
						{ code: fault.code ?? 1001, message: message(fault.message ?? 'request failed') },
					]),
				);
			case 'graphqlError':
				return this.send(refusalAnswer({ status: 200, ...fault }, request.at));
			case 'html':
				return this.raw(
					fault.status ?? 200,
					{ 'content-type': 'text/html; charset=UTF-8' },
					fault.html ?? HTML,
				);
			case 'empty':
				return this.raw(fault.status ?? 204, {}, '');
			case 'redirect':
				return this.raw(fault.status ?? 302, { location: fault.location }, '');
			case 'body':
				return this.raw(
					fault.status ?? 200,
					{ 'content-type': fault.contentType ?? 'application/json' },
					fault.body,
				);
			case 'truncate':
				return this.truncate(this.bytes(answer), fault.keepBytes);
			case 'truncatedJson': {
				const bytes = this.bytes(answer);
				const kept = bytes.subarray(0, fault.keepBytes ?? Math.floor(bytes.length / 2));
				return this.raw(200, JSON_TYPE, kept);
			}
			case 'wrongTypes':
				return this.changed(answer, (result) => withWrongTypes(result, fault.of));
			case 'missingFields':
				return this.changed(answer, (result) => withoutFields(result, fault.fields));
			case 'drip':
				return this.drip(answer, fault.chunkBytes, fault.everyMs);
		}
	}

	private status(
		{ status, code, headers }: Extract<TerminalFault, { kind: 'status' }>,
		message: string,
	): number {
		// Without a code there is no envelope either: what a proxy in front answers.
		if (code === undefined)
			return this.raw(status, { 'content-type': 'text/plain', ...headers }, message);
		return this.send(failure(status, [{ code, message }], { ...headers }));
	}

	private bytes(answer: Sent | undefined): Buffer {
		return Buffer.from(
			textOf(answer?.body ?? { result: {}, success: true, errors: [], messages: [] }),
		);
	}

	private changed(answer: Sent | undefined, change: (result: unknown) => unknown): number {
		if (!answer) return 0;
		const { body } = answer;
		// A refusal stays one: its result is null.
		if (!isSuccess(body)) return this.send(answer);
		return this.send({ ...answer, body: { ...body, result: change(body.result) } });
	}

	private truncate(bytes: Buffer, keepBytes = Math.floor(bytes.length / 2)): number {
		const { response } = this;
		this.head(200, { ...JSON_TYPE, 'content-length': String(bytes.length) });
		response.write(bytes.subarray(0, keepBytes), () => response.socket?.destroy());
		return 200;
	}

	private async drip(answer: Sent | undefined, chunk: number, everyMs: number): Promise<number> {
		const bytes = this.bytes(answer);
		const { response } = this;
		const status = answer?.status ?? 200;
		this.head(status, { ...JSON_TYPE, 'content-length': String(bytes.length) });
		const step = Math.max(1, chunk);
		for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
			// With its last byte the answer is there, although the connection is not over.
			if (at + step >= bytes.length) this.note(status, bytes);
			response.write(bytes.subarray(at, at + step));
			await this.sleep(everyMs);
		}
		response.end();
		return status;
	}

	private head(status: number, headers: Headers): void {
		const { common, last } = this.headers;
		for (const [name, value] of Object.entries({ ...common, ...headers })) {
			this.response.setHeader(name, value);
		}
		// Set one by one, since a header is the same in any case of its letters.
		for (const [name, value] of Object.entries(last)) {
			if (value === null) this.response.removeHeader(name);
			else this.response.setHeader(name, value);
		}
		this.response.writeHead(status);
	}

	private raw(status: number, headers: Headers, body: string | Buffer): number {
		const bytes = Buffer.from(body);
		this.head(status, {
			...headers,
			...(status !== 204 && { 'content-length': String(bytes.length) }),
		});
		this.note(status, bytes);
		this.response.end(bytes);
		return status;
	}

	private note(status: number, bytes: Buffer): void {
		if (status >= 200 && status < 300) this.told(bytes.toString('utf8'));
	}
}
