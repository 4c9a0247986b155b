import { printed } from '../helpers/printed';
import { omit } from 'lodash';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { wholeFingerprint } from '../../nodes/CloudflareMagicIpsec/trigger/configuration';
import { Remembered, snapshotOf } from '../../nodes/CloudflareMagicIpsec/trigger/snapshot';
import { storedForm } from '../../nodes/CloudflareMagicIpsec/trigger/storedForm';
import { clock } from '../../nodes/http/clock';
import { useAccount } from '../helpers/account';
import { statusFault } from '../helpers/answer';
import { credentialsOf } from '../helpers/node';
import type { PollerOptions } from '../helpers/poller';
import { Poller } from '../helpers/poller';
import { leaksIn } from '../helpers/scanner';
import { useVirtualClock } from '../helpers/virtualClock';
import type { Simulator } from '../simulator';

const ALL = [
	'bgpStateChanged',
	'pskChanged',
	'pskRotationDue',
	'tunnelCreated',
	'tunnelDeleted',
	'tunnelUpdated',
];

/** Everything but keys that are due, which most accounts here have. */
const CHANGES = ALL.filter((event) => event !== 'pskRotationDue');

const DAY = 86_400_000;

const account = useAccount({ tunnels: 3, seed: 4, ageDays: [10, 100, null] });

function pollerOf(
	simulator: Simulator,
	parameters: INodeParameters = {},
	more: Partial<PollerOptions> = {},
): Poller {
	return new Poller({
		credentials: credentialsOf(simulator),
		parameters: { events: CHANGES, ...parameters },
		...more,
	});
}

const kinds = (items: IDataObject[]) => items.map(({ event, tunnel_name }) => [event, tunnel_name]);

