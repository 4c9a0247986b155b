import { request } from 'undici';
import type { Dispatcher } from 'undici';
import type { Simulator } from './index';
import type { Envelope } from './envelope';

export interface Called {
	status: number;
	headers: Record<string, string | string[] | undefined>;
	body: Envelope;
}

export interface CallOptions {
	/** Sent as JSON unless it is a string. */
	body?: unknown;
	headers?: Record<string, string>;
	/** Headers of a scheme; default the write token. */
	auth?: Record<string, string>;
	/** Default true, as the newer form is the one that shows more. */
	objectTarget?: boolean;
}

export const bearer = (token: string): Record<string, string> => ({
	authorization: `Bearer ${token}`,
});

export const keyPair = (email: string, key: string): Record<string, string> => ({
	'x-auth-email': email,
	'x-auth-key': key,
});

/** Sends requests to a simulated account as any HTTP client would; nothing is checked or repeated. */
export const createCaller = (simulator: Simulator) => {
	const send = (
		method: Dispatcher.HttpMethod,
		path: string,
		{
			body,
			headers = {},
			auth = bearer(simulator.apiToken),
			objectTarget = true,
		}: CallOptions = {},
	): Promise<Dispatcher.ResponseData> =>
		request(`${simulator.url}${path}`, {
			method,
			headers: {
				...auth,
				...(objectTarget && { 'x-magic-new-hc-target': 'true' }),
				...(body !== undefined && { 'content-type': 'application/json' }),
				...headers,
			},
			...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
		});
	const call = async (
		method: Dispatcher.HttpMethod,
		path: string,
		options?: CallOptions,
	): Promise<Called> => {
		const { statusCode, headers, body } = await send(method, path, options);
		return { status: statusCode, headers, body: (await body.json()) as Envelope };
	};
	const tunnels = `/accounts/${simulator.accountId}/magic/ipsec_tunnels`;
	return {
		send,
		call,
		tunnels,
		/** @param path below the account's tunnels, with its slash or question mark */
		magic: (method: Dispatcher.HttpMethod, path = '', options?: CallOptions): Promise<Called> =>
			call(method, `${tunnels}${path}`, options),
		/** @param path below the account's alerting, with its slash */
		alerting: (method: Dispatcher.HttpMethod, path: string, options?: CallOptions) =>
			call(method, `/accounts/${simulator.accountId}/alerting/v3${path}`, options),
	};
};

export type Caller = ReturnType<typeof createCaller>;
