import type { IDataObject } from 'n8n-workflow';
import { PACKAGE_NAME } from '../helpers/engine';
import { useAccount } from '../helpers/account';
import { byName, liveKeys, psk, statuses } from '../helpers/psk';
import { leaksIn } from '../helpers/scanner';

/** Prepare, where a vault still holds the keys of a run that was cut off, and where not every key is due. */

const account = useAccount({ tunnels: 3, seed: 1, ageDays: [120, 3, null] });

const PENDING = 'pending-of-a-run-that-was-cut-off';

const IS_NEW = /^[1-9A-Za-z][0-9A-Za-z]{42}$/;

/** One item for each tunnel as a vault answers it, with what it holds as pending. */
const held = (...pending: unknown[]): IDataObject[] =>
	account()
		.tunnels()
		.map(({ id }, index) => ({ id, data: { pending: pending[index] as string } }));

const prepare = async (
	options: IDataObject,
	items: IDataObject[],
	more: Parameters<typeof psk>[2] = {},
) => await psk(account(), 'prepare', { options, items, ...more });

const RESUME: IDataObject = { pendingKey: '={{ $json.data.pending }}' };

const keysOf = (items: IDataObject[] | undefined) => (items ?? []).map((item) => item.psk);

/** How many outcomes there are on each output. */
const counts = (jsons: IDataObject[][]) => jsons.map((items) => items.length);

describe('Pending Key', () => {
	it('is used again, and an empty one means that there is none', async () => {
		for (const none of ['', null, undefined]) {
			const before = liveKeys(account());
			const { jsons, error } = await prepare(RESUME, held(PENDING, none, none));
			expect(error).toBeUndefined();
			expect(statuses(jsons[0])).toEqual(['validated', 'validated', 'validated']);
			expect(jsons[0]![0]!.psk).toBe(PENDING);
			for (const key of keysOf(jsons[0]).slice(1)) expect(key).toMatch(IS_NEW);
			expect(liveKeys(account())).toEqual(before);
		}
	});

	it('is prepared without the check, and sent nowhere', async () => {
		const { jsons } = await prepare(RESUME, held(PENDING, '', ''), { checkWithCloudflare: false });
		expect(statuses(jsons[0])).toEqual(['prepared', 'prepared', 'prepared']);
		expect(jsons[0]![0]!.psk).toBe(PENDING);
		expect(account().requests.map(({ operation }) => operation)).toEqual(['list']);
	});

	it('is said to be one that may be live already', async () => {
		for (const checkWithCloudflare of [true, false]) {
			const { jsons } = await prepare(RESUME, held(PENDING, '', ''), { checkWithCloudflare });
			const [first, second] = jsons[1]!.map(({ message }) => String(message));
			expect(first).toContain('pending');
			expect(first).toContain('may be live already');
			expect(second).toContain('is not live yet');
			expect(leaksIn([jsons[1]], [PENDING])).toEqual([]);
		}
	});

	it('that Cloudflare refuses in the check is unapplied, and to be kept', async () => {
		const [first] = account().tunnels();
		account().faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			ids: [first!.id],
			reason: 'not today',
		});
		const { jsons } = await prepare(RESUME, held(PENDING, '', ''));
		expect(statuses(jsons[1])).toEqual(['unapplied', 'validated', 'validated']);
		expect(jsons[1]![0]!.reason).toContain('not today');
		expect(jsons[1]![0]!.reason).toContain('may be live already');
		expect(counts(jsons)).toEqual([2, 3]);
	});

	it.each<[unknown, string]>([
		['two\nlines', 'holds a line break'],
		['undefined', "holds 'undefined', which a template puts"],
		['null', "holds 'null', which a template puts"],
		[`${PENDING} `, 'holds white space'],
		[12345678, 'holds no text, but a value of type number'],
		[{ psk: PENDING }, 'holds no text, but a value of type object'],
		[[PENDING], 'holds no text, but a list'],
	])('that is none, such as %j, stops the run before the check', async (wrong, fault) => {
		const { error } = await prepare(RESUME, held(wrong, '', ''));
		expect(error?.message).toContain(`The option 'Pending Key' ${fault}`);
		expect(leaksIn([error?.message, error?.description], [PENDING, 'two', '12345678'])).toEqual([]);
		expect(account().requests.some(({ operation }) => operation === 'pskSet')).toBe(false);
	});

	it.each([
		'typed-in-by-somebody',
		'={{ "typed-in-by-somebody" }}',
		'={{ $json.data.nothing ?? "typed-in-by-somebody" }}',
	])('by %s was typed in, and no option allows that', async (pendingKey) => {
		for (const allowLiteral of [false, true]) {
			const { error } = await prepare({ pendingKey, allowLiteral }, held());
			expect(error?.message).toContain("'Pending Key' holds a key that was typed in");
			expect(error?.description).toContain('{{ $json.data.pending }}');
			expect(error?.description).not.toContain('Allow Literal');
			expect(JSON.stringify([error, error?.message, error?.description])).not.toContain('somebody');
		}
		expect(account().requests.some(({ operation }) => operation === 'pskSet')).toBe(false);
	});

	it.each(['', '={{ "" }}', '=', "={{ '$json' && '' }}"])(
		'by %j reads nothing, so that what is pending would never be seen',
		async (pendingKey) => {
			const { error } = await prepare({ pendingKey }, held());
			expect(error?.message).toContain("The option 'Pending Key' reads nothing");
			expect(error?.description).toContain('{{ $json.data.pending }}');
		},
	);

	it('by an expression that fails is not taken for none', async () => {
		const { error } = await prepare(
			{ pendingKey: "={{ $('the-vault-of-no-node').item.json.pending }}" },
			held(),
		);
		expect(error?.message).toContain("'Pending Key' holds an expression that failed");
		expect(error?.message).not.toContain('no-node');
	});

	it('is refused where two items name one tunnel', async () => {
		const [first] = account().tunnels();
		const items = ['pending-number-one', 'pending-number-two'].map((pending) => ({
			id: first!.id,
			data: { pending },
		}));
		const { error } = await prepare(RESUME, items);
		expect(error?.message).toContain('in more than one item');
		expect(JSON.stringify(error)).not.toContain('pending-number');
		expect(account().requests.map(({ operation }) => operation)).toEqual(['list']);
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'%s: a faulty one is unapplied, and the others go on',
		async (onError) => {
			const { jsons, error } = await prepare(RESUME, held('two\nlines', PENDING, ''), {
				node: { onError },
			});
			expect(error).toBeUndefined();
			expect(statuses(jsons[1])).toEqual(['unapplied', 'validated', 'validated']);
			expect(jsons[1]![0]!.reason).toContain("'Pending Key' holds a line break");
			expect(jsons[1]![0]!.ipsec_tunnel_id).toBe(account().tunnels()[0]!.id);
			expect(jsons[0]![0]!.psk).toBe(PENDING);
			expect(jsons[2] ?? []).toEqual([]);
		},
	);

	it('leaves by the output Secret alone, also where it stands in place of the tunnel or the account', async () => {
		const key = 'abcdef0123456789abcdef0123456789';
		const items = [
			{ name: `${key}\n`, data: { pending: `${key}\n` } },
			{ name: key, data: { pending: key } },
		];
		for (const more of [{}, { requireUnsaved: true }, { accountId: '={{ $json.name.trim() }}' }]) {
			const run = await prepare({ ...RESUME, ...more }, items, {
				tunnelId: byName('={{ $json.name }}'),
				node: { onError: 'continueRegularOutput' },
			});
			expect(statuses(run.jsons[1])).toEqual(['unapplied', 'unapplied']);
			expect(leaksIn([run.jsons, run.hints], [key])).toEqual([]);
			const stopped = await prepare({ ...RESUME, ...more }, items, {
				tunnelId: byName('={{ $json.name }}'),
			});
			expect(stopped.error).toBeDefined();
			const { message, description } = stopped.error!;
			expect(leaksIn([message, description, stopped.error], [key])).toEqual([]);
		}
	});

	it("is no agent's to give", async () => {
		const { error } = await prepare(RESUME, held(PENDING, '', ''), {
			node: { type: `${PACKAGE_NAME}.cloudflareMagicIpsecTool` },
		});
		expect(error?.message).toBe('PSK operations are not for AI agents');
		expect(account().requests).toEqual([]);
	});
});