describe.each(['legacy', 'durable'] as const)('the polling trigger (%s cursors)', (cursors) => {
	useVirtualClock();

	const started = async (parameters: INodeParameters = {}) => {
		const poller = pollerOf(account(), parameters, { cursors });
		await poller.activate();
		await poller.poll();
		return poller;
	};

	/** After a start of n8n; with durable cursors the first scheduled poll does what the start does else. */
	const restarted = async (poller: Poller) => [
		...(await poller.activate()),
		...(await poller.poll()),
	];

	it('takes the first poll as a silent baseline, with one request', async () => {
		const poller = pollerOf(account(), {}, { cursors });
		expect(await poller.activate()).toEqual([]);
		expect(account().requests.map(({ operation }) => operation)).toEqual(['list']);
		expect(await poller.poll()).toEqual([]);
		expect(account().requests).toHaveLength(2);
	});

	it('tells of a new tunnel, whole', async () => {
		const poller = await started();
		const made = account().addTunnel({ name: 'site-new' });
		const [item, ...others] = await poller.poll();
		expect(others).toEqual([]);
		expect(item).toMatchObject({
			event: 'tunnelCreated',
			tunnel_id: made.id,
			tunnel_name: 'site-new',
			account_id: account().accountId,
			changes: {},
		});
		expect(item!.tunnel).toMatchObject({ id: made.id, name: 'site-new' });
		expect(Date.parse(String(item!.detected_at))).not.toBeNaN();
		expect(await poller.poll()).toEqual([]);
	});

	it('tells of a deleted tunnel what was last known', async () => {
		const poller = await started();
		const [first] = account().tunnels();
		account().removeTunnel(first!.id);
		const [item] = await poller.poll();
		expect(item).toMatchObject({
			event: 'tunnelDeleted',
			tunnel_id: first!.id,
			tunnel_name: first!.name,
			tunnel: {
				id: first!.id,
				name: first!.name,
				cloudflare_endpoint: first!.cloudflare_endpoint,
				customer_endpoint: first!.customer_endpoint,
				psk_metadata: first!.psk_metadata,
			},
		});
		expect(await poller.poll()).toEqual([]);
	});

	it('tells which fields of the configuration changed', async () => {
		const poller = await started();
		const [first] = account().tunnels();
		account().updateTunnel(first!.id, {
			name: 'renamed',
			description: 'moved',
			customer_endpoint: '203.0.113.99',
			replay_protection: true,
			bgp: { customer_asn: 65001 },
		});
		const [item] = (await poller.poll()).filter(({ event }) => event === 'tunnelUpdated');
		expect(item).toMatchObject({ event: 'tunnelUpdated', tunnel_name: 'renamed' });
		expect(item!.changes).toMatchObject({
			name: { old: first!.name, new: 'renamed' },
			customer_endpoint: { old: first!.customer_endpoint, new: '203.0.113.99' },
			description: { new: 'moved' },
			replay_protection: { new: true },
			bgp: { new: { customer_asn: 65001 } },
		});
		expect(Object.keys(item!.changes as object)).not.toContain('health_check');
		expect(await poller.poll()).toEqual([]);
	});

	it('tells that a key was changed, by whomever, with both dates', async () => {
		const poller = await started();
		const [first] = account().tunnels();
		account().setKey(first!.id, 'a key that somebody set');
		const [item, ...others] = await poller.poll();
		expect(others).toEqual([]);
		expect(item).toMatchObject({
			event: 'pskChanged',
			tunnel_id: first!.id,
			changes: {
				last_generated_on: {
					old: first!.psk_metadata.last_generated_on,
					new: account().tunnel(first!.id)!.psk_metadata.last_generated_on,
				},
			},
		});
		expect(leaksIn(item, ['a key that somebody set'])).toEqual([]);
	});

	it('tells of a first key', async () => {
		const poller = await started();
		const third = account().tunnels()[2]!;
		account().setKey(third.id, 'the first key');
		expect(await poller.poll()).toMatchObject([
			{ event: 'pskChanged', changes: { last_generated_on: { old: null } } },
		]);
	});

	it('tells of a changed BGP state', async () => {
		const [first] = account().tunnels();
		account().updateTunnel(first!.id, { bgp: { customer_asn: 65001 } });
		account().setBgpUp(first!.id, false);
		const poller = await started();
		account().setBgpUp(first!.id, true);
		expect(await poller.poll()).toMatchObject([
			{
				event: 'bgpStateChanged',
				tunnel_id: first!.id,
				changes: { bgp_state: { old: 'BGP_DOWN', new: 'BGP_UP' } },
			},
		]);
		expect(await poller.poll()).toEqual([]);
	});

	it('says nothing of events and tunnels that are not chosen, and later not either', async () => {
		const [first, second] = account().tunnels();
		const poller = await started({
			events: ['pskChanged'],
			filters: { tunnelIds: [first!.id] },
		});
		account().addTunnel({ name: 'other' });
		account().setKey(second!.id, 'x');
		account().removeTunnel(account().tunnels()[2]!.id);
		account().updateTunnel(first!.id, { description: 'y' });
		expect(await poller.poll()).toEqual([]);
		expect(await poller.activate()).toEqual([]);
		account().setKey(first!.id, 'z');
		expect(kinds(await poller.poll())).toEqual([['pskChanged', first!.name]]);
	});

	it('says nothing of the deletion of tunnels that are not chosen', async () => {
		const [first, second] = account().tunnels();
		const poller = await started({ filters: { tunnelIds: [first!.id] } });
		account().removeTunnel(first!.id);
		account().removeTunnel(second!.id);
		expect(kinds(await poller.poll())).toEqual([['tunnelDeleted', first!.name]]);
	});

	it('filters by name, before and after a renaming', async () => {
		const [first] = account().tunnels();
		const poller = await started({ filters: { nameContains: first!.name.toUpperCase() } });
		account().updateTunnel(first!.id, { name: 'elsewhere' });
		expect(kinds(await poller.poll())).toEqual([['tunnelUpdated', 'elsewhere']]);
		account().updateTunnel(first!.id, { description: 'unheard' });
		expect(await poller.poll()).toEqual([]);
	});

	it('survives a restart: nothing is lost and nothing told twice', async () => {
		const poller = await started();
		const [first] = account().tunnels();
		account().setKey(first!.id, 'x');
		expect(kinds(await poller.poll())).toEqual([['pskChanged', first!.name]]);
		expect(await restarted(poller)).toEqual([]);
		account().updateTunnel(first!.id, { description: 'while n8n was down' });
		expect(kinds(await restarted(poller))).toEqual([['tunnelUpdated', first!.name]]);
		expect(await poller.poll()).toEqual([]);
	});

	it.each([
		['an empty list', { kind: 'body', body: '{"success":true,"result":{"ipsec_tunnels":[]}}' }],
		['no list', { kind: 'body', body: '{"success":true,"result":{}}' }],
		['a tunnel without an id', { kind: 'wrongTypes', of: 'fields' }],
		['a truncated answer', { kind: 'truncate', times: Infinity }],
		['HTML', { kind: 'html', status: 503, times: Infinity }],
		['a refusal', { kind: 'status', status: 403, code: 10000, message: 'Authentication error' }],
	])('keeps what it knows after %s', async (_, fault) => {
		const poller = await started();
		const before = [poller.memory(), poller.saved];
		const handle = account().faults.add({ operation: 'list', ...fault } as never);
		expect(await poller.poll()).toEqual([]);
		handle.remove();
		expect([poller.memory(), poller.saved]).toEqual(before);
		expect(await poller.poll()).toEqual([]);
		const [first] = account().tunnels();
		account().setKey(first!.id, 'x');
		expect(kinds(await poller.poll())).toEqual([['pskChanged', first!.name]]);
	});

	it.each([
		['lacks them', '"psk_metadata"', '"other"'],
		['writes them in another form', /(\d{4}-\d\d-\d\d)T([\d:.]+)Z/g, '$1 $2 UTC'],
	])('tells nothing of keys by a list that %s', async (_, pattern, replacement) => {
		const poller = await started({ events: ALL, pskOlderThanDays: 90 });
		const [first] = account().tunnels();
		account().setKey(first!.id, 'x');
		expect(kinds(await poller.poll())).toEqual([['pskChanged', first!.name]]);
		const untold = () =>
			JSON.stringify({ success: true, result: { ipsec_tunnels: account().tunnels() } }).replaceAll(
				pattern,
				replacement,
			);
		const news = (items: IDataObject[]) =>
			kinds(items).filter(([event]) => String(event).startsWith('psk'));
		account().faults.add({ operation: 'list', kind: 'body', body: untold() });
		expect(news(await poller.poll())).toEqual([]);
		expect(news(await poller.poll())).toEqual([]);
		const added = account().addTunnel({ name: 'added', psk: 'its key' });
		account().faults.add({ operation: 'list', kind: 'body', body: untold() });
		expect(news(await poller.poll())).toEqual([]);
		expect(news(await poller.poll())).toEqual([]);
		account().setKey(added.id, 'another key');
		expect(news(await poller.poll())).toEqual([['pskChanged', 'added']]);
	});

	it('shows no key, wherever it stands in an answer', async () => {
		const poller = await started();
		const key = 'a-key-that-cloudflare-echoes';
		const tunnels = account()
			.tunnels()
			.map((tunnel) => ({
				...tunnel,
				description: 'new',
				PSK: key,
				psk_metadata: { ...tunnel.psk_metadata, psk: key },
				ipsec: [{ Psk: key }],
				bgp: { customer_asn: 65001, MD5_KEY: key },
			}));
		const body = JSON.stringify({ success: true, result: { ipsec_tunnels: tunnels } });
		account().faults.add({ operation: 'list', kind: 'body', body });
		const items = await poller.poll();
		expect(items.length).toBeGreaterThan(2);
		expect(leaksIn([items, poller.saved], [key])).toEqual([]);
	});

	it('does not take a shortened list for deletions, and believes a real one', async () => {
		const poller = await started();
		const whole = account().tunnels();
		const body = JSON.stringify({ success: true, result: { ipsec_tunnels: whole.slice(0, 1) } });
		account().faults.add({ operation: 'list', kind: 'body', body });
		expect(await poller.poll()).toEqual([]);
		for (const { id } of whole) account().removeTunnel(id);
		expect(kinds(await poller.poll())).toEqual(whole.map(({ name }) => ['tunnelDeleted', name]));
		expect(await poller.poll()).toEqual([]);
	});

	it('asks for missing tunnels a portion at a time', async () => {
		const more = Array.from({ length: 22 }, (_, n) => account().addTunnel({ name: `more-${n}` }));
		const poller = await started();
		for (const { id } of more) account().removeTunnel(id);
		expect(await poller.poll()).toHaveLength(20);
		expect(await poller.poll()).toHaveLength(2);
		expect(await poller.poll()).toEqual([]);
	});

	it.each([
		['nonsense', { format: 1, account_id: 'ACCOUNT', tunnels: 'nonsense' }],
		['another type', { format: 1, account_id: 'ACCOUNT', tunnels: [1, 2] }],
		['another format', { format: 0, lastSeen: { a: 1 } }],
		['no account', { format: 1, tunnels: '' }],
	])('starts anew where its memory is %s, but tells of keys that are due', async (_, data) => {
		const stored = JSON.parse(
			JSON.stringify(data).replace('ACCOUNT', account().accountId),
		) as IDataObject;
		const poller = pollerOf(account(), { events: ALL, pskOlderThanDays: 90 }, { cursors });
		poller.overwrite(stored);
		const [first, old, none] = account().tunnels();
		expect(kinds(await restarted(poller))).toEqual([
			['pskRotationDue', old!.name],
			['pskRotationDue', none!.name],
		]);
		expect(poller.warnings.length).toBeGreaterThan(0);
		expect(await poller.poll()).toEqual([]);
		account().setKey(first!.id, 'x');
		expect(kinds(await poller.poll())).toEqual([['pskChanged', first!.name]]);
	});
});

