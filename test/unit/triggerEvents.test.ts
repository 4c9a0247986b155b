import type { IpsecTunnel } from '../../nodes/api/types';
import type { EventSettings } from '../../nodes/CloudflareMagicIpsec/trigger/events';
import { compare, EVENTS, isDue } from '../../nodes/CloudflareMagicIpsec/trigger/events';
import type { Missing } from '../../nodes/CloudflareMagicIpsec/trigger/missing';
import type { Snapshot } from '../../nodes/CloudflareMagicIpsec/trigger/snapshot';

/** What the polling trigger finds between two lists, and what it remembers for the next poll. */

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-11-21T10:00:00.750Z');
const SECONDS = Math.floor(NOW / 1000);

const NOTHING_MISSING: Missing = { gone: new Set(), doubtful: new Map() };

const ago = (ms: number) => new Date(NOW - ms).toISOString();

/** A tunnel with a key of a day. */
function tunnelOf(digit: string, change: object = {}): IpsecTunnel {
	return {
		id: digit.repeat(32),
		name: `site-${digit}`,
		cloudflare_endpoint: '162.159.64.1',
		customer_endpoint: '203.0.113.7',
		interface_address: '10.0.0.0/31',
		psk_metadata: { last_generated_on: ago(DAY_MS) },
		...change,
	} as unknown as IpsecTunnel;
}

const old = (digit: string, change: object = {}) =>
	tunnelOf(digit, { psk_metadata: { last_generated_on: ago(100 * DAY_MS) }, ...change });

function settings(change: Partial<EventSettings> = {}): EventSettings {
	return {
		events: new Set(EVENTS),
		includes: () => true,
		dueAfterMs: 90 * DAY_MS,
		remindAfterMs: 7 * DAY_MS,
		...change,
	};
}

interface Poll {
	missing?: Partial<Missing>;
	now?: number;
	change?: Partial<EventSettings>;
}

function poll(before: Snapshot | undefined, tunnels: IpsecTunnel[], more: Poll = {}) {
	const { missing, now = NOW, change } = more;
	const all = { ...NOTHING_MISSING, ...missing };
	const { found, after } = compare(before, tunnels, all, now, settings(change));
	const told = found.map(({ event, tunnel }) => [event, tunnel.id.slice(0, 1)]);
	return { found, after, told };
}

const toldAt = (after: Snapshot, digit: string) => after.get(digit.repeat(32))!.tunnel.dueToldAt;

describe('a key', () => {
	it.each([
		['the very age', 0, false],
		['a millisecond more', 1, true],
	])('of %s after which it is due: %s', (_, more, due) => {
		const tunnel = tunnelOf('a', {
			psk_metadata: { last_generated_on: ago(90 * DAY_MS + more) },
		});
		expect(isDue(tunnel, settings(), NOW)).toBe(due);
	});

	it('that was never made is due', () => {
		expect(isDue(tunnelOf('a', { psk_metadata: {} }), settings(), NOW)).toBe(true);
	});
});

describe('a first poll', () => {
	it('tells of keys that are due, of nothing else, and remembers all', () => {
		const { told, after } = poll(undefined, [tunnelOf('a'), old('b')]);
		expect(told).toEqual([['pskRotationDue', 'b']]);
		expect([...after.keys()]).toEqual(['a'.repeat(32), 'b'.repeat(32)]);
		expect([toldAt(after, 'a'), toldAt(after, 'b')]).toEqual([0, SECONDS]);
	});

	it('does not count a key as told where the event is not wanted, or the tunnel is not', () => {
		for (const change of [
			{ events: new Set(['tunnelCreated'] as const) },
			{ includes: () => false },
		]) {
			const { told, after } = poll(undefined, [old('b')], { change });
			expect([told, toldAt(after, 'b')]).toEqual([[], 0]);
		}
	});
});

