import { listPolicies, listWebhooks } from '../api/alerting';
import { isStatus404, saysNotThere } from '../api/alertingCalls';
import type { CloudflareClient } from '../api/client';
import { clock } from '../http/clock';
import { nodeError } from '../shared/errors';
import type { Hook } from './hook';
import type { Made } from './state';
import { bears } from './tags';

/** Looking what is at Cloudflare. Nothing here changes anything. */

/** Milliseconds; n8n ends a test after two minutes, so that an older one ended with a crash of n8n. */
const LONGEST_TEST = 600_000;

/** A thing of the account's, whoever made it. */
interface Listed {
	kind: Made['kind'];
	id: string;
	name: unknown;
	created: unknown;
}

async function listAll(client: CloudflareClient): Promise<Listed[]> {
	const policies = await listPolicies(client);
	const webhooks = await listWebhooks(client);
	return [
		...policies.map(({ id, name, created }): Listed => ({ kind: 'policy', id, name, created })),
		...webhooks.map(
			({ id, name, created_at: created }): Listed => ({ kind: 'webhook', id, name, created }),
		),
	];
}

/**
 * What is at Cloudflare under an own tag, whether the static data know it or not, and what is left
 * of tests that n8n did not live to end.
 */
export async function findOwn(
	{ tags }: Hook,
	client: CloudflareClient,
	tag: string,
): Promise<Made[]> {
	const { accountId } = client;
	const longAgo = clock.now() - LONGEST_TEST;
	const all = await listAll(client);
	const own = all.filter(({ name }) => bears(name, tag)).map((entry) => ({ ...entry, tag }));
	const abandoned = all
		.filter(({ name }) => bears(name, tags.test))
		.filter(({ created }) => Date.parse(String(created)) < longAgo)
		.map((entry) => ({ ...entry, tag: tags.test }));
	return [...own, ...abandoned].map(({ kind, id, tag }) => ({ kind, accountId, id, tag }));
}

/** The ids of something that was made; by its name, if Cloudflare's answer was lost. */
export async function idsOf(client: CloudflareClient, { kind, tag, id }: Made): Promise<string[]> {
	if (id !== undefined) return [id];
	const found = (await listAll(client)).filter((entry) => bears(entry.name, tag));
	return found.filter((entry) => entry.kind === kind).map((entry) => entry.id);
}

/** Whether an error says that something is gone; a 404 that might mean another thing is looked into. */
export async function isGone(
	client: CloudflareClient,
	kind: Made['kind'],
	id: string,
	error: unknown,
): Promise<boolean> {
	if (saysNotThere(error)) return true;
	if (!isStatus404(error)) return false;
	const list = await (kind === 'policy' ? listPolicies(client) : listWebhooks(client));
	return !list.some((entry) => entry.id === id);
}

/**
 * What Cloudflare has of something that was made; undefined for what is gone.
 *
 * @throws NodeApiError if Cloudflare can't be asked
 */
export async function ifThere<T>(
	{ context }: Hook,
	client: CloudflareClient,
	{ kind, id }: Made,
	get: (client: CloudflareClient, id: string) => Promise<T>,
): Promise<T | undefined> {
	try {
		return await get(client, id!);
	} catch (error) {
		if (await isGone(client, kind, id!, error)) return undefined;
		throw nodeError(context.getNode(), error);
	}
}
