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

function onboarding({ notify, vault, credentials }: Services, rows: string[]): Example {
	const data = Buffer.from([HEAD, ...rows, ''].join('\n')).toString('base64');
	return {
		file: 'onboard-sites.json',
		settings: { chat_url: notify.chat_url, vault_url: vault.secretsUrl },
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

	it('makes tunnels, sets keys, keeps them in the vault and writes a file for each router', async () => {
		const { simulator, chat, vault, leaksIn } = services();
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
			const key = simulator.liveKey(id)!;
			expect(await vault.secret(id)).toEqual({ current: key });
			expect(text).toContain(index === 0 ? `0s${Buffer.from(key).toString('base64')}\n` : key);
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
		expect(leaksIn(chat.messages)).toEqual([]);
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
		await vault.addFault({ method: 'POST', status: 503, skip: 1, times: 1 });
		await runExample(onboarding(services(), rows));
		const { id } = simulator.tunnel('branch-1')!;
		const key = simulator.liveKey(id)!;
		expect(await vault.secret(id)).toEqual({ pending: key });
		expect(chat.messages[0]).toMatch(
			/^Onboarding: 0 of 1 sites are ready\.\n- The PSK of tunnel 'branch-1' is live, but the vault refused to make it current \(HTTP 503\)/,
		);
		const files = filesOf(await runExample(onboarding(services(), rows)));
		expect(files['swanctl-branch-1.conf']).toContain(Buffer.from(key).toString('base64'));
		expect(simulator.liveKey(id)).toBe(key);
		expect(await vault.secret(id)).toEqual({ current: key });
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

	it('tells what the vault refused, and sets no such key', async () => {
		const { simulator, vault, chat } = services();
		await vault.addFault({ method: 'POST', status: 403, times: 1 });
		await runExample(onboarding(services(), ROWS.slice(0, 1)));
		expect(simulator.liveKey('branch-1')).toBeUndefined();
		expect(chat.messages[0]).toBe(
			[
				'Onboarding: 0 of 1 sites are ready.',
				"- The vault refused the PSK of tunnel 'branch-1' (HTTP 403), so it was not set: the tunnel has no key yet. Upload the file again.",
			].join('\n'),
		);
	});

	it('tells what Cloudflare refused', async () => {
		const { simulator, chat } = services();
		simulator.faults.add({ kind: 'unapply', operation: 'pskSet', reason: 'not today', count: 1 });
		await runExample(onboarding(services(), ROWS.slice(0, 1)));
		expect(chat.messages[0]).toMatch(/^Onboarding: 0 of 1 sites are ready\.\n- [^\n]+not today$/);
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

	it('creates nothing if an address is none', async () => {
		const { simulator } = services();
		const row = 'branch-2,162.159.64.41,,10.213.1.2/24,vyos,,';
		const run = await runExample(onboarding(services(), [ROWS[0]!, row]));
		expect(errorOf(run)).toBeDefined();
		expect(simulator.tunnels()).toHaveLength(1);
	});
});
