import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
} from 'n8n-workflow';
import { Agent, request } from 'undici';
import { notAnswered } from '../../nodes/http/network';
import type { HttpRequest, Transport } from '../../nodes/http/transport';
import { RefusedCredentialError } from '../../nodes/http/guard';
import { forOwnRequests } from '../../nodes/vaults/credentials';

/**
 * A transport without n8n, for tests of the vaults' drivers over real sockets: the credential's own
 * `authenticate` puts its secrets into each request, as n8n would have it do.
 */
export function directTransport(
	type: ICredentialType,
	data: ICredentialDataDecryptedObject,
	/** Sees each request as it goes out. */
	onSend: (request: IHttpRequestOptions) => void = () => {},
): Transport {
	const { authenticate } = type;
	if (typeof authenticate !== 'function') throw new Error(`${type.name} has no function`);
	return async ({ timeoutMs, signal, query, ...asked }: HttpRequest) => {
		const deadline = AbortSignal.timeout(timeoutMs);
		const ends = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
		try {
			const signed = await authenticate(forOwnRequests(data), {
				...asked,
				headers: { ...asked.headers },
				qs: query,
				json: typeof asked.body !== 'string',
			} as IHttpRequestOptions);
			onSend(signed);
			const body = typeof signed.body === 'string' ? signed.body : JSON.stringify(signed.body);
			const answer = await request(signed.url, {
				method: signed.method as 'GET',
				headers: {
					...(signed.body === undefined ? {} : { 'content-type': 'application/json' }),
					...(signed.headers as Record<string, string>),
				},
				query: signed.qs as Record<string, string> | undefined,
				body,
				signal: ends,
				dispatcher: AGENT,
			});
			const text = await answer.body.text();
			return {
				kind: 'answer',
				status: answer.statusCode,
				headers: answer.headers,
				body: parsed(text),
			};
		} catch (error) {
			if (error instanceof RefusedCredentialError) {
				return {
					kind: 'none',
					sent: false,
					code: 'refused',
					what: "the credential can't be used",
					remedy: error.message,
				};
			}
			return notAnswered(ends.aborted ? { code: 'ERR_CANCELED' } : error);
		}
	};
}

const AGENT = new Agent({ keepAliveTimeout: 1_000 });

function parsed(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return text;
	}
}
