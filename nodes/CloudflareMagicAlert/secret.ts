import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { INode, IWorkflowMetadata } from 'n8n-workflow';
import { text } from '../http/json';
import type { ResolvedCredential } from '../shared/transport';

/**
 * The webhook's secret. Cloudflare signs nothing: it sends the secret as it is with every alert, so
 * whoever knows it can forge any. n8n keeps static data in clear and puts them into every export of
 * a workflow, so they hold its SHA-256 only, which is of no use to a forger.
 *
 * The secret itself is kept nowhere. It is made of the credential's token or key, which no export
 * holds, and of what names this node in this n8n. A random one would be known to `create` alone
 * until n8n has stored the static data, after it has returned; but the test message, for which
 * `create` waits, and the first alerts come before that, perhaps to another process. A made one is
 * known at any time to every process that has the same WEBHOOK_URL. The hash is looked at first and needs no credential, so that
 * a token may be rotated, or not be readable, without the loss of an alert: the secret stays what it
 * is until the next activation, which sees that the credential would give another, and replaces it.
 */

/**
 * Characters that a token or key must have; Cloudflare's have 37 or more. One that a person thought
 * up, for a gateway at another Base URL, could be found by trying, with the hash of an export. For
 * such a credential the secret is random, and nothing is known for Cloudflare's before it is stored.
 */
const SHORTEST_KEY = 32;

/** n8n's context of any kind, as far as it names the node. */
export interface NamedContext {
	getNode(): INode;
	getWorkflow(): IWorkflowMetadata;
	getInstanceBaseUrl(): string;
}

function digest(secret: string): Buffer {
	return createHash('sha256').update(secret).digest();
}

/** What static data hold of a secret. */
export function hashOf(secret: string): string {
	return digest(secret).toString('hex');
}

/** Whether a text is the secret of a hash; compares in a time that tells nothing of it. */
export function isOfHash(given: string, hash: string | undefined): boolean {
	return hash !== undefined && timingSafeEqual(digest(given), Buffer.from(hash, 'hex'));
}

/** The secret that a credential gives; undefined for a credential that is too short to give one. */
export function secretOf(
	context: NamedContext,
	credential: ResolvedCredential,
): string | undefined {
	const { apiToken, apiKey } = credential.data;
	const key = text(credential.type === 'cloudflareMagicTokenApi' ? apiToken : apiKey)?.trim();
	if (key === undefined || key.length < SHORTEST_KEY) return undefined;
	const { id, webhookId = id } = context.getNode();
	const name = ['webhook', context.getInstanceBaseUrl(), context.getWorkflow().id, webhookId];
	return createHmac('sha256', key).update(JSON.stringify(name)).digest('hex');
}
