import type { ServerResponse } from 'node:http';
import type { Answer } from './envelope';
import { failure } from './envelope';
import type { TerminalFault } from './faults';
import { withWrongTypes, withoutFields } from './faults';

const JSON_TYPE = { 'content-type': 'application/json' };

const HTML = `<!DOCTYPE html>
<html><head><title>Just a moment...</title></head>
<body><h1>Checking your browser before accessing the API</h1></body></html>
`;

/** Sends answers, whole or spoilt. */
export class Responder {
	constructor(
		private readonly response: ServerResponse,
		/** Headers of every answer. */
		private readonly common: Readonly<Record<string, string>>,
		private readonly sleep: (ms: number) => Promise<void>,
	) {}

	send({ status, headers, body }: Answer): number {
		return this.raw(status, { ...JSON_TYPE, ...headers }, JSON.stringify(body));
	}

	/**
	 * @param answer what the account answered; undefined when it never saw the request
	 * @returns the status sent, 0 when there was none
	 */
	async spoil(fault: TerminalFault, answer: Answer | undefined): Promise<number> {
		switch (fault.kind) {
			case 'reset':
				this.response.socket?.resetAndDestroy();
				return 0;
			case 'timeout':
				return 0;
			case 'status':
				return this.status(fault);
			case 'successFalse':
				return this.send(
					failure(200, [{ code: fault.code ?? 1001, message: fault.message ?? 'request failed' }]),
				);
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

	private status({
		status,
		code,
		message = 'internal server error',
		headers,
	}: Extract<TerminalFault, { kind: 'status' }>): number {
		// Without a code there is no envelope either: what a proxy in front answers.
		if (code === undefined)
			return this.raw(status, { 'content-type': 'text/plain', ...headers }, message);
		return this.send(failure(status, [{ code, message }], { ...headers }));
	}

	private bytes(answer: Answer | undefined): Buffer {
		const body = answer?.body ?? { result: {}, success: true, errors: [], messages: [] };
		return Buffer.from(JSON.stringify(body));
	}

	private changed(answer: Answer | undefined, change: (result: unknown) => unknown): number {
		if (!answer) return 0;
		// A refusal stays one: its result is null.
		if (!answer.body.success) return this.send(answer);
		return this.send({ ...answer, body: { ...answer.body, result: change(answer.body.result) } });
	}

	private truncate(bytes: Buffer, keepBytes = Math.floor(bytes.length / 2)): number {
		const { response } = this;
		response.writeHead(200, {
			...this.common,
			...JSON_TYPE,
			'content-length': String(bytes.length),
		});
		response.write(bytes.subarray(0, keepBytes), () => response.socket?.destroy());
		return 200;
	}

	private async drip(answer: Answer | undefined, chunk: number, everyMs: number): Promise<number> {
		const bytes = this.bytes(answer);
		const { response } = this;
		const status = answer?.status ?? 200;
		response.writeHead(status, {
			...this.common,
			...JSON_TYPE,
			'content-length': String(bytes.length),
		});
		for (let at = 0; at < bytes.length && !response.destroyed; at += Math.max(1, chunk)) {
			response.write(bytes.subarray(at, at + Math.max(1, chunk)));
			await this.sleep(everyMs);
		}
		response.end();
		return status;
	}

	private raw(status: number, headers: Record<string, string>, body: string | Buffer): number {
		const bytes = Buffer.from(body);
		this.response.writeHead(status, {
			...this.common,
			...headers,
			...(status !== 204 && { 'content-length': String(bytes.length) }),
		});
		this.response.end(bytes);
		return status;
	}
}
