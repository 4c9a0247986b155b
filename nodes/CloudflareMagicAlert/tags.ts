import { createHash } from 'node:crypto';
import { text } from '../http/json';

/**
 * By a tag in its name, whatever is made at Cloudflare is bound to the webhook URL that it was made
 * for, and by that to the n8n that made it. Only what bears an own tag is ever removed: the static
 * data of a copy (a restored database, an import) name what production uses.
 *
 * What this can't do: of two n8n with the same WEBHOOK_URL none knows that it is the copy; and an
 * n8n whose WEBHOOK_URL was changed takes what it made before for another's, and says so in the log.
 */
export interface Tags {
	/** Of what the active workflow made. */
	lasting: string;
	/** Of what a test in the editor made. Known in production too, where n8n does not tell its URL. */
	test: string;
}

function digest(of: string): string {
	return createHash('sha256').update(of).digest('hex').slice(0, 12);
}

/** A webhook URL without the part by which n8n tells a test's from production's. */
function withoutEndpoint(url: string, webhookId: string | undefined): string {
	const path = url.lastIndexOf(`/${webhookId}/`);
	return path < 0 ? url : url.slice(0, url.lastIndexOf('/', path - 1)) + url.slice(path);
}

/**
 * @param url the webhook's URL, of production or of a test
 * @param webhookId the node's id in the URL
 */
export function tagsOf(url: string, webhookId: string | undefined): Tags {
	return { lasting: digest(url), test: digest(`test ${withoutEndpoint(url, webhookId)}`) };
}

/** The name of a policy or a destination, for people, with a tag at its end. */
export function nameWith(tag: string, title: string, isTest: boolean): string {
	return `${isTest ? 'n8n test' : 'n8n'}: ${title} (${tag})`;
}

/** True for a name that a tag is at the end of. */
export function bears(name: unknown, tag: string): boolean {
	return text(name)?.endsWith(`(${tag})`) === true;
}
