import type { IDataObject } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import type { NodeResult } from '../helpers/node';
import { printed } from '../helpers/printed';
import { byId, byName, itemsOf, liveKeys, runPsk, statuses } from '../helpers/psk';
import { piecesIn } from '../helpers/scanner';
import { useVirtualClock } from '../helpers/virtualClock';
import { ECHO_FORMS, echoOf } from '../simulator/echoes';

/**
 * Keys that come back in texts of others: Cloudflare's, a gateway's, n8n's. No five characters of a key
 * in a row leave by anything but the Secret output, and our own ids and names stay as they are.
 */

const account = useAccount({ tunnels: 3, seed: 1, ageDays: [10, 20, 30] });
useVirtualClock();

const ODD = 'Zk9v&Tq3<Lw>Xe7R"bN2m\'Hs5/Yd8é+ Cf1';
const CONTINUE = { onError: 'continueRegularOutput' } as const;
const LEFT_OUT = 'left out, because it may repeat a secret';

type Form = (key: string) => string;
const FORMS = Object.entries(ECHO_FORMS) as Array<[string, Form]>;

/** What a run shows besides the Secret output; the input is not the node's. */
const shown = ({ jsons, error, hints }: NodeResult) => [
	jsons.slice(1),
	error?.message,
	error?.description,
	error?.context,
	error?.stack,
	hints,
	printed,
];

/** Pieces of an echo, and of the key itself, in what a run shows. */
function leaks(result: NodeResult, keys: string[], form: Form = (key) => key): string[] {
	return piecesIn(shown(result), [...keys, ...keys.map(form)], 5);
}

const setKeys = (keys: string[], more: object = {}) =>
	runPsk(account(), 'set', {
		items: itemsOf(account()).map((item, index) => ({ ...item, psk: keys[index] ?? item.psk })),
		node: CONTINUE,
		...more,
	});

beforeEach(() => {
	printed.length = 0;
});

describe.each(FORMS)('an echo of the key: %s', (_, form) => {
	it('in the reason of one refused key', async () => {
		const [first] = account().tunnels();
		account().faults.add({
			kind: 'unapply',
			ids: [first!.id],
			reason: ({ psk }) => `the key ${form(psk)} is not allowed`,
		});
		const result = await setKeys([ODD]);
		expect(statuses(result.jsons[1])).toEqual(['unapplied', 'applied', 'applied']);
		expect(result.jsons[1]![0]!.reason).toContain(LEFT_OUT);
		expect(leaks(result, [ODD], form)).toEqual([]);
	});

	it('in the refusal of a request, in either On Error mode', async () => {
		account().faults.add({
			kind: 'status',
			operation: 'pskSet',
			status: 403,
			code: 1403,
			message: echoOf(form),
			times: 'always',
		});
		for (const node of [CONTINUE, {}]) {
			const result = await setKeys([ODD, 'Qw7Er2Ty9Ui4Op6As1Df8Gh3', 'Zx5Cv0Bn7Ml2Kj9Hg4Fd6Sa1'], {
				node,
			});
			expect(JSON.stringify(shown(result))).toContain(LEFT_OUT);
			expect(leaks(result, [ODD, 'Qw7Er2Ty9Ui4Op6As1Df8Gh3'], form)).toEqual([]);
		}
	});

	it('that nobody knows but the text that repeats it', async () => {
		account().faults.add({
			kind: 'rewrite',
			operation: 'pskGenerate',
			times: 'always',
			change: (body) => {
				const echo = form((body as { result: { psk: string } }).result.psk);
				const error = { code: 1500, message: `made ${echo}`, documentation_url: echo };
				return { success: false, errors: [{ ...error, source: { pointer: echo } }], result: null };
			},
		});
		const result = await runPsk(account(), 'generate', { node: CONTINUE });
		expect(statuses(result.jsons[1])).toEqual(['unknown', 'unknown', 'unknown']);
		expect(leaks(result, liveKeys(account()) as string[], form)).toEqual([]);
	});
});

it('an answer that changed places with one that echoes another key tells nothing of it', async () => {
	const KEYS = ['Qw7Er2Ty9Ui4Op6As1Df8Gh3', 'Zx5Cv0Bn7Ml2Kj9Hg4Fd6Sa1', 'Po8Iu3Yt6Re1Wq5Lk2Jh7Gf4'];
	account().faults.add({ kind: 'swapAnswers', operation: 'pskSet' });
	account().faults.add({
		kind: 'refuseBatch',
		pattern: '^Qw7',
		status: 403,
		message: ({ psk }) => `psk ${psk} is too weak`,
		times: 'always',
	});
	const result = await setKeys(KEYS, { parameters: { options: { batchSize: 1 } } });
	expect(leaks(result, KEYS)).toEqual([]);
	expect(JSON.stringify(result.jsons[1])).toContain('left out');
});

