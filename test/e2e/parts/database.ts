import { SAVED } from '../../helpers/saving';
import { leaksIn } from '../../helpers/scanner';
import { withSettings } from '../../helpers/shippedWorkflows';
import { expectNotKept, keptBytes } from '../harness/kept';
import type { CredentialReference, Execution, N8n, Workflow } from '../harness/n8n';
import { outputsIn, startN8n } from '../harness/n8n';
import { installPackage } from '../harness/package';
import type { Context, Part } from '../harness/part';
import { waitFor } from '../../helpers/processes';
import type { Account } from '../../helpers/accountProcess';
import { exampleWorkflow } from '../harness/workflows';
import { flowOf, pskNode } from '../real/flow';
import { startMail } from '../real/maildev';
import type { VaultProcess } from '../../stubs/vault/process';
import { startVaultProcess } from '../../stubs/vault/process';

/** Path of the webhook that stands in for the schedule. */
const START = 'rotate-now';

/** The workflow as it ships, saving all it can, started by a webhook, with a chat that is not there. */
function savedRotation(credentials: Record<string, CredentialReference>): Workflow {
	const shipped = exampleWorkflow('scheduled-rotation.json', credentials);
	const [schedule] = shipped.nodes;
	schedule!.type = 'n8n-nodes-base.webhook';
	schedule!.typeVersion = 2;
	schedule!.webhookId = START;
	schedule!.parameters = { httpMethod: 'POST', path: START, options: {} };
	const rotate = shipped.nodes.find(({ name }) => name === 'Rotate Keys')!;
	// The next run takes over at once what this one leaves.
	rotate.parameters.options = { leaseMinutes: 0 };
	return {
		...withSettings(shipped, { chat_url: 'http://127.0.0.1:1/chat', max_age_days: 0 }),
		settings: {
			...shipped.settings,
			...SAVED,
			saveManualExecutions: true,
			saveExecutionProgress: true,
		},
	};
}

/** An n8n whose schedule rotates the keys, and which saves all of it. */
interface ScheduledRotation {
	n8n: N8n;
	account: Account;
	vault: VaultProcess;
	workflow: string;
	/** All keys that were ever live or in the vault, and the tokens. */
	secrets(): Promise<string[]>;
	/** One production run, to its end. */
	rotate(): Promise<Execution>;
}

async function startScheduledRotation(context: Context): Promise<ScheduledRotation> {
	const userFolder = context.folder('database');
	await installPackage(userFolder, await context.tarball());
	const [n8n, account, vault, mail] = await Promise.all([
		startN8n({ userFolder, logFolder: context.logFolder, env: { N8N_LOG_LEVEL: 'debug' } }),
		context.account({ tunnels: 3, seed: 11 }),
		startVaultProcess(context.logFolder),
		startMail(),
	]);
	context.defer(async () => await Promise.all([n8n.stop(), vault.stop(), mail.stop()]));
	const credential = async (type: string, data: object) =>
		[type, await n8n.createCredential(type, data)] as const;
	const credentials = Object.fromEntries([
		await credential('cloudflareMagicTokenApi', account.tokenCredential()),
		await credential('cloudflareMagicVaultApi', vault.nodeCredential),
		await credential('smtp', mail.credential),
	]);
	const workflow = await n8n.importWorkflow(savedRotation(credentials));
	await n8n.activate(workflow);
	return {
		n8n,
		account,
		vault,
		workflow,
		async secrets() {
			const live = (await account.tunnels()).flatMap(({ history }) =>
				history.map(({ psk }) => psk),
			);
			const kept = [...(await vault.secrets()).values()].flatMap((versions) =>
				versions.flatMap(({ secret: { current, pending, previous } }) => [
					current,
					pending,
					previous,
				]),
			);
			const keys = [...live, ...kept].filter((key) => key !== undefined);
			return [...new Set(keys), vault.nodeCredential.token, account.credentials.apiToken];
		},
		async rotate() {
			const before = (await n8n.executions(workflow)).length;
			await n8n.callWebhook(START);
			await waitFor(
				'The run of the rotation',
				async () => (await n8n.executions(workflow)).length > before,
			);
			return await n8n.lastExecution(workflow);
		},
	};
}

const outcomesIn = (execution: Execution) => outputsIn(execution, 'Rotate Keys')[0]!;

async function expectConverged({ account, vault }: ScheduledRotation): Promise<void> {
	for (const { tunnel, live_key } of await account.tunnels()) {
		const { current, pending } = (await vault.secret(tunnel.id)) ?? {};
		if (current !== live_key) throw new Error(`${tunnel.name}: current is not the live key`);
		if (pending !== undefined) throw new Error(`${tunnel.name}: a key is still pending`);
	}
}

/** Whatever else is so: the vault holds every key that is live and that was set here. */
async function expectHeld({ account, vault }: ScheduledRotation): Promise<void> {
	for (const { tunnel, live_key } of await account.tunnels()) {
		const { current, pending, previous } = (await vault.secret(tunnel.id)) ?? {};
		if (![current, pending, previous].includes(live_key ?? undefined))
			throw new Error(`${tunnel.name}: the vault does not hold the live key`);
	}
}

