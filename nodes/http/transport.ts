import type { IDataObject, IHttpRequestMethods } from 'n8n-workflow';

/** One request; the transport adds the credential. */
export interface HttpRequest {
	method: IHttpRequestMethods;
	url: string;
	headers?: Record<string, string>;
	query?: IDataObject;
	/** An object is sent as JSON; a text as it is. */
	body?: object | string;
	/** Milliseconds until an attempt without a whole answer is given up. */
	timeoutMs: number;
	/** Gives the request up at once when it is aborted. */
	signal?: AbortSignal;
}

/** What a server answered, whatever its status; redirects are not followed. */
export interface HttpAnswer {
	kind: 'answer';
	status: number;
	/** By name in lower case. */
	headers: Readonly<Record<string, unknown>>;
	/** Parsed, if it is JSON; else a text, empty for an empty body. */
	body: unknown;
}

/** Why there is no answer. Holds nothing of the request. */
export interface NotAnswered {
	kind: 'none';
	/** False if it is certain that no byte of the request reached a server. */
	sent: boolean;
	/** The network's code, such as ECONNREFUSED. */
	code: string;
	/** What happened, in one sentence without a full stop. */
	what: string;
	remedy: string;
}

/** Sends one request. Never rejects. */
export type Transport = (request: HttpRequest) => Promise<HttpAnswer | NotAnswered>;