describe('a key in a field that is for something else', () => {
	const KEY = 'Qw7Er2Ty9Ui4Op6As1Df8Gh3';

	it.each(['set', 'generate'])('the number of the request (%s)', async (operation) => {
		account().faults.add({
			kind: 'status',
			status: 403,
			operation: ['pskSet', 'pskGenerate'],
			headers: { 'cf-ray': KEY },
			times: 'always',
		});
		const items = itemsOf(account()).map((item) => ({ ...item, psk: KEY }));
		const result = await runPsk(account(), operation, { items, node: CONTINUE });
		expect(statuses(result.jsons[1])).toEqual(['unapplied', 'unapplied', 'unapplied']);
		expect(leaks(result, [KEY])).toEqual([]);
	});

	const SPOILT: Array<[string, (entry: IDataObject) => void]> = [
		['ipsec_id', (entry) => (entry.ipsec_id = entry.psk)],
		['last_generated_on', (entry) => (entry.psk_metadata = { last_generated_on: entry.psk })],
	];
	it.each(SPOILT)('%s', async (_, spoil) => {
		const change = (body: unknown) => {
			const { result } = body as { result: IDataObject };
			const entries = (result.successfully_applied_psks ?? { result }) as IDataObject;
			for (const entry of Object.values(entries)) spoil(entry as IDataObject);
			return body;
		};
		const operation = ['pskSet', 'pskGenerate'] as const;
		account().faults.add({ kind: 'rewrite', operation, times: 'always', change });
		const set = await setKeys([KEY]);
		expect(statuses(set.jsons[0])).toEqual(['applied', 'applied', 'applied']);
		expect(leaks(set, [KEY])).toEqual([]);
		const generated = await runPsk(account(), 'generate');
		expect(statuses(generated.jsons[0])).toEqual(['applied', 'applied', 'applied']);
		expect(leaks(generated, liveKeys(account()) as string[])).toEqual([]);
	});
});

describe('our own ids and names stay as they are', () => {
	it.each(['a', 'PSK', 'site', '0', 'tunnel', 'ipsec_tunnel_id', 'applied'])(
		'with the short key %s',
		async (psk) => {
			const [first] = account().tunnels();
			account().faults.add({ kind: 'unapply', ids: [first!.id], reason: 'no' });
			const { jsons } = await setKeys([psk, psk, psk]);
			expect(jsons[1]!.map((item) => [item.ipsec_tunnel_id, item.tunnel_name])).toEqual(
				account()
					.tunnels()
					.map(({ id, name }) => [id, name]),
			);
			expect(jsons[1]!.every((item) => item.account_id === account().accountId)).toBe(true);
			expect(JSON.stringify(jsons[1])).not.toContain('***');
		},
	);

	it("with a key that is the tunnel's own name or id", async () => {
		for (const field of ['id', 'name'] as const) {
			const keys = account()
				.tunnels()
				.map((tunnel) => tunnel[field]);
			const { jsons } = await setKeys(keys);
			expect(jsons[1]!.map((item) => item.tunnel_name)).toEqual(
				account()
					.tunnels()
					.map(({ name }) => name),
			);
			expect(statuses(jsons[1])).toEqual(['applied', 'applied', 'applied']);
		}
	});
});

describe('a key that is given where something else belongs', () => {
	const HEX = '5f4dcc3b5aa765d61d8327deb882cf99';
	const WRONG: Array<[string, object]> = [
		['the name', { tunnelId: byName('={{ $json.psk }}') }],
		['the id', { tunnelId: byId('={{ $json.psk }}') }],
		['the account', { options: { accountId: '={{ $json.psk }}' } }],
		['the time-out', { options: { timeout: '={{ $json.psk }}' } }],
		['the check', { options: { validateOnly: '={{ $json.psk }}' } }],
		['the batch size', { options: { batchSize: '={{ $json.psk }}' } }],
		['the authentication', { authentication: '={{ $json.psk }}' }],
		['a part of the name', { tunnelId: byName('={{ "site " + $json.psk }}') }],
	];

	it.each(WRONG)('%s', async (_, parameters) => {
		for (const psk of [ODD, HEX]) {
			for (const node of [CONTINUE, {}]) {
				const [item] = itemsOf(account());
				const items = [{ ...item!, psk }];
				const result = await runPsk(account(), 'set', { parameters, items, node });
				expect(leaks(result, [psk])).toEqual([]);
				expect(JSON.stringify(account().requests.map(({ path }) => path))).not.toContain(HEX);
				account().resetRequests();
			}
		}
	});
});

describe("n8n's own words on an expression", () => {
	const FAILING = [
		'={{ JSON.parse($json.psk).x }}',
		'={{ JSON.parse($json.json).id }}',
		'={{ $json.psk.parseJson().id }}',
		'={{ BigInt($json.psk) }}',
		'={{ $node[$json.psk].json.x }}',
		'={{ $($json.psk).item.json.x }}',
		'={{ $json.psk.toDateTime() }}',
		'={{ new RegExp("(" + $json.psk) }}',
		'={{ $jmespath($json, $json.psk + "[") }}',
		'={{ $items($json.psk) }}',
		'={{ null[$json.psk] }}',
	];

	it.each(FAILING)('%s tell nothing of the key', async (expression) => {
		const [item] = itemsOf(account());
		const items = [{ ...item!, psk: ODD, json: `{"id": "${item!.id}", "psk": ${ODD}}` }];
		for (const parameters of [
			{ psk: expression },
			{ tunnelId: byId(expression) },
			{ tunnelId: byName(expression) },
			{ options: { accountId: expression } },
			{ options: { timeout: expression } },
			{ options: { batchSize: expression } },
			{ options: { validateOnly: expression } },
			{ options: { requireUnsaved: expression } },
			{ authentication: expression },
		]) {
			for (const node of [CONTINUE, {}]) {
				const result = await runPsk(account(), 'set', { parameters, items, node });
				expect([parameters, leaks(result, [ODD])]).toEqual([parameters, []]);
			}
		}
	});

	it('in the credential tell nothing of the key', async () => {
		const items = [{ ...itemsOf(account())[0]!, psk: ODD }];
		for (const expression of FAILING.slice(0, 5)) {
			for (const node of [CONTINUE, {}]) {
				const credentials = { cloudflareMagicTokenApi: { accountId: expression } };
				const result = await runPsk(account(), 'set', { credentials, items, node });
				expect([expression, leaks(result, [ODD])]).toEqual([expression, []]);
			}
		}
	});
});
