import * as fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { fingerprint } from '../../nodes/CloudflareMagicIpsec/trigger/fingerprint';
import { clock } from '../../nodes/http/clock';
import { credentialsOf } from '../helpers/node';
import { Poller } from '../helpers/poller';
import { useVirtualClock } from '../helpers/virtualClock';
import type { Simulator, Tunnel } from '../simulator';
import { startSimulator } from '../simulator';

/**
 * Random histories of an account, polled by a trigger that n8n restarts, whose static data is damaged
 * or older than it, and whom Cloudflare fails, against a model that compares whole tunnels: every change
 * between two polls is told exactly once.
 *
 * FC_SEED repeats a run.
 */

const RUNS = Number(process.env.TRIGGER_HISTORIES ?? 200);

const DAY_MS = 86_400_000;

const DUE_AFTER_DAYS = 90;

const REMIND_AFTER_DAYS = 7;

const EVENTS = [
	'bgpStateChanged',
	'pskChanged',
	'pskRotationDue',
	'tunnelCreated',
	'tunnelDeleted',
	'tunnelUpdated',
];

const CHANGES = ['delete', 'rename', 'describe', 'replay', 'bgp', 'up', 'key'] as const;

/** What the tunnels themselves answer while the list lacks some. */
const ANSWERS = ['well', 'otherCode', 'page', 'text', 'fault', 'refusal', 'noTunnel'] as const;

type Step =
	| { do: 'create' | 'poll' | 'restart' | 'fail' | 'empty' | 'overlap' }
	| { do: (typeof CHANGES)[number]; which: number }
	/** A poll while a tunnel is not listed, or none is hidden and only the deleted are missing. */
	| { do: 'lack'; which: number | undefined; answers: (typeof ANSWERS)[number] }
	| { do: 'days'; days: number }
	/** A restart with static data that is not as it was left. */
	| { do: 'damage'; how: number }
	| { do: 'format1' | 'format2' | 'fewerFields' };

const of = (...steps: Array<fc.Arbitrary<Step>>) => fc.oneof(...steps);

const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 4, arbitrary: fc.constant<Step>({ do: 'poll' }) },
	{
		weight: 4,
		arbitrary: fc.record({ do: fc.constantFrom(...CHANGES), which: fc.nat(20) }),
	},
	{
		weight: 3,
		arbitrary: fc.record({
			do: fc.constantFrom('create', 'restart', 'fail', 'empty', 'overlap'),
		}) as fc.Arbitrary<Step>,
	},
	{
		weight: 3,
		arbitrary: of(
			fc.record({
				do: fc.constant('lack' as const),
				which: fc.option(fc.nat(20), { nil: undefined }),
				answers: fc.constantFrom(...ANSWERS),
			}),
			fc.record({ do: fc.constant('days' as const), days: fc.constantFrom(1, 7, 40, 91) }),
			fc.record({ do: fc.constant('damage' as const), how: fc.nat(3) }),
			fc.record({
				do: fc.constantFrom('format1' as const, 'format2' as const, 'fewerFields' as const),
			}),
		),
	},
);

const FAULTS = [
	{ kind: 'status', status: 503, message: 'no' },
	{ kind: 'reset' },
	{ kind: 'truncate' },
	{ kind: 'html' },
	{ kind: 'missingFields' },
];

/** What the answers of single tunnels are spoilt with; those of deleted tunnels only for `otherCode`. */
const SPOILT: Partial<Record<(typeof ANSWERS)[number], object>> = {
	otherCode: { kind: 'status', status: 404, code: 1003, message: 'not found' },
	page: { kind: 'html', status: 404 },
	text: { kind: 'status', status: 404, message: 'not found' },
	fault: { kind: 'status', status: 500, code: 1001, message: 'internal' },
	refusal: { kind: 'status', status: 403, code: 10000, message: 'Authentication error' },
	noTunnel: { kind: 'body', body: '{"success":true,"result":{}}' },
};

let counter = 0;

