import type { IDataObject, INodeExecutionData, IWorkflowSettings } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { itemsOf, liveKeys, runPsk, statuses } from '../helpers/psk';
import { piecesIn } from '../helpers/scanner';
import { useVirtualClock } from '../helpers/virtualClock';

/**
 * Settings of n8n that decide where a key ends up: items that n8n adds or copies by itself, what it
 * stores, and options whose values are odd.
 */

const account = useAccount({ tunnels: 3, seed: 1, ageDays: [10, 20, 30] });
useVirtualClock();

const OPERATIONS = ['generate', 'prepare', 'set'];
const MODES = ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const;
const KEYS = ['Qw7Er2Ty9Ui4Op6As1Df8Gh3', 'Zx5Cv0Bn7Ml2Kj9Hg4Fd6Sa1', 'Po8Iu3Yt6Re1Wq5Lk2Jh7Gf4'];
const items = () => itemsOf(account()).map((item, index) => ({ ...item, psk: KEYS[index]! }));

describe.each(OPERATIONS)('Always Output Data: %s', (operation) => {
	it.each(MODES)(
		'%s: no item without a key on the Secret output passes for one',
		async (onError) => {
			const before = liveKeys(account());
			const { outputs, jsons, error } = await runPsk(account(), operation, {
				items: items(),
				node: { onError, alwaysOutputData: true },
			});
			expect(liveKeys(account())).toEqual(before);
			expect(account().requests).toEqual([]);
			if (onError === 'stopWorkflow') {
				expect(error?.description).toContain("Turn 'Always Output Data' off");
				return;
			}
			expect(error).toBeUndefined();
			expect(statuses(jsons[1])).toEqual(['unapplied', 'unapplied', 'unapplied']);
			// n8n would put {} there, paired with the input, for a vault to store.
			const marked: INodeExecutionData[] = outputs[0]!;
			expect(marked.map(({ json }) => json)).toEqual([
				{ status: 'unapplied', reason: expect.stringContaining('Always Output Data') },
			]);
			expect(marked[0]).not.toHaveProperty('pairedItem');
		},
	);
});

describe.each(OPERATIONS)('On Error: Continue, with keys in the items: %s', (operation) => {
	const FAULTS: Array<[string, object]> = [
		['a list that fails', { kind: 'status', status: 403, code: 10000, operation: 'list' }],
		['a list that is no list', { kind: 'html', operation: 'list' }],
		['every request refused', { kind: 'status', status: 403, code: 10000 }],
		['every answer lost', { kind: 'reset', when: 'after', operation: ['pskSet', 'pskGenerate'] }],
		['every key refused', { kind: 'unapply' }],
		['a tunnel that is gone', { kind: 'unlist', count: 1 }],
	];

	it.each(FAULTS)('%s: no key leaves but by the Secret output', async (_, fault) => {
		account().faults.add({ times: 'always', ...fault } as never);
		for (const onError of ['continueRegularOutput', 'continueErrorOutput'] as const) {
			const { jsons, error, hints } = await runPsk(account(), operation, {
				items: items(),
				node: { onError },
			});
			expect(error).toBeUndefined();
			expect(jsons[1]).toHaveLength(3);
			expect(jsons[2] ?? []).toEqual([]);
			expect(
				piecesIn([jsons.slice(1), hints], [...KEYS, ...(liveKeys(account()) as string[])], 6),
			).toEqual([]);
			const passedOn = jsons[0]!.filter((item) => !('status' in item));
			expect(passedOn).toEqual([]);
		}
	});

	it('a credential that is not there: outcomes, and no copy of the input', async () => {
		for (const onError of ['continueRegularOutput', 'continueErrorOutput'] as const) {
			const { jsons, error } = await runPsk(account(), operation, {
				items: items(),
				credentials: {},
				node: { onError },
			});
			expect(error).toBeUndefined();
			expect(jsons[0]).toEqual([]);
			expect(statuses(jsons[1])).toEqual(['unapplied', 'unapplied', 'unapplied']);
			expect(piecesIn(jsons, KEYS, 5)).toEqual([]);
		}
	});
});

