import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { INodeParameters } from 'n8n-workflow';
import { leaksIn } from '../../../helpers/scanner';
import type { N8n } from '../../harness/n8n';
import type { Context, Part } from '../../harness/part';
import { waitFor } from '../../harness/processes';
import type { Account } from '../../harness/simulator';
import type { Custodia } from '../../real/custodia';
import { reasonWithoutCustodia, startCustodia } from '../../real/custodia';
import type { Chat } from '../../real/ejabberd';
import { reasonWithoutChat, startChat } from '../../real/ejabberd';
import type { FlowNode, Links } from '../../real/flow';
import { flowOf, httpNode, pskNode, runFlow } from '../../real/flow';
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

type Stage = 'pending' | 'live';

/** Custodia never overwrites a secret, so each run has names of its own. */
const secretName = (tunnel: string, run: string, stage: Stage): string =>
	`${tunnel}.${run}.${stage}`;

const ITEMS: FlowNode = {
	name: 'Items',
	type: 'n8n-nodes-base.splitOut',
	typeVersion: 1,
	parameters: { fieldToSplitOut: 'body.tunnels', options: {} },
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

const LINKS: Links = {
	Items: [['Prepare Keys']],
	'Prepare Keys': [['Store Pending'], []],
	'Store Pending': [['Set Keys']],
	'Set Keys': [['Store Live'], ['Tell Chat', 'Send Mail']],
};

/**
 * Prepare → vault → Set; its Secret to the vault, its Notification to the chat and by mail.
 *
 * @returns makes the flow, anew for each run
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
	});
	const store = (name: string, stage: Stage) => {
		const run = "{{ $('Webhook').first().json.body.run }}";
		const url = vault.secretUrl(secretName('{{ $json.ipsec_tunnel_id }}', run, stage));
		const auth = { type: 'httpCustomAuth', credential: custodia };
		return httpNode(name, 'PUT', `=${url}`, auth, "{ type: 'simple', value: $json.psk }");
	};
	const said = `{ ...${JSON.stringify(chat.envelope)}, body: $json.message }`;
	const auth = { type: 'httpBasicAuth', credential: ejabberd };
	const before = "$('Prepare Keys').item.json";
	return () =>
		flowOf(
			'Rotate with a vault, a chat and mail',
			[
				ITEMS,
				pskNode('Prepare Keys', 'prepare', cloudflare, tunnelOf('={{ $json.id }}')),
				store('Store Pending', 'pending'),
				pskNode('Set Keys', 'set', cloudflare, {
					...tunnelOf(`={{ ${before}.ipsec_tunnel_id }}`),
					psk: `={{ ${before}.psk }}`,
				}),
				store('Store Live', 'live'),
				httpNode('Tell Chat', 'POST', chat.url, auth, said),
				mailNode({ smtp }),
			],
			LINKS,
		);
}

/** The bytes of every file of a folder. */
const bytesIn = (folder: string): Buffer[] =>
	readdirSync(folder).map((name) => readFileSync(path.join(folder, name)));

export const part: Part = {
	name: 'delivery',
	about:
		'keys into a real vault, notices into a real chat and by mail (Custodia, ejabberd, maildev)',
	skipReason: async () => (await reasonWithoutCustodia()) ?? (await reasonWithoutChat()),
	async run(context) {
		const account = await context.account({ tunnels: 3 });
		const servers = await startServers(context);
		const { vault, chat, mail } = servers;
		const n8n = await context.n8n();
		const flow = await rotationFlow(n8n, account, servers);
		const before = await account.tunnels();
		const tunnels = before.map(({ tunnel }) => ({ id: tunnel.id }));
		const rotate = async (run: string) => await runFlow(n8n, flow(), { run, tunnels });
		const liveKeys = async () => (await account.tunnels()).map(({ live_key }) => live_key!);

		await context.check('the vault holds every key that is live, prepared and set', async () => {
			const { status, data } = await rotate('first');
			assert.equal(status, 'success', data.resultData.error?.message);
			for (const { tunnel, live_key } of await account.tunnels()) {
				assert.ok(!before.some((old) => old.live_key === live_key), 'the key has changed');
				assert.equal(await vault.get(secretName(tunnel.id, 'first', 'pending')), live_key);
				assert.equal(await vault.get(secretName(tunnel.id, 'first', 'live')), live_key);
			}
			assert.equal((await vault.list()).length, 2 * tunnels.length);
		});
		await context.check('no file of the vault shows a key', async () => {
			assert.ok((await vault.list()).length > 0);
			assert.deepEqual(leaksIn(bytesIn(vault.folder), await liveKeys()), []);
		});
		await context.check(
			'the people in the chat and by mail get one notice a tunnel, no key',
			async () => {
				const letters = await waitFor('The letters', async () => {
					const inbox = await mail.inbox();
					return (
						inbox.length >= tunnels.length && chat.received().length >= tunnels.length && inbox
					);
				});
				const messages = chat.received();
				assert.equal(letters.length, tunnels.length);
				assert.equal(messages.length, tunnels.length);
				for (const { tunnel } of before) {
					assert.ok(letters.some(({ subject }) => subject === `${tunnel.name}: applied`));
					assert.ok(letters.some(({ text }) => text.includes(tunnel.name)));
					assert.ok(messages.some(({ body }) => body.includes(tunnel.name)));
				}
				assert.deepEqual(leaksIn([letters, messages], await liveKeys()), []);
			},
		);
		await context.check(
			'a vault that refuses a key stops the run before Cloudflare has it',
			async () => {
				const live = await liveKeys();
				const taken = secretName(tunnels[1]!.id, 'second', 'pending');
				assert.equal(await vault.put(taken, 'taken'), 201);
				const { status, data } = await rotate('second');
				assert.equal(status, 'error');
				assert.equal(data.resultData.lastNodeExecuted, 'Store Pending');
				assert.deepEqual(await liveKeys(), live);
				assert.equal(await vault.get(taken), 'taken');
			},
		);
	},
};
