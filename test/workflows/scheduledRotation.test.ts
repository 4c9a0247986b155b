import type { IDataObject } from 'n8n-workflow';
import { credentialsOf } from '../helpers/account';
import type { Example } from './run';
import { errorOf, itemsOf, runExample } from './run';
import type { Services } from './services';
import { useServices } from './services';

function scheduledRotation({ notify, credentials }: Services): Example {
	return {
		file: 'scheduled-rotation.json',
		settings: { ...notify, max_age_days: 90 },
		credentials,
	};
}

describe('workflows/scheduled-rotation.json', () => {
	const services = useServices([120, 3, 400, null]);

	const rotated = async (): Promise<IDataObject[]> =>
		itemsOf(await runExample(scheduledRotation(services())), 'Rotate Keys');

	const expectAtRest = async (positions: readonly number[]) => {
		const { simulator, vault } = services();
		for (const position of positions) {
			const { id } = simulator.tunnels()[position]!;
			const { current, pending } = (await vault.secret(id))!;
			expect({ current, pending }).toEqual({ current: simulator.liveKey(id), pending: undefined });
		}
	};

	it('rotates what is due and reports it to the chat and by e-mail, and no item holds a key', async () => {
		const { simulator, chat, mailbox, vault, leaksIn } = services();
		const before = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		const run = await runExample(scheduledRotation(services()));
		expect(errorOf(run)).toBeUndefined();
		const text = 'Key rotation: 3 with a new key, 1 not due, 0 to look at.';
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
		expect(tunnels.map(({ id }, index) => simulator.liveKey(id) !== before[index])).toEqual([
			true,
			false,
			true,
			true,
		]);
		await expectAtRest([0, 2, 3]);
		expect(await vault.secret(tunnels[1]!.id)).toBeUndefined();
		expect(leaksIn([run, chat.messages, mailbox.mails])).toEqual([]);
	});

	it('has a line for each tunnel that needs a look', async () => {
		const { simulator, chat, mailbox, leaksIn } = services();
		const [first] = simulator.tunnels();
		const reason = 'refused by the test';
		simulator.faults.add({ kind: 'unapply', operation: 'pskSet', reason, count: 1 });
		await runExample(scheduledRotation(services()));
		expect(chat.messages).toHaveLength(1);
		const [head, ...lines] = chat.messages[0]!.split('\n');
		expect(head).toBe('Key rotation: 2 with a new key, 1 not due, 1 to look at.');
		expect(lines).toEqual([
			`- The PSK of tunnel '${first!.name}' was not changed: Cloudflare does not take the new key: ${reason}`,
		]);
		expect(mailbox.mails[0]).toMatchObject({
			subject: 'Key rotation: 1 to look at',
			body: chat.messages[0],
		});
		expect(leaksIn([chat.messages, mailbox.mails])).toEqual([]);
	});

	it('has a line for a key that somebody changed elsewhere, though it is not due', async () => {
		const { simulator, chat, mailbox, leaksIn } = services();
		await runExample(scheduledRotation(services()));
		const [first] = simulator.tunnels();
		simulator.setKey(first!.id, 'set-by-somebody-else');
		const run = await runExample(scheduledRotation(services()));
		expect(errorOf(run)).toBeUndefined();
		const [head, ...lines] = chat.messages[1]!.split('\n');
		expect(head).toBe('Key rotation: 0 with a new key, 3 not due, 1 to look at.');
		expect(lines).toEqual([
			expect.stringContaining(`- The PSK of tunnel '${first!.name}' was kept: It is 0 days old`),
		]);
		expect(lines[0]).toContain('somebody changed the key elsewhere');
		expect(mailbox.mails[1]).toMatchObject({ subject: 'Key rotation: 1 to look at' });
		expect(leaksIn([chat.messages, mailbox.mails])).toEqual([]);
	});

	it('says for each tunnel that the vault is sealed, and changes nothing', async () => {
		const { simulator, vaultServer, chat, mailbox } = services();
		vaultServer.mode.sealed = true;
		const run = await runExample(scheduledRotation(services()));
		expect(errorOf(run)).toBeUndefined();
		expect(simulator.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
		const [head, ...lines] = chat.messages[0]!.split('\n');
		expect(head).toBe('Key rotation: 0 with a new key, 0 not due, 4 to look at.');
		expect(lines).toHaveLength(4);
		for (const line of lines)
			expect(line).toMatch(/^- The PSK of tunnel '[^']+' was not changed: .*sealed/);
		expect(mailbox.mails[0]?.subject).toBe('Key rotation: 4 to look at');
	});

	it('puts right in the next run what a vault left that was sealed in the middle', async () => {
		const { simulator, vault, chat } = services();
		// Three keys are stored, then the vault takes no promotion.
		await vault.addFault({ method: 'POST', status: 503, skip: 3, times: 99 });
		await runExample(scheduledRotation(services()));
		expect(chat.messages[0]).toMatch(
			/^Key rotation: 0 with a new key, 1 not due, 3 to look at\.\n/,
		);
		const live = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		const due = [0, 2, 3];
		for (const position of due) {
			const { id } = simulator.tunnels()[position]!;
			expect((await vault.secret(id))?.pending).toBe(live[position]);
		}
		await vault.clearFaults();
		await services().passLeases();
		expect((await rotated()).map(({ status }) => status)).toEqual([
			'rotated',
			'kept',
			'rotated',
			'rotated',
		]);
		expect(simulator.tunnels().map(({ id }) => simulator.liveKey(id))).toEqual(live);
		await expectAtRest(due);
	});

	it('says what Cloudflare said when the account can not be read', async () => {
		const { chat, mailbox, credentials, notify, simulator } = services();
		const wrong = credentialsOf(simulator, { apiToken: 'x'.repeat(40) });
		const run = await runExample({
			...scheduledRotation(services()),
			settings: { ...notify, max_age_days: 90 },
			credentials: { ...credentials, cloudflareMagicTokenApi: wrong.cloudflareMagicTokenApi! },
		});
		expect(errorOf(run)).toBeUndefined();
		expect(chat.messages[0]).toMatch(
			/^Key rotation: 0 with a new key, 0 not due, 1 to look at\.\n- The PSK of tunnel \(not known\) was not changed: Could not list the tunnels/,
		);
		expect(mailbox.mails).toHaveLength(1);
	});

	it('leaves keys whose setting was cut off in the vault, and the next run brings them to their end', async () => {
		const { simulator, vault, chat } = services();
		simulator.faults.add({ kind: 'status', operation: 'pskSet', status: 403, skip: 1, times: 9 });
		await runExample(scheduledRotation(services()));
		expect(chat.messages[0]).toMatch(/^Key rotation: 0 with a new key, 1 not due, 3 to look at\./);
		for (const { id } of [0, 2, 3].map((position) => simulator.tunnels()[position]!)) {
			expect((await vault.secret(id))?.pending).toBeDefined();
		}
		simulator.faults.clear();
		await services().passLeases();
		await rotated();
		await expectAtRest([0, 2, 3]);
	});

	it('tells that no key was due, and that there is no tunnel', async () => {
		const { simulator, chat } = services();
		await runExample(scheduledRotation(services()));
		await runExample(scheduledRotation(services()));
		expect(chat.messages.at(-1)).toBe('Key rotation: no key was due.');
		for (const { id } of simulator.tunnels()) simulator.removeTunnel(id);
		await runExample(scheduledRotation(services()));
		expect(chat.messages.at(-1)).toBe('Key rotation: there is no tunnel to report on.');
	});
});