describe('a key that was told of as due', () => {
	const first = () => poll(undefined, [old('b')]).after;

	it.each([
		['a millisecond too early', 7 * DAY_MS - 1, 7 * DAY_MS, false],
		['at that very moment', 7 * DAY_MS, 7 * DAY_MS, true],
		['never, if it is to be told of once', 700 * DAY_MS, 0, false],
	])('is told of again after the days that were chosen: %s', (_, later, remindAfterMs, again) => {
		const now = SECONDS * 1000 + later;
		const { told, after } = poll(first(), [old('b')], { now, change: { remindAfterMs } });
		expect(told).toEqual(again ? [['pskRotationDue', 'b']] : []);
		expect(toldAt(after, 'b')).toBe(again ? Math.floor(now / 1000) : SECONDS);
	});

	it('stays told while something else changes', () => {
		const { told, after } = poll(first(), [old('b', { description: 'moved' })], {
			now: NOW + DAY_MS,
		});
		expect(told).toEqual([['tunnelUpdated', 'b']]);
		expect(toldAt(after, 'b')).toBe(SECONDS);
	});

	it('is told of once where there is none, too, whatever else changes', () => {
		const without = { psk_metadata: {} };
		const { after } = poll(undefined, [tunnelOf('b', without)]);
		const changed = poll(after, [tunnelOf('b', { ...without, description: 'moved' })]);
		expect(changed.told).toEqual([['tunnelUpdated', 'b']]);
		expect(toldAt(changed.after, 'b')).toBe(SECONDS);
	});

	it('is told of anew once it is another key that is due', () => {
		const renewed = tunnelOf('b', { psk_metadata: { last_generated_on: ago(95 * DAY_MS) } });
		const { told, after } = poll(first(), [renewed], { now: NOW + DAY_MS });
		expect(told).toEqual([
			['pskChanged', 'b'],
			['pskRotationDue', 'b'],
		]);
		expect(toldAt(after, 'b')).toBe(SECONDS + DAY_MS / 1000);
	});

	it('counts as never told once a young key has taken its place', () => {
		const { after } = poll(first(), [tunnelOf('b')]);
		expect(toldAt(after, 'b')).toBe(0);
	});
});

describe('a tunnel that is listed again', () => {
	const before = () => poll(undefined, [tunnelOf('a')]).after;

	it('as it was is not even worked out anew', () => {
		const known = before();
		const { told, after } = poll(known, [tunnelOf('a')]);
		expect(told).toEqual([]);
		expect(after.get('a'.repeat(32))).toBe(known.get('a'.repeat(32)));
	});

	it('with everything changed gives one event of each kind, the first with all changes', () => {
		const changed = tunnelOf('a', {
			name: 'moved',
			description: 'new',
			bgp_status: { state: 'BGP_UP' },
			psk_metadata: { last_generated_on: ago(5) },
		});
		const { found, told } = poll(before(), [changed]);
		expect(told).toEqual([
			['tunnelUpdated', 'a'],
			['pskChanged', 'a'],
			['bgpStateChanged', 'a'],
		]);
		const psk = { last_generated_on: { old: ago(DAY_MS), new: ago(5) } };
		const bgp = { bgp_state: { old: null, new: 'BGP_UP' } };
		expect(found.map(({ changes }) => changes)).toEqual([
			{ name: { old: 'site-a', new: 'moved' }, description: { new: 'new' }, ...bgp, ...psk },
			psk,
			bgp,
		]);
	});

	it('without what it had tells of null', () => {
		const bare = tunnelOf('a', { psk_metadata: {}, customer_endpoint: undefined });
		const { found } = poll(before(), [bare], { change: { events: new Set(['tunnelUpdated']) } });
		expect(found.map(({ changes }) => changes)).toEqual([
			{
				customer_endpoint: { old: '203.0.113.7', new: null },
				last_generated_on: { old: ago(DAY_MS), new: null },
			},
		]);
	});

	it('with a field that nobody knows tells of that field by its name', () => {
		const newer = tunnelOf('a', { post_quantum: true });
		const { found } = poll(before(), [newer]);
		expect(found.map(({ changes }) => changes)).toEqual([{ post_quantum: { new: true } }]);
	});

	it('tells neither by its changes nor by its fields of a BGP key', () => {
		const secret = (md5_key: string, customer_asn: number) =>
			tunnelOf('a', { bgp: { customer_asn, md5_key } });
		const known = poll(undefined, [secret('one', 1)]).after;
		expect(poll(known, [secret('another', 1)]).told).toEqual([]);
		const { found } = poll(known, [secret('another', 2)]);
		expect(found[0]!.changes).toEqual({ bgp: { new: { customer_asn: 2 } } });
		expect(found[0]!.tunnel.bgp).toEqual({ customer_asn: 2 });
	});

	it.each([
		['by the name of before', 'site-a', true],
		['by the name of now', 'moved', true],
		['by no name', 'other', false],
	])('and renamed is told of where the filter takes it %s', (_, wanted, isTold) => {
		const change = { includes: ({ name }: { name: string }) => name === wanted };
		const { told, after } = poll(before(), [tunnelOf('a', { name: 'moved' })], { change });
		expect(told).toEqual(isTold ? [['tunnelUpdated', 'a']] : []);
		expect(after.get('a'.repeat(32))!.tunnel.name).toBe('moved');
	});

	it('is found by its id, too, where only that was known before', () => {
		const change = {
			includes: ({ id, name }: { id: string; name: string }) =>
				id + name === `${'a'.repeat(32)}site-a`,
		};
		expect(poll(before(), [tunnelOf('a', { name: 'moved' })], { change }).told).toHaveLength(1);
	});
});