const expectNoSecret = async ({ n8n, secrets }: ScheduledRotation) =>
	expectNotKept(n8n, await secrets());

async function run(context: Context): Promise<void> {
	const scheduled = await startScheduledRotation(context);
	const { n8n, account, vault } = scheduled;

	await context.check('a run that succeeds is kept, items and all', async () => {
		const outcomes = outcomesIn(await scheduled.rotate());
		await expectConverged(scheduled);
		if (outcomes.length !== 3 || !outcomes.every(({ status }) => status === 'rotated')) {
			throw new Error(`Not three rotated keys: ${JSON.stringify(outcomes)}`);
		}
		// What n8n saves must be found, or the search for keys proves nothing.
		const { texts } = keptBytes(n8n);
		const { message } = outcomes[0] as { message: string };
		if (leaksIn(texts, [message]).length === 0) throw new Error('The saved messages are not found');
	});
	await context.check(
		'no key in the database after success',
		async () => await expectNoSecret(scheduled),
	);

	await context.check(
		'a vault that fails in each step costs no key, leaves none in n8n, and the next run goes on',
		async () => {
			// Three reads, three writes as pending, three promotions.
			for (const fault of [
				{ method: 'GET', status: 503 },
				{ method: 'POST', status: 403, skip: 1 },
				{ method: 'POST', status: 500, skip: 4 },
			]) {
				await vault.addFault({ ...fault, times: 99 });
				await scheduled.rotate();
				await vault.clearFaults();
				await expectHeld(scheduled);
				await expectNoSecret(scheduled);
				await scheduled.rotate();
				await expectConverged(scheduled);
			}
		},
	);
	await context.check(
		'Cloudflare that fails costs no key, leaves none in n8n, and the next run goes on',
		async () => {
			for (const fault of [
				{ kind: 'status', status: 403, code: 10000, message: 'Authentication error' },
				{ kind: 'reset', when: 'after' },
				{ kind: 'html' },
			]) {
				const always = { operation: 'pskSet', times: 'always', skip: 1 };
				await account.addFault({ ...always, ...fault } as never);
				await scheduled.rotate();
				await account.clearFaults();
				await expectHeld(scheduled);
				await expectNoSecret(scheduled);
				await scheduled.rotate();
				await expectConverged(scheduled);
			}
		},
	);
	await context.check(
		'a vault that is gone in the middle of a run costs no key and leaves none in n8n',
		async () => {
			// The second request of psk set is the one that changes keys: the vault goes while it waits.
			await account.resetRequests();
			await account.addFault({ operation: 'pskSet', kind: 'delay', ms: 3_000, skip: 1 });
			const running = scheduled.rotate();
			await account.seen('pskSet', 2);
			await vault.addFault({ method: 'POST', status: 0, times: 99 });
			const execution = await running;
			await vault.clearFaults();
			if (execution.status !== 'success') throw new Error(`The run ended as ${execution.status}`);
			const statuses = outcomesIn(execution).map(({ status }) => status);
			if (!statuses.every((status) => status === 'live')) throw new Error(statuses.join(', '));
			await expectHeld(scheduled);
			await expectNoSecret(scheduled);
		},
	);
	await context.check('the next run puts all of that right', async () => {
		await scheduled.rotate();
		await expectConverged(scheduled);
	});

	await context.check('a crash in the middle of a run leaves no key behind', async () => {
		await account.resetRequests();
		await account.addFault({ operation: 'pskSet', kind: 'delay', ms: 5_000, skip: 1 });
		await n8n.callWebhook(START);
		await account.seen('pskSet', 2);
		await n8n.kill();
		await expectNoSecret(scheduled);
		await n8n.start();
		await expectNoSecret(scheduled);
	});
	await context.check('after the crash the next run converges', async () => {
		await account.clearFaults();
		await n8n.activate(scheduled.workflow);
		await scheduled.rotate();
		await expectConverged(scheduled);
		await expectNoSecret(scheduled);
	});

	await context.check(
		'a workflow with keys as items that saves its executions is what this protects from',
		async () => {
			const [first] = await account.tunnels();
			const credential = await n8n.createCredential(
				'cloudflareMagicTokenApi',
				account.tokenCredential(),
			);
			const { webhookPath, workflow } = flowOf('Saves its executions', [
				pskNode('Generate', 'generate', credential),
			]);
			const id = await n8n.importWorkflow(workflow);
			await n8n.activate(id);
			await n8n.callWebhook(webhookPath, { tunnel: first!.tunnel.id });
			await n8n.lastExecution(id);
			const { live_key } = await account.tunnel(first!.tunnel.id);
			if (leaksIn(keptBytes(n8n).texts, [live_key!]).length === 0) {
				throw new Error('The key is not in the database, so the other checks prove nothing');
			}
		},
	);
}

/** An n8n that saves all it can: what its database keeps of a rotation. */
export const part: Part = {
	name: 'database',
	apart: true,
	about: 'a scheduled rotation that n8n saves leaves no key in its database, logs and files',
	run,
};
