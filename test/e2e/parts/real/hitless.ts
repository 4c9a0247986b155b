import { strict as assert } from 'node:assert';
import type { Tunnel } from '../../../simulator';
import type { CredentialReference, N8n } from '../../harness/n8n';
import { outputsIn } from '../../harness/n8n';
import type { Context, Part } from '../../harness/part';
import { print } from '../../../helpers/print';
import { waitFor } from '../../../helpers/processes';
import type { Account } from '../../../helpers/accountProcess';
import type { Edge } from '../../real/edge';
import { startEdge } from '../../real/edge';
import { flowOf, httpNode, pskNode, runFlow } from '../../real/flow';
import type { IkePair } from '../../real/ike';
import { ikeOptionsOf, reasonWithoutIke, startPair } from '../../real/ike';
import type { Router } from '../../real/router';
import { startRouter } from '../../real/router';
import type { Delivery } from '../../real/stream';
import { IN_FLIGHT } from '../../real/stream';

/** Who gets the new key first. */
type Order = 'router first' | 'Cloudflare first';

/** A tunnel that is up, its account, and what brings new keys to its two ends. */
interface Site {
	n8n: N8n;
	account: Account;
	tunnelId: string;
	pair: IkePair;
	/** What a new key waits for on its way. */
	onTheWay: { toEdge: () => Promise<void>; toRouter: () => Promise<void> };
	edge: Edge;
	router: Router;
	credentials: { cloudflare: CredentialReference; router: CredentialReference };
}

const INTERVAL_MS = 2;

async function startSite(context: Context): Promise<Site> {
	const account = await context.account({ tunnels: 1 });
	const [state] = await account.tunnels();
	const { tunnel, live_key: seeded } = state!;
	const pair = await startPair(ikeOptionsOf(tunnel));
	context.defer(async () => await pair.stop());
	const onTheWay: Site['onTheWay'] = { toEdge: async () => {}, toRouter: async () => {} };
	const edge = await startEdge(account, tunnel.id, pair, async () => await onTheWay.toEdge());
	context.defer(async () => await edge.stop());
	const router = await startRouter(pair, async () => await onTheWay.toRouter());
	context.defer(async () => await router.stop());
	await pair.setKey('customer', seeded!);
	const { up, log } = await pair.initiate();
	assert.ok(up, log);
	const n8n = await context.n8n();
	const credentials = {
		cloudflare: await n8n.createCredential(
			'cloudflareMagicTokenApi',
			account.tokenCredential(),
			'hitless',
		),
		router: await n8n.createCredential('httpHeaderAuth', router.credential, 'router'),
	};
	return { n8n, account, tunnelId: tunnel.id, pair, onTheWay, edge, router, credentials };
}

/** Prepare, then the key to the router and to Cloudflare in the given order, then its first use. */
function rotationFlow({ router, credentials }: Site, order: Order) {
	const key = "$('Prepare Key').item.json.psk";
	const auth = { type: 'httpHeaderAuth', credential: credentials.router };
	const prepare = pskNode('Prepare Key', 'prepare', credentials.cloudflare);
	const set = pskNode('Set Key', 'set', credentials.cloudflare, { psk: `={{ ${key} }}` });
	const give = httpNode('Give Key', 'POST', `${router.url}/key`, auth, `{ psk: ${key} }`);
	// The edge may take a while, and then the router is refused and stays on its old association.
	const use = httpNode('Use Key', 'POST', `${router.url}/reauthenticate`, auth, '{}', {
		retryOnFail: true,
		maxTries: 5,
		waitBetweenTries: 500,
	});
	const middle = order === 'router first' ? [give, set] : [set, give];
	return flowOf(`Rotate, ${order}`, [prepare, ...middle, use]);
}

const summaryOf = ({ sent, lost }: Delivery): string => `${sent} sent, ${lost.length} lost`;

/**
 * Rotates the key while datagrams run in both directions.
 *
 * @throws when the tunnel does not end up on new associations made with the new key, when the old ones
 * were deleted before that, or when more is lost than was on its way at that moment: an end may use a
 * new association before the other one has it, and get the last of the old one after its deletion
 */
