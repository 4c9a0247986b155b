import { useAccount } from '../helpers/account';
import { byName, itemsOf, liveKeys, runPsk, statuses } from '../helpers/psk';
import { useVirtualClock } from '../helpers/virtualClock';
import type { FaultSpec, Simulator } from '../simulator';

/** Answers that are wrong in the ways of a bad gateway are believed neither too much nor too little. */

const account = useAccount({ tunnels: 3, seed: 1, ageDays: [10, 20, null] });
useVirtualClock();

const add = (...faults: object[]) =>
	faults.forEach((fault) => account().faults.add({ times: 'always', ...fault } as FaultSpec));

/** A change of the answer that holds a generated key. */
const rewritten = (change: (body: { result: object }) => unknown) => ({
	kind: 'rewrite',
	operation: 'pskGenerate',
	change,
});

describe('an answer of generate that holds the key', () => {
	const FORMS: Array<[string, object]> = [
		['without the envelope', { kind: 'envelope', form: 'unwrapped' }],
		['with success as a text', { kind: 'envelope', form: 'textSuccess' }],
		['with success: false', { kind: 'envelope', form: 'falseSuccess' }],
		['without success', { kind: 'envelope', form: 'noSuccess' }],
		['in two envelopes', rewritten((body) => ({ ...body, result: body }))],
		['in a list', rewritten((body) => ({ ...body, result: [body.result] }))],
		[
			'under another name',
			rewritten(({ result }) => ({ success: true, data: { tunnel: result } })),
		],
		['as a text in JSON', rewritten((body) => JSON.stringify(JSON.stringify(body)))],
		[
			'as a text of the result',
			rewritten((body) => ({ ...body, result: JSON.stringify(body.result) })),
		],
		[
			'with more after it',
			rewritten((body) => `${JSON.stringify(body)}\n<!-- served by proxy 7 -->`),
		],
		['with more before it', rewritten((body) => `)]}',\n${JSON.stringify(body)}`)],
		[
			'cut off behind the key',
			rewritten((body) => JSON.stringify(body).replace(/"psk_metadata.*/s, '')),
		],
		['for another tunnel', { kind: 'otherId' }],
		['for no tunnel', { kind: 'otherId', id: 'nonsense' }],
	];

	it.each(FORMS)('%s gives it as unknown', async (_, form) => {
		const simulator = account();
		add({ operation: 'pskGenerate', ...form });
		const { jsons, error } = await runPsk(simulator, 'generate');
		expect(error).toBeUndefined();
		expect(jsons[0]!.map(({ status, psk }) => [status, psk])).toEqual(
			liveKeys(simulator).map((key) => ['unknown', key]),
		);
		for (const { reason } of jsons[1]!) expect(reason).toContain('Keep this key');
	});

	it('of a tunnel that was not asked about names it', async () => {
		const [, second] = account().tunnels();
		account().faults.add({ kind: 'otherId', operation: 'pskGenerate' });
		const { jsons } = await runPsk(account(), 'generate');
		expect(jsons[1]![0]!.reason).toContain(`it names the tunnel ${second!.id}`);
	});

	it('with ids in capitals is a good one', async () => {
		const simulator = account();
		add({ kind: 'capitalIds' });
		const { jsons } = await runPsk(simulator, 'generate');
		expect(jsons[0]!.map(({ psk, verified }) => [psk, verified])).toEqual(
			liveKeys(simulator).map((key) => [key, true]),
		);
	});

	it.each([
		['by their ids', []],
		['by their dates, where they name no tunnel', ['ipsec_tunnel_id', 'ipsec_id']],
	])('of two tunnels that changed places are found out %s', async (_, fields) => {
		const simulator = account();
		account().faults.add({ kind: 'swapAnswers', operation: 'pskGenerate' });
		// Two keys are never made within the same microsecond.
		account().faults.add({ kind: 'delay', ms: 10, operation: 'pskGenerate' });
		add({
			...rewritten(({ result, ...body }) => ({
				...body,
				result: Object.fromEntries(
					Object.entries(result).filter(([name]) => !(fields as string[]).includes(name)),
				),
			})),
		});
		const { jsons } = await runPsk(simulator, 'generate');
		expect(statuses(jsons[1])).toEqual(['unknown', 'unknown', 'applied']);
		expect(jsons[0]!.map(({ psk }) => psk).sort()).toEqual(liveKeys(simulator).sort());
	});
});

describe('set', () => {
	const CONFLICT = {
		kind: 'status',
		status: 409,
		code: 1409,
		message: 'conflict',
		when: 'after',
		operation: 'pskSet',
	};
	const NO_DATES = {
		kind: 'missingFields',
		fields: ['ipsec_tunnels.*.psk_metadata'],
		operation: 'list',
	};
	const UNSEEN: Array<[string, object[]]> = [
		['fails', [{ kind: 'status', status: 403, code: 10000, operation: 'list', skip: 1 }]],
		['tells no date, nor did the one before', [NO_DATES]],
		['no longer tells dates', [{ ...NO_DATES, skip: 1 }]],
		['shows the change', []],
	];

	it.each(UNSEEN)('refused although it was applied, and the list %s', async (_, faults) => {
		const simulator = account();
		add(CONFLICT, ...faults);
		const { jsons, error } = await runPsk(simulator, 'set');
		expect(error).toBeUndefined();
		expect(jsons[0]!.map(({ status, psk }) => [status, psk])).toEqual(
			liveKeys(simulator).map((key) => ['unknown', key]),
		);
	});

	it.each(['unwrapped', 'textSuccess', 'falseSuccess', 'noSuccess'] as const)(
		'answered in the form %s: unknown, with the key',
		async (form) => {
			const simulator = account();
			add({ kind: 'envelope', form, operation: 'pskSet' });
			const { jsons } = await runPsk(simulator, 'set');
			expect(jsons[0]!.map(({ status, psk }) => [status, psk])).toEqual(
				liveKeys(simulator).map((key) => ['unknown', key]),
			);
		},
	);

	const CAPITALS: Array<[string, object]> = [
		['names of the answer', { of: 'names', operation: 'pskSet' }],
		['values of the answer', { of: 'values', operation: 'pskSet' }],
		['the list before', { operation: 'list', times: 1 }],
		['the list afterwards', { operation: 'list', skip: 1 }],
		['everything', {}],
	];
	it.each(CAPITALS)('ids in capitals in %s are the same ids', async (_, where) => {
		const simulator = account();
		add({ kind: 'capitalIds', ...where });
		const { jsons } = await runPsk(simulator, 'set');
		expect(jsons[0]!.map(({ psk, verified }) => [psk, verified])).toEqual(
			liveKeys(simulator).map((key) => [key, true]),
		);
	});

	it('verdicts under the ids of others are no verdicts', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		add({ kind: 'unapply', operation: 'pskSet', count: 1 });
		add({ kind: 'crossVerdicts', operation: 'pskSet' });
		const { jsons } = await runPsk(simulator, 'set');
		expect(statuses(jsons[1])).toEqual(['unknown', 'unknown', 'unknown']);
		expect(liveKeys(simulator)[0]).toBe(before[0]);
		expect(jsons[0]!.map(({ psk }) => psk).slice(1)).toEqual(liveKeys(simulator).slice(1));
	});

	it.each(['applied', 'unapplied'] as const)(
		"a verdict on a tunnel that nobody asked about (%s) is nobody's",
		async (of) => {
			add({ kind: 'extraVerdicts', of, operation: 'pskSet' });
			const items = itemsOf(account()).slice(0, 2);
			const { jsons } = await runPsk(account(), 'set', { items });
			expect(statuses(jsons[1])).toEqual(['applied', 'applied']);
		},
	);
});

describe('one faulty key', () => {
	const TUNNELS = 1_000;
	const many = useAccount({ tunnels: TUNNELS, seed: 1, ageDays: () => 10 });
	const keys = (simulator: Simulator, isFaulty: (index: number) => boolean) =>
		itemsOf(simulator).map((item, index) => ({
			...item,
			psk: `${isFaulty(index) ? 'faulty' : 'good'}-key-of-${item.id}`,
		}));
	const refuseFaulty = (simulator: Simulator) =>
		simulator.faults.add({ kind: 'refuseBatch', pattern: '^faulty', times: 'always' });
	const sets = ({ requests }: Simulator) =>
		requests.filter(({ operation }) => operation === 'pskSet').length;

	it.each([
		[1_000, 1, 21],
		[100, 1, 24],
		[1_000, 6, 100],
	])('holds back no other (batches of %d, %d faulty)', async (batchSize, faulty, most) => {
		const simulator = many();
		refuseFaulty(simulator);
		const every = Math.floor(1_000 / faulty);
		const { jsons } = await runPsk(simulator, 'set', {
			parameters: { options: { batchSize } },
			items: keys(simulator, (index) => index % every === 0 && index < every * faulty),
		});
		const told = statuses(jsons[1]);
		expect(told.filter((status) => status === 'applied')).toHaveLength(1_000 - faulty);
		expect(told.filter((status) => status === 'unapplied')).toHaveLength(faulty);
		expect(jsons[0]!.every(({ psk }) => String(psk).startsWith('good'))).toBe(true);
		process.stdout.write(
			`${faulty} faulty of 1,000 keys, batches of ${batchSize}: ${sets(simulator)} requests\n`,
		);
		expect(sets(simulator)).toBeLessThanOrEqual(most);
	});

	it('holds back no other where keys are only checked', async () => {
		const simulator = many();
		refuseFaulty(simulator);
		const { jsons } = await runPsk(simulator, 'set', {
			parameters: { options: { batchSize: 1_000, validateOnly: true } },
			items: keys(simulator, (index) => index === 500),
		});
		expect(statuses(jsons[1]).filter((status) => status === 'validated')).toHaveLength(999);
	});

	it.each([10, 100, 1_000])(
		'among none that is good costs few requests (batches of %d)',
		async (batchSize) => {
			const simulator = many();
			const before = liveKeys(simulator);
			refuseFaulty(simulator);
			const { error } = await runPsk(simulator, 'set', {
				parameters: { options: { batchSize } },
				items: keys(simulator, () => true),
			});
			expect(error?.message).toContain('Could not set');
			expect(liveKeys(simulator)).toEqual(before);
			expect(sets(simulator)).toBeLessThanOrEqual(1_000 / batchSize + 130);
		},
	);
});

describe('an odd entry of the list', () => {
	const ODD: Array<[string, object]> = [
		['a tunnel twice', { kind: 'listTwice' }],
		['one tunnel twice', { kind: 'listTwice', count: 1 }],
		['an entry without a name', { kind: 'listAlso', tunnels: [{ id: 'f'.repeat(32) }] }],
		['an entry without an id', { kind: 'listAlso', tunnels: [{ name: 'x' }] }],
		['an id that is none', { kind: 'listAlso', tunnels: [{ id: '../x', name: 'x' }] }],
		['no objects', { kind: 'listAlso', tunnels: [null, 'tunnel', 7, [], {}] }],
		['a tunnel of no name', { kind: 'listAlso', tunnels: [{ id: 'e'.repeat(32), name: 7 }] }],
	];

	it.each(ODD)('%s keeps nobody from a new key', async (_, fault) => {
		const simulator = account();
		add({ operation: 'list', ...fault });
		for (const operation of ['set', 'generate']) {
			for (const tunnelId of [undefined, byName('={{ $json.name }}')]) {
				const { jsons, error } = await runPsk(simulator, operation, {
					parameters: tunnelId === undefined ? {} : { tunnelId },
				});
				expect(error).toBeUndefined();
				expect(jsons[0]!.map(({ psk, verified }) => [psk, verified])).toEqual(
					liveKeys(simulator).map((key) => [key, true]),
				);
			}
		}
	});

	it('a tunnel that the list lacks is no tunnel of the account, and is not touched', async () => {
		const simulator = account();
		const before = liveKeys(simulator);
		add({ kind: 'unlist', count: 1, operation: 'list' });
		const { error } = await runPsk(simulator, 'set');
		expect(error?.message).toContain('names no single tunnel');
		expect(liveKeys(simulator)).toEqual(before);
	});
});
