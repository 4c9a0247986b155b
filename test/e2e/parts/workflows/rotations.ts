import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { leaksIn } from '../../../helpers/scanner';
import { reasonWithoutPostgres } from '../../real/postgres';
import { startSecretsManager } from '../../../stubs/secretsManager';
import {
	credentialOf,
	ENCRYPTION_KEY,
	FILE as ANY_VAULT,
	rowsIn,
	startDatabase,
} from '../../../workflows/database';
import { proveStrongSwanFile } from './strongSwanFile';
import type { Workflow } from '../../harness/n8n';
import type { Context } from '../../harness/part';
import { print } from '../../../helpers/print';
import { settled } from '../../harness/unsaved';
import { httpNode } from '../../real/flow';
import { reasonWithoutIke } from '../../real/ike';
import { AGES, expectReported, rotateBy } from './schedules';
import type { Installation } from './installation';
import { nextMessage } from './installation';

/** Connects a vault to the output Secret of Set Keys, which the shortest rotation leaves to its user. */
function addVault({ vault, vaultCredential }: Installation, workflow: Workflow): void {
	const keep = httpNode(
		'Keep in the Vault',
		'POST',
		`=${vault.secretsUrl}/{{ $json.ipsec_tunnel_id }}`,
		{ type: 'httpHeaderAuth', credential: vaultCredential },
		'{ data: { current: $json.psk } }',
	);
	workflow.nodes.push({ id: randomUUID(), position: [900, 0], ...keep });
	workflow.connections['Set Keys'] = { main: [[{ node: keep.name, type: 'main', index: 0 }]] };
}

async function oldKeys(installation: Installation): Promise<void> {
	const { n8n } = installation;
	const site = await installation.account([120, 3, 400]);
	const id = await site.imported({
		file: 'rotate-old-keys.json',
		change: (workflow) => addVault(installation, workflow),
	});
	await n8n.runManually(id, 'Start');
	await settled(n8n, id);
	assert.deepEqual(await site.changed(), [0, 2]);
	await site.expectInVault([0, 2]);
	await site.expectNoSecret();
}

async function emergency(installation: Installation): Promise<void> {
	const { n8n, vault, chat, mailbox, notify } = installation;
	const site = await installation.account(AGES);
	const [messages, mails] = [chat.messages.length, mailbox.mails.length];
	const calls = await site.activated({
		file: 'rotate-given-tunnels.json',
		settings: { vault_url: vault.secretsUrl },
	});
	const run = async (confirmation: string) => {
		const id = await site.imported({
			file: 'emergency-rotation.json',
			settings: { ...notify, confirmation },
			calls,
		});
		await n8n.runManually(id, 'When You Click Execute');
		return id;
	};
	await settled(n8n, await run(''));
	assert.deepEqual(await site.account.requests(), []);

	const id = await run('rotate all keys');
	const message = await nextMessage(chat, messages);
	await settled(n8n, id, calls);
	assert.equal(message, 'Emergency rotation: 4 tunnels, 4 with a new key, 0 to look at.');
	assert.equal(mailbox.mails[mails]?.subject, 'Emergency rotation: all is well');
	assert.equal(mailbox.mails[mails]?.body, message);
	assert.deepEqual(await site.changed(), [0, 1, 2, 3]);
	await site.expectInVault([0, 1, 2, 3]);
	await site.expectNoSecret(chat.messages, mailbox.mails);
}

async function secretsManagerRotation(installation: Installation): Promise<void> {
	const { n8n, chat, mailbox } = installation;
	const manager = await startSecretsManager();
	try {
		const site = await installation.account(AGES);
		const aws = await n8n.createCredential('aws', {
			...manager.keys,
			temporaryCredentials: false,
			customEndpoints: false,
		});
		const rotation = {
			file: 'rotate-with-aws-secrets-manager.json',
			settings: { secrets_manager_url: manager.url, max_age_days: 90 },
			credentials: { aws },
		};
		expectReported(await rotateBy(installation, site, rotation));
		const due = [0, 2, 3];
		assert.deepEqual(await site.changed(), due);
		const tunnels = await site.account.tunnels();
		assert.deepEqual(
			manager.secrets,
			due.map((position) => `magic-ipsec/${tunnels[position]!.tunnel.id}`),
		);
		for (const { tunnel, live_key } of due.map((position) => tunnels[position]!)) {
			const { SecretString } = manager.versionOf(`magic-ipsec/${tunnel.id}`, 'AWSCURRENT')!;
			assert.ok((JSON.parse(SecretString) as { psk: string }).psk === live_key, tunnel.name);
		}
		await site.expectNoSecret(chat.messages, mailbox.mails);
	} finally {
		await manager.close();
	}
}

async function postgresRotation(installation: Installation): Promise<void> {
	const { n8n, chat, mailbox } = installation;
	const server = await startDatabase();
	try {
		const site = await installation.account(AGES);
		const postgres = await n8n.createCredential('postgres', credentialOf(server));
		const rotation = {
			file: ANY_VAULT,
			settings: { max_age_days: 90, chat_url: chat.url },
			credentials: { postgres },
		};
		expectReported(await rotateBy(installation, site, rotation));
		assert.deepEqual(await site.changed(), [0, 2, 3]);
		const rows = await rowsIn(server);
		for (const [position, { tunnel, live_key }] of (await site.account.tunnels()).entries()) {
			const row = rows[tunnel.id];
			assert.ok(position === 1 ? row === undefined : row?.current === live_key, tunnel.name);
			assert.ok(row?.pending === undefined || row.pending === null, `${tunnel.name}: pending`);
		}
		assert.equal(chat.messages.at(-1), 'Key rotation: 3 with a new key, 0 to look at.');
		const shown = [await server.sql('SELECT * FROM psk'), await server.log()];
		assert.equal(leaksIn(shown, [...(await site.secrets()), ENCRYPTION_KEY]).length, 0);
		await site.expectNoSecret(chat.messages, mailbox.mails);
	} finally {
		await server.stop();
	}
}

/** Runs a check if what it needs is there, and else says why not. */
async function checkIf(
	context: Context,
	reason: string | undefined,
	name: string,
	check: () => Promise<void>,
): Promise<void> {
	if (reason === undefined) await context.check(name, check);
	else print(`  skipped: ${name}: ${reason}`);
}

/** The other rotations: by hand, and with other vaults. */
export async function checkRotations(context: Context, installation: Installation): Promise<void> {
	await context.check(
		'rotate-old-keys: by hand, a vault connected to it',
		async () => await oldKeys(installation),
	);
	await context.check(
		'emergency-rotation, rotate-given-tunnels: by hand; only with the words in Settings',
		async () => await emergency(installation),
	);
	await context.check(
		'rotate-with-aws-secrets-manager: signed by the AWS credential of n8n',
		async () => await secretsManagerRotation(installation),
	);
	const noPostgres = await reasonWithoutPostgres();
	await checkIf(
		context,
		noPostgres,
		'rotate-with-any-vault: into a real PostgreSQL',
		async () => await postgresRotation(installation),
	);
	await checkIf(
		context,
		await reasonWithoutIke(),
		'onboard-sites: its strongSwan file brings up a tunnel',
		proveStrongSwanFile,
	);
}
