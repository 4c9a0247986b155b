import { strict as assert } from 'node:assert';
import { leaksIn } from '../../../helpers/scanner';
import { keptBytes } from '../../harness/kept';
import type { Context } from '../../harness/part';
import { waitFor } from '../../../helpers/processes';
import { settled } from '../../harness/unsaved';
import { formOf, linksIn, Visitor } from './visitor';
import type { Site, Installation } from './installation';
import { nextMessage } from './installation';

interface Request {
	installation: Installation;
	site: Site;
	visitor: Visitor;
	/** The workflow with the form. */
	id: string;
}

const ON_DEMAND = 'rotate-one-on-demand.json';
const REASON = 'the router was stolen & sold';

/** Asks for a new key and gives the approver's links and the address of the page that is waiting. */
async function asked({ installation, visitor, id }: Request, tunnel: string) {
	const { n8n, mailbox } = installation;
	const mails = mailbox.mails.length;
	const { formWaitingUrl } = await visitor.submit(formOf(ON_DEMAND), {
		Tunnel: tunnel,
		Reason: REASON,
		'Your Name': 'Ada',
	});
	assert.ok(formWaitingUrl);
	const mail = await waitFor('The mail to the approver', async () => mailbox.mails[mails]);
	assert.deepEqual(mail.to, ['lead@example.org']);
	assert.equal(mail.subject, `A new key for tunnel ${tunnel}?`);
	// The mail is out before the run waits.
	await waitFor('The run that waits', async () => {
		const [newest] = await n8n.executions(id);
		return newest?.status === 'waiting';
	});
	return { page: formWaitingUrl, links: linksIn(mail.body) };
}

async function approve(request: Request): Promise<void> {
	const { installation, site, visitor, id } = request;
	const { n8n, chat, mailbox } = installation;
	const messages = chat.messages.length;
	const tunnel = (await site.account.tunnels())[1]!.tunnel;
	const { name } = tunnel;
	const { page, links } = await asked(request, name);
	// n8n keeps a run that waits, so this is found, and a key would be.
	assert.equal(leaksIn(keptBytes(n8n).texts, [REASON]).length, 1);
	assert.deepEqual(await site.changed(), []);
	await site.expectNoSecret(mailbox.mails);

	await visitor.open(links.get('Rotate the key')!);
	const sentence = `The new PSK of tunnel '${name}' is live and current in the vault at 'magic-ipsec/${tunnel.id}': its router has to fetch it.`;
	assert.equal(await nextMessage(chat, messages), `${sentence}\nAsked for by Ada: ${REASON}`);
	const shown = await visitor.nextPage(page);
	assert.match(shown, /The tunnel has a new key/);
	assert.ok(shown.includes(sentence), shown);
	await settled(n8n, id);
	assert.deepEqual(await site.changed(), [1]);
	await site.expectInVault([1]);
	await site.expectNoSecret(chat.messages, mailbox.mails, shown);
}

async function decline(request: Request): Promise<void> {
	const { installation, site, visitor } = request;
	const { chat, mailbox } = installation;
	const messages = chat.messages.length;
	const { name } = (await site.account.tunnels())[0]!.tunnel;
	const { page, links } = await asked(request, name);
	await visitor.open(links.get('Decline')!);
	const said = `A new key for tunnel ${name} was declined.`;
	assert.equal(await nextMessage(chat, messages), `${said}\nAsked for by Ada: ${REASON}`);
	const shown = await visitor.nextPage(page);
	assert.ok(shown.includes('Nothing was changed') && shown.includes(said), shown);
	assert.deepEqual(await site.changed(), [1]);

	const mails = mailbox.mails.length;
	const { formWaitingUrl } = await visitor.submit(formOf(ON_DEMAND), {
		Tunnel: 'no-such-tunnel',
		Reason: REASON,
		'Your Name': 'Ada',
	});
	assert.match(await visitor.nextPage(formWaitingUrl!), /The tunnel was not found\./);
	assert.equal(mailbox.mails.length, mails);
}

/** The workflow with a form, whose run waits for an approval. */
export async function checkOnDemand(context: Context, installation: Installation): Promise<void> {
	const { n8n, notify } = installation;
	const site = await installation.account([10, 20]);
	const { chat_url, mail_from } = notify;
	const id = await site.activated({
		file: ON_DEMAND,
		settings: { chat_url, mail_from, approver: 'lead@example.org' },
	});
	const request: Request = { installation, site, visitor: new Visitor(n8n), id };
	await context.check(
		'rotate-one-on-demand: the form, the approval by e-mail, a new key, the last page',
		async () => await approve(request),
	);
	await context.check(
		'rotate-one-on-demand: declined, or a tunnel that is not there: nothing is changed',
		async () => await decline(request),
	);
	await n8n.deactivate(id);
}