function change(simulator: Simulator, action: Step): void {
	if (action.do === 'create') return void simulator.addTunnel({ name: `new-${++counter}` });
	const tunnels = simulator.tunnels();
	if (!('which' in action) || action.do === 'lack' || tunnels.length === 0) return;
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

const keyDate = ({ psk_metadata }: Tunnel) => psk_metadata.last_generated_on;

/** What is to be told of, as whole tunnels tell it. */
class Model {
	private known: Map<string, Tunnel>;

	/** When each key was told of as due, in seconds since 1970. */
	private told = new Map<string, { key: string | undefined; at: number }>();

	constructor(
		private readonly simulator: Simulator,
		private readonly events: readonly string[],
	) {
		this.known = this.account();
	}

	private account(): Map<string, Tunnel> {
		return new Map(this.simulator.tunnels().map((tunnel) => [tunnel.id, tunnel]));
	}

	/** Keys of listed tunnels that are due and not told of. */
	private due(listed: Iterable<Tunnel>): string[] {
		if (!this.events.includes('pskRotationDue')) return [];
		const now = clock.now();
		return [...listed].flatMap((tunnel) => {
			const key = keyDate(tunnel);
			const isDue = key === undefined || now - Date.parse(key) > DUE_AFTER_DAYS * DAY_MS;
			const told = this.told.get(tunnel.id);
			const isTold =
				told !== undefined && told.key === key && now - told.at * 1000 < REMIND_AFTER_DAYS * DAY_MS;
			if (!isDue || isTold) return [];
			this.told.set(tunnel.id, { key, at: Math.floor(now / 1000) });
			return [`pskRotationDue ${tunnel.id}`];
		});
	}

	/**
	 * What the next poll tells.
	 *
	 * @param hidden the tunnel that its list lacks
	 * @param deletionsKnown false if it can't find out what is deleted
	 */
	poll(hidden?: string, deletionsKnown = true): string[] {
		const seen = this.account();
		if (hidden !== undefined) seen.delete(hidden);
		const expected = this.due(seen.values());
		for (const [id, tunnel] of seen) expected.push(...this.changesOf(id, tunnel));
		for (const [id, tunnel] of this.known) {
			if (seen.has(id)) continue;
			if (id === hidden || !deletionsKnown) seen.set(id, tunnel);
			else expected.push(`tunnelDeleted ${id}`);
		}
		this.known = seen;
		return expected.filter((one) => this.events.includes(one.split(' ')[0]!)).sort();
	}

	private changesOf(id: string, tunnel: Tunnel): string[] {
		const earlier = this.known.get(id);
		if (earlier === undefined) return [`tunnelCreated ${id}`];
		const changes: string[] = [];
		if (configuration(earlier) !== configuration(tunnel)) changes.push(`tunnelUpdated ${id}`);
		if (keyDate(earlier) !== keyDate(tunnel)) changes.push(`pskChanged ${id}`);
		if (earlier.bgp_status?.state !== tunnel.bgp_status?.state) {
			changes.push(`bgpStateChanged ${id}`);
		}
		return changes;
	}

	/** What the poll tells that finds nothing it can use in its static data. */
	startAnew(): string[] {
		this.known = this.account();
		this.told = new Map();
		return this.poll();
	}

	/** Of an empty list it may believe that those are gone that it asked for and that are. */
	forget(id: string): void {
		expect(this.simulator.tunnel(id)).toBeUndefined();
		this.known.delete(id);
	}
}

const DAMAGES: ReadonlyArray<(data: IDataObject) => IDataObject> = [
	(data) => ({ ...data, tunnels: String(data.tunnels).slice(0, -1) }),
	(data) => ({ ...data, format: 4 }),
	() => ({ format: 0, lastSeen: 'something else' }),
	() => ({}),
];

/** The static data as formats 1 and 2 had it: without health, format 1 without the row of fields too. */
function asFormat(format: 1 | 2, data: IDataObject): IDataObject {
	const [, fields = '', ...lines] = String(data.tunnels).split(';');
	const older = lines.map((line) => line.replace(/ .$/, ''));
	const rows = (format === 1 ? older : [fields, ...older]).join(';');
	return { ...data, format, tunnels: `${fingerprint(rows)};${rows}` };
}

/** The static data as a version without the last two fields would have stored it. */
function withFewerFields(data: IDataObject): IDataObject {
	const [, fields, ...lines] = String(data.tunnels).split(';') as [string, string, ...string[]];
	const names = [...fields.split(' ').slice(0, -2), '*other'].join(' ');
	// The fingerprint of what is called the others differs there, as their number does.
	const older = lines.map((line) => line.replace(/.{10} (?=\d+ .$)/, 'XXXXX '));
	const rows = [names, ...older].join(';');
	return { ...data, tunnels: `${fingerprint(rows)};${rows}` };
}

const toldBy = (items: IDataObject[]) =>
	items.map(({ event, tunnel_id }) => `${String(event)} ${String(tunnel_id)}`).sort();

/** One poll while a tunnel is not listed; gives what it told. */
async function pollLacking(
	simulator: Simulator,
	poller: Poller,
	hidden: string | undefined,
	answers: (typeof ANSWERS)[number],
): Promise<string[]> {
	const ipsec_tunnels = simulator.tunnels().filter(({ id }) => id !== hidden);
	const body = JSON.stringify({ success: true, result: { ipsec_tunnels } });
	simulator.faults.add({ operation: 'list', kind: 'body', body });
	const spoilt = SPOILT[answers];
	if (spoilt !== undefined) {
		simulator.faults.add({
			operation: 'get',
			times: Infinity,
			predicate: ({ path }: { path: string }) =>
				answers !== 'otherCode' || simulator.tunnel(path.slice(-32)) === undefined,
			...spoilt,
		} as never);
	}
	const items = await poller.poll();
	simulator.faults.clear();
	return toldBy(items);
}

/** One poll that fails or gets an empty list. */
async function pollFailing(
	simulator: Simulator,
	poller: Poller,
	model: Model,
	how: 'fail' | 'empty',
): Promise<void> {
	const fault =
		how === 'empty'
			? { kind: 'body', body: '{"success":true,"result":{"ipsec_tunnels":[]}}' }
			: { ...FAULTS[counter % FAULTS.length], times: Infinity };
	// An empty list is true where the account is empty.
	if (how === 'empty' && simulator.tunnels().length === 0) return;
	const handle = simulator.faults.add({ operation: 'list', ...fault } as never);
	const items = await poller.poll();
	handle.remove();
	for (const { event, tunnel_id } of items) {
		expect([how, event]).toEqual(['empty', 'tunnelDeleted']);
		model.forget(String(tunnel_id));
	}
}

async function playHistory(
	steps: readonly Step[],
	cursors: 'legacy' | 'durable',
	events: readonly string[],
): Promise<void> {
	const simulator = await startSimulator({
		tunnels: 3,
		seed: 1,
		ageDays: [10, 100, null],
		now: () => clock.now(),
	});
	try {
		const poller = new Poller({
			credentials: credentialsOf(simulator),
			parameters: {
				events: [...events],
				pskOlderThanDays: DUE_AFTER_DAYS,
				options: { remindAfterDays: REMIND_AFTER_DAYS },
			},
			cursors,
		});
		const model = new Model(simulator, events);
		const restarted = async (data?: IDataObject) => {
			if (data !== undefined) poller.overwrite(data);
			return toldBy([...(await poller.activate()), ...(await poller.poll())]);
		};
		expect(await restarted()).toEqual(model.startAnew());
		for (const action of [...steps, { do: 'poll' } as Step]) {
			change(simulator, action);
			switch (action.do) {
				case 'poll':
					expect(toldBy(await poller.poll())).toEqual(model.poll());
					break;
				case 'restart':
					expect(await restarted()).toEqual(model.poll());
					break;
				case 'format1':
				case 'format2': {
					const older = asFormat(action.do === 'format1' ? 1 : 2, poller.database());
					expect(await restarted(older)).toEqual(model.poll());
					break;
				}
				case 'fewerFields':
					expect(await restarted(withFewerFields(poller.database()))).toEqual(model.poll());
					break;
				case 'damage': {
					const damaged = DAMAGES[action.how]!(poller.database());
					expect(await restarted(damaged)).toEqual(model.startAnew());
					break;
				}
				case 'overlap': {
					// With durable cursors n8n holds a lease: a second poll of that kind does not happen.
					const polls = cursors === 'legacy' ? [poller.poll(), poller.poll()] : [poller.poll()];
					expect(toldBy((await Promise.all(polls)).flat())).toEqual(model.poll());
					break;
				}
				case 'lack': {
					const tunnels = simulator.tunnels();
					const hidden =
						action.which === undefined || tunnels.length === 0
							? undefined
							: tunnels[action.which % tunnels.length]!.id;
					const told = await pollLacking(simulator, poller, hidden, action.answers);
					const deletionsKnown = ['well', 'otherCode'].includes(action.answers);
					expect(told).toEqual(model.poll(hidden, deletionsKnown));
					break;
				}
				case 'days':
					await clock.sleep(action.days * DAY_MS);
					break;
				case 'fail':
				case 'empty':
					await pollFailing(simulator, poller, model, action.do);
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
