import { omit } from 'lodash';
import type { IDataObject } from 'n8n-workflow';
import { otherFields } from '../../nodes/CloudflareMagicIpsec/trigger/configuration';
import { readStoredForm } from '../../nodes/CloudflareMagicIpsec/trigger/storedForm';
import { clock } from '../../nodes/http/clock';
import { credentialsOf } from '../helpers/node';
import { Poller } from '../helpers/poller';
import {
	STORED_ACCOUNT,
	STORED_AT,
	STORED_FORMAT_1,
	STORED_FORMAT_2,
	STORED_FORMAT_3,
	STORED_HEALTH,
	STORED_TUNNELS,
} from '../helpers/storedForms';
import type { Simulator } from '../simulator';
import { startSimulator } from '../simulator';

/** What the trigger left in the static data, read by this version; by others in triggerVersions.test.ts. */

const ALL = [
	'bgpStateChanged',
	'pskChanged',
	'pskRotationDue',
	'tunnelCreated',
	'tunnelDeleted',
	'tunnelUpdated',
];

const DAY_MS = 86_400_000;

const kinds = (items: IDataObject[]) =>
	items.map(({ event, tunnel_id }) => [event, String(tunnel_id).slice(0, 2)]);

const [BERLIN, ZURICH, LONG] = STORED_TUNNELS as [object, object, object];