describe('Require Unsaved Executions', () => {
	const UNSAVED = {
		saveDataSuccessExecution: 'none',
		saveDataErrorExecution: 'none',
		saveExecutionProgress: false,
		saveManualExecutions: false,
	} as const;

	/** Each setting with every value that n8n knows for it, and whether that says: do not save. */
	const VALUES: Array<[keyof typeof UNSAVED, unknown, boolean, string]> = [
		...(['saveDataSuccessExecution', 'saveDataErrorExecution'] as const).flatMap((name) =>
			(
				[
					['none', true],
					['all', false],
					['DEFAULT', false],
					[undefined, false],
				] as const
			).map(([value, isSafe]): [keyof typeof UNSAVED, unknown, boolean, string] => [
				name,
				value,
				isSafe,
				'trigger',
			]),
		),
		...(
			[
				[false, true],
				[true, false],
				['DEFAULT', false],
				[undefined, false],
			] as const
		).flatMap(
			([value, isSafe]): Array<[keyof typeof UNSAVED, unknown, boolean, string]> => [
				['saveExecutionProgress', value, isSafe, 'trigger'],
				['saveExecutionProgress', value, isSafe, 'manual'],
				['saveManualExecutions', value, isSafe, 'manual'],
			],
		),
	];

	it.each(VALUES)('%s: %p counts as unsaved: %p (%s)', async (name, value, isSafe, mode) => {
		const settings = { ...UNSAVED, [name]: value } as IWorkflowSettings;
		const run = { items: items(), settings, mode: mode as never, node: { onError: MODES[0] } };
		for (const operation of OPERATIONS) {
			account().resetRequests();
			const parameters = { options: { requireUnsaved: true } };
			const { error, hints } = await runPsk(account(), operation, { ...run, parameters });
			expect([operation, error === undefined]).toEqual([operation, isSafe]);
			if (!isSafe) expect(account().requests).toEqual([]);
			if (isSafe) expect(hints).toEqual([]);
		}
		const { hints } = await runPsk(account(), 'prepare', run);
		expect(JSON.stringify(hints).includes('may store')).toBe(!isSafe);
	});
});

describe('options whose values are odd', () => {
	const COUNTS: Array<[operation: string, option: string]> = [
		['set', 'batchSize'],
		['prepare', 'batchSize'],
		['generate', 'concurrency'],
		['generate', 'stopAfterUnknown'],
	];
	const ODD_VALUES = ['NaN', 'Infinity', '-1', '0', '1.5', '"5"', '[5]', 'null', '{}', 'true'];

	it.each(COUNTS)('%s: no value of %s drops an item', async (operation, option) => {
		for (const value of ODD_VALUES) {
			const before = liveKeys(account());
			const parameters = { options: { [option]: `={{ ${value} }}` } };
			for (const onError of MODES) {
				const { jsons, error } = await runPsk(account(), operation, {
					parameters,
					node: { onError },
				});
				const told = error === undefined ? jsons[1]!.length : 3;
				expect([value, onError, told]).toEqual([value, onError, 3]);
			}
			expect(liveKeys(account())).toEqual(before);
		}
	});

	it('an option that changes whenever it is read drops no item', async () => {
		const batchSize = '={{ Math.random() < 0.5 ? 1 : NaN }}';
		for (let time = 0; time < 10; time++) {
			const { jsons, error } = await runPsk(account(), 'set', {
				parameters: { options: { batchSize } },
			});
			expect(error === undefined ? jsons[0] : jsons).toHaveLength(error === undefined ? 3 : 0);
		}
	});

	it.each(['  ', '\n', '\t'])('an account ID with %p around it is the account', async (space) => {
		const accountId = `${space}${account().accountId.toUpperCase()}${space}`;
		const { jsons } = await runPsk(account(), 'set', { parameters: { options: { accountId } } });
		expect(statuses(jsons[0])).toEqual(['applied', 'applied', 'applied']);
		expect(jsons[0]!.every((item) => item.account_id === account().accountId)).toBe(true);
	});

	it('5,000 faulty items make an error that a person can read', async () => {
		const faulty: IDataObject[] = Array.from({ length: 5_000 }, (_, index) => ({
			id: `no id ${index}`,
			psk: KEYS[0],
		}));
		const { error, hints } = await runPsk(account(), 'set', { items: faulty });
		const size = JSON.stringify([error?.message, error?.description, error, hints]).length;
		expect(size).toBeLessThan(20_000);
		expect(error?.description).toContain('more');
		expect(account().requests).toEqual([]);
	});

	it('a text of megabytes makes an error, and an item, that a person can read', async () => {
		const text = 'the tunnel is locked. '.repeat(300_000);
		account().faults.add({ kind: 'unapply', reason: text, count: 1 });
		const { jsons } = await runPsk(account(), 'set');
		expect(statuses(jsons[1])).toEqual(['unapplied', 'applied', 'applied']);
		expect(JSON.stringify(jsons).length).toBeLessThan(20_000);
		account().faults.add({
			kind: 'status',
			status: 403,
			code: 1,
			message: text,
			operation: 'pskSet',
			times: 'always',
		});
		const { error } = await runPsk(account(), 'set');
		expect(JSON.stringify([error?.message, error?.description, error]).length).toBeLessThan(20_000);
	});
});
