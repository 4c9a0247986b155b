import { errorOf, runExample } from './run';
import { useServices } from './services';

describe('workflows/vault-audit.json', () => {
	const services = useServices([120, 30, null, 3]);

	const audit = async () => {
		const { notify, credentials } = services();
		return await runExample({ file: 'vault-audit.json', settings: notify, credentials });
	};
	const rotate = async () => {
		const { notify, credentials } = services();
		const settings = { ...notify, max_age_days: 0 };
		await runExample({ file: 'scheduled-rotation.json', settings, credentials });
	};
	const lastReport = () => services().chat.messages.at(-1)!.split('\n');

	it('says that all is well, and changes nothing', async () => {
		const { simulator, chat, mailbox, leaksIn } = services();
		await rotate();
		const requests = simulator.requests.length;
		const run = await audit();
		expect(errorOf(run)).toBeUndefined();
		expect(lastReport()).toEqual(['Vault audit: 4 steady.']);
		expect(mailbox.mails.at(-1)).toMatchObject({
			subject: 'Vault audit: all is well',
			body: 'Vault audit: 4 steady.',
		});
		expect(simulator.requests.slice(requests).map(({ method }) => method)).toEqual(['GET']);
		expect(leaksIn([run, chat.messages, mailbox.mails])).toEqual([]);
	});

	it('tells of a key that was changed elsewhere, a deleted record, a tunnel that is gone, and one without a key', async () => {
		const { simulator, vaultServer, mailbox, leaksIn } = services();
		await rotate();
		const [changed, deleted, gone] = simulator.tunnels();
		// Somebody makes a key over the API, whose date is a second later at least.
		await new Promise((resolve) => setTimeout(resolve, 1_100));
		const url = `${simulator.url}/accounts/${simulator.accountId}/magic/ipsec_tunnels/${changed!.id}/psk_generate`;
		const headers = {
			authorization: `Bearer ${simulator.apiToken}`,
			'content-type': 'application/json',
		};
		expect((await fetch(url, { method: 'POST', headers, body: '{}' })).status).toBe(200);
		await fetch(`${vaultServer.url}/magic-ipsec/${deleted!.id}`, {
			method: 'DELETE',
			headers: { 'x-vault-token': vaultServer.token },
		});
		simulator.removeTunnel(gone!.id);
		const run = await audit();
		expect(errorOf(run)).toBeUndefined();
		const [head, ...lines] = lastReport();
		expect(head).toBe('Vault audit: 1 steady, 2 drift, 1 unreadable.');
		expect(lines).toHaveLength(3);
		expect(lines).toContainEqual(
			expect.stringMatching(
				new RegExp(`^- ${changed!.name}: drift\\. .*somebody changed it elsewhere`),
			),
		);
		expect(lines).toContainEqual(
			expect.stringMatching(
				new RegExp(`^- ${deleted!.name}: unreadable\\. .*its newest version was deleted`),
			),
		);
		expect(lines).toContain(
			`- ${gone!.name}: drift. The account has no such tunnel any more: the record is of no use.`,
		);
		expect(mailbox.mails.at(-1)?.subject).toBe('Vault audit: 3 to look at');
		expect(leaksIn([run, lines])).toEqual([]);
	});

	it('tells of tunnels that the vault holds no key of', async () => {
		await audit();
		const [head, ...lines] = lastReport();
		expect(head).toBe('Vault audit: 4 none.');
		const [first] = services().simulator.tunnels();
		expect(lines[0]).toBe(`- ${first!.name}: none. The vault holds no key of it.`);
	});

	it('says that the vault is sealed', async () => {
		services().vaultServer.mode.sealed = true;
		const run = await audit();
		expect(errorOf(run)).toBeUndefined();
		const [head, ...lines] = lastReport();
		expect(head).toMatch(/^Vault audit: \d unreadable\.$/);
		for (const line of lines) expect(line).toMatch(/: unreadable\. .*sealed/);
	});

	it('says that there is no tunnel', async () => {
		const { simulator } = services();
		for (const { id } of simulator.tunnels()) simulator.removeTunnel(id);
		await audit();
		expect(lastReport()).toEqual(['Vault audit: there is no tunnel to report on.']);
	});
});
