import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { Simulator } from './simulator';
import { startSimulator } from './simulator';
import { credentialsOf, runNode } from './helpers/node';
import { useVirtualClock } from './helpers/virtualClock';

/**
 * The first promise against faults: every PSK operation × every fault that the simulator can make ×
 * position × On Error mode. After each run an oracle that knows the live keys checks every tunnel.
 */

type Fault = Parameters<Simulator['faults']['add']>[0];

const TUNNELS = 3;
const OUTSIDE = 'a key that somebody else set';

const status = (code: number, more: object = {}) => ({
	kind: 'status',
	status: code,
	code: 1000 + code,
	message: 'a fault of the test',
	...more,
});

const both = (fault: object): object[] => [
	{ ...fault, when: 'before' },
	{ ...fault, when: 'after' },
];

const FAULTS: object[] = [
	...[400, 401, 403, 404, 405, 408, 409, 413, 429, 500, 502, 503, 504].flatMap((code) =>
		both(status(code)),
	),
	...both(status(429, { headers: { 'retry-after': '3' } })),
	...both({ kind: 'status', status: 502, message: 'Bad gateway' }),
	...both({ kind: 'reset' }),
	...both({ kind: 'truncate' }),
	...both({ kind: 'truncatedJson' }),
	...both({ kind: 'html' }),
	...both({ kind: 'html', status: 403 }),
	...both({ kind: 'empty' }),
	...both({ kind: 'redirect', location: 'http://127.0.0.1:9/' }),
	...both({ kind: 'successFalse' }),
	...both({ kind: 'body', body: 'null' }),
	...both({ kind: 'body', body: '{"success":true}' }),
	...both({ kind: 'body', body: '{"success":true,"result":[]}' }),
	{ kind: 'wrongTypes', of: 'fields' },
	{ kind: 'wrongTypes', of: 'result' },
	{ kind: 'missingFields' },
	{ kind: 'missingFields', fields: ['psk_metadata', 'successfully_applied_psks.*.psk_metadata'] },
	{ kind: 'missingFields', fields: ['psk', 'successfully_applied_psks'] },
	{ kind: 'missingFields', fields: ['ipsec_tunnel_id', 'unapplied_psks'] },
	{ kind: 'unapply', reason: 'refused by the test' },
	{ kind: 'unapply', count: 1 },
	{ kind: 'omit', applied: true },
	{ kind: 'omit', applied: false, count: 1 },
	{ kind: 'delay', ms: 5 },
	{ kind: 'drip', chunkBytes: 40, everyMs: 1 },
	{
		kind: 'hook',
		before: (simulator: Simulator) => void simulator.removeTunnel(simulator.tunnels()[1]!.id),
	},
	{
		kind: 'hook',
		before: (simulator: Simulator) => simulator.setKey(simulator.tunnels()[1]!.id, OUTSIDE),
	},
	{
		kind: 'hook',
		after: (simulator: Simulator) => simulator.setKey(simulator.tunnels()[1]!.id, OUTSIDE),
	},
];

/** Faults under which every answer is whole. */
const CLEAR: string[] = ['delay', 'drip', 'unapply'];

const ENDPOINT = { generate: 'pskGenerate', prepare: 'pskSet', set: 'pskSet' } as const;
const MODES = ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const;

interface Case {
	operation: keyof typeof ENDPOINT;
	fault: object;
	skip: number;
	times: number;
	mode: (typeof MODES)[number];
}

