import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { credentialsOf } from '../helpers/account';
import { leaksIn } from '../helpers/scanner';
import { messageSettings } from '../helpers/shippedWorkflows';
import type { Simulator } from '../simulator';
import type { HealthOptions } from '../simulator/health/types';
import { startSimulator } from '../simulator';
import type { Chat } from '../stubs/chat';
import { startChat } from '../stubs/chat';
import type { Mailbox } from '../stubs/mailbox';
import { startMailbox } from '../stubs/mailbox';
import { VaultClient } from '../stubs/vault/client';
import type { Vault } from '../stubs/vault/kv2';
import { startVault } from '../stubs/vault/kv2';

/** All that the shipped workflows talk to, in this process: an account, a vault, a chat and a mailbox. */
export interface Services {
	simulator: Simulator;
	vault: VaultClient;
	/** The server itself, which can be sealed. */
	vaultServer: Vault;
	chat: Chat;
	mailbox: Mailbox;
	/** Addresses for the node Settings of workflows that send messages. */
	notify: ReturnType<typeof messageSettings>;
	credentials: Record<string, ICredentialDataDecryptedObject>;
	/** Dates every pending key an hour back, as if what comes next came that much later. */
	passLeases(): Promise<void>;
	/** Keys and tokens that are found in a value. */
	leaksIn(value: unknown): string[];
	close(): Promise<void>;
}

/** @param ageDays a key's age in days for each tunnel, null for one without a key */
export async function startServices(
	ageDays: Array<number | null>,
	health?: HealthOptions,
): Promise<Services> {
	const folder = mkdtempSync(path.join(tmpdir(), 'workflows-'));
	const simulator = await startSimulator({
		tunnels: ageDays.length,
		seed: 5,
		ageDays,
		...(health && { health }),
	});
	const server = await startVault({ directory: path.join(folder, 'vault'), token: 'vault-token' });
	const vault = new VaultClient(server.url, server.token);
	const [chat, mailbox] = await Promise.all([startChat(), startMailbox()]);
	return {
		simulator,
		vault,
		vaultServer: server,
		chat,
		mailbox,
		notify: messageSettings(chat),
		credentials: {
			cloudflareMagicTokenApi: credentialsOf(simulator).cloudflareMagicTokenApi!,
			cloudflareMagicVaultApi: vault.nodeCredential,
			smtp: mailbox.credential,
		},
		async passLeases() {
			for (const [name, versions] of Object.entries(server.state())) {
				const record = versions.at(-1)?.data;
				const since = Date.parse(String(record?.pending_since));
				if (Number.isNaN(since)) continue;
				const pending_since = new Date(since - 3_600_000).toISOString();
				const answer = await fetch(`${server.url}/${name}`, {
					method: 'POST',
					headers: { 'x-vault-token': server.token },
					body: JSON.stringify({ data: { ...record, pending_since } }),
				});
				expect(answer.status).toBe(200);
			}
		},
		leaksIn: (value) =>
			leaksIn(value, [
				...simulator.tunnels().flatMap(({ id }) => simulator.keyHistory(id).map(({ psk }) => psk)),
				simulator.apiToken,
				server.token,
			]),
		async close() {
			await Promise.all([simulator, server, chat, mailbox].map(async (one) => await one.close()));
			rmSync(folder, { recursive: true });
		},
	};
}

/** Starts them for each test of a describe block. */
export function useServices(ageDays: Array<number | null>): () => Services {
	let services: Services;
	beforeEach(async () => {
		services = await startServices(ageDays);
	});
	afterEach(async () => {
		await services.close();
	});
	return () => services;
}
