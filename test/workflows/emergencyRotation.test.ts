import type { Page } from './pages';
import { formsShownTo } from './pages';
import type { Example } from './run';
import { errorOf, runExample, triggerOf } from './run';
import { useServices } from './services';

const ASKED = 'Asked for by Ada: a laptop was lost';

describe('workflows/emergency-rotation.json', () => {
	const services = useServices([120, 0, null, 3]);
	let pages: Page[];
	beforeEach(() => {
		pages = [];
	});

	const emergencyRotation = (confirmation = 'rotate all keys'): Example => {
		const { notify, credentials } = services();
		return {
			file: 'emergency-rotation.json',
			settings: notify,
			credentials,
			types: [triggerOf('n8n-nodes-base.formTrigger'), formsShownTo(pages)],
			input: [
				{
					json: {
						Confirmation: confirmation,
						Reason: 'a laptop was lost',
						'Your Name': 'Ada',
						submittedAt: new Date().toISOString(),
					},
				},
			],
		};
	};
	const keys = () => {
		const { simulator } = services();
		return simulator.tunnels().map(({ id }) => simulator.liveKey(id));
	};
	const expectInVault = async () => {
		const { simulator, vault } = services();
		for (const { id } of simulator.tunnels()) {
			const { current, pending } = (await vault.secret(id))!;
			expect({ current, pending }).toEqual({ current: simulator.liveKey(id), pending: undefined });
		}
	};

	it('gives every tunnel a new key, however old its key is, and shows none', async () => {
		const { chat, mailbox, leaksIn } = services();
		const before = keys();
		const run = await runExample(emergencyRotation(' Rotate all keys '));
		expect(errorOf(run)).toBeUndefined();
		for (const [index, key] of keys().entries()) expect(key).not.toBe(before[index]);
		await expectInVault();
		const summary = 'Emergency rotation: 4 with a new key, 0 to look at.';
		expect(chat.messages).toEqual([`${summary}\n${ASKED}`]);
		expect(mailbox.mails[0]).toMatchObject({
			subject: 'Emergency rotation: all is well',
			body: chat.messages[0],
		});
		expect(pages).toEqual([
			{
				title: 'All is well',
				message: `${summary} The chat and the e-mail name each tunnel that needs a look. Routers find their keys in the vault.`,
			},
		]);
		expect(leaksIn([run, pages, chat.messages, mailbox.mails])).toEqual([]);
	});

	it('does nothing without the words in the form', async () => {
		const { simulator, chat } = services();
		const run = await runExample(emergencyRotation('yes'));
		expect(errorOf(run)).toBeUndefined();
		expect(simulator.requests).toEqual([]);
		expect(chat.messages).toEqual([]);
		expect(pages).toEqual([
			{
				title: 'Nothing was changed',
				message: 'The confirmation has to be the words: rotate all keys',
			},
		]);
	});

	it('changes no key while the vault is sealed, and says so for each tunnel', async () => {
		const { simulator, chat, vaultServer } = services();
		vaultServer.mode.sealed = true;
		await runExample(emergencyRotation());
		expect(simulator.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
		const lines = chat.messages[0]!.split('\n');
		expect(lines[0]).toBe('Emergency rotation: 0 with a new key, 4 to look at.');
		expect(lines.at(-1)).toBe(ASKED);
		for (const line of lines.slice(1, -1)) expect(line).toMatch(/was not changed: .*sealed/);
		expect(lines).toHaveLength(6);
		expect(pages[0]?.title).toBe('4 to look at');
	});

	it('brings to its end what was cut short, says that such a key is no new one, and then gives one', async () => {
		const { simulator, vault, chat } = services();
		// Cloudflare gets the keys, but the vault makes none current.
		await vault.addFault({ method: 'POST', status: 403, skip: 4, times: 99 });
		await runExample(emergencyRotation());
		const first = keys();
		for (const [index, { id }] of simulator.tunnels().entries()) {
			expect((await vault.secret(id))?.pending).toBe(first[index]);
		}
		expect(chat.messages[0]).toMatch(/^Emergency rotation: 0 with a new key, 4 to look at\.\n- /);
		await vault.clearFaults();
		await services().passLeases();

		const later = emergencyRotation();
		later.input![0]!.json.submittedAt = new Date(Date.now() + 3_600_000).toISOString();
		await runExample(later);
		expect(keys()).toEqual(first);
		await expectInVault();
		const lines = chat.messages[1]!.split('\n');
		expect(lines[0]).toBe('Emergency rotation: 0 with a new key, 4 to look at.');
		expect(lines[1]).toMatch(
			/ is live and current in the vault .* But it is older than the request: /,
		);

		await runExample(emergencyRotation());
		for (const [index, key] of keys().entries()) expect(key).not.toBe(first[index]);
		await expectInVault();
		expect(chat.messages[2]).toMatch(/^Emergency rotation: 4 with a new key, 0 to look at\./);
	});

	it('sets no key that the vault refused, and goes on with the others', async () => {
		const { simulator, vault, chat } = services();
		const before = keys();
		await vault.addFault({ method: 'POST', status: 403, times: 1 });
		await runExample(emergencyRotation());
		const kept = simulator.tunnels().filter((_, index) => keys()[index] === before[index]);
		expect(kept).toHaveLength(1);
		expect(await vault.secret(kept[0]!.id)).toBeUndefined();
		const [head, line] = chat.messages[0]!.split('\n');
		expect(head).toBe('Emergency rotation: 3 with a new key, 1 to look at.');
		expect(line).toMatch(new RegExp(`^- The PSK of tunnel '${kept[0]!.name}' was not changed: `));
	});
});