describe('a memory that was damaged', () => {
	it.each([
		['cut off', (text: string) => text.slice(0, text.length / 2)],
		['without a tunnel', (text: string) => text.replace(/;[^;]+$/, '')],
		['with a changed character', (text: string) => text.replace('site', 'side')],
		['with a broken escape', (text: string) => text.replace('site', '%E0')],
	])('starts anew, and tells of keys that are due: %s', async (_, damage) => {
		const poller = pollerOf(account(), { events: ALL, pskOlderThanDays: 90 });
		await poller.activate();
		const { tunnels, ...rest } = poller.database();
		const damaged = damage(String(tunnels));
		expect(damaged).not.toBe(tunnels);
		poller.overwrite({ ...rest, tunnels: damaged });
		account().setKey(account().tunnels()[0]!.id, 'unheard');
		expect((await poller.activate()).map(({ event }) => event)).toEqual([
			'pskRotationDue',
			'pskRotationDue',
		]);
		expect(poller.database().tunnels).not.toBe(damaged);
	});
});

describe('keys that are due', () => {
	const time = useVirtualClock();
	const parameters = { events: ALL, pskOlderThanDays: 90 };

	it('are told of at the first poll already, once for each key', async () => {
		const [, old, none] = account().tunnels();
		const poller = pollerOf(account(), parameters);
		const items = await poller.activate();
		expect(kinds(items)).toEqual([
			['pskRotationDue', old!.name],
			['pskRotationDue', none!.name],
		]);
		expect(items.map(({ psk_age_days }) => psk_age_days)).toEqual([100, null]);
		expect(await poller.poll()).toEqual([]);
		expect(await poller.activate()).toEqual([]);
	});

	it('are told of again after some days if that is wished', async () => {
		const poller = pollerOf(account(), { ...parameters, options: { remindAfterDays: 7 } });
		await poller.activate();
		await skip(6 * DAY);
		expect(await poller.poll()).toEqual([]);
		await skip(DAY);
		expect((await poller.poll()).map(({ event }) => event)).toEqual([
			'pskRotationDue',
			'pskRotationDue',
		]);
		expect(await poller.poll()).toEqual([]);
	});

	it('are told of anew when the next key has become old', async () => {
		const [first] = account().tunnels();
		const poller = pollerOf(account(), {
			...parameters,
			filters: { tunnelIds: [first!.id] },
			options: { remindAfterDays: 0 },
		});
		expect(await poller.activate()).toEqual([]);
		await skip(81 * DAY);
		expect(kinds(await poller.poll())).toEqual([['pskRotationDue', first!.name]]);
		account().setKey(first!.id, 'new');
		expect(kinds(await poller.poll())).toEqual([['pskChanged', first!.name]]);
		await skip(91 * DAY);
		expect(kinds(await poller.poll())).toEqual([['pskRotationDue', first!.name]]);
	});

	it('are due from the moment on that they are older than was wished', async () => {
		const [first] = account().tunnels();
		const made = Date.parse(first!.psk_metadata.last_generated_on!);
		const poller = pollerOf(account(), { ...parameters, filters: { tunnelIds: [first!.id] } });
		await poller.activate();
		await skip(made + 90 * DAY - time.now());
		expect(await poller.poll()).toEqual([]);
		await skip(1);
		expect(kinds(await poller.poll())).toEqual([['pskRotationDue', first!.name]]);
	});

	async function skip(ms: number): Promise<void> {
		const { sleep } = clock;
		await sleep(ms);
		expect(time.slept()).toBeGreaterThan(0);
	}
});

