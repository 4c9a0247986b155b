import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { credentialsOf } from '../helpers/account';
import { leaksIn, textsIn } from '../helpers/scanner';
import { messageSettings } from '../helpers/shippedWorkflows';
import type { Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import type { Chat } from '../stubs/chat';
import { startChat } from '../stubs/chat';
import type { Mailbox } from '../stubs/mailbox';
import { startMailbox } from '../stubs/mailbox';
import { VaultClient } from '../stubs/vault/client';
import type { Vault } from '../stubs/vault/kv2';
import { startVault } from '../stubs/vault/kv2';

/** Ages in days of the seeded keys, repeated for as many tunnels as there are. */
const AGES = [400, 12, 181, 95, 3, 90.5, 45, 730, 89, 120];

/** The age in days from which the demo rotates a key. */
export const DUE_AT = 90;

/** What a search for secrets went through, and what it found. */
export interface Search {
	secrets: number;
	texts: number;
	found: number;
}

/** All that the demo's workflows talk to: a simulated account, vault, chat and mailbox on loopback. */
export class DemoWorld {
	/** The live keys at the start, by tunnel id. */
	readonly before: ReadonlyMap<string, string | undefined>;

	private constructor(
		readonly simulator: Simulator,
		readonly vault: Vault,
		readonly chat: Chat,
		readonly mailbox: Mailbox,
	) {
		this.before = new Map(simulator.tunnels().map(({ id }) => [id, simulator.liveKey(id)]));
	}

	static async start(tunnels: number, seed: number): Promise<DemoWorld> {
		const ageDays = (index: number) => AGES[index % AGES.length]!;
		return new DemoWorld(
			...(await Promise.all([
				startSimulator({ tunnels, seed, ageDays }),
				startVault(),
				startChat(),
				startMailbox(),
			])),
		);
	}

	async close(): Promise<void> {
		const { simulator, vault, chat, mailbox } = this;
		await Promise.all([simulator, vault, chat, mailbox].map(async (one) => await one.close()));
	}

	/** The data of each credential that the workflows use, by its type. */
	get credentials() {
		const { credential, nodeCredential } = new VaultClient(this.vault.url, this.vault.token);
		return {
			cloudflareMagicTokenApi: credentialsOf(this.simulator).cloudflareMagicTokenApi!,
			cloudflareMagicVaultApi: nodeCredential,
			httpHeaderAuth: credential,
			smtp: this.mailbox.credential,
		};
	}

	get notify() {
		return messageSettings(this.chat);
	}

	/** Address of the secret of each tunnel, without its id. */
	get secretsUrl(): string {
		return new VaultClient(this.vault.url, this.vault.token).secretsUrl;
	}

	/** Each tunnel with the age its key had at the start, in days, and what became of the key. */
	tunnels() {
		return this.simulator.tunnels().map(({ id, name }, index) => {
			const record = this.vault.state()[`magic-ipsec/${id}`]?.at(-1)?.data;
			const live = this.simulator.liveKey(id);
			const held = ['current', 'pending', 'previous'].find((part) => record?.[part] === live);
			const age = AGES[index % AGES.length]!;
			return {
				id,
				name,
				age,
				isDue: age >= DUE_AT,
				isChanged: live !== this.before.get(id),
				/** The part of the vault's record that holds the live key. */
				heldAs: record === undefined || live === undefined ? undefined : held,
				isInVault: record !== undefined,
			};
		});
	}

	/** Every key that was ever live or in the vault, and both tokens. */
	secrets(): string[] {
		const live = this.simulator
			.tunnels()
			.flatMap(({ id }) => this.simulator.keyHistory(id).map(({ psk }) => psk));
		const kept = Object.values(this.vault.state()).flatMap((versions) =>
			versions.flatMap(({ data }) =>
				['current', 'pending', 'previous'].flatMap((part) => {
					const key = data?.[part];
					return typeof key === 'string' ? [key] : [];
				}),
			),
		);
		return [...new Set([...live, ...kept]), this.simulator.apiToken, this.vault.token];
	}

	/**
	 * Looks for all secrets, in five encodings, in values and in the files of n8n's folder.
	 *
	 * @throws Error if a secret that is there would not be found
	 */
	search(...values: unknown[]): Search {
		const all = [values, filesOf(process.env.N8N_USER_FOLDER!)];
		const secrets = this.secrets();
		const planted = leaksIn([all, { deep: [`x${secrets[0]!}x`] }], secrets.slice(0, 1));
		if (planted.length !== 1) throw new Error('The search finds nothing, so it proves nothing');
		return {
			secrets: secrets.length,
			texts: textsIn(all).length,
			found: leaksIn(all, secrets).length,
		};
	}
}

/** The bytes of all files below a folder. */
function filesOf(folder: string): string[] {
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'latin1'));
}
