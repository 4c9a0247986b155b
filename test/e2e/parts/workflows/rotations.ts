import { strict as assert } from 'node:assert';
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
import type { CredentialReference, Workflow } from '../../harness/n8n';
import type { Context } from '../../harness/part';
import { print } from '../../../helpers/print';
import { settled } from '../../harness/unsaved';
import { reasonWithoutIke } from '../../real/ike';
import { AGES, expectReported, rotateNow, runNow } from './schedules';
import type { Installation } from './installation';
import { nextMessage } from './installation';
import { formOf, Visitor } from './visitor';

const EMERGENCY = 'emergency-rotation.json';

async function emergency(installation: Installation): Promise<void> {
	const { n8n, chat, mailbox, notify } = installation;
	const site = await installation.account(AGES);
	const [messages, mails] = [chat.messages.length, mailbox.mails.length];
	const id = await site.activated({ file: EMERGENCY, settings: notify });
	const visitor = new Visitor(n8n);
	const ask = async (confirmation: string) => {
		const { formWaitingUrl } = await visitor.submit(formOf(EMERGENCY), {
			Confirmation: confirmation,
			Reason: 'a laptop was lost',
			'Your Name': 'Ada',
		});
		return await visitor.nextPage(formWaitingUrl!);
	};
	assert.match(await ask('yes'), /Nothing was changed/);
	assert.deepEqual(await site.account.requests(), []);

	const shown = await ask('rotate all keys');
	const summary = 'Emergency rotation: 4 with a new key, 0 to look at.';
	assert.ok(shown.includes('All is well') && shown.includes(summary), shown);
	const message = await nextMessage(chat, messages);
	await settled(n8n, id);
	assert.equal(message, `${summary}\nAsked for by Ada: a laptop was lost`);
	assert.equal(mailbox.mails[mails]?.subject, 'Emergency rotation: all is well');
	assert.equal(mailbox.mails[mails]?.body, message);
	assert.deepEqual(await site.changed(), [0, 1, 2, 3]);
	await site.expectInVault([0, 1, 2, 3]);
	await site.expectNoSecret(chat.messages, mailbox.mails, shown);
	await n8n.deactivate(id);
}

/** Chooses AWS Secrets Manager in the nodes of Key Rotation, as a user does on the canvas. */
function chooseAws(workflow: Workflow, credential: CredentialReference): void {
	for (const node of workflow.nodes) {
		if (node.parameters.resource !== 'rotation') continue;
		Object.assign(node.parameters, {
			vault: 'awsSecretsManager',
			secretName: 'magic-ipsec/{tunnel_id}',
		});
		delete node.credentials!.cloudflareMagicVaultApi;
		node.credentials!.cloudflareMagicAwsApi = credential;
	}
}

async function secretsManagerRotation(installation: Installation): Promise<void> {
	const { n8n, chat, mailbox } = installation;
	const manager = await startSecretsManager();
	try {
		const site = await installation.account(AGES);
		const aws = await n8n.createCredential('cloudflareMagicAwsApi', {
			...manager.keys,
			sessionToken: '',
			endpoint: manager.url,
		});
		const change = (workflow: Workflow) => chooseAws(workflow, aws);
		expectReported(await rotateNow(installation, site, { change }));
		const due = [0, 2, 3];
		assert.deepEqual(await site.changed(), due);
		const tunnels = await site.account.tunnels();
		assert.deepEqual(
			[...manager.secrets].sort(),
			due.map((position) => `magic-ipsec/${tunnels[position]!.tunnel.id}`).sort(),
		);
		for (const { tunnel, live_key } of due.map((position) => tunnels[position]!)) {
			const { SecretString } = manager.versionOf(`magic-ipsec/${tunnel.id}`, 'AWSCURRENT')!;
			const { current } = JSON.parse(SecretString) as { current: string };
			assert.ok(current === live_key, tunnel.name);
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
		await runNow(n8n, site, rotation);
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

/** The other rotations: by a form, and with other vaults. */
export async function checkRotations(context: Context, installation: Installation): Promise<void> {
	await context.check(
		'emergency-rotation: a form, and only with its words; the last page, chat and e-mail',
		async () => await emergency(installation),
	);
	await context.check(
		'scheduled-rotation with AWS Secrets Manager chosen in the node',
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
