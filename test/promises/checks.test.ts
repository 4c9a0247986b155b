import { useAccount } from '../helpers/account';
import { itemsOf, liveKeys, runPsk, statuses } from '../helpers/psk';
import { useVirtualClock } from '../helpers/virtualClock';

/**
 * A key that is only to be checked: a check that changes the key is said to have done so, and only a
 * verdict that says yes counts as yes.
 */

const CHECKS: Array<[operation: string, parameters: object]> = [
	['generate', { options: { validateOnly: true } }],
	['prepare', {}],
	['set', { options: { validateOnly: true } }],
];

const account = useAccount({ tunnels: 3, seed: 1, ageDays: [10, 20, null] });
useVirtualClock();

describe.each(CHECKS)('a server that does not know validate_only: %s', (operation, parameters) => {
	it('has changed the keys, and no outcome denies it', async () => {
		const simulator = account();
		simulator.faults.add({ kind: 'ignoreValidateOnly', times: 'always' });
		const { jsons, error } = await runPsk(simulator, operation, { parameters });
		expect(error).toBeUndefined();
		expect(statuses(jsons[1])).toEqual(['unknown', 'unknown', 'unknown']);
		expect(jsons[0]!.map(({ psk }) => psk)).toEqual(liveKeys(simulator));
		for (const { message } of jsons[1]!) {
			expect(message).toMatch(/has moved/);
			expect(message).not.toMatch(/nothing was changed|not live|old one is still live/);
		}
	});

	it('is found out also where it answers as if it had only checked', async () => {
		const simulator = account();
		simulator.faults.add({ kind: 'ignoreValidateOnly', answer: 'validated', times: 'always' });
		const { jsons } = await runPsk(simulator, operation, { parameters });
		expect(statuses(jsons[1])).toEqual(['unknown', 'unknown', 'unknown']);
	});

	it('is found out by the tunnel that it changed, and the others are believed', async () => {
		const simulator = account();
		simulator.faults.add({ kind: 'ignoreValidateOnly' });
		const { jsons } = await runPsk(simulator, operation, {
			parameters: { ...parameters, options: { validateOnly: true, batchSize: 1, concurrency: 1 } },
		});
		expect(statuses(jsons[1])).toEqual(['unknown', 'validated', 'validated']);
	});

	it('keeps the key where nobody can look at the date', async () => {
		const simulator = account();
		simulator.faults.add({ kind: 'ignoreValidateOnly', times: 'always' });
		simulator.faults.add({ kind: 'html', operation: 'list', skip: 1, times: 'always' });
		const { jsons } = await runPsk(simulator, operation, { parameters });
		expect(statuses(jsons[1])).toEqual(['unknown', 'unknown', 'unknown']);
		expect(jsons[0]!.map(({ psk }) => psk)).toEqual(liveKeys(simulator));
	});

	it('keeps the key where no list tells a date, and says nothing untrue', async () => {
		const simulator = account();
		simulator.faults.add({ kind: 'ignoreValidateOnly', times: 'always' });
		simulator.faults.add({
			kind: 'missingFields',
			fields: ['ipsec_tunnels.*.psk_metadata'],
			operation: 'list',
			times: 'always',
		});
		const { jsons } = await runPsk(simulator, operation, { parameters });
		if (operation !== 'set') {
			expect(jsons[0]!.map(({ psk }) => psk)).toEqual(liveKeys(simulator));
		}
		for (const { message } of jsons[1]!) {
			expect(message).not.toMatch(/nothing was changed|; it is not live/);
		}
	});
});

describe.each(CHECKS)('an account that never had a key: %s', (operation, parameters) => {
	it.each(['checks', 'ignores validate_only'])('%s', async (what) => {
		const simulator = account();
		for (const { id } of simulator.tunnels()) simulator.removeTunnel(id);
		for (let number = 0; number < 2; number++) simulator.addTunnel();
		if (what !== 'checks') simulator.faults.add({ kind: 'ignoreValidateOnly', times: 'always' });
		const { jsons, error } = await runPsk(simulator, operation, { parameters });
		expect(error).toBeUndefined();
		const wanted = what === 'checks' && operation !== 'generate' ? 'validated' : 'unknown';
		expect(statuses(jsons[1])).toEqual([wanted, wanted]);
		if (what !== 'checks') expect(jsons[0]!.map(({ psk }) => psk)).toEqual(liveKeys(simulator));
	});
});

describe.each([
	['prepare', {}],
	['set', { options: { validateOnly: true } }],
])('%s counts no verdict as yes but one that says yes', (operation, parameters) => {
	const LATE_NO = { kind: 'unapply', skip: 1 };
	const NO: Array<[string, object[]]> = [
		['none', [{ kind: 'omit', applied: false }]],
		['both', [{ kind: 'bothVerdicts', applied: false }]],
		["another tunnel's", [{ kind: 'crossVerdicts' }]],
		['empty maps', [{ kind: 'missingFields' }]],
		['maps of texts', [{ kind: 'wrongTypes' }]],
		['yes as a text', [{ kind: 'wrongTypes', of: 'result' }]],
		['no, after a lost answer', [{ kind: 'reset', when: 'after', times: 1 }, LATE_NO]],
		['no, after an unread answer', [{ kind: 'html', when: 'after', times: 1 }, LATE_NO]],
		['no', [{ kind: 'unapply' }]],
	];

	it.each(NO)('%s', async (_, faults) => {
		const simulator = account();
		const before = liveKeys(simulator);
		for (const fault of faults) {
			simulator.faults.add({ operation: 'pskSet', times: 'always', ...fault } as never);
		}
		const node = { onError: 'continueRegularOutput' } as const;
		const { jsons } = await runPsk(simulator, operation, { parameters, node });
		expect(statuses(jsons[1])).toEqual(['unapplied', 'unapplied', 'unapplied']);
		expect(jsons[0]).toEqual([]);
		expect(liveKeys(simulator)).toEqual(before);
	});

	it('yes, after a lost answer', async () => {
		account().faults.add({ kind: 'reset', when: 'after', operation: 'pskSet' });
		const { jsons } = await runPsk(account(), operation, { parameters });
		expect(statuses(jsons[1])).toEqual(['validated', 'validated', 'validated']);
	});
});

it('a check leaves the items of a run that sets keys alone', async () => {
	const simulator = account();
	const [first, second, third] = itemsOf(simulator);
	const { jsons } = await runPsk(simulator, 'set', {
		parameters: { options: { validateOnly: '={{ $json.check }}' } },
		items: [
			{ ...first!, check: true },
			{ ...second!, check: false },
			{ ...third!, check: true },
		],
	});
	expect(statuses(jsons[1])).toEqual(['validated', 'applied', 'validated']);
	expect(liveKeys(simulator)[1]).toBe(second!.psk);
});

it('a check of many keys by Cloudflare stops at a server that changes the first of them', async () => {
	const simulator = account();
	for (let number = 0; number < 20; number++) simulator.addTunnel({ psk: `added-${number}` });
	const before = liveKeys(simulator);
	simulator.faults.add({ kind: 'ignoreValidateOnly', answer: 'validated', times: 'always' });
	const { jsons } = await runPsk(simulator, 'generate', {
		parameters: { options: { validateOnly: true } },
	});
	expect(liveKeys(simulator).filter((key, index) => key !== before[index])).toHaveLength(3);
	expect(statuses(jsons[1]).filter((status) => status === 'unapplied')).toHaveLength(20);
});
