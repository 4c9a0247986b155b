import type { Example } from './run';
import { errorOf, runExample } from './run';
import type { Services } from './services';
import { useServices } from './services';

function emergencyRotation(services: Services, confirmation = 'rotate all keys'): Example {
	const { notify, vault, credentials } = services;
	return {
		file: 'emergency-rotation.json',
		settings: { ...notify, confirmation },
		credentials,
		subWorkflow: {
			file: 'rotate-given-tunnels.json',
			settings: { vault_url: vault.secretsUrl },
			credentials,
		},
	};
}

describe('workflows/emergency-rotation.json', () => {
	const services = useServices([120, 0, null, 3]);

	it('gives every tunnel a new key, however old its key is', async () => {
		const { simulator, chat, mailbox, vault, leaksIn } = services();
		const before = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		const run = await runExample(emergencyRotation(services()));
		expect(errorOf(run)).toBeUndefined();
		const tunnels = simulator.tunnels();
		for (const [index, { id }] of tunnels.entries()) {
			expect(simulator.liveKey(id)).not.toBe(before[index]);
			expect(await vault.secret(id)).toEqual({ current: simulator.liveKey(id) });
		}
		expect(chat.messages).toEqual([
			'Emergency rotation: 4 tunnels, 4 with a new key, 0 to look at.',
		]);
		expect(mailbox.mails[0]).toMatchObject({
			subject: 'Emergency rotation: all is well',
			body: chat.messages[0],
		});
		expect(leaksIn([run, chat.messages, mailbox.mails])).toEqual([]);
	});

	it('does nothing without the words in Settings', async () => {
		const { simulator, chat } = services();
		const run = await runExample(emergencyRotation(services(), 'yes'));
		expect(errorOf(run)).toMatch(/^Nothing was changed\. To rotate the keys of all tunnels/);
		expect(simulator.requests).toEqual([]);
		expect(chat.messages).toEqual([]);
	});

	it('changes no key while the vault can not be read', async () => {
		const { simulator, chat, vault } = services();
		await vault.addFault({ method: 'GET', status: 503, skip: 1, times: 1 });
		await runExample(emergencyRotation(services()));
		expect(simulator.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
		expect(chat.messages[0]).toMatch(
			/^Emergency rotation stopped: The vault answered HTTP 503 for tunnel [0-9a-f]{32}\. No key was changed\./,
		);
	});

	it('keeps what a run that was cut short left over until a new key is current', async () => {
		const { simulator, vault, chat } = services();
		const { id } = simulator.tunnels()[3]!;
		// Cloudflare gets the keys, but the vault makes none current.
		await vault.addFault({ method: 'POST', status: 503, skip: 4, times: 4 });
		await runExample(emergencyRotation(services()));
		const first = simulator.liveKey(id);
		expect(await vault.secret(id)).toEqual({ pending: first });
		expect(chat.messages[0]).toMatch(/^Emergency rotation: 4 tunnels, 0 with a new key, 4 to/);

		await vault.addFault({ method: 'POST', status: 503, skip: 4, times: 4 });
		await runExample(emergencyRotation(services()));
		const second = simulator.liveKey(id);
		expect(second).not.toBe(first);
		expect(await vault.secret(id)).toEqual({ pending: second, left_over: [first] });

		await runExample(emergencyRotation(services()));
		expect(simulator.liveKey(id)).not.toBe(second);
		expect(await vault.secret(id)).toEqual({ current: simulator.liveKey(id) });
	});

	it('sets no key that the vault refused', async () => {
		const { simulator, vault, chat } = services();
		const before = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		await vault.addFault({ method: 'POST', status: 403, times: 1 });
		await runExample(emergencyRotation(services()));
		const tunnels = simulator.tunnels();
		const kept = tunnels.filter(({ id }, index) => simulator.liveKey(id) === before[index]);
		expect(kept).toHaveLength(1);
		expect(await vault.secret(kept[0]!.id)).toBeUndefined();
		expect(chat.messages).toEqual([
			[
				'Emergency rotation: 4 tunnels, 3 with a new key, 1 to look at.',
				`- The vault refused a new PSK for tunnel '${kept[0]!.name}' (HTTP 403), so it was not set: the old one is still live. Another run may have been at work at the same time.`,
			].join('\n'),
		]);
	});
});
