import { strict as assert } from 'node:assert';
import { browserMissing } from '../harness/browser';
import { Editor } from '../harness/editor';
import type { Part } from '../harness/part';
import { waitFor } from '../../helpers/processes';
import { leaksIn } from '../../helpers/scanner';
import { messageSettings, withSettings } from '../../helpers/shippedWorkflows';
import { startChat } from '../../stubs/chat';
import { startMailbox } from '../../stubs/mailbox';
import { startVaultProcess } from '../../stubs/vault/process';
import { exampleWorkflow, manualWorkflow } from '../harness/workflows';

const ACTIONS = [
	'Create a tunnel',
	'Delete a tunnel',
	'Generate keys',
	'Get a tunnel',
	'Get many tunnels',
	'Get status of keys in a vault',
	'Prepare keys',
	'Rotate keys into a vault',
	'Set keys',
	'Update a tunnel',
	'Update many tunnels',
];

export const part: Part = {
	name: 'editor',
	about: "a person's way through n8n's editor, in headless Chromium",
	skipReason: browserMissing,
	async run(context) {
		const n8n = await context.n8n();
		const account = await context.account({ tunnels: 10, seed: 30 });
		const type = 'cloudflareMagicTokenApi';
		const good = await n8n.createCredential(type, account.tokenCredential(), 'Editor, good');
		const bad = await n8n.createCredential(
			type,
			account.tokenCredential({ apiToken: 'x'.repeat(40) }),
			'Editor, wrong token',
		);
		const id = await n8n.importWorkflow(manualWorkflow('Editor'));
		const editor = await Editor.start(n8n);
		context.defer(async () => await editor.stop());
		const { page } = editor;
		await editor.open(id);

		await context.check('the node panel finds the node and offers its actions', async () => {
			const found = await editor.searchNodesAfter('Start', 'magic ipsec');
			await found.filter({ hasText: 'Cloudflare Magic IPsec' }).first().click();
			await found.filter({ hasText: 'Prepare keys' }).waitFor();
			const offered = (await found.allInnerTexts()).map((text) => text.trim());
			assert.deepEqual(
				ACTIONS.filter((action) => !offered.includes(action)),
				[],
			);
		});

		await context.check(
			'an action adds the node, with its resource and operation set',
			async () => {
				await page
					.getByTestId('node-creator-item-name')
					.filter({ hasText: 'Prepare keys' })
					.click();
				await page.getByTestId('ndv').waitFor();
				const input = (name: string) =>
					page.getByTestId(`parameter-input-${name}`).locator('input').first().inputValue();
				assert.deepEqual([await input('resource'), await input('operation')], ['PSK', 'Prepare']);
			},
		);

		await context.check('a tunnel is chosen from the searched list', async () => {
			await editor.chooseCredential(good);
			const items = await editor.searchTunnels('');
			assert.equal(await items.count(), 10);
			await page.keyboard.type('FRA');
			await waitFor('The searched list', async () => (await items.count()) === 1);
			assert.match(await items.first().innerText(), /^site-fra-01/);
			await items.first().click();
			const chosen = page.getByTestId('rlc-input');
			assert.match(await chosen.inputValue(), /^site-fra-01/);
		});

		await context.check('the node runs and shows an item on each output', async () => {
			const before = await account.tunnels();
			await editor.executeNode();
			const panel = page.getByTestId('output-panel');
			await panel.getByText('Secret Branch (1 item)').waitFor();
			assert.ok(await panel.getByText('Notification Branch (1 item)').isVisible());
			await panel.getByText('site-fra-01').first().waitFor();
			assert.ok(await panel.getByText('n8n may store the data of this run').isVisible());
			assert.deepEqual(await account.tunnels(), before);
			const sets = (await account.requests()).filter(({ operation }) => operation === 'pskSet');
			assert.deepEqual(
				sets.map(({ query }) => query.validate_only),
				['true'],
			);
		});

		await context.check('both outputs have their names on the canvas', async () => {
			await editor.closeNode();
			const handles = editor.node('Prepare keys').getByTestId('canvas-node-output-handle');
			assert.deepEqual(
				(await handles.allInnerTexts()).map((text) => text.split('\n')[0]),
				['Secret', 'Notification'],
			);
		});

		await context.check('the icon is served', async () => {
			const icon = editor.node('Prepare keys').locator('img').first();
			await icon.waitFor();
			assert.notEqual(await icon.boundingBox(), null);
		});

		await context.check('no status of 400 or more, and nothing on the console', () => {
			assert.deepEqual(editor.complaints, []);
		});

		await context.check(
			'a click runs the scheduled rotation, from the schedule to the vault',
			async () => {
				const [vault, chat, mailbox] = await Promise.all([
					startVaultProcess(context.logFolder),
					startChat(),
					startMailbox(),
				]);
				context.defer(async () => {
					await Promise.all([vault.stop(), chat.close(), mailbox.close()]);
				});
				const shipped = exampleWorkflow('scheduled-rotation.json', {
					cloudflareMagicTokenApi: good,
					cloudflareMagicVaultApi: await n8n.createCredential(
						'cloudflareMagicVaultApi',
						vault.nodeCredential,
					),
					smtp: await n8n.createCredential('smtp', mailbox.credential),
				});
				const settings = { ...messageSettings(chat), max_age_days: 0 };
				const rotation = await n8n.importWorkflow(withSettings(shipped, settings));
				await editor.open(rotation);
				await editor.executeWorkflow();
				await editor.node('Send Email').getByTestId('canvas-node-status-success').waitFor();
				for (const { tunnel, live_key } of await account.tunnels()) {
					const { current, pending } = (await vault.secret(tunnel.id)) ?? {};
					assert.ok(
						live_key !== null && current === live_key && pending === undefined,
						tunnel.name,
					);
				}
				assert.deepEqual(chat.messages, [
					'Key rotation: 10 with a new key, 0 not due, 0 to look at.',
				]);
				assert.equal(mailbox.mails.length, 1);
				await editor.openNode('Rotate Keys');
				const panel = page.getByTestId('output-panel');
				await panel.getByText('rotated').first().waitFor();
				const keys = (await account.tunnels()).map(({ live_key }) => live_key!);
				assert.deepEqual(leaksIn(await page.content(), keys), []);
				await editor.closeNode();
				await editor.open(id);
			},
		);

		await context.check('a wrong token is told in words, and without the token', async () => {
			await editor.openNode('Prepare keys');
			await editor.chooseCredential(bad);
			await editor.executeNode();
			const panel = page.getByTestId('output-panel');
			const message = panel.getByTestId('node-error-message');
			await message.waitFor();
			assert.match(await message.innerText(), /^Could not list the tunnels: Cloudflare refused/);
			assert.match(
				await panel.getByTestId('node-error-description').innerText(),
				/Invalid access token. The token is not valid, or may not see this account/,
			);
			assert.ok(!(await panel.innerText()).includes('x'.repeat(40)));
		});
	},
};
