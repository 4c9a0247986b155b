import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { INodeParameters } from 'n8n-workflow';
import { leaksIn } from '../../../helpers/scanner';
import { expectNotKept } from '../../harness/kept';
import type { CredentialReference, N8n, Workflow } from '../../harness/n8n';
import { UNSAVED } from '../../../helpers/saving';
import type { Context, Part } from '../../harness/part';
import { waitFor } from '../../../helpers/processes';
import type { Account } from '../../../helpers/accountProcess';
import { settled } from '../../harness/unsaved';
import { NODE_TYPE } from '../../harness/workflows';
import type { Custodia } from '../../real/custodia';
import { reasonWithoutCustodia, startCustodia } from '../../real/custodia';
import type { Chat } from '../../real/ejabberd';
import { reasonWithoutChat, startChat } from '../../real/ejabberd';
import type { FlowNode, Links } from '../../real/flow';
import { httpNode, pskNode, workflowOf } from '../../real/flow';
import type { Mail } from '../../real/maildev';
import { startMail } from '../../real/maildev';

/** The servers that a rotation delivers to. */
interface Servers {
	vault: Custodia;
	chat: Chat;
	mail: Mail;
}

async function startServers(context: Context): Promise<Servers> {
	const vault = await startCustodia();
	context.defer(async () => await vault.stop());
	const chat = await startChat();
	context.defer(async () => await chat.stop());
	const mail = await startMail();
	context.defer(async () => await mail.stop());
	return { vault, chat, mail };
}

type Stage = 'pending' | 'current';

/** Custodia never overwrites a secret, so each run has names of its own. */
const secretName = (tunnel: string, run: string, stage: Stage): string =>
	`${tunnel}.${run}.${stage}`;

/** Comes often, as nobody wants to wait for a Monday. */
const SCHEDULE: FlowNode = {
	name: 'Schedule',
	type: 'n8n-nodes-base.scheduleTrigger',
	typeVersion: 1.3,
	parameters: { rule: { interval: [{ field: 'seconds', secondsInterval: 10 }] } },
};

function mailNode(credential: FlowNode['credentials']): FlowNode {
	return {
		name: 'Send Mail',
		type: 'n8n-nodes-base.emailSend',
		typeVersion: 2.1,
		parameters: {
			fromEmail: 'n8n@example.com',
			toEmail: 'network@example.com',
			subject: '={{ $json.tunnel_name }}: {{ $json.status }}',
			emailFormat: 'text',
			text: '={{ $json.message }}',
			options: { appendAttribution: false },
		},
		credentials: credential,
	};
}

/** Tunnels whose keys are old, or that have none. */
function dueNode(credential: CredentialReference, days: number): FlowNode {
	return {
		name: 'Get Due Keys',
		type: NODE_TYPE,
		typeVersion: 1,
		parameters: {
			authentication: 'apiToken',
			resource: 'tunnel',
			operation: 'getAll',
			returnAll: true,
			simplify: true,
			filters: { pskOlderThanDays: days, noPsk: true },
		},
		credentials: { cloudflareMagicTokenApi: credential },
	};
}

const LINKS: Links = {
	'Get Due Keys': [['Prepare Keys']],
	'Prepare Keys': [['Store as Pending'], []],
	'Store as Pending': [['Set Keys']],
	'Set Keys': [['Promote to Current'], ['Tell Chat', 'Send Mail']],
};

interface RotationOptions {
	/** Keys of this age in days are due. */
	days: number;
	/** What the names of a run's secrets have in common; may have an expression of n8n in it. */
	run: string;
}

/**
 * Schedule → Get Many → Prepare → vault → Set → vault; the Notification of Set to the chat and by mail.
 *
 * @returns makes the workflow
 */
async function rotationFlow(n8n: N8n, account: Account, { vault, chat, mail }: Servers) {
	const credential = async (type: string, data: object) =>
		await n8n.createCredential(type, data, `delivery ${type}`);
	const cloudflare = await credential('cloudflareMagicTokenApi', account.tokenCredential());
	const custodia = await credential('httpCustomAuth', vault.credential);
	const ejabberd = await credential('httpBasicAuth', chat.credential);
	const smtp = await credential('smtp', mail.credential);
	const tunnelOf = (value: string): INodeParameters => ({
		tunnelId: { __rl: true, mode: 'id', value },
		options: { requireUnsaved: true },
	});
	const store = (name: string, run: string, stage: Stage) => {
		const url = vault.secretUrl(secretName('{{ $json.ipsec_tunnel_id }}', run, stage));
		const auth = { type: 'httpCustomAuth', credential: custodia };
		return httpNode(name, 'PUT', `=${url}`, auth, "{ type: 'simple', value: $json.psk }");
	};
	const said = `{ ...${JSON.stringify(chat.envelope)}, body: $json.message }`;
	const auth = { type: 'httpBasicAuth', credential: ejabberd };
	const before = "$('Prepare Keys').item.json";
	return ({ days, run }: RotationOptions): Workflow => {
		const nodes = [
			dueNode(cloudflare, days),
			pskNode('Prepare Keys', 'prepare', cloudflare, tunnelOf('={{ $json.id }}')),
			store('Store as Pending', run, 'pending'),
			pskNode('Set Keys', 'set', cloudflare, {
				...tunnelOf(`={{ ${before}.ipsec_tunnel_id }}`),
				psk: `={{ ${before}.psk }}`,
			}),
			store('Promote to Current', run, 'current'),
			httpNode('Tell Chat', 'POST', chat.url, auth, said),
			mailNode({ smtp }),
		];
		const workflow = workflowOf('Scheduled rotation', SCHEDULE, nodes, LINKS);
		return { ...workflow, settings: { ...workflow.settings, ...UNSAVED } };
	};
}

