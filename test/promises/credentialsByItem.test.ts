import type { INodeParameters } from 'n8n-workflow';
import { clock } from '../../nodes/http/clock';
import { useAccount } from '../helpers/account';
import { MIXED, useMixedWorld } from '../helpers/itemWorlds';
import { credentialsOf, runNode } from '../helpers/node';
import { byId, byName, itemsOf, liveKeys, pskParameters, runPsk } from '../helpers/psk';

/**
 * n8n works out the expressions of a credential for each item. Every item acts with exactly its own
 * credential: its account, its base URL, its token and its time-out.
 */

const KEYS = ['key-of-item-0', 'key-of-item-1'];

describe.each(MIXED)('items of %s', (name) => {
	const { world, wanted } = useMixedWorld(name);
	let before: Array<Array<string | undefined>>;
	let reads: Array<number | undefined>;

	beforeEach(() => {
		before = world().simulators.map(liveKeys);
		reads = [];
	});

	const run = (parameters: INodeParameters) =>
		runNode({
			credentials: world().credentials,
			parameters: { ...parameters, ...world().parameters } as INodeParameters,
			items: wanted().map(({ account, id, name: tunnel }, place) => ({
				id,
				name: tunnel,
				psk: KEYS[place],
				...world().fields(account),
			})),
			node: world().node,
			onCredential: (_type, itemIndex) => reads.push(itemIndex),
		});

	/** The first tunnel of the second account and the second of the first are nobody's. */
	function expectOthersUntouched() {
		const [first, second] = world().simulators.map(liveKeys);
		expect([first![1], second![0]]).toEqual([before[0]![1], before[1]![0]]);
	}

	it.each([byId('={{ $json.id }}'), byName('={{ $json.name }}')])(
		'set: each key is live where its item says ($mode)',
		async (tunnelId) => {
			const { jsons, error } = await run(pskParameters('set', { tunnelId }));
			expect(error).toBeUndefined();
			expect(jsons[0]).toMatchObject(
				wanted().map(({ simulator, id, name: tunnel }, place) => ({
					status: 'applied',
					verified: true,
					account_id: simulator.accountId,
					ipsec_tunnel_id: id,
					tunnel_name: tunnel,
					psk: KEYS[place],
				})),
			);
			expect(wanted().map(({ simulator, id }) => simulator.liveKey(id))).toEqual(KEYS);
			expectOthersUntouched();
		},
	);

	it('generate: each item holds the key of its own tunnel', async () => {
		const { jsons, error } = await run(pskParameters('generate'));
		expect(error).toBeUndefined();
		expect(jsons[0]!.map(({ psk, verified }) => [psk, verified])).toEqual(
			wanted().map(({ simulator, id }) => [simulator.liveKey(id), true]),
		);
		expectOthersUntouched();
	});

	it('prepare: each key is checked where it is to be set, and by nobody else', async () => {
		const { jsons } = await run(pskParameters('prepare'));
		expect(jsons[0]!.map(({ status }) => status)).toEqual(['validated', 'validated']);
		for (const [place, { simulator, id }] of wanted().entries()) {
			const checks = simulator.requests.filter(({ operation }) => operation === 'pskSet');
			expect(checks.map(({ body }) => body)).toEqual([
				{ psks: [{ id, psk: jsons[0]![place]!.psk }] },
			]);
		}
		expectOthersUntouched();
	});

	it.each(['generate', 'prepare', 'set'])(
		'%s reads the credential once for each item, and for no request',
		async (operation) => {
			await run(pskParameters(operation));
			expect(reads).toEqual([0, 1]);
		},
	);
});

describe('two items with one tunnel', () => {
	const account = useAccount({ tunnels: 1, seed: 1 });

	it('are one too many, however the address of their credentials is written', async () => {
		const simulator = account();
		const { port } = new URL(simulator.url);
		const credentials = credentialsOf(simulator, { baseUrl: '={{ $json.url }}' });
		const item = itemsOf(simulator)[0]!;
		for (const url of [
			`${simulator.url}//`,
			` ${simulator.url}`,
			`HTTP://127.0.0.1:${port}/client/v4`,
			`http://127.1:${port}/client/./v4`,
		]) {
			const items = [
				{ ...item, url: simulator.url },
				{ ...item, psk: 'another', url },
			];
			const { error } = await runPsk(simulator, 'set', { credentials, items });
			expect([url, error?.message]).toEqual([url, expect.stringContaining('more than one item')]);
		}
		expect(simulator.requests.some(({ operation }) => operation === 'pskSet')).toBe(false);
	});
});

describe('the time-out', () => {
	const { deadline } = clock;
	const account = useAccount({ tunnels: 2, seed: 1 });
	let waits: number[];

	beforeEach(() => {
		waits = [];
		clock.deadline = (ms) => {
			waits.push(ms);
			return deadline(ms);
		};
	});
	afterEach(() => {
		clock.deadline = deadline;
	});

	it.each([
		['psk', 'set', [600, 5, 600, 5, 600, 5]],
		['tunnel', 'get', [600, 5]],
	])("of %s %s is the item's own", async (resource, operation, seconds) => {
		const { error } = await runPsk(account(), operation, {
			parameters: { resource, simplify: true, options: { timeout: '={{ $json.wait }}' } },
			items: itemsOf(account()).map((item, index) => ({ ...item, wait: [600, 5][index] })),
		});
		expect(error).toBeUndefined();
		expect(waits.sort()).toEqual(seconds.map((wait) => wait * 1000).sort());
	});
});
