import { strict as assert } from 'node:assert';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CredentialReference, N8n } from '../../harness/n8n';
import { outputsIn } from '../../harness/n8n';
import type { Part } from '../../harness/part';
import { startEdge } from '../../real/edge';
import type { FlowNode } from '../../real/flow';
import { flowOf, pskNode, runFlow } from '../../real/flow';
import type { IkePair } from '../../real/ike';
import { ikeOptionsOf, reasonWithoutIke, startPair } from '../../real/ike';

/** The key on the Secret output of the last of the nodes, after a run. */
async function keyOf(n8n: N8n, tunnel: string, nodes: readonly FlowNode[]): Promise<string> {
	const execution = await runFlow(n8n, flowOf('Key', nodes), { tunnel });
	const [secret = []] = outputsIn(execution, nodes.at(-1)!.name);
	assert.equal(secret.length, 1, 'one item on Secret');
	return String(secret[0]!.psk);
}

const prepareNode = (credential: CredentialReference) =>
	pskNode('Prepare Key', 'prepare', credential);

const setNode = (credential: CredentialReference) =>
	pskNode('Set Key', 'set', credential, { psk: '={{ $json.psk }}' });

/** @throws when not every datagram of both directions arrives through ESP */
async function assertTraffic(pair: IkePair): Promise<void> {
	const before = [await pair.espPacketsIn('customer'), await pair.espPacketsIn('cloudflare')];
	const { toCloudflare, fromCloudflare } = await pair.streamDuring(5, async () => await sleep(200));
	const after = [await pair.espPacketsIn('customer'), await pair.espPacketsIn('cloudflare')];
	for (const { sent, lost } of [toCloudflare, fromCloudflare]) {
		assert.ok(sent > 0);
		assert.deepEqual(lost, []);
	}
	assert.ok(after[0]! - before[0]! >= fromCloudflare.sent, 'ESP packets at the router');
	assert.ok(after[1]! - before[1]! >= toCloudflare.sent, 'ESP packets at Cloudflare');
}

async function assertUp(pair: IkePair): Promise<void> {
	const { up, log } = await pair.initiate();
	assert.ok(up, log);
	await assertTraffic(pair);
}

async function assertWrongKey(pair: IkePair): Promise<void> {
	const { up, wrongKey, log } = await pair.initiate();
	assert.equal(up, false, log);
	assert.ok(wrongKey, `refused, but not for its key:\n${log}`);
	assert.deepEqual(await pair.established('cloudflare'), []);
}

export const part: Part = {
	name: 'ike',
	about: "a real IKEv2 tunnel with the keys of the workflow's Secret items (strongSwan)",
	skipReason: reasonWithoutIke,
	async run(context) {
		const account = await context.account({ tunnels: 1 });
		const [state] = await account.tunnels();
		const { tunnel, live_key: seeded } = state!;
		const n8n = await context.n8n();
		const credential = await n8n.createCredential(
			'cloudflareMagicTokenApi',
			account.tokenCredential(),
			'ike',
		);
		const pair = await startPair(ikeOptionsOf(tunnel));
		context.defer(async () => await pair.stop());
		const edge = await startEdge(account, tunnel.id, pair);
		context.defer(async () => await edge.stop());
		const rotate = async () => {
			const key = await keyOf(n8n, tunnel.id, [prepareNode(credential), setNode(credential)]);
			await edge.upToDate();
			return key;
		};

		await context.check(
			'the key of Prepare → Set brings the tunnel up, ESP both ways',
			async () => {
				await pair.setKey('customer', await rotate());
				await assertUp(pair);
			},
		);
		await context.check('the key before it is refused: MAC mismatched', async () => {
			await pair.setKey('customer', seeded!);
			await assertWrongKey(pair);
		});
		await context.check('a key that was only prepared is refused, the live one works', async () => {
			const live = await rotate();
			const prepared = await keyOf(n8n, tunnel.id, [prepareNode(credential)]);
			await edge.upToDate();
			await pair.setKey('customer', prepared);
			await assertWrongKey(pair);
			await pair.setKey('customer', live);
			await assertUp(pair);
		});
		await context.check(
			'a rotation leaves a tunnel up that is up; a restart then fails',
			async () => {
				const key = await rotate();
				await assertTraffic(pair);
				await assertWrongKey(pair);
				await pair.setKey('customer', key);
				await assertUp(pair);
			},
		);
		await context.check('the key that Cloudflare generates brings the tunnel up', async () => {
			const key = await keyOf(n8n, tunnel.id, [pskNode('Generate Key', 'generate', credential)]);
			await edge.upToDate();
			await assertWrongKey(pair);
			await pair.setKey('customer', key);
			await assertUp(pair);
		});
	},
};
