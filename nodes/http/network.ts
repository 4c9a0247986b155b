import { record, text } from './json';
import type { NotAnswered } from './transport';

/**
 * Network codes after which it is certain that no request was sent: they come while a connection
 * is made. An unreachable host is not among them, because a connection that was made can end so too.
 */
const NOT_SENT =
	/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ERR_TLS_CERT_ALTNAME_INVALID|CERT_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.*)$/;

const TEXTS: Readonly<Record<string, string>> = {
	ECONNREFUSED: 'the connection was refused',
	ENOTFOUND: 'the address could not be found',
	EAI_AGAIN: 'the address could not be looked up just now',
	ETIMEDOUT: 'no answer came in time',
	ECONNABORTED: 'no answer came in time',
	ERR_CANCELED: 'no answer came in time',
};

/** The network's code in an error of n8n's HTTP helper, wherever it was put. */
function networkCode(error: unknown): string {
	let current = record(error);
	for (let depth = 0; current !== undefined && depth < 4; depth++) {
		for (const key of ['code', 'httpCode']) {
			const code = text(current[key]);
			if (code !== undefined && /^[A-Z][A-Z0-9_]+$/.test(code)) return code;
		}
		current = record(current.cause);
	}
	return 'unknown';
}

/** What an error of n8n's HTTP helper says of a request that got no answer. */
export function notAnswered(error: unknown): NotAnswered {
	const code = networkCode(error);
	const sent = !NOT_SENT.test(code);
	return {
		kind: 'none',
		sent,
		code,
		what: TEXTS[code] ?? (sent ? 'the connection broke' : 'no safe connection could be made'),
		remedy: sent
			? `Check the network between n8n's host and the server (network code ${code}).`
			: `Check the address in the credential, and that n8n's host can reach it (network code ${code}).`,
	};
}