async function rotateUnderLoad(site: Site, order: Order): Promise<void> {
	const { n8n, account, tunnelId, pair, edge, router } = site;
	const before = await pair.established('customer');
	const {
		result: execution,
		toCloudflare,
		fromCloudflare,
	} = await pair.streamDuring(
		INTERVAL_MS,
		async () => await runFlow(n8n, rotationFlow(site, order), { tunnel: tunnelId }),
	);
	assert.equal(execution.status, 'success', execution.data.resultData.error?.message);
	const [secret = []] = outputsIn(execution, 'Set Key');
	assert.equal(secret[0]?.psk, (await account.tunnel(tunnelId)).live_key);
	const now = await pair.established('customer');
	assert.equal(now.length, 1);
	assert.ok(!before.includes(now[0]!), 'the router is still on its old association');
	assert.ok(router.attempts.at(-1)?.overlap, router.attempts.at(-1)?.log);
	const window = Math.round(Math.abs(edge.loadedAt() - router.loadedAt()));
	print(`          to Cloudflare:   ${summaryOf(toCloudflare)}`);
	print(`          from Cloudflare: ${summaryOf(fromCloudflare)}`);
	print(`          the two ends had different keys for ${window} ms`);
	assert.ok(toCloudflare.sent > 0 && fromCloudflare.sent > 0);
	for (const { lost } of [toCloudflare, fromCloudflare]) {
		assert.ok(lost.length <= IN_FLIGHT, `lost: ${lost.join(', ')}`);
	}
}

/** Tries the key that the router has while Cloudflare has another one. */
async function assertHarmlessRefusal({ pair }: Site): Promise<void> {
	const before = await pair.established('customer');
	const { up, wrongKey, log } = await pair.reauthenticate();
	assert.ok(!up && wrongKey, log);
	assert.deepEqual(await pair.established('customer'), before);
}

/** What a router does that ends its old association before it authenticates anew. */
async function assertEndedByRefusal(context: Context, tunnel: Tunnel): Promise<void> {
	const pair = await startPair({ ...ikeOptionsOf(tunnel), makeBeforeBreak: false });
	context.defer(async () => await pair.stop());
	for (const side of ['customer', 'cloudflare'] as const) await pair.setKey(side, 'old key');
	assert.ok((await pair.initiate()).up);
	await pair.setKey('cloudflare', 'new key');
	const { up, wrongKey, log } = await pair.reauthenticate();
	assert.ok(!up && wrongKey, log);
	assert.deepEqual(await pair.established('customer'), []);
	await pair.setKey('customer', 'new key');
	assert.ok((await pair.initiate()).up);
}

export const part: Part = {
	name: 'hitless',
	about: 'rotations under a steady stream of datagrams through a real IKEv2 tunnel (strongSwan)',
	skipReason: reasonWithoutIke,
	async run(context) {
		const site = await startSite(context);
		const { edge, router, onTheWay } = site;

		await context.check('router first, then Cloudflare: no interruption', async () => {
			await rotateUnderLoad(site, 'router first');
		});
		await context.check('Cloudflare first, then the router: no interruption', async () => {
			onTheWay.toRouter = edge.upToDate;
			await rotateUnderLoad(site, 'Cloudflare first');
		});
		await context.check('router first, edge late: refused, no interruption, retried', async () => {
			const refusals = () => router.attempts.filter(({ wrongKey }) => wrongKey).length;
			const before = refusals();
			onTheWay.toRouter = async () => {};
			onTheWay.toEdge = async () => {
				await waitFor('A refusal', async () => refusals() > before);
			};
			await rotateUnderLoad(site, 'router first');
			assert.ok(refusals() > before);
		});
		await context.check('Cloudflare first, router late: refused, no interruption', async () => {
			let tried = false;
			onTheWay.toEdge = async () => {};
			onTheWay.toRouter = async () => {
				await edge.upToDate();
				await assertHarmlessRefusal(site);
				tried = true;
			};
			await rotateUnderLoad(site, 'Cloudflare first');
			assert.ok(tried);
		});
		await context.check('without make-before-break, a refusal ends the tunnel', async () => {
			await assertEndedByRefusal(context, (await site.account.tunnel(site.tunnelId)).tunnel);
		});
	},
};
