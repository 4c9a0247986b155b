import {
	outputsOf,
	runWorkflow,
	taskOf,
	typesOfAll,
	typesOfBuild,
	typesOfN8n,
} from '../helpers/engine';
import { print } from '../helpers/print';
import { readWorkflow, withCredentials, withSettings } from '../helpers/shippedWorkflows';
import { printItems, printTable, printText } from './print';
import type { DemoWorld } from './world';
import { DUE_AT } from './world';

/** Most rows of the table of tunnels. */
const ROWS = 20;

/**
 * The recommended way: the node talks to the vault itself, and no key becomes an item.
 *
 * @returns what is not as it should be
 */
export async function rotateInTheVault(world: DemoWorld): Promise<string[]> {
	const { simulator, vault, chat, mailbox, credentials, notify } = world;
	print("Running workflows/scheduled-rotation.json on n8n's engine, with the built package:");
	print(`Schedule → Rotate Keys (${DUE_AT} days old or older) → Tell the Chat → Send Email`);
	print();
	const chosen = Object.fromEntries(
		Object.keys(credentials).map((type) => [type, { id: type, name: type }]),
	);
	const shipped = withSettings(readWorkflow('scheduled-rotation.json'), {
		...notify,
		max_age_days: DUE_AT,
	});
	const workflow = withCredentials(shipped, chosen);
	const run = await runWorkflow(workflow, {
		types: typesOfAll(await typesOfBuild(), typesOfN8n()),
		credentials,
		mode: 'trigger',
	});
	const failed = run.data.resultData.error;
	if (failed !== undefined) throw failed;
	const items = outputsOf(run, 'Rotate Keys')[0]!.map(({ json }) => json);
	const statusOf = new Map(items.map((item) => [item.ipsec_tunnel_id, String(item.status)]));

	const tunnels = world.tunnels();
	printTable(
		['tunnel', 'key age before', 'status', 'the live key is in the vault as'],
		tunnels
			.slice(0, ROWS)
			.map(({ id, name, age, heldAs, isInVault }) => [
				name,
				`${Math.floor(age)} days`,
				statusOf.get(id) ?? '(no item)',
				heldAs ?? (isInVault ? 'NOTHING' : '- (not due, never rotated here)'),
			]),
	);
	if (tunnels.length > ROWS) print(`  … and ${tunnels.length - ROWS} tunnels more\n`);
	printItems('What Rotate Keys gave, on its only output', items);
	printText('The chat got:', chat.messages.join('\n'));
	const [mail] = mailbox.mails;
	printText(`The e-mail to ${mail?.to.join(', ')}: ${mail?.subject}`, mail?.body ?? '');

	const due = tunnels.filter(({ isDue }) => isDue);
	const others = tunnels.filter(({ isDue }) => !isDue);
	const { secrets, texts, found } = world.search(run, workflow, chat.messages, mailbox.mails);
	const wrong = [
		...due.flatMap(({ id, name, isChanged, heldAs }) => {
			if (!isChanged) return [`${name}: the old key is still live`];
			if (heldAs !== 'current') return [`${name}: the live key is not the vault's current one`];
			return statusOf.get(id) === 'rotated' ? [] : [`${name}: not told as rotated`];
		}),
		...others
			.filter(({ isChanged, isInVault }) => isChanged || isInVault)
			.map(({ name }) => `${name}: should not have changed`),
		...(found > 0 ? [`${found} secrets are in what n8n keeps or sent`] : []),
		...(chat.messages.length === 1 && mail !== undefined ? [] : ['a message was not sent']),
	];
	if (wrong.length > 0) return wrong;
	print('Proof:');
	print(
		`  The vault's current key is the live one for all ${due.length} tunnels that were due; the other ${others.length} kept theirs.`,
	);
	print(
		`  No item held a key: ${secrets} secrets (every key that was ever live or in the vault, and both tokens) were looked`,
	);
	print(
		`  for in the ${texts} texts that n8n kept of this run, its files and both messages: ${found} found. (A planted one is.)`,
	);
	print(
		`  ${simulator.requests.length} requests to Cloudflare, ${vault.requests.length} to the vault; Rotate Keys took ${taskOf(run, 'Rotate Keys').executionTime} ms.`,
	);
	return [];
}
