import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { leaksIn } from '../../../helpers/scanner';
import type { StubServer } from '../../../stubs/jsonServer';
import { startJsonServer } from '../../../stubs/jsonServer';
import type { Workflow } from '../../harness/n8n';
import type { Context } from '../../harness/part';
import { settled } from '../../harness/unsaved';
import { formOf, Visitor } from './visitor';
import type { Site, Installation } from './installation';
import { nextMessage } from './installation';

const FILE = 'onboard-sites.json';

const CSV = `name,cloudflare_endpoint,customer_endpoint,interface_address,router,wan_interface,tunnel_interface
branch-1,162.159.64.41,203.0.113.10,10.213.1.0/31,strongswan,,
branch-2,162.159.64.41,203.0.113.11,10.213.1.5/30,Cisco-IOS-XE,GigabitEthernet3,Tunnel9
branch-3,162.159.64.41,203.0.113.12,10.213.1.8/31,fortigate,,
branch-4,162.159.64.41,203.0.113.13,10.213.1.10/31,palo-alto,,
branch-5,162.159.66.41,,10.213.1.12/31,vyos,eth1,
`;

const ROUTER_FILES = [
	'swanctl-branch-1.conf',
	'cisco-branch-2.txt',
	'fortigate-branch-3.txt',
	'palo-alto-branch-4.txt',
	'vyos-branch-5.txt',
];

/** What hands the routers' files to the sites: it takes each by its name. */
interface Depot extends StubServer {
	readonly files: Map<string, string>;
}

async function startDepot(): Promise<Depot> {
	const files = new Map<string, string>();
	const server = await startJsonServer(({ url, text }) => {
		files.set(url.pathname.slice(1), text);
		return { status: 201, body: {} };
	});
	return { ...server, files };
}

/** Connects what hands the files on, which the workflow leaves to its user. */
function addDepot(workflow: Workflow, { origin }: Depot): void {
	const name = 'Hand Over';
	workflow.nodes.push({
		id: randomUUID(),
		name,
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		position: [5000, 0],
		parameters: {
			method: 'PUT',
			url: `=${origin}/{{ $json.file_name }}`,
			sendBody: true,
			contentType: 'raw',
			rawContentType: 'text/plain',
			body: '={{ $json.text }}',
			options: {},
		},
	});
	workflow.connections['Router Files'] = { main: [[{ node: name, type: 'main', index: 0 }]] };
}

/** Every router's file is there, says where its key is, and holds none. */
async function expectFiles(site: Site, { files }: Depot): Promise<void> {
	assert.deepEqual([...files.keys()], ROUTER_FILES);
	assert.equal(
		leaksIn([...files.values()], await site.secrets()).length,
		0,
		'A file holds a secret',
	);
	const states = await site.account.tunnels();
	for (const [index, text] of [...files.values()].entries()) {
		const state = states.find(({ tunnel }) => tunnel.name === `branch-${index + 1}`)!;
		const { id } = state.tunnel;
		assert.ok(text.includes(`The vault holds it at magic-ipsec/${id}.`), ROUTER_FILES[index]);
		assert.ok(text.includes(`$(fetch-key magic-ipsec/${id})`), ROUTER_FILES[index]);
		assert.ok(text.includes(state.tunnel.remote_identities.fqdn_id), ROUTER_FILES[index]);
	}
}

async function onboard(installation: Installation, depot: Depot): Promise<void> {
	const { n8n, chat } = installation;
	const site = await installation.account([30]);
	const id = await site.activated({
		file: FILE,
		settings: { chat_url: chat.url, fetch_command: 'fetch-key {vault_path}' },
		change: (workflow) => addDepot(workflow, depot),
	});
	const upload = async (csv: string) => {
		const file = new File([csv], 'sites.csv', { type: 'text/csv' });
		return await new Visitor(n8n).submit(formOf(FILE), { Sites: file });
	};
	const report = [
		'Onboarding: 5 of 5 sites are ready.',
		...ROUTER_FILES.map(
			(file, index) =>
				`- Tunnel 'branch-${index + 1}' has a key, and its router configuration is ${file}.`,
		),
	].join('\n');
	for (const time of ['first', 'second']) {
		const messages = chat.messages.length;
		depot.files.clear();
		assert.deepEqual(await upload(CSV), { status: 200 });
		assert.equal(await nextMessage(chat, messages), report, `the ${time} upload`);
		await settled(n8n, id);
		await expectFiles(site, depot);
	}
	// The same keys after the second upload as after the first, and the old tunnel as it was.
	const states = await site.account.tunnels();
	assert.deepEqual(
		states.map(({ history }) => history.length),
		[1, 1, 1, 1, 1, 1],
	);
	await site.expectInVault([1, 2, 3, 4, 5]);

	const requests = (await site.account.requests()).length;
	await upload(CSV.replace('branch-2', 'branch 2'));
	await site.account.seen('list', 3);
	await settled(n8n, id);
	const more = (await site.account.requests()).slice(requests);
	assert.deepEqual(
		more.map(({ operation }) => operation),
		['list'],
	);
	await site.expectNoSecret(chat.messages);
	await n8n.deactivate(id);
}

/** The workflow that takes a file by a form and gives files. */
export async function checkOnboarding(context: Context, installation: Installation): Promise<void> {
	await context.check(
		'onboard-sites: a file uploaded twice makes tunnels, keys and router files once',
		async () => {
			const depot = await startDepot();
			try {
				await onboard(installation, depot);
			} finally {
				await depot.close();
			}
		},
	);
}
