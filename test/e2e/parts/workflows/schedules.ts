import { strict as assert } from 'node:assert';
import type { N8n, Workflow } from '../../harness/n8n';
import { keptBytes } from '../../harness/kept';
import type { Context } from '../../harness/part';
import { settled } from '../../harness/unsaved';
import { leaksIn } from '../../../helpers/scanner';
import type { Shipped, Site, Installation } from './installation';
import { addWebhook, nextMessage } from './installation';

const REPORT = 'Key rotation: 3 with a new key, 1 not due, 0 to look at.';

/** Has the schedule of a workflow come every ten seconds instead of once a week. */
function hurry({ nodes }: Workflow): void {
	const [schedule] = nodes;
	assert.equal(schedule!.type, 'n8n-nodes-base.scheduleTrigger');
	schedule!.parameters = { rule: { interval: [{ field: 'seconds', secondsInterval: 10 }] } };
}

/** Runs a workflow with a schedule once, at once, to its end; its own schedule is on meanwhile. */
export async function runNow(n8n: N8n, site: Site, shipped: Shipped): Promise<string> {
	let path = '';
	const id = await site.activated({
		...shipped,
		change: (workflow) => {
			shipped.change?.(workflow);
			path = addWebhook(workflow);
		},
	});
	await n8n.callWebhook(path);
	await settled(n8n, id);
	await n8n.deactivate(id);
	return id;
}

/** A scheduled rotation, run once, with what it told. */
export async function rotateNow(
	{ n8n, chat, mailbox, notify }: Installation,
	site: Site,
	more: Partial<Shipped> = {},
): Promise<{ message: string; mail: { subject: string; body: string } }> {
	const [messages, mails] = [chat.messages.length, mailbox.mails.length];
	const settings = { ...notify, max_age_days: 90 };
	await runNow(n8n, site, { file: 'scheduled-rotation.json', settings, ...more });
	assert.equal(chat.messages.length, messages + 1);
	assert.equal(mailbox.mails.length, mails + 1);
	return { message: chat.messages[messages]!, mail: mailbox.mails[mails]! };
}

/** The rotation of three of four keys has been reported well. */
export function expectReported({ message, mail }: Awaited<ReturnType<typeof rotateNow>>): void {
	assert.equal(message, REPORT);
	assert.equal(mail.subject, 'Key rotation: all is well');
	assert.equal(mail.body, REPORT);
}

/** Keys of which three are due. */
export const AGES = [120, 3, 400, null];

async function scheduledRotation(installation: Installation): Promise<void> {
	const { n8n, chat, mailbox, notify } = installation;
	const site = await installation.account(AGES);
	const [messages, mails] = [chat.messages.length, mailbox.mails.length];
	const id = await site.activated({
		file: 'scheduled-rotation.json',
		settings: { ...notify, max_age_days: 90 },
		change: hurry,
	});
	// Once is enough, and the next time must not come while this run is going on.
	await site.account.seen('list', 1);
	await n8n.deactivate(id);
	const message = await nextMessage(chat, messages);
	await settled(n8n, id);
	expectReported({ message, mail: mailbox.mails[mails]! });
	assert.deepEqual(await site.changed(), [0, 2, 3]);
	await site.expectInVault([0, 2, 3]);
	// n8n keeps the run, items and all, so that its sentences are found, and a key would be.
	assert.deepEqual(
		(await n8n.executions(id)).map(({ status }) => status),
		['success'],
	);
	assert.equal(leaksIn(keptBytes(n8n).texts, [REPORT]).length, 1);
	await site.expectNoSecret(chat.messages, mailbox.mails);
}

async function vaultAudit(installation: Installation): Promise<void> {
	const { n8n, chat, mailbox, notify } = installation;
	const site = await installation.account(AGES);
	const audit = async () => {
		const messages = chat.messages.length;
		await runNow(n8n, site, { file: 'vault-audit.json', settings: notify });
		return chat.messages.slice(messages).join('\n').split('\n');
	};
	await rotateNow(installation, site);
	const kept = (await site.account.tunnels())[1]!.tunnel.name;
	// The records of the other checks' accounts are in the same vault, and are not this account's.
	assert.deepEqual(await audit(), [
		'Vault audit: 3 steady, 1 none.',
		`- ${kept}: none. The vault holds no key of it.`,
	]);
	await site.expectNoSecret(chat.messages, mailbox.mails);
}

async function weeklyReport(installation: Installation): Promise<void> {
	const { n8n, chat, mailbox, notify } = installation;
	const site = await installation.account([12, 95, null]);
	const [messages, mails] = [chat.messages.length, mailbox.mails.length];
	const settings = { ...notify, max_age_days: 90 };
	await runNow(n8n, site, { file: 'weekly-key-age-report.json', settings });
	const tunnels = (await site.account.tunnels()).map(({ tunnel }) => tunnel);
	const [young, old] = tunnels.map(({ psk_metadata }) =>
		psk_metadata.last_generated_on?.slice(0, 10),
	);
	const table = [
		'Magic IPsec keys: 3 tunnels, 1 overdue (90 days or older), 1 never set.',
		'',
		'       AGE  LAST SET    TUNNEL',
		` never set  -           ${tunnels[2]!.name}`,
		`   95 days  ${old}  ${tunnels[1]!.name}  (overdue)`,
		`   12 days  ${young}  ${tunnels[0]!.name}`,
	].join('\n');
	assert.deepEqual(chat.messages.slice(messages), [table]);
	const [{ to, subject, body } = { to: [], subject: '', body: '' }] = mailbox.mails.slice(mails);
	assert.deepEqual(to, ['network@example.org']);
	assert.equal(subject, 'Magic IPsec keys: 1 overdue');
	assert.equal(body, table);
	const requests = await site.account.requests();
	assert.deepEqual(new Set(requests.map(({ method }) => method)), new Set(['GET']));
	await site.expectNoSecret(chat.messages, mailbox.mails);
}

/** The workflows that a schedule starts. */
export async function checkSchedules(context: Context, installation: Installation): Promise<void> {
	await context.check(
		'scheduled-rotation: the schedule itself starts a rotation, and n8n keeps a run without a key',
		async () => await scheduledRotation(installation),
	);
	await context.check(
		'vault-audit: what the vault holds against what Cloudflare says, in the chat',
		async () => await vaultAudit(installation),
	);
	await context.check(
		'weekly-key-age-report: the table goes to the chat and by e-mail',
		async () => await weeklyReport(installation),
	);
}
