import { mkdirSync } from 'node:fs';
import * as path from 'node:path';
import type { Locator, Page, PageScreenshotOptions } from 'playwright-core';
import { Editor } from './editor';
import type { N8n } from './n8n';
import type { Account } from '../../helpers/accountProcess';
import { messageSettings, withSettings } from '../../helpers/shippedWorkflows';
import { startChat } from '../../stubs/chat';
import { startMailbox } from '../../stubs/mailbox';
import { startVaultProcess } from '../../stubs/vault/process';
import { oldKeysWorkflow } from '../real/flow';
import { exampleWorkflow, manualWorkflow, NODE } from './workflows';

type Box = NonNullable<PageScreenshotOptions['clip']>;

/** The pictures of the documentation, by the names of their files. */
export const SCREENSHOTS = ['rotation.png', 'psk-set.png', 'choose-tunnel.png'] as const;

/** From the credential down to the end of the open list, in pixels. */
const LIST_HEIGHT = 560;

const TYPE = 'cloudflareMagicTokenApi';

/** Animations and messages that come and go are over by then. */
async function settle(page: Page): Promise<void> {
	await page.mouse.move(700, 20);
	await page.waitForTimeout(1_500);
}

/** The smallest box around everything that a locator finds, with a margin around it. */
async function boxAround(locator: Locator, margin: number): Promise<Box> {
	const all = Array.from({ length: await locator.count() }, (_, index) => locator.nth(index));
	const boxes = (await Promise.all(all.map(async (one) => await one.boundingBox()))).filter(
		(box) => box !== null,
	);
	const left = Math.min(...boxes.map(({ x }) => x)) - margin;
	const top = Math.min(...boxes.map(({ y }) => y)) - margin;
	const right = Math.max(...boxes.map(({ x, width }) => x + width)) + margin;
	const bottom = Math.max(...boxes.map(({ y, height }) => y + height)) + margin;
	return { x: left, y: top, width: right - left, height: bottom - top };
}

async function shoot(page: Page, file: string, clip?: Box): Promise<void> {
	await settle(page);
	await page.screenshot({ path: file, ...(clip && { clip }) });
}

async function shootRotation(editor: Editor, folder: string, workflowId: string): Promise<void> {
	const { page } = editor;
	await editor.open(workflowId);
	await editor.executeWorkflow();
	await editor.node('Send Email').getByTestId('canvas-node-status-success').waitFor();
	await page.getByTestId('zoom-to-fit').click();
	const shown = page.locator(
		'[data-test-id=canvas-node], [data-test-id=canvas-handle-plus], .vue-flow__node',
	);
	await shoot(page, path.join(folder, 'rotation.png'), await boxAround(shown, 60));
}

async function shootSet(editor: Editor, folder: string, workflowId: string): Promise<void> {
	const { page } = editor;
	await editor.open(workflowId);
	await editor.executeWorkflow();
	await editor.node('Set Keys').getByTestId('canvas-node-status-success').waitFor();
	await editor.openNode('Set Keys');
	const output = page.getByTestId('output-panel');
	await output.getByText(/^Notification Branch/).click();
	await output.getByTestId('radio-button-schema').click();
	await shoot(page, path.join(folder, 'psk-set.png'));
}

async function shootTunnelList(editor: Editor, folder: string, workflowId: string): Promise<void> {
	await editor.open(workflowId);
	await editor.openNode(NODE);
	await editor.searchTunnels('site');
	const panel = await boxAround(editor.page.getByTestId('node-credentials-slot'), 16);
	await shoot(editor.page, path.join(folder, 'choose-tunnel.png'), {
		...panel,
		height: LIST_HEIGHT,
	});
}

/** Takes all pictures with an account that has tunnels with keys of varied age. */
export async function takeScreenshots(n8n: N8n, account: Account, folder: string): Promise<void> {
	mkdirSync(folder, { recursive: true });
	const credential = {
		[TYPE]: await n8n.createCredential(TYPE, account.tokenCredential(), 'Cloudflare Magic'),
	};
	const [vault, chat, mailbox] = await Promise.all([
		startVaultProcess(),
		startChat(),
		startMailbox(),
	]);
	const shipped = exampleWorkflow('scheduled-rotation.json', {
		...credential,
		cloudflareMagicVaultApi: await n8n.createCredential(
			'cloudflareMagicVaultApi',
			vault.nodeCredential,
			'Vault',
		),
		smtp: await n8n.createCredential('smtp', mailbox.credential, 'SMTP'),
	});
	const rotation = await n8n.importWorkflow(
		withSettings(shipped, { ...messageSettings(chat), max_age_days: 0 }),
	);
	const items = await n8n.importWorkflow(oldKeysWorkflow(credential[TYPE]!));
	const [first] = await account.tunnels();
	const choice = await n8n.importWorkflow(
		manualWorkflow('Choose a tunnel', {
			parameters: {
				authentication: 'apiToken',
				resource: 'psk',
				operation: 'prepare',
				tunnelId: {
					__rl: true,
					mode: 'list',
					value: first!.tunnel.id,
					cachedResultName: first!.tunnel.name,
				},
			},
			credentials: credential,
		}),
	);
	const editor = await Editor.start(n8n);
	try {
		await shootSet(editor, folder, items);
		await shootRotation(editor, folder, rotation);
		await shootTunnelList(editor, folder, choice);
	} finally {
		await Promise.all([vault.stop(), chat.close(), mailbox.close()]);
		await editor.stop();
	}
}
