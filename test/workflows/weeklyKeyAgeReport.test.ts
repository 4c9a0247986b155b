import { errorOf, runExample } from './run';
import { useServices } from './services';

describe('workflows/weekly-key-age-report.json', () => {
	const services = useServices([12, 95, null, 90, 203]);

	const reported = async (max_age_days = 90) => {
		const { notify, credentials } = services();
		return await runExample({
			file: 'weekly-key-age-report.json',
			settings: { ...notify, max_age_days },
			credentials,
		});
	};

	it('sends a table of all tunnels, those without a key and the oldest keys first', async () => {
		const { simulator, chat, mailbox, leaksIn } = services();
		const run = await reported();
		expect(errorOf(run)).toBeUndefined();
		const tunnels = simulator.tunnels();
		const row = (index: number, age: string, note = '') => {
			const { name, psk_metadata } = tunnels[index]!;
			const day = (psk_metadata.last_generated_on ?? '-').slice(0, 10);
			return `${age.padStart(10)}  ${day.padEnd(10)}  ${name}${note}`;
		};
		const text = [
			'Magic IPsec keys: 5 tunnels, 3 overdue (90 days or older), 1 never set.',
			'',
			'       AGE  LAST SET    TUNNEL',
			row(2, 'never set'),
			row(4, '203 days', '  (overdue)'),
			row(1, '95 days', '  (overdue)'),
			row(3, '90 days', '  (overdue)'),
			row(0, '12 days'),
		].join('\n');
		expect(chat.messages).toEqual([text]);
		expect(mailbox.mails).toEqual([
			{
				from: 'n8n@example.org',
				to: ['network@example.org'],
				subject: 'Magic IPsec keys: 3 overdue',
				body: text,
			},
		]);
		expect(leaksIn([run, chat.messages, mailbox.mails])).toEqual([]);
	});

	it('counts from the age in Settings, and says that an account has no tunnels', async () => {
		const { simulator, chat } = services();
		await reported(200);
		expect(chat.messages[0]).toMatch(/^Magic IPsec keys: 5 tunnels, 1 overdue \(200 days/);
		for (const { id } of simulator.tunnels()) simulator.removeTunnel(id);
		await reported();
		expect(chat.messages[1]).toBe(
			'Magic IPsec keys: 0 tunnels, 0 overdue (90 days or older), 0 never set.\n\n       AGE  LAST SET    TUNNEL',
		);
	});

	it('changes nothing at Cloudflare', async () => {
		const { simulator } = services();
		await reported();
		expect(simulator.requests.map(({ method }) => method)).toEqual(['GET']);
	});
});
