import { request } from 'undici';
import { reachableUrl } from './addresses';
import type { AlertingOptions } from './types';

/** Sends notifications to webhooks. */
export interface Messenger {
	readonly options: AlertingOptions;
	/** @returns the status answered; 0 when there was no answer in time */
	post(url: string, body: unknown, secret: string | undefined): Promise<number>;
	/** Ends what is under way, and sends nothing more. */
	close(): void;
}

/**
 * Headers as a receiver of Cloudflare's webhooks sees them (LukeRoberson/Cloudflare-Plugin; the auth
 * header by notifications/reference/webhook-payload-schema).
 * GUESS: a redirect is not followed. Deliveries are not repeated, as no page says that they are.
 */
export const createMessenger = (options: AlertingOptions): Messenger => {
	const closing = new AbortController();
	return {
		options,
		async post(url, body, secret) {
			const target = reachableUrl(url, options);
			if (!target) return 0;
			const timeout = AbortSignal.timeout(options.timeoutMs ?? 5_000);
			try {
				const answer = await request(target, {
					method: 'POST',
					headers: {
						'content-type': 'application/json',
						'user-agent': 'Go-http-client/2.0',
						...(secret !== undefined && { 'cf-webhook-auth': secret }),
					},
					body: JSON.stringify(body),
					signal: AbortSignal.any([closing.signal, timeout]),
					// A receiver that ends must not wait for idle connections.
					reset: true,
				});
				await answer.body.dump();
				return answer.statusCode;
			} catch {
				return 0;
			}
		},
		close: () => closing.abort(),
	};
};

export const isDelivered = (status: number): boolean => status >= 200 && status < 300;
