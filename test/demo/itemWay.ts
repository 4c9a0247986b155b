import type { WorkflowFile } from '../helpers/engine';
import { outputsOf, runWorkflow, typesOfAll, typesOfBuild, typesOfN8n } from '../helpers/engine';
import { print } from '../helpers/print';
import { UNSAVED } from '../helpers/saving';
import type { FlowNode } from '../e2e/real/flow';
import { chain, httpNode, oldKeysNode, pskNode, workflowOf } from '../e2e/real/flow';
import { printItems, printTable, printText } from './print';
import type { DemoWorld } from './world';
import { DUE_AT } from './world';

const CLOUDFLARE = { id: 'cloudflareMagicTokenApi', name: 'Cloudflare' };
const VAULT = { type: 'httpHeaderAuth', credential: { id: 'httpHeaderAuth', name: 'Vault' } };

const tunnelOf = (expression: string) => ({
	__rl: true,
	mode: 'id',
	value: `={{ ${expression} }}`,
});

const TRIGGER: FlowNode = {
	name: 'Start',
	type: 'n8n-nodes-base.manualTrigger',
	typeVersion: 1,
	parameters: {},
};

/** Get Many → Prepare → vault → Set → vault, and from Set's other output to the chat. */
function itemWorkflow({ secretsUrl, chat }: DemoWorld): WorkflowFile {
	const prepared = "$('Prepare Keys').item.json";
	const stored = (name: string, id: string, body: string) =>
		httpNode(name, 'POST', `=${secretsUrl}/{{ ${id} }}`, VAULT, body);
	const nodes = [
		oldKeysNode(CLOUDFLARE, DUE_AT),
		pskNode('Prepare Keys', 'prepare', CLOUDFLARE, {
			tunnelId: tunnelOf('$json.id'),
			keyLength: 43,
			checkWithCloudflare: true,
			options: { requireUnsaved: true },
		}),
		stored('Store as Pending', '$json.ipsec_tunnel_id', '{ data: { pending: $json.psk } }'),
		pskNode('Set Keys', 'set', CLOUDFLARE, {
			tunnelId: tunnelOf(`${prepared}.ipsec_tunnel_id`),
			psk: `={{ ${prepared}.psk }}`,
			options: { requireUnsaved: true },
		}),
		stored('Make Current', '$json.ipsec_tunnel_id', '{ data: { current: $json.psk } }'),
	];
	const tellChat: FlowNode = {
		name: 'Tell the Chat',
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		executeOnce: true,
		parameters: {
			method: 'POST',
			url: chat.url,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: "={{ { text: $input.all().map(({ json }) => json.message).join('\\n') } }}",
			options: {},
		},
	};
	const links = { ...chain(nodes), 'Set Keys': [['Make Current'], ['Tell the Chat']] };
	const workflow = workflowOf('Keys as items', TRIGGER, [...nodes, tellChat], links);
	return { ...workflow, settings: { ...workflow.settings, ...UNSAVED } };
}

/**
 * The way for any other vault: keys leave as items, to a vault and nowhere else.
 *
 * @returns what is not as it should be
 */
export async function rotateAsItems(world: DemoWorld): Promise<string[]> {
	const { simulator, chat, credentials } = world;
	print("Running a rotation with keys as items on n8n's engine, with the built package:");
	print(
		`Get Old Keys (${DUE_AT} days and older) → Prepare Keys → Store as Pending → Set Keys ─Secret→ Make Current`,
	);
	print(
		'                                                                        └Notification→ Tell the Chat',
	);
	print();
	const run = await runWorkflow(itemWorkflow(world), {
		types: typesOfAll(await typesOfBuild(), typesOfN8n()),
		credentials,
		mode: 'trigger',
	});
	const failed = run.data.resultData.error;
	if (failed !== undefined) throw failed;
	const tunnels = world.tunnels();
	const due = tunnels.filter(({ isDue }) => isDue);
	if (due.length === 0) {
		print(`No key is older than ${DUE_AT} days: nothing to rotate.`);
		return [];
	}
	const [secret = [], notification = []] = outputsOf(run, 'Set Keys').map((items) =>
		items.map(({ json }) => json),
	);
	const most = 20;
	printTable(
		['tunnel', 'key age before', 'status', 'verified', 'the live key is in the vault as'],
		notification.slice(0, most).map(({ ipsec_tunnel_id, tunnel_name, status, verified }) => {
			const tunnel = tunnels.find(({ id }) => id === ipsec_tunnel_id)!;
			return [
				String(tunnel_name),
				`${Math.floor(tunnel.age)} days`,
				String(status),
				verified === true ? 'yes' : 'no',
				tunnel.heldAs ?? 'NOTHING',
			];
		}),
	);
	if (notification.length > most) print(`  … and ${notification.length - most} tunnels more\n`);
	printItems('Output Secret', secret);
	printItems('Output Notification', notification);
	printText('The chat got:', chat.messages.join('\n'));

	const { secrets, found } = world.search(notification, chat.messages);
	const keys = new Map(secret.map((item) => [item.ipsec_tunnel_id, item]));
	const wrong = [
		...due.flatMap(({ id, name, isChanged, heldAs }) => {
			const item = keys.get(id);
			if (item === undefined) return [`${name}: no item on the Secret output`];
			if (!isChanged) return [`${name}: the old key is still live`];
			if (item.psk !== simulator.liveKey(id))
				return [`${name}: the item's key is not the live one`];
			if (heldAs !== 'current') return [`${name}: the live key is not the vault's current one`];
			return item.verified === true ? [] : [`${name}: not verified`];
		}),
		...tunnels
			.filter(({ isDue, isChanged, isInVault }) => !isDue && (isChanged || isInVault))
			.map(({ name }) => `${name}: should not have changed`),
		...(found > 0 ? [`${found} secrets are in notifications, the chat or n8n's files`] : []),
	];
	if (wrong.length > 0) return wrong;
	print('Proof:');
	print(
		`  All ${secret.length} keys on the Secret output are live now, and the vault's current ones; the other ${tunnels.length - due.length} tunnels kept theirs.`,
	);
	print(
		`  Of ${secrets} secrets (every key that was ever live or in the vault, and both tokens) none is in a notification, in`,
	);
	print(
		"  the chat or in n8n's files. The items on Secret do hold keys: the workflow's settings keep",
	);
	print('  n8n from storing them. Without --items no key becomes an item at all.');
	print(`  ${simulator.requests.length} requests to Cloudflare.`);
	return [];
}