describe('what is stored', () => {
	let simulator: Simulator;

	const { now } = clock;

	beforeEach(async () => {
		simulator = await startSimulator({ accountId: STORED_ACCOUNT });
		clock.now = () => STORED_AT;
	});

	afterEach(async () => {
		clock.now = now;
		await simulator.close();
	});

	const answer = (tunnels: readonly object[]) => {
		simulator.faults.clear();
		const body = JSON.stringify({ success: true, result: { ipsec_tunnels: tunnels } });
		simulator.faults.add({ operation: 'list', times: Infinity, kind: 'body', body });
	};

	/** A trigger that finds something in its static data. */
	const pollerWith = (stored: IDataObject) => {
		const poller = new Poller({
			credentials: credentialsOf(simulator),
			parameters: { events: ALL, pskOlderThanDays: 90 },
		});
		poller.overwrite(stored);
		return poller;
	};

	/**
	 * Whoever adds a field, takes one away or changes what is compared of one sees this test fail. Triggers
	 * that are installed hold the old form. If fields were added or taken away: put the sample as it is now
	 * beside the older ones in helpers/storedForms.ts, and test that one too. If what is compared of a field
	 * has changed: raise the format as well, and let the older ones be read without that field.
	 */
	it('is the sample of today', async () => {
		answer(STORED_TUNNELS);
		const poller = pollerWith({});
		expect(kinds(await poller.activate())).toEqual([
			['pskRotationDue', '2b'],
			['pskRotationDue', '3c'],
		]);
		expect(poller.database()).toEqual(STORED_FORMAT_3);
	});

	it('names every documented field', () => {
		expect(Object.keys(otherFields(BERLIN as never))).toEqual([]);
		const [, fields] = STORED_FORMAT_3.tunnels.split(';');
		expect(fields).toContain('allow_null_cipher');
	});

	describe.each([
		['format 1', STORED_FORMAT_1],
		['format 2', STORED_FORMAT_2],
		['format 3', STORED_FORMAT_3],
		['format 3 with health', STORED_HEALTH],
	])('in %s', (_, stored) => {
		it('is known: nothing is told where nothing has changed', async () => {
			answer(STORED_TUNNELS);
			const poller = pollerWith(stored);
			expect(await poller.activate()).toEqual([]);
			expect(await poller.poll()).toEqual([]);
			expect(poller.warnings).toEqual([]);
			expect(poller.database()).toEqual(STORED_FORMAT_3);
		});

		it('is known: what has changed since is told', async () => {
			const renamed = omit({ ...LONG, name: 'short' }, 'post_quantum');
			answer([
				{
					...BERLIN,
					description: 'moved',
					psk_metadata: { last_generated_on: '2026-11-21T09:00:00Z' },
				},
				renamed,
				{
					...ZURICH,
					id: '4d'.repeat(16),
					psk_metadata: { last_generated_on: '2026-11-20T09:00:00Z' },
				},
			]);
			const items = await pollerWith(stored).activate();
			expect(kinds(items)).toEqual([
				['tunnelUpdated', '1a'],
				['pskChanged', '1a'],
				['tunnelUpdated', '3c'],
				['tunnelCreated', '4d'],
				['tunnelDeleted', '2b'],
			]);
			expect(items[0]!.changes).toEqual({
				description: { new: 'moved' },
				last_generated_on: { old: '2026-11-01T12:34:56.789012Z', new: '2026-11-21T09:00:00Z' },
			});
		});

		it('is known: a due key is told of again when it is time', async () => {
			answer(STORED_TUNNELS);
			clock.now = () => STORED_AT + 7 * DAY_MS;
			expect(kinds(await pollerWith(stored).activate())).toEqual([
				['pskRotationDue', '2b'],
				['pskRotationDue', '3c'],
			]);
		});
	});

	it.each([
		[
			'a newer version',
			{ ...STORED_FORMAT_3, format: 4, tunnels: { anything: 1 } },
			'newer version',
		],
		['a newer version, in a form like ours', { ...STORED_FORMAT_3, format: 4 }, 'newer version'],
		['a format that is no number', { ...STORED_FORMAT_3, format: '3' }, 'damaged'],
		['a format that was never there', { ...STORED_FORMAT_2, format: 0 }, 'damaged'],
		['no account', { ...STORED_FORMAT_2, account_id: undefined }, 'damaged'],
		['format 1 that calls itself 2', { ...STORED_FORMAT_1, format: 2, tunnels: 'x' }, 'damaged'],
		[
			'other fields than it was made with',
			{ ...STORED_FORMAT_2, tunnels: STORED_FORMAT_2.tunnels.replace('description ', '') },
			'damaged',
		],
		[
			'half of a text',
			{ ...STORED_FORMAT_2, tunnels: STORED_FORMAT_2.tunnels.slice(0, 300) },
			'damaged',
		],
	])('by %s is not used: only keys that are due are told of', async (_, stored, why) => {
		answer([{ ...BERLIN, description: 'changed' }, ZURICH, { ...LONG, id: '4d'.repeat(16) }]);
		const poller = pollerWith(stored as IDataObject);
		expect(kinds(await poller.activate())).toEqual([
			['pskRotationDue', '2b'],
			['pskRotationDue', '4d'],
		]);
		expect(poller.warnings).toEqual([expect.stringContaining(why)]);
		expect(poller.database().format).toBe(3);
		// From there on everything is told of.
		answer([BERLIN, ZURICH, { ...LONG, id: '4d'.repeat(16) }]);
		expect(kinds(await poller.poll())).toEqual([['tunnelUpdated', '1a']]);
		expect(await poller.activate()).toEqual([]);
	});

	it.each([
		['format 1', { ...STORED_FORMAT_1, tunnels: 'F3JHB;' }],
		['format 3', undefined],
	])('of an account without tunnels is known, too: %s', async (_, stored) => {
		answer([]);
		const poller = pollerWith(stored ?? {});
		expect(await poller.activate()).toEqual([]);
		answer([BERLIN]);
		expect(kinds(await poller.poll())).toEqual([['tunnelCreated', '1a']]);
		expect(poller.warnings).toEqual([]);
	});

	describe('with health', () => {
		const { name } = LONG as { name: string };

		/** What data centres find, in each of the last three spans of five minutes. */
		const probes = (states: Record<string, number>) => {
			const rows = Object.entries(states).flatMap(([tunnelName, tunnelState]) =>
				[20, 15, 10].map((minutes) => ({
					count: 60,
					avg: { tunnelState },
					dimensions: {
						tunnelName,
						active: 1,
						edgeColoName: 'fra01',
						edgeColoCity: 'Frankfurt',
						datetimeFiveMinutes: new Date(STORED_AT - minutes * 60_000).toISOString(),
					},
				})),
			);
			const accounts = [{ magicTransitTunnelHealthChecksAdaptiveGroups: rows }];
			const body = JSON.stringify({ data: { viewer: { accounts } }, errors: null });
			simulator.faults.add({ operation: 'graphql', times: Infinity, kind: 'body', body });
		};

		const healthPoller = (stored: IDataObject) => {
			const poller = new Poller({
				credentials: credentialsOf(simulator),
				parameters: { events: ['healthChanged', 'pskRotationDue'], pskOlderThanDays: 90 },
			});
			poller.overwrite(stored);
			return poller;
		};

		it('is the sample of today', async () => {
			answer(STORED_TUNNELS);
			probes({ 'site-berlin': 1, [name]: 0 });
			const poller = healthPoller({});
			await poller.activate();
			expect(poller.database()).toEqual(STORED_HEALTH);
		});

		it('is known: a change since is told, and nothing else', async () => {
			answer(STORED_TUNNELS);
			probes({ 'site-berlin': 1, 'site-z\u00fcrich': 1, [name]: 0.5 });
			const [item, ...others] = await healthPoller(STORED_HEALTH).activate();
			expect(others).toEqual([]);
			expect(item).toMatchObject({
				event: 'healthChanged',
				tunnel_name: name,
				changes: { health: { old: 'down', new: 'degraded' } },
			});
		});

		it.each([
			['format 1', STORED_FORMAT_1],
			['format 2', STORED_FORMAT_2],
			['format 3', STORED_FORMAT_3],
		])('is not known in %s without it: the first one tells nothing', async (_, stored) => {
			answer(STORED_TUNNELS);
			probes({ 'site-berlin': 1, [name]: 0 });
			const poller = healthPoller(stored);
			expect(await poller.activate()).toEqual([]);
			expect(poller.warnings).toEqual([]);
			expect(poller.database()).toEqual(STORED_HEALTH);
		});

		it('takes two bytes a tunnel', () => {
			const lengthOf = ({ tunnels }: { tunnels: string }) => tunnels.length;
			const added = lengthOf(STORED_HEALTH) - lengthOf(STORED_FORMAT_2);
			expect(added / STORED_TUNNELS.length).toBe(2);
		});
	});

	it('in no account that is known now is a first poll', () => {
		expect(readStoredForm(STORED_FORMAT_2, 'f'.repeat(32))).toEqual({ tunnels: undefined });
		expect(readStoredForm({}, STORED_ACCOUNT)).toEqual({ tunnels: undefined });
	});
});
