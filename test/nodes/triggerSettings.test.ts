import type { IDataObject, INodeParameters, INodeProperties } from 'n8n-workflow';
import { CloudflareMagicIpsecTrigger } from '../../nodes/CloudflareMagicIpsec/CloudflareMagicIpsecTrigger.node';
import { clock } from '../../nodes/http/clock';
import { useAccount } from '../helpers/account';
import { credentialsOf } from '../helpers/node';
import { Poller } from '../helpers/poller';
import { useVirtualClock } from '../helpers/virtualClock';

const DAY_MS = 86_400_000;

const account = useAccount({ tunnels: 3, seed: 4, ageDays: [100, 110, 120] });

const pollerOf = (parameters: object) =>
	new Poller({
		credentials: credentialsOf(account()),
		parameters: { events: ['pskRotationDue'], ...parameters } as INodeParameters,
	});

const names = (items: IDataObject[]) => items.map(({ tunnel_name }) => tunnel_name);

describe('filters', () => {
	it.each([
		['a number in the name', { nameContains: 7 }, ['site-7']],
		['a number by an expression', { nameContains: '={{ 3 + 4 }}' }, ['site-7']],
		['a text by an expression', { nameContains: '={{ "SITE-7" }}' }, ['site-7']],
		['a name as a text', { tunnelIds: '={{ "site-7" }}' }, ['site-7']],
		['names with commas between', { tunnelIds: '={{ "site-7, 42" }}' }, ['site-7', '42']],
		['a number as a name', { tunnelIds: '={{ [42] }}' }, ['42']],
		['an ID that Cloudflare writes in capitals', { tunnelIds: ['cd'.repeat(16)] }, ['by-ID']],
		['an ID in capitals', { tunnelIds: ['ABABABABABABABABABABABABABABABAB'] }, ['by-id']],
	])('may be %s', async (_, filters, expected) => {
		for (const name of ['site-7', 'site', '42', '4']) account().addTunnel({ name });
		account().addTunnel({ name: 'by-id', id: 'ab'.repeat(16) });
		account().addTunnel({ name: 'by-ID', id: 'CD'.repeat(16) });
		expect(names(await pollerOf({ filters }).activate())).toEqual(expected);
	});

	it('that are left empty select all', async () => {
		for (const filters of [
			{},
			{ nameContains: '' },
			{ nameContains: ' ', tunnelIds: [] },
			{ tunnelIds: '' },
		]) {
			expect(await pollerOf({ filters }).activate()).toHaveLength(3);
		}
	});

	it.each([
		[{ nameContains: '={{ undefined }}' }, "'Name Contains'"],
		[{ nameContains: '={{ $vars.nothing }}' }, "'Name Contains'"],
		[{ nameContains: '={{ $json.name }}' }, "'Name Contains'"],
		[{ nameContains: '={{ null }}' }, "'Name Contains'"],
		[{ nameContains: '={{ "" }}' }, "'Name Contains'"],
		[{ nameContains: '= {{ $vars.nothing }}' }, "'Name Contains'"],
		[{ tunnelIds: '={{ $vars.nothing }}' }, "'Tunnel Names or IDs'"],
		[{ tunnelIds: '={{ null }}' }, "'Tunnel Names or IDs'"],
		[{ tunnelIds: '={{ [] }}' }, "'Tunnel Names or IDs'"],
		[{ tunnelIds: '={{ "" }}' }, "'Tunnel Names or IDs'"],
		[{ options: { accountId: '={{ $vars.nothing }}' } }, "'Account ID'"],
		[{ events: '={{ undefined }}' }, "'Events'"],
		[{ options: { remindAfterDays: '={{ undefined }}' } }, "'Remind After (Days)'"],
		[{ pskOlderThanDays: '={{ undefined }}' }, "'PSK Older Than (Days)'"],
	])('or settings that an expression leaves empty are an error: %j', async (value, label) => {
		const isFilter = 'nameContains' in value || 'tunnelIds' in value;
		const poller = pollerOf(isFilter ? { filters: value } : value);
		await expect(poller.activate()).rejects.toMatchObject({
			name: 'NodeOperationError',
			message: expect.stringContaining(label) as string,
			description: expect.stringContaining('expression') as string,
			failure: { cause: 'configuration-invalid' },
		});
		expect(account().requests).toEqual([]);
	});

	it.each([
		[{ nameContains: '={{ { a: 1 } }}' }, "'Name Contains'"],
		[{ nameContains: true }, "'Name Contains'"],
		[{ nameContains: ['a'] }, "'Name Contains'"],
		[{ nameContains: '={{ 0 / 0 }}' }, "'Name Contains'"],
		[{ tunnelIds: '={{ { id: 1 } }}' }, "'Tunnel Names or IDs'"],
		[{ tunnelIds: [{ id: 1 }] }, "'Tunnel Names or IDs'"],
		[{ tunnelIds: ['={{ undefined }}', 'site-7'] }, "'Tunnel Names or IDs'"],
		[{ tunnelIds: ['site-7', ''] }, "'Tunnel Names or IDs'"],
		[{ tunnelIds: '={{ "site-7,,42" }}' }, "'Tunnel Names or IDs'"],
	])('that are no text are an error with a name: %j', async (filters, label) => {
		await expect(pollerOf({ filters }).activate()).rejects.toMatchObject({
			name: 'NodeOperationError',
			message: expect.stringContaining(label) as string,
			failure: { cause: 'configuration-invalid' },
		});
		expect(account().requests).toEqual([]);
	});
});

