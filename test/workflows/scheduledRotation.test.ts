import type { Example } from './run';
import { errorOf, itemsOf, runExample } from './run';
import type { Services } from './services';
import { useServices } from './services';

function scheduledRotation({ notify, vault, credentials }: Services): Example {
	return {
		file: 'scheduled-rotation.json',
		settings: notify,
		credentials,
		subWorkflow: {
			file: 'rotate-in-two-stages.json',
			settings: { vault_url: vault.secretsUrl, max_age_days: 90 },
			credentials,
		},
	};
}

describe('workflows/scheduled-rotation.json', () => {
	const services = useServices([120, 3, 400, null]);

	it('rotates what is due and reports it to the chat and by e-mail', async () => {
		const { simulator, chat, mailbox, vault, leaksIn } = services();
		const before = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		const run = await runExample(scheduledRotation(services()));
		expect(errorOf(run)).toBeUndefined();
		const text = 'Key rotation: 3 tunnels, 3 with a new key, 0 to look at.';
		expect(chat.messages).toEqual([text]);
		expect(mailbox.mails).toEqual([
			{
				from: 'n8n@example.org',
				to: ['network@example.org'],
				subject: 'Key rotation: all is well',
				body: text,
			},
		]);
		const tunnels = simulator.tunnels();
		const rotated = tunnels.map(({ id }, index) => simulator.liveKey(id) !== before[index]);
		expect(rotated).toEqual([true, false, true, true]);
		for (const { id } of tunnels.filter((_, index) => rotated[index])) {
			expect(await vault.secret(id)).toEqual({ current: simulator.liveKey(id) });
		}
		expect(leaksIn([run, chat.messages, mailbox.mails])).toEqual([]);
	});

	it('has a line for each tunnel that needs a look', async () => {
		const { simulator, chat, mailbox, leaksIn } = services();
		const [first] = simulator.tunnels();
		simulator.faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			reason: 'refused by the test',
			count: 1,
		});
		await runExample(scheduledRotation(services()));
		expect(chat.messages).toEqual([
			[
				'Key rotation: 3 tunnels, 2 with a new key, 1 to look at.',
				`- The PSK of tunnel '${first!.name}' was not changed, and the old one is still live: refused by the test`,
			].join('\n'),
		]);
		expect(mailbox.mails[0]).toMatchObject({
			subject: 'Key rotation: 1 to look at',
			body: chat.messages[0],
		});
		expect(leaksIn([chat.messages, mailbox.mails])).toEqual([]);
	});

	it('reports a key that the vault did not promote once as done and once to look at', async () => {
		const { vault, chat } = services();
		await vault.addFault({ method: 'POST', status: 503, skip: 3, times: 1 });
		const run = await runExample(scheduledRotation(services()));
		expect(itemsOf(run, 'Outcomes')[0]).toMatchObject({ tunnels: 3, stopped: '' });
		expect(chat.messages[0]).toMatch(
			/^Key rotation: 3 tunnels, 2 with a new key, 1 to look at\.\n- The new PSK of tunnel '[^']+' is live, but the vault refused to make it current \(HTTP 503\)\. [^\n]+$/,
		);
	});

	it('reports that the sub-workflow stopped', async () => {
		const { vault, chat, mailbox } = services();
		await vault.addFault({ method: 'GET', status: 503, times: 9 });
		const run = await runExample(scheduledRotation(services()));
		expect(errorOf(run)).toBeUndefined();
		expect(chat.messages[0]).toMatch(
			/^Key rotation stopped: The vault answered HTTP 503 for tunnel [^ ]+\. No key was changed\./,
		);
		expect(mailbox.mails[0]?.subject).toBe('Key rotation: stopped');
	});

	it('tells that no key was due', async () => {
		const { chat } = services();
		await runExample(scheduledRotation(services()));
		await runExample(scheduledRotation(services()));
		expect(chat.messages.at(-1)).toBe('Key rotation: no key was due.');
	});
});
