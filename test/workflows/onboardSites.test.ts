import type { IRun } from 'n8n-workflow';
import type { Example } from './run';
import { errorOf, itemsOf, runExample, triggerOf } from './run';
import type { Services } from './services';
import { useServices } from './services';

const HEAD =
	'name,cloudflare_endpoint,customer_endpoint,interface_address,router,wan_interface,tunnel_interface';

const ROWS = [
	'branch-1,162.159.64.41,203.0.113.10,10.213.1.0/31,strongswan,,',
	'branch-2,162.159.64.41,203.0.113.11,10.213.1.5/30,Cisco-IOS-XE,GigabitEthernet3,Tunnel9',
	'branch-3,162.159.64.41,203.0.113.12,10.213.1.8/31,fortigate,,',
	'branch-4,162.159.64.41,203.0.113.13,10.213.1.10/31,palo-alto,,',
	'branch-5,162.159.66.41,,10.213.1.12/31,vyos,eth1,',
];

/** How a router's administrator fetches a key in these tests. */
const FETCH = 'fetch-key {vault_path}';

function onboarding({ notify, credentials }: Services, rows: string[]): Example {
	const data = Buffer.from([HEAD, ...rows, ''].join('\n')).toString('base64');
	return {
		file: 'onboard-sites.json',
		settings: { chat_url: notify.chat_url, fetch_command: FETCH },
		credentials,
		types: [triggerOf('n8n-nodes-base.formTrigger')],
		input: [
			{
				json: {},
				binary: {
					Sites: { data, mimeType: 'text/csv', fileName: 'sites.csv', fileExtension: 'csv' },
				},
			},
		],
	};
}

/** The texts of the files that the workflow gives, by name; no binary data, which n8n would write down. */
function filesOf(run: IRun): Record<string, string> {
	return Object.fromEntries(
		itemsOf(run, 'Router Files').map(({ file_name, text }) => [file_name, text as string]),
	);
}