describe('settings that are not made', () => {
	useVirtualClock();

	const { properties } = new CloudflareMagicIpsecTrigger().description;

	const defaultOf = (name: string): unknown => {
		const all = properties.flatMap((property) => [
			property,
			...((property.options ?? []) as INodeProperties[]),
		]);
		return all.find((property) => property.name === name)?.default;
	};

	/** The days after the first poll on which something is told. */
	const toldDays = async (parameters: object): Promise<number[]> => {
		const poller = pollerOf(parameters);
		await poller.activate();
		const days: number[] = [];
		for (let day = 1; day <= 30; day++) {
			await clock.sleep(DAY_MS);
			if ((await poller.poll()).length > 0) days.push(day);
		}
		return days;
	};

	it('count as what the panel shows: Remind After', async () => {
		expect(defaultOf('remindAfterDays')).toBe(7);
		expect(await toldDays({})).toEqual([7, 14, 21, 28]);
		expect(await toldDays({ options: { remindAfterDays: 0 } })).toEqual([]);
	});

	it('count as what the panel shows: PSK Older Than, Events', async () => {
		expect(defaultOf('pskOlderThanDays')).toBe(90);
		expect(defaultOf('events')).toEqual(['pskRotationDue']);
		account().addTunnel({ name: 'young', psk: 'y', ageDays: 89.9 });
		const poller = pollerOf({ events: undefined, pskOlderThanDays: undefined });
		expect(names(await poller.activate())).not.toContain('young');
		await clock.sleep(DAY_MS);
		expect(names(await poller.poll())).toEqual(['young']);
	});

	it('do not matter where they are not shown', async () => {
		const poller = pollerOf({ events: ['pskChanged'], pskOlderThanDays: -1 });
		expect(await poller.activate()).toEqual([]);
	});

	it.each([
		[{ pskOlderThanDays: '={{ 1 / 0 }}' }, "'PSK Older Than (Days)'"],
		[{ pskOlderThanDays: '90' }, "'PSK Older Than (Days)'"],
		[{ options: { remindAfterDays: '={{ 0 / 0 }}' } }, "'Remind After (Days)'"],
	])('are not those that can not be used: %j', async (parameters, label) => {
		await expect(pollerOf(parameters).activate()).rejects.toMatchObject({
			message: expect.stringContaining(label) as string,
			failure: { cause: 'configuration-invalid' },
		});
	});
});

describe('the age of a key', () => {
	useVirtualClock();

	it('is 0 for one that was made in the future, by a clock that goes before ours', async () => {
		const made = account().addTunnel({ name: 'future', psk: 'x', ageDays: -0.5 });
		expect(Date.parse(made.psk_metadata.last_generated_on!)).toBeGreaterThan(clock.now());
		const poller = pollerOf({ pskOlderThanDays: 0, filters: { nameContains: 'future' } });
		expect(await poller.activate()).toEqual([]);
		await expect(poller.manual()).rejects.toThrow('no data with the current filter');
		await clock.sleep(DAY_MS / 2 + 1000);
		expect((await poller.poll()).map(({ psk_age_days }) => psk_age_days)).toEqual([0]);
	});
});
