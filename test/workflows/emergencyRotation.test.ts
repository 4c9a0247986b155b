import type { Example } from './run';
import { errorOf, runExample } from './run';
import type { World } from './world';
import { useWorld } from './world';

function emergencyRotation(world: World, confirmation = 'rotate all keys'): Example {
	const { notify, vaultUrl, credentials } = world;
	return {
		file: 'emergency-rotation.json',
		settings: { ...notify, confirmation },
		credentials,
		subWorkflow: {
			file: 'rotate-given-tunnels.json',
			settings: { vault_url: vaultUrl },
			credentials,
		},
	};
}

describe('workflows/emergency-rotation.json', () => {
	const world = useWorld([120, 0, null, 3]);

	it('gives every tunnel a new key, however old its key is', async () => {
		const { simulator, chat, mailbox, secretOf, leaksIn } = world();
		const before = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		const run = await runExample(emergencyRotation(world()));
		expect(errorOf(run)).toBeUndefined();
		const tunnels = simulator.tunnels();
		for (const [index, { id }] of tunnels.entries()) {
			expect(simulator.liveKey(id)).not.toBe(before[index]);
			expect(await secretOf(id)).toEqual({ current: simulator.liveKey(id) });
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
		const { simulator, chat } = world();
		const run = await runExample(emergencyRotation(world(), 'yes'));
		expect(errorOf(run)).toMatch(/^Nothing was changed\. To rotate the keys of all tunnels/);
		expect(simulator.requests).toEqual([]);
		expect(chat.messages).toEqual([]);
	});

	it('changes no key while the vault can not be read', async () => {
		const { simulator, chat, breakVault } = world();
		await breakVault({ method: 'GET', status: 503, skip: 1, times: 1 });
		await runExample(emergencyRotation(world()));
		expect(simulator.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
		expect(chat.messages[0]).toMatch(
			/^Emergency rotation stopped: The vault answered HTTP 503 for tunnel [0-9a-f]{32}\. No key was changed\./,
		);
	});

	it('keeps what a run that was cut short left over until a new key is current', async () => {
		const { simulator, breakVault, secretOf, chat } = world();
		const { id } = simulator.tunnels()[3]!;
		// Cloudflare gets the keys, but the vault makes none current.
		await breakVault({ method: 'POST', status: 503, skip: 4, times: 4 });
		await runExample(emergencyRotation(world()));
		const first = simulator.liveKey(id);
		expect(await secretOf(id)).toEqual({ pending: first });
		expect(chat.messages[0]).toMatch(/^Emergency rotation: 4 tunnels, 0 with a new key, 4 to/);

		await breakVault({ method: 'POST', status: 503, skip: 4, times: 4 });
		await runExample(emergencyRotation(world()));
		const second = simulator.liveKey(id);
		expect(second).not.toBe(first);
		expect(await secretOf(id)).toEqual({ pending: second, left_over: [first] });

		await runExample(emergencyRotation(world()));
		expect(simulator.liveKey(id)).not.toBe(second);
		expect(await secretOf(id)).toEqual({ current: simulator.liveKey(id) });
	});

	it('sets no key that the vault refused', async () => {
		const { simulator, breakVault, secretOf, chat } = world();
		const before = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		await breakVault({ method: 'POST', status: 403, times: 1 });
		await runExample(emergencyRotation(world()));
		const tunnels = simulator.tunnels();
		const kept = tunnels.filter(({ id }, index) => simulator.liveKey(id) === before[index]);
		expect(kept).toHaveLength(1);
		expect(await secretOf(kept[0]!.id)).toBeUndefined();
		expect(chat.messages).toEqual([
			[
				'Emergency rotation: 4 tunnels, 3 with a new key, 1 to look at.',
				`- The vault refused a new PSK for tunnel '${kept[0]!.name}' (HTTP 403), so it was not set: the old one is still live. Another run may have been at work at the same time.`,
			].join('\n'),
		]);
	});
});
