import Cloudflare from 'cloudflare';
import type { RecordedRequest, Simulator } from '../simulator';

/** Cloudflare's official SDK as a client of a simulated account, by token or by email and key. */
export function sdkOf(simulator: Simulator, scheme: string): Cloudflare {
	const auth =
		scheme === 'apiToken'
			? { apiToken: simulator.apiToken, apiEmail: null, apiKey: null }
			: { apiEmail: simulator.email, apiKey: simulator.apiKey, apiToken: null };
	return new Cloudflare({ ...auth, baseURL: simulator.url, maxRetries: 0 });
}

/**
 * What of a request is compared with that of the SDK. Headers of the libraries themselves
 * (user-agent, x-stainless-*, connection) are not.
 */
export function essenceOf(request: RecordedRequest) {
	const { operation, method, path, query, body, headers, status } = request;
	return {
		operation,
		method,
		path,
		query,
		body,
		status,
		newTarget: headers['x-magic-new-hc-target'],
		authorization: headers.authorization,
		email: headers['x-auth-email'],
		key: headers['x-auth-key'],
		accept: headers.accept,
		contentType: body === undefined ? undefined : headers['content-type'],
	};
}