describe('a tunnel that was not listed before', () => {
	it('is told of as created, and as due if it is', () => {
		const before = poll(undefined, []).after;
		expect(poll(before, [tunnelOf('a'), old('b')]).told).toEqual([
			['tunnelCreated', 'a'],
			['tunnelCreated', 'b'],
			['pskRotationDue', 'b'],
		]);
	});
});

it('a filter is asked about what is known of a tunnel only', () => {
	const asked: string[] = [];
	const includes = ({ name }: { name: string }) => {
		asked.push(name);
		return false;
	};
	const { after } = poll(poll(undefined, []).after, [tunnelOf('a')], { change: { includes } });
	expect(asked).toStrictEqual(['site-a']);
	expect(after.size).toBe(1);
});

describe('tunnels that are no longer listed', () => {
	const before = () => poll(undefined, [tunnelOf('a'), tunnelOf('b'), tunnelOf('c')]).after;
	const id = (digit: string) => digit.repeat(32);

	it('are told of once they are gone, with what was last known', () => {
		const { found, after } = poll(before(), [tunnelOf('c')], {
			missing: { gone: new Set([id('a')]) },
		});
		expect(found).toEqual([
			{
				event: 'tunnelDeleted',
				changes: {},
				tunnel: {
					id: id('a'),
					name: 'site-a',
					cloudflare_endpoint: '162.159.64.1',
					customer_endpoint: '203.0.113.7',
					psk_metadata: { last_generated_on: ago(DAY_MS) },
				},
			},
		]);
		expect([...after.keys()]).toEqual([id('c'), id('b')]);
	});

	it('are told of with null and no date where nothing of the kind was known', () => {
		const bare = { customer_endpoint: undefined, psk_metadata: undefined };
		const known = poll(undefined, [tunnelOf('a', bare)]).after;
		const { found } = poll(known, [], { missing: { gone: new Set([id('a')]) } });
		const { customer_endpoint, psk_metadata } = found[0]!.tunnel;
		expect([customer_endpoint, psk_metadata]).toEqual([null, {}]);
	});

	it('are forgotten without a word where the filter does not take them', () => {
		const change = { includes: ({ name }: { name: string }) => name !== 'site-a' };
		const gone = new Set([id('a'), id('b')]);
		const { told, after } = poll(before(), [tunnelOf('c')], { missing: { gone }, change });
		expect(told).toEqual([['tunnelDeleted', 'b']]);
		expect([...after.keys()]).toEqual([id('c')]);
	});

	it('are remembered in the order in which the next poll is to ask for them', () => {
		const doubtful = new Map([[id('a'), 'it answers by its ID']]);
		const known = before();
		const { told, after } = poll(known, [], { missing: { doubtful } });
		expect(told).toEqual([]);
		expect([...after.keys()]).toEqual([id('b'), id('c'), id('a')]);
		expect(after.get(id('a'))).toBe(known.get(id('a')));
	});
});
