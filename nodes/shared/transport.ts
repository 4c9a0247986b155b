import type {
	IAllExecuteFunctions,
	ICredentialDataDecryptedObject,
	IDataObject,
	IHttpRequestOptions,
	IN8nHttpFullResponse,
} from 'n8n-workflow';
import { clock } from '../http/clock';
import { RefusedCredentialError } from '../http/guard';
import { record } from '../http/json';
import { notAnswered } from '../http/network';
import type { HttpAnswer, HttpRequest, NotAnswered, Transport } from '../http/transport';

/** n8n's context of any kind that can send requests. */
export type RequestContext = Pick<
	IAllExecuteFunctions,
	'helpers' | 'getNode' | 'getCredentials'
> & {
	getExecutionCancelSignal?(): AbortSignal | undefined;
};

/** A credential as it was resolved for one item. */
export interface ResolvedCredential {
	type: string;
	data: ICredentialDataDecryptedObject;
}

/**
 * Requests through n8n's HTTP helper with exactly this credential. By itself the helper would read
 * the credential again, and without an item: an expression in it would be worked out for item 0.
 */
export function transportOf(context: RequestContext, credential: ResolvedCredential): Transport {
	return async (request) => {
		const deadline = clock.deadline(request.timeoutMs);
		const signal =
			request.signal === undefined ? deadline : AbortSignal.any([request.signal, deadline]);
		// The helper's own timeout is one of silence and never ends a slow drip; the only signal
		// that it heeds is the one it asks of its caller.
		const caller = Object.create(context, {
			getExecutionCancelSignal: { value: () => signal },
		}) as IAllExecuteFunctions;
		try {
			const response = (await context.helpers.httpRequestWithAuthentication.call(
				caller,
				credential.type,
				optionsFor(request),
				{
					// A copy, because n8n may write into it.
					credentialsDecrypted: {
						id: '',
						name: '',
						type: credential.type,
						data: { ...credential.data },
					},
				},
			)) as IN8nHttpFullResponse;
			return answerOf(response);
		} catch (error) {
			return refusedCredential(error) ?? notAnswered(error);
		}
	};
}

function optionsFor(request: HttpRequest): IHttpRequestOptions {
	return {
		method: request.method,
		url: request.url,
		headers: { ...request.headers },
		qs: request.query,
		body: request.body as IDataObject | string | undefined,
		json: typeof request.body !== 'string',
		timeout: request.timeoutMs,
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		disableFollowRedirect: true,
	};
}

function answerOf({ statusCode, headers, body }: IN8nHttpFullResponse): HttpAnswer {
	return { kind: 'answer', status: statusCode, headers: headers ?? {}, body };
}

/** A credential that refuses a request says so before anything is sent. */
function refusedCredential(error: unknown): NotAnswered | undefined {
	const cause = record(error)?.cause;
	if (!(cause instanceof RefusedCredentialError)) return undefined;
	return {
		kind: 'none',
		sent: false,
		code: 'refused',
		what: "the credential can't be used",
		remedy: cause.message,
	};
}