describe('Only Older Than (Days)', () => {
	const due = async (olderThanDays: unknown, pending: unknown[] = [], more: IDataObject = {}) =>
		await prepare({ ...RESUME, olderThanDays } as IDataObject, held(...pending), more);

	const tunnelsOf = (items: IDataObject[] | undefined) =>
		(items ?? []).map(({ ipsec_tunnel_id: id }) =>
			account()
				.tunnels()
				.findIndex((tunnel) => tunnel.id === id),
		);

	it('makes keys for what is that old or was never set, and tells how many it skipped', async () => {
		const { jsons, hints } = await due(90);
		expect(tunnelsOf(jsons[0])).toEqual([0, 2]);
		expect(tunnelsOf(jsons[1])).toEqual([0, 2]);
		expect(JSON.stringify(hints)).toContain('1 of 3 tunnels were skipped');
		expect(hints.map(({ type }) => type)).toContain('info');
		const sent = account().requests.filter(({ operation }) => operation === 'pskSet');
		expect((sent[0]!.body as { psks: unknown[] }).psks).toHaveLength(2);
	});

	it('lets a pending key through whatever the age', async () => {
		const { jsons } = await due(90, ['', PENDING, '']);
		expect(tunnelsOf(jsons[0])).toEqual([0, 1, 2]);
		expect(jsons[0]![1]!.psk).toBe(PENDING);
	});

	it('skips nothing at 0 days', async () => {
		const { jsons, hints } = await due(0);
		expect(tunnelsOf(jsons[0])).toEqual([0, 1, 2]);
		expect(JSON.stringify(hints)).not.toContain('skipped');
	});

	it('may skip everything, which is no fault, and sends nothing', async () => {
		const two = held().slice(0, 2);
		const { jsons, error, hints } = await prepare({ olderThanDays: 1000 }, two);
		expect(error).toBeUndefined();
		expect(counts(jsons)).toEqual([0, 0]);
		expect(hints).toHaveLength(1);
		expect(hints[0]!.message).toContain('2 of 2 tunnels were skipped');
		expect(account().requests.map(({ operation }) => operation)).toEqual(['list']);
	});

	it('may differ from item to item, and pairs what is left with its items', async () => {
		const days = [1000, 2, 0];
		const items = held().map((item, index) => ({ ...item, days: days[index] }));
		const { outputs } = await prepare({ olderThanDays: '={{ $json.days }}' }, items);
		expect(outputs[0]!.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 1 }, { item: 2 }]);
	});

	it.each([-1, 'ninety', '={{ null }}', '={{ NaN }}'])('of %j is refused', async (days) => {
		const { error } = await due(days);
		expect(error?.message).toBe("The option 'Only Older Than (Days)' can't be used");
		expect(error?.description).toContain('Give a number of days, 0 or more.');
		expect(account().requests.some(({ operation }) => operation === 'pskSet')).toBe(false);
	});
});
