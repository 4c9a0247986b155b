import { SAVED } from '../../helpers/saving';
import { leaksIn } from '../../helpers/scanner';
import { chooseSubWorkflow, withSettings } from '../../helpers/shippedWorkflows';
import { expectNotKept, keptBytes } from '../harness/kept';
import type { Execution, N8n, Workflow } from '../harness/n8n';
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

/** Path of the webhook that stands in for the parent's schedule. */
const START = 'rotate-now';

const PARENT_NODE = 'Rotate the Old Keys';

/** The parent as it ships, but saving all it can, started by a webhook, its messages going to loopback. */
function parentWorkflow(rotation: string, mailTo: { id: string; name: string }): Workflow {
	const parent = exampleWorkflow('scheduled-rotation.json', { smtp: mailTo });
	const [schedule] = parent.nodes;
	schedule!.type = 'n8n-nodes-base.webhook';
	schedule!.typeVersion = 2;
	schedule!.webhookId = START;
	schedule!.parameters = { httpMethod: 'POST', path: START, options: {} };
	chooseSubWorkflow(parent, rotation);
	return {
		...withSettings(parent, { chat_url: 'http://127.0.0.1:1/chat' }),
		settings: {
			...parent.settings,
			...SAVED,
			saveManualExecutions: true,
			saveExecutionProgress: true,
		},
	};
}

/** An n8n in which a schedule's parent has the two-stage workflow rotate the keys. */
interface ScheduledRotation {
	n8n: N8n;
	account: Account;
	vault: VaultProcess;
	parent: string;
	/** All keys that were ever live or on their way, and the vault's token. */
	secrets(): Promise<string[]>;
	/** One production run of the parent, to its end. */
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
	const rotation = exampleWorkflow('rotate-in-two-stages.json', {
		cloudflareMagicTokenApi: await n8n.createCredential(
			'cloudflareMagicTokenApi',
			account.tokenCredential(),
		),
		httpHeaderAuth: await n8n.createCredential('httpHeaderAuth', vault.credential),
	});
	const patched = withSettings(rotation, { vault_url: vault.secretsUrl, max_age_days: 0 });
	const rotationId = await n8n.importWorkflow(patched);
	await n8n.activate(rotationId);
	const smtp = await n8n.createCredential('smtp', mail.credential);
	const parent = await n8n.importWorkflow(parentWorkflow(rotationId, smtp));
	await n8n.activate(parent);
	const pending = new Set<string>();
	return {
		n8n,
		account,
		vault,
		parent,
		async secrets() {
			const states = await account.tunnels();
			for (const { tunnel } of states) {
				const secret = await vault.secret(tunnel.id);
				if (secret?.pending !== undefined) pending.add(secret.pending);
			}
			const live = states.flatMap(({ history }) => history.map(({ psk }) => psk));
			return [...live, ...pending, vault.credential.value, account.credentials.apiToken];
		},
		async rotate() {
			const before = (await n8n.executions(parent)).length;
			await n8n.callWebhook(START);
			await waitFor(
				'The run of the parent',
				async () => (await n8n.executions(parent)).length > before,
			);
			return await n8n.lastExecution(parent);
		},
	};
}

/** What the parent got from the sub-workflow. */
const outcomesIn = (execution: Execution) => outputsIn(execution, PARENT_NODE)[0]!;

async function expectConverged({ account, vault }: ScheduledRotation): Promise<void> {
	for (const { tunnel, live_key } of await account.tunnels()) {
		const { current, pending } = (await vault.secret(tunnel.id)) ?? {};
		if (current !== live_key) throw new Error(`${tunnel.name}: current is not the live key`);
		if (pending !== undefined) throw new Error(`${tunnel.name}: a key is still pending`);
	}
}

const expectNoSecret = async ({ n8n, secrets }: ScheduledRotation) =>
	expectNotKept(n8n, await secrets());

async function run(context: Context): Promise<void> {
	const scheduled = await startScheduledRotation(context);
	const { n8n, account, vault } = scheduled;

	await context.check('a run that succeeds gives the parent its messages', async () => {
		const outcomes = outcomesIn(await scheduled.rotate());
		await expectConverged(scheduled);
		if (outcomes.length !== 3 || !outcomes.every(({ verified }) => verified === true)) {
			throw new Error(`Not three verified outcomes: ${JSON.stringify(outcomes)}`);
		}
		// What the parent saves must be found, or the search for keys proves nothing.
		const { texts } = keptBytes(n8n);
		const { message } = outcomes[0] as { message: string };
		if (leaksIn(texts, [message]).length === 0) throw new Error('The saved messages are not found');
	});
	await context.check(
		'no key in the database after success',
		async () => await expectNoSecret(scheduled),
	);

	await context.check('a vault that fails in each step leaves no key behind', async () => {
		// Three reads, three writes as pending, three promotions.
		for (const fault of [
			{ method: 'GET', status: 503 },
			{ method: 'POST', status: 503, skip: 1 },
			{ method: 'POST', status: 500, skip: 4 },
		]) {
			await vault.addFault(fault);
			await scheduled.rotate();
			await expectNoSecret(scheduled);
		}
	});
	await context.check('Cloudflare that fails leaves no key behind', async () => {
		for (const fault of [
			{ kind: 'status', status: 403, code: 10000, message: 'Authentication error' },
			{ kind: 'reset', when: 'after' },
			{ kind: 'html' },
		]) {
			await account.addFault({ operation: 'pskSet', times: 'always', skip: 1, ...fault } as never);
			await scheduled.rotate();
			await account.clearFaults();
			await expectNoSecret(scheduled);
		}
	});
	await context.check(
		'a vault that is gone in the middle of a run leaves no key behind',
		async () => {
			// The second request of psk set is the one that changes keys: the vault goes while it waits.
			await account.addFault({ operation: 'pskSet', kind: 'delay', ms: 3_000, skip: 1 });
			const running = scheduled.rotate();
			await account.seen('pskSet', 2);
			await vault.addFault({ method: 'POST', status: 0, times: 99 });
			const execution = await running;
			await vault.clearFaults();
			if (execution.status !== 'success')
				throw new Error(`The parent ended as ${execution.status}`);
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
		await n8n.activate(scheduled.parent);
		await scheduled.rotate();
		await expectConverged(scheduled);
		await expectNoSecret(scheduled);
	});

	await context.check(
		'a workflow that saves its executions is what this protects from',
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

/** The pattern for an n8n without redaction: what the database keeps of a rotation. */
export const part: Part = {
	name: 'database',
	apart: true,
	about: "the rotation as a sub-workflow leaves no key in n8n's database, logs and files",
	run,
};
