import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import type { INode } from 'n8n-workflow';
import { leaksIn } from '../../../helpers/scanner';
import type { Settings } from '../../../helpers/shippedWorkflows';
import { messageSettings, withSettings } from '../../../helpers/shippedWorkflows';
import type { Chat } from '../../../stubs/chat';
import { startChat } from '../../../stubs/chat';
import type { Mailbox } from '../../../stubs/mailbox';
import { startMailbox } from '../../../stubs/mailbox';
import { expectNotKept } from '../../harness/kept';
import type { CredentialReference, N8n, Workflow } from '../../harness/n8n';
import { startN8n } from '../../harness/n8n';
import { installPackage } from '../../harness/package';
import type { Context } from '../../harness/part';
import { freePort } from '../../../helpers/ports';
import { waitFor } from '../../../helpers/processes';
import type { Account } from '../../../helpers/accountProcess';
import { exampleWorkflow } from '../../harness/workflows';
import type { VaultProcess } from '../../../stubs/vault/process';
import { startVaultProcess } from '../../../stubs/vault/process';

/** The address of n8n on the Internet, as it tells Cloudflare and people. */
export const PUBLIC_ORIGIN = 'https://n8n.example.com';

/** A file of workflows/ as a user sets it up. */
export interface Shipped {
	file: string;
	/** Values for its Edit Fields node `Settings`, by name. */
	settings?: Settings;
	/** By type, besides those that all workflows use. */
	credentials?: Record<string, CredentialReference>;
	/** What a user adds on the canvas. */
	change?: (workflow: Workflow) => void;
}

/** An n8n with the settings that a user would give it, and what the shipped workflows talk to. */
export interface Installation {
	n8n: N8n;
	vault: VaultProcess;
	chat: Chat;
	mailbox: Mailbox;
	/** Addresses for the node Settings of workflows that send messages. */
	notify: ReturnType<typeof messageSettings>;
	/** Starts a simulated account. @param ages of its keys in days, null for a tunnel without one */
	account(ages: Array<number | null>): Promise<Site>;
}

/** An account with its credential in n8n, so that each check has tunnels of its own. */
export interface Site {
	account: Account;
	/** Imports a shipped workflow that works on this account. @returns its id */
	imported(shipped: Shipped): Promise<string>;
	/** Imports a shipped workflow and turns its triggers on. @returns its id */
	activated(shipped: Shipped): Promise<string>;
	/** The live keys in the order of the tunnels. */
	liveKeys(): Promise<Array<string | null>>;
	/** Tunnels whose key is not the one at the start, by their position. */
	changed(): Promise<number[]>;
	/** Every key that was ever live, and what the workflows prove themselves with. */
	secrets(): Promise<string[]>;
	/** @throws unless the vault holds the live keys of these tunnels as current, none on its way, and no others' */
	expectInVault(positions: readonly number[]): Promise<void>;
	/** @throws if n8n keeps a secret, or a message that was sent shows one */
	expectNoSecret(...sent: unknown[]): Promise<void>;
}

/** Adds a webhook that starts what the first node starts, and answers when the run has ended. */
export function addWebhook(workflow: Workflow): string {
	const path = randomUUID();
	const [first] = workflow.nodes;
	const webhook: INode = {
		id: path,
		name: 'Start Now',
		type: 'n8n-nodes-base.webhook',
		typeVersion: 2,
		webhookId: path,
		position: [first!.position[0], first!.position[1] + 200],
		parameters: { httpMethod: 'POST', path, responseMode: 'lastNode', options: {} },
	};
	workflow.nodes.push(webhook);
	workflow.connections[webhook.name] = structuredClone(workflow.connections[first!.name]!);
	return path;
}

function workflowOf(
	{ file, settings, change }: Shipped,
	credentials: Record<string, CredentialReference>,
): Workflow {
	const shipped = exampleWorkflow(file, credentials);
	const workflow = settings === undefined ? shipped : withSettings(shipped, settings);
	change?.(workflow);
	return workflow;
}

/** The text that comes to a chat after those that are there. */
export async function nextMessage({ messages }: Chat, after: number): Promise<string> {
	return await waitFor('A message in the chat', async () => messages[after], { seconds: 90 });
}

async function siteOf(
	{ n8n, vault }: Pick<Installation, 'n8n' | 'vault'>,
	account: Account,
	shared: Record<string, CredentialReference>,
): Promise<Site> {
	const cloudflareMagicTokenApi = await n8n.createCredential(
		'cloudflareMagicTokenApi',
		account.tokenCredential(),
	);
	const imported = async (shipped: Shipped) =>
		await n8n.importWorkflow(
			workflowOf(shipped, { ...shared, cloudflareMagicTokenApi, ...shipped.credentials }),
		);
	const liveKeys = async () => (await account.tunnels()).map(({ live_key }) => live_key);
	const first = await liveKeys();
	const secrets = async () => {
		const keys = (await account.tunnels()).flatMap(({ history }) => history.map(({ psk }) => psk));
		return [...keys, account.credentials.apiToken, vault.nodeCredential.token];
	};
	return {
		account,
		imported,
		async activated(shipped) {
			const id = await imported(shipped);
			await n8n.activate(id);
			return id;
		},
		liveKeys,
		async changed() {
			const now = await liveKeys();
			return now.flatMap((key, position) => (key === first[position] ? [] : [position]));
		},
		secrets,
		async expectInVault(positions) {
			for (const [position, { tunnel, live_key }] of (await account.tunnels()).entries()) {
				const { current, pending } = (await vault.secret(tunnel.id)) ?? {};
				assert.ok(pending === undefined, `${tunnel.name}: a key is pending`);
				const wanted = positions.includes(position) ? live_key : undefined;
				// Compared by itself, so that no message shows a key.
				assert.ok(current === wanted, `${tunnel.name}: another key in the vault, or none`);
			}
		},
		async expectNoSecret(...sent) {
			const all = await secrets();
			assert.equal(leaksIn(sent, all).length, 0, 'A message shows a secret');
			expectNotKept(n8n, all);
		},
	};
}

/** Starts n8n at a public address, logging all it can, and the servers beside it. */
export async function startInstallation(context: Context): Promise<Installation> {
	const userFolder = context.folder('workflows');
	await installPackage(userFolder, await context.tarball());
	const port = await freePort();
	const [n8n, vault, chat, mailbox] = await Promise.all([
		startN8n({
			userFolder,
			port,
			logFolder: context.logFolder,
			env: { N8N_LOG_LEVEL: 'debug', WEBHOOK_URL: `${PUBLIC_ORIGIN}/` },
		}),
		startVaultProcess(context.logFolder),
		startChat(),
		startMailbox(),
	]);
	context.defer(
		async () =>
			await Promise.all([n8n.stop(), vault.stop(), ...[chat, mailbox].map((one) => one.close())]),
	);
	const shared = {
		cloudflareMagicVaultApi: await n8n.createCredential(
			'cloudflareMagicVaultApi',
			vault.nodeCredential,
		),
		smtp: await n8n.createCredential('smtp', mailbox.credential),
	};
	let accounts = 0;
	return {
		n8n,
		vault,
		chat,
		mailbox,
		notify: messageSettings(chat),
		async account(ages) {
			accounts++;
			const account = await context.account({
				tunnels: ages.length,
				seed: 40 + accounts,
				options: [
					`--age-days=${ages.map(String).join(',')}`,
					`--public-origin=${PUBLIC_ORIGIN}=${n8n.url}`,
				],
			});
			return await siteOf({ n8n, vault }, account, shared);
		},
	};
}