/** Turns a workflow's schedule on until it has come once, and settles when that run is over. */
async function scheduledOnce(n8n: N8n, account: Account, workflow: Workflow): Promise<void> {
	await account.resetRequests();
	const id = await n8n.importWorkflow(workflow);
	await n8n.activate(id);
	await account.seen('list', 1);
	await n8n.deactivate(id);
	await settled(n8n, id);
}

/** The bytes of every file of a folder. */
const bytesIn = (folder: string): Buffer[] =>
	readdirSync(folder).map((name) => readFileSync(path.join(folder, name)));

/** Every key that the vault holds, by its name. */
async function keysIn(vault: Custodia): Promise<Map<string, string>> {
	const entries = (await vault.list()).map(
		async (name) => [name, (await vault.get(name))!] as const,
	);
	return new Map(await Promise.all(entries));
}

export const part: Part = {
	name: 'delivery',
	about:
		'a schedule rotates the due keys: into a real vault, told in a real chat and by mail (Custodia, ejabberd, maildev)',
	skipReason: async () => (await reasonWithoutCustodia()) ?? (await reasonWithoutChat()),
	async run(context) {
		const account = await context.account({ tunnels: 3, options: ['--age-days=400,10,120'] });
		const servers = await startServers(context);
		const { vault, chat, mail } = servers;
		const n8n = await context.n8n();
		const flow = await rotationFlow(n8n, account, servers);
		const before = await account.tunnels();
		const due = [before[0]!.tunnel, before[2]!.tunnel];
		const liveKeys = async () => (await account.tunnels()).map(({ live_key }) => live_key!);

		await context.check(
			'the schedule rotates the due keys, and the vault holds each as pending and as current',
			async () => {
				const workflow = flow({ days: 90, run: '{{ $execution.id }}' });
				await scheduledOnce(n8n, account, workflow);
				const changed = (await account.tunnels()).filter(
					({ live_key }, position) => live_key !== before[position]!.live_key,
				);
				assert.deepEqual(
					changed.map(({ tunnel }) => tunnel.id),
					due.map(({ id }) => id),
				);
				const kept = await keysIn(vault);
				assert.equal(kept.size, 2 * due.length);
				const [name] = kept.keys();
				const [, run] = name!.split('.');
				for (const { tunnel, live_key } of changed) {
					for (const stage of ['pending', 'current'] as const) {
						assert.ok(kept.get(secretName(tunnel.id, run!, stage)) === live_key, tunnel.name);
					}
				}
			},
		);
		await context.check('no file of the vault shows a key', async () => {
			assert.ok((await vault.list()).length > 0);
			assert.equal(leaksIn(bytesIn(vault.folder), await liveKeys()).length, 0);
		});
		await context.check(
			'the people in the chat and by mail get one notice a tunnel, no key',
			async () => {
				const letters = await waitFor('The letters', async () => {
					const inbox = await mail.inbox();
					return inbox.length >= due.length && chat.received().length >= due.length && inbox;
				});
				const messages = chat.received();
				assert.equal(letters.length, due.length);
				assert.equal(messages.length, due.length);
				for (const { name } of due) {
					assert.ok(letters.some(({ subject }) => subject === `${name}: applied`));
					assert.ok(letters.some(({ text }) => text.includes(name)));
					assert.ok(messages.some(({ body }) => body.includes(name)));
				}
				assert.equal(leaksIn([letters, messages], await liveKeys()).length, 0);
			},
		);
		await context.check('a schedule that comes again finds no key due', async () => {
			const live = await liveKeys();
			await scheduledOnce(n8n, account, flow({ days: 90, run: '{{ $execution.id }}' }));
			assert.ok((await liveKeys()).every((key, position) => key === live[position]));
			assert.equal((await vault.list()).length, 2 * due.length);
		});
		await context.check(
			'a vault that refuses one of several keys stops the run before Cloudflare has any',
			async () => {
				const live = await liveKeys();
				const run = 'refused';
				const [first, second] = before.map(({ tunnel }) => secretName(tunnel.id, run, 'pending'));
				assert.equal(await vault.put(second!, 'taken'), 201);
				await scheduledOnce(n8n, account, flow({ days: 0, run }));
				assert.ok((await vault.get(first!)) !== undefined, 'The run did not come to the vault');
				assert.equal(await vault.get(second!), 'taken');
				assert.ok((await liveKeys()).every((key, position) => key === live[position]));
				assert.equal((await mail.inbox()).length, due.length);
			},
		);
		await context.check('n8n keeps no key, not even one that was refused', async () => {
			const keys = [...(await keysIn(vault)).values()].filter((key) => key !== 'taken');
			expectNotKept(n8n, [...new Set([...keys, ...(await liveKeys())])]);
		});
	},
};
