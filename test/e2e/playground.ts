import { once } from 'node:events';
import { mkdirSync, rmSync, watch } from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { CredentialReference, N8n } from './harness/n8n';
import { OWNER, startN8n } from './harness/n8n';
import { installN8n } from './harness/n8nInstall';
import { buildPackage, installPackage, packPackage, refreshPackage } from './harness/package';
import { CACHE, PACKAGE, ROOT } from '../helpers/paths';
import { print, reasonOf } from '../helpers/print';
import { freePort, isFree } from '../helpers/ports';
import { runMain } from '../helpers/processes';
import type { Account } from '../helpers/accountProcess';
import { startAccount } from '../helpers/accountProcess';
import { messageSettings, WORKFLOW_FILES, withSettings } from '../helpers/shippedWorkflows';
import { startChat } from '../stubs/chat';
import { startMailbox } from '../stubs/mailbox';
import { startVaultProcess } from '../stubs/vault/process';
import { exampleWorkflow } from './harness/workflows';

/**
 * A real n8n to play with: this package in it, a simulated Cloudflare account behind it, and every
 * change of the sources loaded while it runs.
 */

const FOLDER = path.join(CACHE, 'playground');

/** Where people look for n8n. */
const USUAL_PORT = 5678;

async function chosenPort(): Promise<number> {
	const { values } = parseArgs({ options: { port: { type: 'string' } } });
	if (values.port !== undefined) return Number(values.port);
	return (await isFree(USUAL_PORT)) ? USUAL_PORT : await freePort();
}

/** Lets one wait for the next change of a source; changes in quick succession count as one. */
class Changes {
	private changed = new AbortController();

	constructor() {
		for (const folder of ['nodes', 'credentials']) {
			watch(path.join(ROOT, folder), { recursive: true }, () => this.changed.abort());
		}
	}

	async next(): Promise<void> {
		const { signal } = this.changed;
		if (!signal.aborted) await once(signal, 'abort');
		await sleep(300);
		this.changed = new AbortController();
	}
}

/** Builds the package after every change and has n8n load the nodes again. */
async function passOnChanges(n8n: N8n, userFolder: string): Promise<never> {
	const changes = new Changes();
	for (;;) {
		await changes.next();
		try {
			await buildPackage();
			const reloaded = n8n.line((line) =>
				line.includes(`Hot reload triggered for ${PACKAGE.name}`),
			);
			refreshPackage(userFolder);
			await reloaded;
			print('Built and loaded by n8n. Reopen a node to see the change.');
		} catch (error) {
			print(reasonOf(error));
		}
	}
}

/** Makes the credentials and imports every example with them; gives the workflows' addresses. */
async function fill(n8n: N8n, account: Account): Promise<string[]> {
	const [vault, chat, mailbox] = await Promise.all([
		startVaultProcess(),
		startChat(),
		startMailbox(),
	]);
	const credentials: Record<string, CredentialReference> = {
		cloudflareMagicTokenApi: await n8n.createCredential(
			'cloudflareMagicTokenApi',
			account.tokenCredential(),
			'Cloudflare Magic',
		),
		cloudflareMagicKeyApi: await n8n.createCredential(
			'cloudflareMagicKeyApi',
			account.keyCredential(),
			'Cloudflare Magic (email and key)',
		),
		cloudflareMagicVaultApi: await n8n.createCredential(
			'cloudflareMagicVaultApi',
			vault.nodeCredential,
			'Vault',
		),
		smtp: await n8n.createCredential('smtp', mailbox.credential, 'SMTP'),
	};
	const lines: string[] = [];
	for (const file of WORKFLOW_FILES) {
		const shipped = exampleWorkflow(file, credentials);
		const { assignments } = shipped.nodes.find(({ name }) => name === 'Settings')!.parameters
			.assignments as { assignments: Array<{ name: string }> };
		const known = Object.entries(messageSettings(chat)).filter(([setting]) =>
			assignments.some(({ name }) => name === setting),
		);
		const workflow = withSettings(shipped, Object.fromEntries(known));
		const id = await n8n.importWorkflow(workflow);
		lines.push(`  ${n8n.url}/workflow/${id}  ${workflow.name}`);
	}
	return lines;
}

async function main(): Promise<never> {
	await installN8n();
	print('Building the package …');
	await buildPackage();
	rmSync(FOLDER, { recursive: true, force: true });
	mkdirSync(FOLDER, { recursive: true });
	await installPackage(FOLDER, await packPackage());
	print('Starting the simulated account and n8n …');
	const account = await startAccount({ tunnels: 10 });
	const n8n = await startN8n({
		userFolder: FOLDER,
		port: await chosenPort(),
		env: { N8N_DEV_RELOAD: 'true' },
		logFolder: path.join(FOLDER, 'logs'),
	});
	const workflows = await fill(n8n, account);
	print(`
n8n is up: ${n8n.url}
Log in with ${OWNER.email} and ${OWNER.password}

The workflows, ready to run:
${workflows.join('\n')}

First: log in, open the workflow 'Scheduled rotation: rotate, then report', click 'Execute workflow', then
double-click 'Rotate Keys' to see what became of each tunnel. Account, vault, chat and mailbox behind it are
simulated; the account's tunnels and live keys are at ${new URL('/__sim/state', account.url).href}

A change under nodes/ or credentials/ is built and loaded at once. n8n's log is ${path.join(FOLDER, 'logs', 'n8n.log')}
Ctrl-C ends everything.
`);
	return await passOnChanges(n8n, FOLDER);
}

runMain(main, 0);
