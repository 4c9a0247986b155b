import { strict as assert } from 'node:assert';
import type { TicketSystem } from '../../../stubs/tickets';
import { startTickets } from '../../../stubs/tickets';
import type { Context } from '../../harness/part';
import { waitFor } from '../../../helpers/processes';
import { settled } from '../../harness/unsaved';
import type { Installation } from './installation';
import { nextMessage, PUBLIC_ORIGIN } from './installation';

/** A moment with whole seconds, as alerts have them. */
const TS = Math.floor(Date.parse('2026-03-01T10:00:00Z') / 1000);

async function answerAlerts(installation: Installation, tickets: TicketSystem): Promise<void> {
	const { n8n, chat, notify } = installation;
	const site = await installation.account([30]);
	const { account } = site;
	const id = await site.activated({
		file: 'alert-response.json',
		settings: { chat_url: notify.chat_url, ticket_url: tickets.url },
		credentials: {
			httpBearerAuth: await n8n.createCredential('httpBearerAuth', { token: tickets.token }),
		},
	});
	const { webhooks, policies } = await account.alerting();
	assert.deepEqual([webhooks.length, policies.length], [1, 1]);
	assert.ok(webhooks[0]!.url.startsWith(`${PUBLIC_ORIGIN}/webhook/`));

	const tunnel = (await account.tunnels())[0]!.tunnel;
	const { name } = tunnel;
	const said = (was: string, health: string) =>
		[
			'When: 2026-03-01T10:00:00.000Z',
			`Was: ${was}`,
			`Health: ${health} (wanted: 99.9)`,
			'Data centres: AMS, FRA',
			`Site: ${tunnel.customer_endpoint!}`,
			`Cloudflare: ${tunnel.cloudflare_endpoint}`,
			`Key set: ${tunnel.psk_metadata.last_generated_on!.slice(0, 10)}`,
		].join('\n');
	const first = chat.messages.length;
	await account.fireAlert({ tunnel: tunnel.id, status: 'down', ts: TS });
	assert.equal(await nextMessage(chat, first), `Tunnel ${name} is down\n${said('up', '85.5')}`);
	await waitFor('The ticket', async () => tickets.tickets.length > 0);
	await settled(n8n, id);
	assert.deepEqual(tickets.tickets, [
		{
			id: 1,
			external_id: tunnel.id,
			title: `Tunnel ${name} is down`,
			description: said('up', '85.5'),
			status: 'open',
			comments: [],
		},
	]);

	await account.fireAlert({ tunnel: tunnel.id, status: 'up', ts: TS });
	const recovered = `Tunnel ${name} has recovered\n${said('down', '100')}`;
	assert.equal(await nextMessage(chat, first + 1), recovered);
	await waitFor('The end of the ticket', async () => tickets.tickets[0]!.status === 'closed');
	await settled(n8n, id);
	assert.deepEqual(tickets.tickets[0]!.comments, [recovered]);
	assert.equal(tickets.tickets.length, 1);
	assert.equal(chat.messages.length, first + 2);
	await site.expectNoSecret(chat.messages, tickets.tickets);

	await n8n.deactivate(id);
	const after = await account.alerting();
	assert.deepEqual([after.webhooks, after.policies], [[], []]);
}

/** The workflow that Cloudflare's alerts start. */
export async function checkAlerts(context: Context, installation: Installation): Promise<void> {
	await context.check(
		'alert-response: an alert opens a ticket, its end closes it, and the chat is told',
		async () => {
			const tickets = await startTickets();
			try {
				await answerAlerts(installation, tickets);
			} finally {
				await tickets.close();
			}
		},
	);
}