/** What is wrong with a run, one text for each fault; none when the promise was kept. */
async function broken({ operation, fault, skip, times, mode }: Case): Promise<string[]> {
	const simulator = await startSimulator({ tunnels: TUNNELS, seed: 1, ageDays: [10, 100, null] });
	try {
		const ids = simulator.tunnels().map(({ id }) => id);
		const before = new Map(ids.map((id) => [id, simulator.liveKey(id)]));
		const handle = simulator.faults.add({
			operation: ENDPOINT[operation],
			skip,
			times,
			...fault,
		} as Fault);
		const { jsons, error, hints } = await runNode({
			credentials: credentialsOf(simulator),
			parameters: {
				resource: 'psk',
				operation,
				tunnelId: { __rl: true, mode: 'id', value: '={{ $json.id }}' },
				psk: '={{ $json.psk }}',
				keyLength: 43,
				checkWithCloudflare: true,
				options: { batchSize: 1, concurrency: 1 },
			} as INodeParameters,
			items: ids.map((id) => ({ id, psk: `given for ${id}` })),
			node: { onError: mode },
		});
		const [secret = [], notification = [], ...others] = jsons;
		const keys = [...secret.map(({ psk }) => String(psk)), ...ids.map((id) => `given for ${id}`)];
		const leaked = JSON.stringify([notification, others, error, error?.message, hints]);
		const faults = keys.some((key) => leaked.includes(key)) ? ['a key leaked'] : [];
		for (const id of ids) {
			const verdict = judge(simulator, id, before.get(id), {
				secret: secret.filter((item) => item.ipsec_tunnel_id === id),
				notification: notification.filter((item) => item.ipsec_tunnel_id === id),
				stopped: error !== undefined,
				changesKeys: operation !== 'prepare',
				givesKeys: operation === 'set',
				mayBeUnknown: handle.hits > 0 && !CLEAR.includes((fault as Fault).kind),
			});
			if (verdict !== undefined) faults.push(`${simulator.tunnel(id)?.name ?? id}: ${verdict}`);
		}
		if (error !== undefined && mode !== 'stopWorkflow') faults.push('threw in a continue mode');
		if (others.flat().length > 0) faults.push('an item on the error output');
		return faults;
	} finally {
		await simulator.close();
	}
}

interface Seen {
	secret: IDataObject[];
	notification: IDataObject[];
	stopped: boolean;
	changesKeys: boolean;
	/** The items give the keys, so that even an unknown outcome holds one. */
	givesKeys: boolean;
	/** The fault spoils an answer, or somebody else changed the key. */
	mayBeUnknown: boolean;
}

function judge(simulator: Simulator, id: string, before: string | undefined, seen: Seen) {
	const live = simulator.liveKey(id);
	const untouched = live === before || live === OUTSIDE || simulator.tunnel(id) === undefined;
	if (seen.stopped) return untouched ? undefined : 'stopped, although the key was changed';
	if (seen.notification.length !== 1) return `${seen.notification.length} outcomes`;
	const [outcome] = seen.notification as [IDataObject];
	const key = seen.secret[0]?.psk;
	switch (outcome.status) {
		case 'validated':
			return !seen.changesKeys && untouched && key !== undefined ? undefined : 'not only validated';
		case 'applied':
			if (key !== live && !untouched) return 'the item does not hold the live key';
			return outcome.verified === true && key !== live ? 'verified, but not live' : undefined;
		case 'unapplied':
			if (key !== undefined) return 'a key of an unapplied outcome';
			return untouched ? undefined : 'unapplied, but the key was changed';
		case 'unknown':
			if (!seen.mayBeUnknown) return 'unknown, although the answer was clear';
			return untouched || !seen.givesKeys || key === live ? undefined : 'the live key is lost';
		default:
			return `status ${String(outcome.status)}`;
	}
}

describe('no fault loses or leaks a key', () => {
	useVirtualClock();
	let cases = 0;

	describe.each(['generate', 'prepare', 'set'] as const)('%s', (operation) => {
		it.each(FAULTS.map((fault) => [JSON.stringify(fault), fault] as const))(
			'%s',
			async (_, fault) => {
				for (const mode of MODES) {
					for (const [skip, times] of [
						[0, 1],
						[1, 1],
						[2, 1],
						[0, Infinity],
					] as const) {
						cases++;
						const faults = await broken({ operation, fault, skip, times, mode });
						expect({ mode, skip, times, faults }).toEqual({ mode, skip, times, faults: [] });
					}
				}
			},
		);
	});

	afterAll(() => {
		process.stdout.write(`${cases} fault cases\n`);
	});
});
