import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { request } from 'undici';
import { leaksIn } from '../helpers/scanner';
import type { Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import type { Chat } from '../stubs/chat';
import { startChat } from '../stubs/chat';
import type { Mailbox } from '../stubs/mailbox';
import { startMailbox } from '../stubs/mailbox';
import type { Vault, VaultFault, VaultState } from '../stubs/vault/kv2';
import { startVault } from '../stubs/vault/kv2';

/** All that the example workflows talk to: an account, a vault, a chat and a mailbox. */
export interface World {
	simulator: Simulator;
	vault: Vault;
	/** Where the workflows keep their secrets in the vault. */
	vaultUrl: string;
	chat: Chat;
	mailbox: Mailbox;
	/** Addresses for the node Settings of workflows that send messages. */
	notify: { chat_url: string; mail_from: string; mail_to: string };
	credentials: Record<string, ICredentialDataDecryptedObject>;
	/** The data of the newest version of a tunnel's secret in the vault. */
	secretOf(tunnelId: string): Promise<Record<string, unknown> | undefined>;
	breakVault(fault: VaultFault): Promise<void>;
	/** Keys and tokens that are found in a value. */
	leaksIn(value: unknown): string[];
	close(): Promise<void>;
}

/** Starts a world; a key's age in days for each tunnel, null for one without a key. */
export async function startWorld(ageDays: Array<number | null>): Promise<World> {
	const folder = mkdtempSync(path.join(tmpdir(), 'examples-'));
	const simulator = await startSimulator({ tunnels: ageDays.length, seed: 5, ageDays });
	const vault = await startVault({ directory: path.join(folder, 'vault'), token: 'vault-token' });
	const [chat, mailbox] = await Promise.all([startChat(), startMailbox()]);
	const { origin } = new URL(vault.url);
	return {
		simulator,
		vault,
		vaultUrl: `${vault.url}/magic-ipsec`,
		chat,
		mailbox,
		notify: { chat_url: chat.url, mail_from: 'n8n@example.org', mail_to: 'network@example.org' },
		credentials: {
			cloudflareMagicTokenApi: {
				apiToken: simulator.apiToken,
				accountId: simulator.accountId,
				baseUrl: simulator.url,
			},
			httpHeaderAuth: { name: 'X-Vault-Token', value: vault.token },
			smtp: {
				user: '',
				password: '',
				host: mailbox.host,
				port: mailbox.port,
				secure: false,
				disableStartTls: true,
			},
		},
		async secretOf(tunnelId) {
			const { body } = await request(`${origin}/__vault/state`);
			const state = (await body.json()) as VaultState;
			return state[`magic-ipsec/${tunnelId}`]?.at(-1)?.data ?? undefined;
		},
		async breakVault(fault) {
			const { statusCode } = await request(`${origin}/__vault/faults`, {
				method: 'POST',
				body: JSON.stringify(fault),
			});
			if (statusCode !== 204) throw new Error(`The vault answered ${statusCode}`);
		},
		leaksIn: (value) =>
			leaksIn(value, [
				...simulator.tunnels().flatMap(({ id }) => simulator.keyHistory(id).map(({ psk }) => psk)),
				simulator.apiToken,
				vault.token,
			]),
		async close() {
			await Promise.all([simulator, vault, chat, mailbox].map(async (one) => await one.close()));
			rmSync(folder, { recursive: true });
		},
	};
}

/** Starts a world for each test of a describe block; a key's age in days for each tunnel. */
export function useWorld(ageDays: Array<number | null>): () => World {
	let world: World;
	beforeEach(async () => {
		world = await startWorld(ageDays);
	});
	afterEach(async () => {
		await world.close();
	});
	return () => world;
}
