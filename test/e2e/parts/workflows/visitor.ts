import { strict as assert } from 'node:assert';
import { readWorkflow } from '../../../helpers/shippedWorkflows';
import type { N8n } from '../../harness/n8n';
import { waitFor } from '../../../helpers/processes';
import { PUBLIC_ORIGIN } from './installation';

/** n8n lets no program answer for a person, and tells them apart by this. */
const BROWSER = {
	'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
};

const unescaped = (html: string): string =>
	html
		.replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(parseInt(code, 16)))
		.replace(/&quot;/g, '"')
		.replace(/&lt;/g, '<')
		.replace(/&gt;/g, '>')
		.replace(/&amp;/g, '&');

/** The words of a page as a person reads them. */
function wordsOf(html: string): string {
	const body = html.replace(/<(script|style)\b.*?<\/\1>/gs, '').replace(/<[^>]*>/g, ' ');
	return unescaped(body).replace(/\s+/g, ' ').trim();
}

/** What a person does with n8n's pages: opens them, fills forms in, follows links of mails. */
export class Visitor {
	constructor(private readonly n8n: N8n) {}

	/** Opens a page by its public address or its path. @returns its HTML */
	async open(address: string): Promise<string> {
		const answer = await fetch(this.reachable(address), { headers: BROWSER });
		assert.equal(answer.status, 200, `${address}: ${answer.status}`);
		return await answer.text();
	}

	/** What a person reads on a page. */
	async read(address: string): Promise<string> {
		return wordsOf(await this.open(address));
	}

	/**
	 * Fills in the form of a Form Trigger and sends it, as the script of its page does.
	 *
	 * @param values by the labels of the fields
	 * @returns the answer of n8n
	 */
	async submit(webhookId: string, values: Record<string, string | File>): Promise<Submitted> {
		const address = `/form/${webhookId}`;
		const html = await this.open(address);
		const labels = [...html.matchAll(/<label[^>]*\bfor=["']?([\w-]+)["']?[^>]*>(.*?)<\/label>/gs)];
		const form = new FormData();
		for (const [label, value] of Object.entries(values)) {
			const field = labels.find(([, , text]) => wordsOf(text!).replace(/ ?\*$/, '') === label)?.[1];
			assert.ok(field, `The form has no field ${label}`);
			form.append(field, value);
		}
		const answer = await fetch(this.reachable(address), {
			method: 'POST',
			headers: BROWSER,
			body: form,
		});
		assert.equal(answer.status, 200, await answer.clone().text());
		return (await answer.json()) as Submitted;
	}

	/** The page that a form goes on with, when it is there. @param address as n8n gave it */
	async nextPage(address: string): Promise<string> {
		const status = new URL(address);
		status.pathname += '/n8n-execution-status';
		await waitFor(
			'The next page of the form',
			async () => (await this.open(status.href)).trim() === 'form-waiting',
		);
		return await this.read(address);
	}

	private reachable(address: string): string {
		return new URL(address.replace(PUBLIC_ORIGIN, ''), this.n8n.url).href;
	}
}

/** What n8n answers to a form: the address of its next page if it has one. */
export interface Submitted {
	formWaitingUrl?: string;
	status?: number;
}

/** The part of a form's address that the workflow with the Form Trigger gives. */
export function formOf(file: string): string {
	const { nodes } = readWorkflow(file);
	return nodes.find(({ type }) => type === 'n8n-nodes-base.formTrigger')!.webhookId!;
}

/** The links of a mail in HTML, by their words. */
export function linksIn(html: string): Map<string, string> {
	const links = [...html.matchAll(/<a\b[^>]*\bhref=["']([^"']*)["'][^>]*>(.*?)<\/a>/gs)];
	return new Map(links.map(([, href, text]) => [wordsOf(text!), unescaped(href!)]));
}
