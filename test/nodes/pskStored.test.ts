import type { IDataObject } from 'n8n-workflow';
import { PACKAGE_NAME } from '../helpers/engine';
import { useAccount } from '../helpers/account';
import { byName, itemsOf, liveKeys, psk, runPsk, statuses } from '../helpers/psk';
import { leaksIn } from '../helpers/scanner';

/** Set, where the vault says whether it stored the key. */

const account = useAccount();

const STORED: IDataObject = { stored: '={{ $json.stored }}' };

/** The keys to set, each with what the vault said of it. */
const answered = (...stored: unknown[]): IDataObject[] =>
	itemsOf(account()).map((item, index) => ({ ...item, stored: stored[index] as boolean }));

const set = async (
	options: IDataObject,
	items: IDataObject[],
	more: Parameters<typeof psk>[2] = {},
) => await psk(account(), 'set', { options, items, ...more });

const sent = () =>
	account()
		.requests.filter(({ operation }) => operation === 'pskSet')
		.flatMap(({ body }) => (body as { psks: Array<{ psk: string }> }).psks);

describe('Stored', () => {
	it('lets through what is true, and the keys of the others are not sent', async () => {
		const before = liveKeys(account());
		const { jsons, error, hints } = await set(STORED, answered(true, false, true));
		expect(error).toBeUndefined();
		expect(statuses(jsons[1])).toEqual(['applied', 'unapplied', 'applied']);
		expect(jsons[0]!.map((item) => item.psk)).toEqual([
			liveKeys(account())[0],
			liveKeys(account())[2],
		]);
		expect(liveKeys(account())[1]).toBe(before[1]);
		expect(sent()).toHaveLength(2);
		const [, second] = account().tunnels();
		expect(jsons[1]![1]).toMatchObject({
			ipsec_tunnel_id: second!.id,
			tunnel_name: second!.name,
			account_id: account().accountId,
			verified: false,
			reason: "The vault did not store it, so it was not sent: 'Stored' gave false.",
		});
		expect(jsons[1]![1]!.message).toContain('old one is still live: The vault did not store it');
		expect(JSON.stringify(hints)).toContain('1 of 3 keys not applied');
	});

	it.each<[unknown, string]>([
		[undefined, 'nothing'],
		[null, 'nothing'],
		['', 'a text'],
		['true', 'a text'],
		['false', 'a text'],
		[1, 'a number'],
		[{ stored: true }, 'no boolean'],
		[[true], 'no boolean'],
	])('takes %j for not stored', async (value, gave) => {
		const { jsons } = await set(STORED, answered(true, value, true));
		expect(statuses(jsons[1])).toEqual(['applied', 'unapplied', 'applied']);
		expect(jsons[1]![1]!.reason).toContain(`'Stored' gave ${gave}`);
		expect(sent()).toHaveLength(2);
	});

	it.each([
		'={{ $json.nothing.there }}',
		"={{ $('no such node').item.json.stored }}",
		'={{ $json. }}',
	])('takes %s, which fails, for not stored', async (stored) => {
		const { jsons, error } = await set({ stored }, answered(true, true, true), {
			node: { onError: 'continueRegularOutput' },
		});
		expect(error).toBeUndefined();
		expect(statuses(jsons[1])).toEqual(['unapplied', 'unapplied', 'unapplied']);
		expect(jsons[1]![0]!.reason).toMatch(/'Stored' gave (nothing|an expression that failed)/);
		expect(sent()).toEqual([]);
	});

	it.each([true, false, '', 'true', '={{ true }}', '={{ "$json" !== "" }}', '=true'])(
		'of %j was typed in, which proves nothing',
		async (stored) => {
			const { error } = await set({ stored }, answered(true, true, true));
			expect(error?.message).toBe("The option 'Stored' reads nothing");
			expect(error?.description).toContain('{{ $json.stored }}');
			const { jsons } = await set({ stored }, answered(true, true, true), {
				node: { onError: 'continueErrorOutput' },
			});
			expect(jsons.map((items) => items.length)).toEqual([0, 3, 0]);
			expect(sent()).toEqual([]);
		},
	);

	it('of none at all stops the run, since nothing was changed', async () => {
		const { error } = await set(STORED, answered(false, false, false));
		expect(error?.message).toBe('Could not set the PSKs: none of the 3 was applied');
		expect(error?.description).toContain('Item 0: The vault did not store it');
		expect(error?.description).toContain('the old keys are still live');
		expect(sent()).toEqual([]);
	});

	it('of one, where Cloudflare refuses the others, stops the run and blames nobody alone', async () => {
		account().faults.add({
			kind: 'unapply',
			operation: 'pskSet',
			reason: 'frozen',
			times: Infinity,
		});
		const { error } = await set(STORED, answered(true, false, true));
		expect(error?.message).toBe('Could not set the PSKs: none of the 3 was applied');
		expect(error?.description).toContain('Item 0: frozen');
		expect(error?.description).toContain('Item 1: The vault did not store it');
	});

	it("needs no key of an item that was not stored, such as a vault's error", async () => {
		const [first, second, third] = answered(true, true, true);
		const failed = { id: second!.id, error: 'the vault is sealed' };
		const { jsons, error } = await set(STORED, [first!, failed, third!]);
		expect(error).toBeUndefined();
		expect(statuses(jsons[1])).toEqual(['applied', 'unapplied', 'applied']);
		expect(jsons[1]![1]!.reason).toContain("'Stored' gave nothing");
	});

	it('does not make up for a key that is none', async () => {
		const [first, second, third] = answered(true, true, true);
		const { error } = await set(STORED, [first!, { ...second!, psk: '' }, third!]);
		expect(error?.message).toContain("'Pre-Shared Key' holds no key");
		expect(sent()).toEqual([]);
	});

	it('does not make up for a tunnel in two items', async () => {
		const { id } = account().tunnels()[0]!;
		const items = [true, false].map((stored) => ({ id, psk: 'a key of its own', stored }));
		const { error } = await set(STORED, items);
		expect(error?.message).toContain('in more than one item');
		expect(sent()).toEqual([]);
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'%s: every tunnel has its outcome, and no key leaves but by Secret',
		async (onError) => {
			const { jsons, hints, error } = await set(STORED, answered(false, true, undefined), {
				node: { onError },
			});
			expect(error).toBeUndefined();
			expect(statuses(jsons[1])).toEqual(['unapplied', 'applied', 'unapplied']);
			expect(jsons[0]).toHaveLength(1);
			expect(jsons[2] ?? []).toEqual([]);
			const keys = itemsOf(account()).map((item) => item.psk);
			expect(leaksIn([jsons.slice(1), hints], keys)).toEqual([]);
		},
	);

	it('is obeyed by Validate Only too: it tells what the run would do', async () => {
		const { jsons } = await set({ ...STORED, validateOnly: true }, answered(true, false, true));
		expect(statuses(jsons[1])).toEqual(['validated', 'unapplied', 'validated']);
		expect(sent()).toHaveLength(2);
	});

	it('is not told in the place of the tunnel by a key that was not stored', async () => {
		const key = 'abcdef0123456789abcdef0123456789';
		const items = [{ name: key, key, stored: false }, ...answered(true)];
		const { jsons } = await set(STORED, items.slice(0, 1), {
			psk: '={{ $json.key }}',
			tunnelId: byName('={{ $json.name }}'),
			node: { onError: 'continueRegularOutput' },
		});
		expect(statuses(jsons[1])).toEqual(['unapplied']);
		expect(leaksIn([jsons], [key])).toEqual([]);
	});

	it('holds for a run that is stopped', async () => {
		const held = account().faults.add({ kind: 'hold', operation: 'pskSet', when: 'before' });
		const moment = held.arrived();
		void moment.then(() => setTimeout(() => held.release(), 5));
		const { jsons } = await runPsk(account(), 'set', {
			parameters: { options: STORED },
			items: answered(true, false, true),
			stopWhen: moment,
		});
		expect(statuses(jsons[1])[1]).toBe('unapplied');
		expect(jsons[1]![1]!.reason).toContain('The vault did not store it');
		expect(sent()).toHaveLength(2);
	});

	it("is no agent's to say", async () => {
		const { error } = await set(STORED, answered(true, true, true), {
			node: { type: `${PACKAGE_NAME}.cloudflareMagicIpsecTool` },
		});
		expect(error?.message).toBe('PSK operations are not for AI agents');
		expect(account().requests).toEqual([]);
	});
});

describe('a key that is faulty', () => {
	it('is not told in the place of the tunnel', async () => {
		const key = 'a-key-of-two\nlines-0123456789';
		const { jsons } = await psk(account(), 'set', {
			psk: '={{ $json.key }}',
			tunnelId: byName('={{ $json.key }}'),
			items: [{ key }],
			node: { onError: 'continueRegularOutput' },
		});
		expect(statuses(jsons[1])).toEqual(['unapplied']);
		expect(JSON.stringify(jsons)).not.toContain('a-key-of-two');
	});
});
