import * as fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { credentialsOf } from '../helpers/node';
import { Poller } from '../helpers/poller';
import { useVirtualClock } from '../helpers/virtualClock';
import type { Simulator, Tunnel } from '../simulator';
import { startSimulator } from '../simulator';

/**
 * Random histories of an account, polled by a trigger that n8n restarts and Cloudflare fails, against
 * a model that compares whole tunnels: every change between two polls is told exactly once.
 *
 * FC_SEED repeats a run.
 */

const RUNS = 400;

const EVENTS = ['bgpStateChanged', 'pskChanged', 'tunnelCreated', 'tunnelDeleted', 'tunnelUpdated'];

type Step =
	| { do: 'create' | 'poll' | 'restart' | 'fail' | 'empty' | 'overlap' }
	| { do: 'delete' | 'rename' | 'describe' | 'replay' | 'bgp' | 'up' | 'key'; which: number };

const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 4, arbitrary: fc.constant<Step>({ do: 'poll' }) },
	{
		weight: 4,
		arbitrary: fc.record({
			do: fc.constantFrom('delete', 'rename', 'describe', 'replay', 'bgp', 'up', 'key'),
			which: fc.nat(20),
		}) as fc.Arbitrary<Step>,
	},
	{
		weight: 3,
		arbitrary: fc.record({
			do: fc.constantFrom('create', 'restart', 'fail', 'empty', 'overlap'),
		}) as fc.Arbitrary<Step>,
	},
);

const FAULTS = [
	{ kind: 'status', status: 503, message: 'no' },
	{ kind: 'reset' },
	{ kind: 'truncate' },
	{ kind: 'html' },
	{ kind: 'missingFields' },
];

let counter = 0;

function change(simulator: Simulator, action: Step): void {
	if (action.do === 'create') return void simulator.addTunnel({ name: `new-${++counter}` });
	const tunnels = simulator.tunnels();
	if (!('which' in action) || tunnels.length === 0) return;
	const { id, bgp, replay_protection } = tunnels[action.which % tunnels.length]!;
	switch (action.do) {
		case 'delete':
			return void simulator.removeTunnel(id);
		case 'rename':
			return void simulator.updateTunnel(id, { name: `renamed-${++counter}` });
		case 'describe':
			return void simulator.updateTunnel(id, { description: `text ${++counter}` });
		case 'replay':
			return void simulator.updateTunnel(id, { replay_protection: replay_protection !== true });
		case 'bgp':
			return void simulator.updateTunnel(id, {
				bgp: { customer_asn: 65_000 + (++counter % 500) },
			});
		case 'up':
			if (bgp !== undefined) simulator.setBgpUp(id, counter++ % 2 === 0);
			return;
		case 'key':
			return simulator.setKey(id, `key ${++counter}`);
	}
}

/** The configuration, of which the trigger tells as an update. */
function configuration({ id, psk_metadata, bgp_status, modified_on, created_on, ...rest }: Tunnel) {
	return [id, psk_metadata, bgp_status, modified_on, created_on].length === 5
		? JSON.stringify(rest)
		: '';
}

/** What is to be told of, as the model sees it. */
function differences(before: Map<string, Tunnel>, now: Map<string, Tunnel>): string[] {
	const told: string[] = [];
	for (const [id, tunnel] of now) {
		const earlier = before.get(id);
		if (earlier === undefined) {
			told.push(`tunnelCreated ${id}`);
			continue;
		}
		if (configuration(earlier) !== configuration(tunnel)) told.push(`tunnelUpdated ${id}`);
		if (earlier.psk_metadata.last_generated_on !== tunnel.psk_metadata.last_generated_on) {
			told.push(`pskChanged ${id}`);
		}
		if (earlier.bgp_status?.state !== tunnel.bgp_status?.state) told.push(`bgpStateChanged ${id}`);
	}
	for (const id of before.keys()) if (!now.has(id)) told.push(`tunnelDeleted ${id}`);
	return told.sort();
}

const stateOf = (simulator: Simulator) =>
	new Map(simulator.tunnels().map((tunnel) => [tunnel.id, tunnel]));

const toldBy = (items: IDataObject[]) =>
	items.map(({ event, tunnel_id }) => `${String(event)} ${String(tunnel_id)}`).sort();

async function playHistory(
	steps: readonly Step[],
	cursors: 'legacy' | 'durable',
	events: readonly string[],
): Promise<void> {
	const simulator = await startSimulator({ tunnels: 3, seed: 1 });
	try {
		const poller = new Poller({
			credentials: credentialsOf(simulator),
			parameters: { events: [...events] },
			cursors,
		});
		await poller.activate();
		expect(await poller.poll()).toEqual([]);
		let known = stateOf(simulator);
		const expectAll = (items: IDataObject[]) => {
			const now = stateOf(simulator);
			const expected = differences(known, now).filter((one) => events.includes(one.split(' ')[0]!));
			expect(toldBy(items)).toEqual(expected);
			known = now;
		};
		for (const action of [...steps, { do: 'poll' } as Step]) {
			change(simulator, action);
			if (action.do === 'poll') expectAll(await poller.poll());
			if (action.do === 'restart')
				expectAll([...(await poller.activate()), ...(await poller.poll())]);
			if (action.do === 'overlap') {
				// With durable cursors n8n holds a lease: a second poll of that kind does not happen.
				const polls = cursors === 'legacy' ? [poller.poll(), poller.poll()] : [poller.poll()];
				expectAll((await Promise.all(polls)).flat());
			}
			if (action.do === 'fail' || action.do === 'empty') {
				const fault =
					action.do === 'empty'
						? { kind: 'body', body: '{"success":true,"result":{"ipsec_tunnels":[]}}' }
						: { ...FAULTS[counter % FAULTS.length], times: Infinity };
				// An empty list is true where the account is empty.
				if (action.do === 'empty' && simulator.tunnels().length === 0) continue;
				const handle = simulator.faults.add({ operation: 'list', ...fault } as never);
				const items = await poller.poll();
				handle.remove();
				// Of an empty list it may believe that those are gone that it asked for and that are.
				for (const { event, tunnel_id } of items) {
					expect([action.do, event]).toEqual(['empty', 'tunnelDeleted']);
					expect(simulator.tunnel(String(tunnel_id))).toBeUndefined();
					known.delete(String(tunnel_id));
				}
			}
		}
	} finally {
		await simulator.close();
	}
}

describe('random histories', () => {
	useVirtualClock();

	it.each(['legacy', 'durable'] as const)(
		`tell of every change exactly once (${RUNS} runs, %s cursors)`,
		async (cursors) => {
			const property = fc.asyncProperty(
				fc.array(step, { minLength: 3, maxLength: 25 }),
				fc.oneof(fc.constant(EVENTS), fc.subarray(EVENTS, { minLength: 1 })),
				async (steps, events) => await playHistory(steps, cursors, events),
			);
			const seed = process.env.FC_SEED;
			await fc.assert(property, {
				numRuns: RUNS,
				...(seed === undefined ? {} : { seed: Number(seed) }),
			});
		},
		120_000,
	);
});
