import type { IDataObject } from 'n8n-workflow';
import { itemOf } from '../../nodes/CloudflareMagicAlert/alert';
import { PACKAGE_NAME } from '../helpers/engine';
import type { TicketSystem } from '../stubs/tickets';
import { startTickets } from '../stubs/tickets';
import { errorOf, runExample, triggerOf } from './run';
import { useServices } from './services';

describe('workflows/alert-response.json', () => {
	const services = useServices([30, null]);
	let tickets: TicketSystem;
	beforeEach(async () => {
		tickets = await startTickets();
	});
	afterEach(async () => {
		await tickets.close();
	});

	/** What the trigger makes of a notification of Cloudflare's. */
	const alert = (event: 'start' | 'end', index = 0): IDataObject => {
		const { id, name } = services().simulator.tunnels()[index]!;
		const [is, was] = event === 'start' ? ['DOWN', 'UP'] : ['UP', 'DOWN'];
		return itemOf({
			alert_event: `ALERT_STATE_EVENT_${event.toUpperCase()}`,
			alert_type: 'magic_wan_tunnel_health',
			text: 'what Cloudflare wrote',
			ts: Date.parse('2026-03-01T10:00:00Z') / 1000,
			data: {
				tunnel_id: id,
				tunnel_name: name,
				new_status: `MAGIC_TUNNEL_STATUS_${is}`,
				previous_status: `MAGIC_TUNNEL_STATUS_${was}`,
				slo: '99.9',
				observed_slo: '42.5',
				pop_names: 'ZRH, MXP',
			},
		});
	};
	const run = async (chat_url: string, ...alerts: IDataObject[]) => {
		const { credentials } = services();
		return await runExample({
			file: 'alert-response.json',
			settings: { chat_url, ticket_url: tickets.url },
			credentials: { ...credentials, httpBearerAuth: { token: tickets.token } },
			types: [triggerOf(`${PACKAGE_NAME}.cloudflareMagicAlertTrigger`)],
			input: alerts.map((json) => ({ json })),
		});
	};
	const answer = async (...alerts: IDataObject[]) => {
		const done = await run(services().notify.chat_url, ...alerts);
		expect(errorOf(done)).toBeUndefined();
	};

	it('opens the ticket, and says so in the run, where the chat can not be reached', async () => {
		const done = await run('http://127.0.0.1:1/hooks/magic', alert('start'));
		expect(errorOf(done)).toMatch(/ECONNREFUSED|refused/);
		expect(tickets.tickets).toHaveLength(1);
	});

	it('tells the chat and opens one ticket, comments it while the alert lasts, and closes it', async () => {
		const { simulator, chat, leaksIn } = services();
		const tunnel = simulator.tunnels()[0]!;
		const { id, name } = tunnel;
		const details = [
			'Health: 42.5 (wanted: 99.9)',
			'Data centres: ZRH, MXP',
			`Site: ${tunnel.customer_endpoint!}`,
			`Cloudflare: ${tunnel.cloudflare_endpoint}`,
			`Key set: ${tunnel.psk_metadata.last_generated_on!.slice(0, 10)}`,
		];
		const down = ['When: 2026-03-01T10:00:00.000Z', 'Was: up', ...details].join('\n');
		const up = ['When: 2026-03-01T10:00:00.000Z', 'Was: down', ...details].join('\n');

		await answer(alert('start'));
		expect(chat.messages).toEqual([`Tunnel ${name} is down\n${down}`]);
		expect(tickets.tickets).toEqual([
			{
				id: 1,
				external_id: id,
				title: `Tunnel ${name} is down`,
				description: down,
				status: 'open',
				comments: [],
			},
		]);

		await answer(alert('start'));
		await answer(alert('end'));
		expect(chat.messages.slice(1)).toEqual([
			`Tunnel ${name} is down\n${down}`,
			`Tunnel ${name} has recovered\n${up}`,
		]);
		expect(tickets.tickets).toHaveLength(1);
		expect(tickets.tickets[0]).toMatchObject({
			status: 'closed',
			comments: [`Tunnel ${name} is down\n${down}`, `Tunnel ${name} has recovered\n${up}`],
		});
		expect(leaksIn([chat.messages, tickets.tickets])).toEqual([]);
	});

	it('answers several alerts at once, and says that a tunnel has no key', async () => {
		const { simulator, chat } = services();
		await answer(alert('start', 0), alert('start', 1));
		const ids = simulator.tunnels().map(({ id }) => id);
		expect(tickets.tickets.map(({ external_id }) => external_id).sort()).toEqual([...ids].sort());
		expect(chat.messages).toHaveLength(2);
		expect(chat.messages.filter((text) => text.endsWith('\nKey set: never'))).toHaveLength(1);
	});

	it('opens no ticket for the end of an alert that it never saw', async () => {
		const { chat } = services();
		await answer(alert('end'));
		expect(tickets.tickets).toEqual([]);
		expect(chat.messages).toHaveLength(1);
	});

	it('goes on when the tunnel is gone', async () => {
		const { simulator, chat } = services();
		const gone = alert('start');
		simulator.removeTunnel(gone.tunnel_id as string);
		await answer(gone);
		expect(chat.messages[0]).toMatch(/\nLook-up: [^\n]+$/);
		expect(tickets.tickets[0]?.external_id).toBe(gone.tunnel_id);
	});
});