describe('polls that overlap', () => {
	it('tell of a change once, and an older answer undoes nothing', async () => {
		const simulator = account();
		const poller = pollerOf(simulator);
		await poller.activate();
		const [first] = simulator.tunnels();
		// The first poll gets its answer made before the change, and late.
		simulator.faults.add({ operation: 'list', kind: 'delay', ms: 300, when: 'after' });
		const slow = poller.poll();
		while (simulator.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
		simulator.updateTunnel(first!.id, { description: 'changed' });
		const emitted = [...(await poller.poll()), ...(await slow), ...(await poller.poll())];
		expect(kinds(emitted)).toEqual([['tunnelUpdated', first!.name]]);
	});
});

describe('polls that overlap while one asks for a missing tunnel', () => {
	it('tell of everything once: what the other one stored meanwhile counts', async () => {
		const simulator = account();
		const poller = pollerOf(simulator);
		await poller.activate();
		const [first, second] = simulator.tunnels();
		simulator.setKey(first!.id, 'x');
		simulator.removeTunnel(second!.id);
		// The earlier poll's list is late, but comes before the answer that the later one asks for.
		simulator.faults.add({ operation: 'list', kind: 'delay', ms: 100 });
		simulator.faults.add({ operation: 'get', kind: 'delay', ms: 400 });
		const earlier = poller.poll();
		while (simulator.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
		const emitted = (await Promise.all([earlier, poller.poll()])).flat();
		expect(simulator.requests.map(({ operation }) => operation).sort()).toEqual([
			'get',
			'get',
			'list',
			'list',
			'list',
		]);
		expect(kinds(emitted).sort()).toEqual([
			['pskChanged', first!.name],
			['tunnelDeleted', second!.name],
		]);
		expect(await poller.poll()).toEqual([]);
	});
});

describe('a test run in the editor', () => {
	it('shows a real sample of each event and touches no state', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.updateTunnel(first!.id, { bgp: { customer_asn: 65001 } });
		const poller = pollerOf(simulator, { events: ALL, pskOlderThanDays: 90 });
		await poller.activate();
		const { saved } = poller;
		const items = await poller.manual();
		expect(items.map(({ event }) => event)).toEqual(ALL);
		for (const { tunnel_id } of items) expect(simulator.tunnel(String(tunnel_id))).toBeDefined();
		expect(poller.saved).toBe(saved);
		expect(await poller.activate()).toEqual([]);
	});

	it('shows samples of what the account has', async () => {
		const poller = pollerOf(account(), { events: ['bgpStateChanged', 'tunnelCreated'] });
		expect((await poller.manual()).map(({ event }) => event)).toEqual(['tunnelCreated']);
	});

	it('shows the newest tunnel, change and key, and the oldest of the keys that are due', async () => {
		const simulator = account();
		simulator.addTunnel({ name: 'newest', psk: 'x' });
		simulator.addTunnel({ name: 'older key', psk: 'y', ageDays: 200 });
		const [first, second] = simulator.tunnels();
		simulator.removeTunnel(simulator.tunnels()[2]!.id);
		simulator.setKey(first!.id, 'now');
		await new Promise((resolve) => setTimeout(resolve, 5));
		simulator.updateTunnel(second!.id, { description: 'changed' });
		const items = await pollerOf(simulator, { events: ALL, pskOlderThanDays: 90 }).manual();
		expect(kinds(items)).toEqual([
			['pskChanged', first!.name],
			['pskRotationDue', 'older key'],
			['tunnelCreated', 'newest'],
			['tunnelDeleted', first!.name],
			['tunnelUpdated', second!.name],
		]);
	});

	it('shows any tunnel where none has a date', async () => {
		const simulator = account();
		const ipsec_tunnels = simulator
			.tunnels()
			.map((tunnel) => omit(tunnel, 'created_on', 'modified_on'));
		const body = JSON.stringify({ success: true, result: { ipsec_tunnels } });
		simulator.faults.add({ operation: 'list', kind: 'body', body });
		const poller = pollerOf(simulator, { events: ['tunnelCreated', 'tunnelUpdated'] });
		expect((await poller.manual()).map(({ event }) => event)).toEqual([
			'tunnelCreated',
			'tunnelUpdated',
		]);
	});

	it('says clearly that there is nothing to show', async () => {
		const poller = pollerOf(account(), { filters: { nameContains: 'no such tunnel' } });
		await expect(poller.manual()).rejects.toThrow('no data with the current filter could be found');
	});
});

describe('failures', () => {
	useVirtualClock();

	const failure = async (fault: object) => {
		const poller = pollerOf(account());
		await poller.activate();
		account().faults.add({ operation: 'list', times: Infinity, ...fault } as never);
		await poller.poll();
		return poller.errors[0] as IDataObject & Error;
	};

	it.each([
		[429, undefined, { 'retry-after': '120' }, { cause: 'rate-limited', retryAfterMs: 120_000 }],
		[429, 10429, {}, { cause: 'rate-limited' }],
		[503, undefined, {}, { cause: 'temporarily-unavailable' }],
		[401, undefined, {}, { cause: 'credential-invalid' }],
		[403, 10000, {}, { cause: 'credential-invalid' }],
		[403, 9109, {}, { cause: 'credential-invalid' }],
		[403, 1012, {}, { cause: 'configuration-invalid' }],
		[404, 7003, {}, { cause: 'configuration-invalid' }],
	])(
		'status %p, code %p are told as n8n understands them',
		async (status, code, headers, expected) => {
			const error = await failure({ kind: 'status', status, code, headers, message: 'no' });
			expect(error.name).toBe('NodeApiError');
			expect(error.failure).toEqual(expected);
		},
	);

	it('a broken connection is temporary', async () => {
		const error = await failure({ kind: 'reset' });
		expect(error.failure).toEqual({ cause: 'temporarily-unavailable' });
	});

	it('a long Retry-After is left to n8n', async () => {
		await failure({
			kind: 'status',
			status: 429,
			message: 'no',
			headers: { 'retry-after': '120' },
		});
		expect(account().requests).toHaveLength(2);
	});

	it('a deletion that can not be checked is no deletion', async () => {
		const poller = pollerOf(account());
		await poller.activate();
		const [first] = account().tunnels();
		account().removeTunnel(first!.id);
		const handle = account().faults.add({ operation: 'get', kind: 'reset', times: Infinity });
		expect(await poller.poll()).toEqual([]);
		expect(poller.errors).toEqual([]);
		expect(poller.warnings).toEqual([expect.stringContaining(first!.id)]);
		handle.remove();
		expect(kinds(await poller.poll())).toEqual([['tunnelDeleted', first!.name]]);
	});

	it.each([
		[{ events: [] }, "'Events'"],
		[{ events: ['nonsense'] }, "'Events'"],
		[{ events: ['pskRotationDue'], pskOlderThanDays: -1 }, "'PSK Older Than (Days)'"],
		[{ options: { remindAfterDays: 'x' } }, "'Remind After (Days)'"],
		[{ options: { timeout: 'x' } }, "'Timeout'"],
	])('%j is refused before anything is asked', async (parameters, words) => {
		const poller = pollerOf(account(), parameters as unknown as INodeParameters);
		await expect(poller.activate()).rejects.toMatchObject({
			message: expect.stringContaining(words) as string,
			failure: { cause: 'configuration-invalid' },
		});
		expect(account().requests).toEqual([]);
	});
});

describe('what is kept and shown', () => {
	it('is at most 300 bytes a tunnel, however long its texts are', () => {
		const tunnel = {
			id: 'f'.repeat(32),
			name: 'ü'.repeat(400),
			cloudflare_endpoint: '2606:4700:4700:1111:2222:3333:4444:5555',
			customer_endpoint: '2001:db8:ffff:ffff:ffff:ffff:255.255.255.255',
			interface_address: '10.0.0.0/31',
			bgp_status: { state: 'BGP_ESTABLISHING' },
			psk_metadata: { last_generated_on: '2025-03-13T14:28:47.054317925Z' },
			description: 'x'.repeat(10_000),
		};
		const one = snapshotOf(tunnel as never, 1_800_000_000);
		const ids = Array.from({ length: 100 }, (_, n) => String(n).padStart(32, '0'));
		const whole = wholeFingerprint(tunnel as never);
		const many = new Map(ids.map((id) => [id, Remembered.of(id, whole, one)]));
		const stored = storedForm('0'.repeat(32), many);
		expect(JSON.stringify(stored).length / 100).toBeLessThanOrEqual(300);
	});

	it('may be a name with half a character in it', async () => {
		const [first] = account().tunnels();
		const body = JSON.stringify({
			success: true,
			result: { ipsec_tunnels: [{ ...first, name: 'half \ud83d', description: '\ude00' }] },
		});
		account().faults.add({ operation: 'list', times: Infinity, kind: 'body', body });
		const poller = pollerOf(account(), { events: ALL });
		expect(await poller.activate()).toEqual([]);
		expect(await poller.poll()).toEqual([]);
		account().faults.clear();
		expect(kinds(await poller.poll())).toContainEqual(['tunnelUpdated', first!.name]);
	});

	it('holds no secret, with either credential', async () => {
		const simulator = account();
		const md5 = 'bgp-md5-secret-value';
		const [first, second] = simulator.tunnels();
		simulator.updateTunnel(first!.id, { bgp: { customer_asn: 65001, md5_key: md5 } });
		const secrets = () => [
			md5,
			simulator.apiToken,
			simulator.apiKey,
			...simulator.tunnels().flatMap(({ id }) => simulator.keyHistory(id).map(({ psk }) => psk)),
		];
		for (const authentication of ['apiToken', 'apiKey']) {
			printed.length = 0;
			const poller = pollerOf(simulator, { authentication, events: ALL, pskOlderThanDays: 0 });
			const items = await poller.activate();
			simulator.setKey(second!.id, `a new key for ${authentication}`);
			simulator.updateTunnel(first!.id, { description: authentication });
			items.push(...(await poller.poll()), ...(await poller.manual()));
			simulator.faults.add(
				statusFault('list', 403, 10000, {
					message: `not with ${authentication === 'apiToken' ? simulator.apiToken : simulator.apiKey}`,
				}),
			);
			await poller.activate().catch((error: Error) => items.push({ error }));
			expect(items.length).toBeGreaterThan(6);
			expect(printed.length).toBeGreaterThan(0);
			expect(
				leaksIn([items, poller.saved, poller.memory(), poller.errors, printed], secrets()),
			).toEqual([]);
		}
	});

	it('another account is a new start', async () => {
		const poller = pollerOf(account());
		await poller.activate();
		const data = poller.database();
		poller.overwrite({ ...data, account_id: '0'.repeat(32) });
		expect(await poller.activate()).toEqual([]);
		expect(poller.database()).toEqual(data);
	});
});
