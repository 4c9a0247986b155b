import { field } from '../http/json';
import type { HttpAnswer } from '../http/transport';
import type { Reply, Verdict } from './exchange';
import type { Words } from './failures';
import { failed, unanswered } from './failures';
import type { VaultFailure } from './vault';

/**
 * What Vault's and OpenBao's answers mean. Statuses and texts:
 * https://developer.hashicorp.com/vault/api-docs#http-status-codes and the sources of the engine,
 * https://github.com/hashicorp/vault-plugin-secrets-kv
 */

/** The texts of Vault's error envelope; undefined if the answer has none. */
export function errorsOf(body: unknown): string[] | undefined {
	const errors = field(body, 'errors');
	return Array.isArray(errors) ? errors.map(String) : undefined;
}

export function says(answer: HttpAnswer, words: RegExp): boolean {
	return errorsOf(answer.body)?.some((error) => words.test(error)) === true;
}

export const CAS_MISMATCH = /check-and-set parameter did not match/;

const SEALED = /\bis sealed\b/;

/** Whether an answer counts, or the request may be sent again. */
export function judgeKv2(answer: HttpAnswer): Verdict {
	const { status } = answer;
	// A quota, a replica that lags behind, or an engine that is being upgraded: refused for now.
	if (status === 429 || status === 412) return 'notNow';
	if (status === 400 && says(answer, /^Upgrading from non-versioned/)) return 'notNow';
	if (status === 503 && says(answer, SEALED)) return 'answered';
	if (status === 408 || (status >= 500 && status !== 501)) return 'unclear';
	return 'answered';
}

const BY_STATUS: Readonly<Record<number, Words>> = {
	400: {
		fault: 'rejected',
		what: 'the vault did not accept the request',
		remedy: "Check the secret's path, and the namespace in the credential.",
	},
	403: {
		fault: 'denied',
		what: 'the vault refused access',
		remedy:
			"Either the token or AppRole of the credential is not valid any more, or its policy does not allow this: it needs create, read and update on the path '<mount>/data/<secret>', and list on '<mount>/metadata/<folder>' for an audit. The vault says the same in both cases.",
	},
	404: {
		fault: 'notThisVault',
		what: 'there is nothing of this kind at the address',
		remedy:
			'Check the Mount in the node, the address and the namespace in the credential. The mount must be a key-value engine of version 2.',
		reach: 'vault',
	},
	405: {
		fault: 'notThisVault',
		what: 'the engine at this mount has no such function',
		remedy: 'The Mount in the node must be a key-value engine of version 2.',
		reach: 'vault',
	},
	412: {
		fault: 'throttled',
		what: 'the server that answered is a replica that lags behind',
		remedy: 'Run the same operation again in a minute, or set the address to the active server.',
	},
	413: {
		fault: 'rejected',
		what: 'the secret is too large',
		remedy: 'Keep other fields in another secret.',
	},
	429: {
		fault: 'throttled',
		what: 'the vault is limiting the rate of requests',
		remedy: 'Run fewer at once (option Vault Concurrency), or ask for a higher quota on this path.',
	},
	472: {
		fault: 'standby',
		what: 'the server belongs to a replica for disaster recovery, which serves no requests',
		remedy: "Set the credential's address to the primary cluster.",
		reach: 'vault',
	},
	473: {
		fault: 'standby',
		what: 'the server is a performance standby that can not serve this request',
		remedy: "Set the credential's address to the active server, or to the cluster's load balancer.",
		reach: 'vault',
	},
	501: {
		fault: 'sealed',
		what: 'the vault is not initialised',
		remedy: 'Ask its administrator to initialise and unseal it.',
		reach: 'vault',
	},
};

const IS_SEALED: Words = {
	fault: 'sealed',
	what: 'the vault is sealed',
	remedy: 'Ask its administrator to unseal it, then run the same operation again.',
	reach: 'vault',
};

const REDIRECTED: Words = {
	fault: 'standby',
	what: 'the server sends its clients to another address, which is not followed',
	remedy:
		"It may be a standby. Set the credential's address to the active server, to the cluster's load balancer, or switch request forwarding on.",
	reach: 'vault',
};

const IN_TROUBLE: Words = {
	fault: 'server',
	what: 'the vault or a proxy in front of it is in trouble',
	remedy: 'Run the same operation again later.',
};

const NOT_VAULT: Words = {
	fault: 'unreadable',
	what: "the answer is not the vault's",
	remedy: "Check the credential's address, and what is between n8n's host and the vault.",
};

function wordsFor(answer: HttpAnswer): Words {
	const { status } = answer;
	const known = BY_STATUS[status];
	if (known !== undefined) return known;
	if (status >= 300 && status < 400) return REDIRECTED;
	if (status === 503 && says(answer, SEALED)) return IS_SEALED;
	if (status === 408 || status >= 500) return IN_TROUBLE;
	return status >= 400 ? BY_STATUS[400]! : NOT_VAULT;
}

/** What a reply that is not the hoped-for one means. Nothing that the server wrote is in it. */
export function kv2Failure(reply: Reply, mayHaveHappened = false): VaultFailure {
	if (reply.kind === 'none') return unanswered(reply, mayHaveHappened);
	const words = wordsFor(reply);
	const what = `${words.what} (HTTP ${reply.status})`;
	return failed({ ...words, what }, { mayHaveHappened, httpCode: String(reply.status) });
}