describe('workflows/onboard-sites.json', () => {
	const services = useServices([30]);

	/** The vault holds the live key of a tunnel, and none is on its way. */
	const expectInVault = async (id: string) => {
		const { simulator, vault } = services();
		const { current, pending } = (await vault.secret(id))!;
		expect({ current, pending }).toEqual({ current: simulator.liveKey(id), pending: undefined });
	};

	it('makes tunnels, sets keys, and writes a file for each router that says where its key is', async () => {
		const { simulator, chat, leaksIn } = services();
		const run = await runExample(onboarding(services(), ROWS));
		expect(errorOf(run)).toBeUndefined();
		const files = filesOf(run);
		const names = [1, 2, 3, 4, 5].map((number) => `branch-${number}`);
		expect(Object.keys(files)).toEqual([
			'swanctl-branch-1.conf',
			'cisco-branch-2.txt',
			'fortigate-branch-3.txt',
			'palo-alto-branch-4.txt',
			'vyos-branch-5.txt',
		]);
		for (const [index, text] of Object.values(files).entries()) {
			const { id, remote_identities, cloudflare_endpoint } = simulator.tunnel(names[index]!)!;
			await expectInVault(id);
			expect(text).toContain(`The vault holds it at magic-ipsec/${id}.`);
			expect(text).toContain(`$(fetch-key magic-ipsec/${id}`);
			expect(text).toContain(remote_identities.fqdn_id);
			expect(text).toContain(cloudflare_endpoint);
		}
		expect(files['cisco-branch-2.txt']).toContain('ip address 10.213.1.6 255.255.255.252\n');
		expect(files['cisco-branch-2.txt']).toContain('interface Tunnel9\n');
		expect(files['fortigate-branch-3.txt']).toContain('set remote-ip 10.213.1.8 255.255.255.254\n');
		expect(files['vyos-branch-5.txt']).toContain("vti vti1 address '10.213.1.13/31'\n");
		expect(chat.messages).toEqual([
			[
				'Onboarding: 5 of 5 sites are ready.',
				...Object.keys(files).map(
					(file, index) =>
						`- Tunnel '${names[index]}' has a key, and its router configuration is ${file}.`,
				),
			].join('\n'),
		]);
		expect(leaksIn([run, chat.messages])).toEqual([]);
	});

	it('takes the same file again: same tunnels, same keys, same files', async () => {
		const { simulator } = services();
		const first = filesOf(await runExample(onboarding(services(), ROWS)));
		const keys = simulator.tunnels().map(({ id }) => simulator.liveKey(id));
		const second = await runExample(onboarding(services(), ROWS));
		expect(errorOf(second)).toBeUndefined();
		expect(filesOf(second)).toEqual(first);
		expect(simulator.tunnels().map(({ id }) => simulator.liveKey(id))).toEqual(keys);
		expect(simulator.tunnels()).toHaveLength(6);
	});

	it('goes on where a run was cut short, with the key that the vault holds', async () => {
		const { simulator, vault, chat } = services();
		const rows = ROWS.slice(0, 1);
		await vault.addFault({ method: 'POST', status: 403, skip: 1, times: 9 });
		await runExample(onboarding(services(), rows));
		const { id } = simulator.tunnel('branch-1')!;
		const key = simulator.liveKey(id)!;
		expect((await vault.secret(id))?.pending).toBe(key);
		expect(chat.messages[0]).toMatch(
			/^Onboarding: 0 of 1 sites are ready\.\n- The new PSK of tunnel 'branch-1' is live, and its place in the vault is /,
		);
		await vault.clearFaults();
		await services().passLeases();
		const files = filesOf(await runExample(onboarding(services(), rows)));
		expect(Object.keys(files)).toEqual(['swanctl-branch-1.conf']);
		expect(simulator.liveKey(id)).toBe(key);
		await expectInVault(id);
	});

	it('leaves a tunnel alone whose key is not in the vault', async () => {
		const { simulator, chat } = services();
		const [there] = simulator.tunnels();
		const key = simulator.liveKey(there!.id);
		const row = `${there!.name},${there!.cloudflare_endpoint},,${there!.interface_address},vyos,,`;
		const run = await runExample(onboarding(services(), [row]));
		expect(errorOf(run)).toBeUndefined();
		expect(simulator.liveKey(there!.id)).toBe(key);
		expect(chat.messages).toEqual([
			[
				'Onboarding: 0 of 1 sites are ready.',
				`- Tunnel '${there!.name}' has a key that the vault does not hold, so it was left alone. Rotate it to get one.`,
			].join('\n'),
		]);
	});

	it('tells of a tunnel that could not be made, goes on with the others, and asks for nothing of it', async () => {
		const { simulator, chat } = services();
		simulator.faults.add({
			kind: 'status',
			operation: 'create',
			status: 409,
			code: 1002,
			message: 'no more room',
		});
		const run = await runExample(onboarding(services(), ROWS.slice(0, 2)));
		expect(errorOf(run)).toBeUndefined();
		expect(simulator.tunnel('branch-1')).toBeUndefined();
		expect(itemsOf(run, 'Rotate Keys').map(({ tunnel_name }) => tunnel_name)).toEqual(['branch-2']);
		expect(Object.keys(filesOf(run))).toEqual(['cisco-branch-2.txt']);
		const [head, ...lines] = chat.messages[0]!.split('\n');
		expect(head).toBe('Onboarding: 1 of 2 sites are ready.');
		expect(lines).toEqual([
			"- Tunnel 'branch-2' has a key, and its router configuration is cisco-branch-2.txt.",
			expect.stringMatching(/^- Site 'branch-1': Could not create .*no more room/) as string,
		]);
	});

	it('tells of every tunnel if none could be made', async () => {
		const { simulator, chat } = services();
		simulator.faults.add({ kind: 'status', operation: 'create', status: 403, times: 9 });
		const run = await runExample(onboarding(services(), ROWS.slice(0, 2)));
		expect(errorOf(run)).toBeUndefined();
		const [head, ...lines] = chat.messages[0]!.split('\n');
		expect(head).toBe('Onboarding: 0 of 2 sites are ready.');
		expect(lines.map((line) => line.slice(0, 36))).toEqual([
			"- Site 'branch-1': Could not create ",
			"- Site 'branch-2': Could not create ",
		]);
		expect(run.data.resultData.runData).not.toHaveProperty('Rotate Keys');
	});

	it('tells that the vault is sealed, sets no key, and does it all at the next upload', async () => {
		const { simulator, vaultServer, chat } = services();
		vaultServer.mode.sealed = true;
		await runExample(onboarding(services(), ROWS.slice(0, 1)));
		expect(simulator.liveKey('branch-1')).toBeUndefined();
		expect(chat.messages[0]).toMatch(
			/^Onboarding: 0 of 1 sites are ready\.\n- The PSK of tunnel 'branch-1' was not changed: .*sealed/,
		);
		vaultServer.mode.sealed = false;
		const files = filesOf(await runExample(onboarding(services(), ROWS.slice(0, 1))));
		expect(Object.keys(files)).toEqual(['swanctl-branch-1.conf']);
		await expectInVault(simulator.tunnel('branch-1')!.id);
	});

	it('tells what Cloudflare refused', async () => {
		const { simulator, chat } = services();
		simulator.faults.add({ kind: 'unapply', operation: 'pskSet', reason: 'not today', count: 1 });
		await runExample(onboarding(services(), ROWS.slice(0, 1)));
		expect(chat.messages[0]).toMatch(/^Onboarding: 0 of 1 sites are ready\.\n- [^\n]+not today$/);
	});

	it('says so if the configuration of a tunnel can not be read, with its key in the vault', async () => {
		const { simulator, chat } = services();
		simulator.faults.add({ kind: 'status', operation: 'get', status: 403, times: 9 });
		const run = await runExample(onboarding(services(), ROWS.slice(0, 1)));
		expect(errorOf(run)).toBeUndefined();
		await expectInVault(simulator.tunnel('branch-1')!.id);
		expect(chat.messages[0]).toMatch(
			/^Onboarding: 0 of 1 sites are ready\.\n- The configuration of tunnel 'branch-1' could not be read: /,
		);
	});

	it('stops with words if the chat can not be reached, when all else is done', async () => {
		const { simulator } = services();
		const example = onboarding(services(), ROWS.slice(0, 1));
		const settings = { ...example.settings, chat_url: 'http://127.0.0.1:1/hooks/magic' };
		const run = await runExample({ ...example, settings });
		expect(errorOf(run)).toMatch(/ECONNREFUSED|refused/);
		expect(run.data.resultData.lastNodeExecuted).toBe('Tell the Chat');
		expect(Object.keys(filesOf(run))).toEqual(['swanctl-branch-1.conf']);
		await expectInVault(simulator.tunnel('branch-1')!.id);
	});

	it.each([
		['a name with a space', 'branch 1,162.159.64.41,,10.213.1.0/31,vyos,,', 'site 2: name has to'],
		['a name twice', 'branch-1,162.159.64.41,,10.213.1.2/31,vyos,,', 'site 2: name is there twice'],
		['no address', 'branch-2,162.159.64.41,,,vyos,,', 'site 2: cloudflare_endpoint or'],
		['an unknown router', 'branch-2,162.159.64.41,,10.213.1.2/31,abc,,', 'site 2: router has to'],
		['a command', 'b-2,162.159.64.41,,10.213.1.2/31,vyos,eth0;reboot,', 'site 2: an interface has'],
	])('changes nothing if the file has %s', async (_what, row, fault) => {
		const { simulator, chat } = services();
		const run = await runExample(onboarding(services(), [ROWS[0]!, row]));
		expect(errorOf(run)).toContain(`Nothing was changed. The file has faults: ${fault}`);
		expect(simulator.requests.map(({ method }) => method)).toEqual(['GET']);
		expect(chat.messages).toEqual([]);
	});

	it('tells of an address that is none, and makes no such tunnel', async () => {
		const { simulator, chat } = services();
		const row = 'branch-2,162.159.64.41,,10.213.1.2/24,vyos,,';
		const run = await runExample(onboarding(services(), [ROWS[0]!, row]));
		expect(errorOf(run)).toBeUndefined();
		expect(simulator.tunnel('branch-2')).toBeUndefined();
		expect(chat.messages[0]).toMatch(
			/^Onboarding: 1 of 2 sites are ready\.\n.*branch-1.*\n- Site 'branch-2': /,
		);
	});
});
