import { printed } from '../helpers/printed';
import { setImmediate as pause } from 'node:timers/promises';
import { clock } from '../../nodes/http/clock';
import type { Fault } from '../helpers/oracle';
import { FAULTS } from '../helpers/oracle';
import { leaksIn } from '../helpers/scanner';
import { useVirtualClock } from '../helpers/virtualClock';
import type { WebhookHost } from '../helpers/webhook';
import { startAccountFor, startWebhookHost } from '../helpers/webhook';
import type { Operation, Simulator } from '../simulator';

/**
 * Every hook of the alert trigger × every endpoint that it asks × every fault that the simulator can
 * make, once and for as long as the hook runs. Whatever happens, what is at Cloudflare afterwards is
 * known to n8n's static data, and is gone when `delete` is called in better times; nothing leaks.
 */

type Hook = 'create' | 'checkExists' | 'delete';

interface Scene {
	hook: Hook;
	operation: Operation;
	/** A second fault that brings the hook to the endpoint. */
	because?: Operation;
	/** The policy has been deleted by somebody, so that checkExists has to clean up. */
	half?: boolean;
}

const SCENES: Scene[] = [
	{ hook: 'create', operation: 'listPolicies' },
	{ hook: 'create', operation: 'listWebhooks' },
	{ hook: 'create', operation: 'createWebhook' },
	{ hook: 'create', operation: 'createPolicy' },
	{ hook: 'create', operation: 'deleteWebhook', because: 'createPolicy' },
	{ hook: 'create', operation: 'deletePolicy', because: 'createPolicy' },
	{ hook: 'checkExists', operation: 'getWebhook' },
	{ hook: 'checkExists', operation: 'getPolicy' },
	{ hook: 'checkExists', operation: 'deleteWebhook', half: true },
	{ hook: 'delete', operation: 'deletePolicy' },
	{ hook: 'delete', operation: 'deleteWebhook' },
];

/** Faults of a fitting kind: some exist for keys of tunnels only. */
const KINDS = FAULTS.filter(
	(fault) => !['unapply', 'omit', 'hook'].includes(Reflect.get(fault, 'kind') as string),
);

/** An answer that is not true: a 429 to a request that was heeded is repeated, so that there are two. */
const isDoubled = (fault: object, { operation }: Scene): boolean =>
	operation.startsWith('create') &&
	Reflect.get(fault, 'status') === 429 &&
	Reflect.get(fault, 'when') === 'after';

let host: WebhookHost;
let simulator: Simulator;
let waiting: AbortController[] = [];

/** Gives up the requests that the client waits for, as its deadline would. */
async function giveUp(): Promise<void> {
	await pause();
	for (const one of waiting) one.abort();
	waiting = [];
}

function addFault(fault: object, operation: Operation, times: number): void {
	const match = { operation, times };
	if (Reflect.get(fault, 'kind') === 'timeout') {
		const when = Reflect.get(fault, 'when') as 'before' | 'after';
		simulator.faults.add({ ...match, kind: 'hook', [when]: () => void giveUp() });
	}
	simulator.faults.add({ ...match, ...fault } as Fault);
}

async function stage(): Promise<void> {
	host = await startWebhookHost();
	simulator = await startAccountFor(host, { tunnels: 1, seed: 9 });
	printed.length = 0;
	waiting = [];
	clock.deadline = () => {
		const one = new AbortController();
		waiting.push(one);
		return one.signal;
	};
}

const left = () => [
	...simulator.alerts.webhooks().map(({ id }) => ({ kind: 'webhook', id })),
	...simulator.alerts.policies().map(({ id }) => ({ kind: 'policy', id })),
];

/** What is at Cloudflare without the static data saying so. */
function untracked(): object[] {
	const made = (host.staticData().made ?? []) as Array<{ kind: string; id?: string }>;
	return left().filter(
		({ kind, id }) => !made.some((entry) => entry.kind === kind && (entry.id ?? id) === id),
	);
}

/** What is wrong after the hook ran with the fault; nothing if all is as it should be. */
async function findings(scene: Scene, fault: object, times: number): Promise<string[]> {
	const found: string[] = [];
	const doubled = isDoubled(fault, scene);
	await stage();
	try {
		if (scene.hook === 'create') host.open();
		else await host.activate();
		if (scene.half === true) {
			simulator.alerts.removePolicy(simulator.alerts.policies()[0]!.id);
		}
		if (scene.because !== undefined) {
			const status = { kind: 'status', status: 400, code: 17003, message: 'm', when: 'after' };
			simulator.faults.add({ operation: scene.because, ...status } as never);
		}
		addFault(fault, scene.operation, times);
		const outcome = await host.hook(scene.hook).catch((error: unknown) => error as Error);
		const secrets = simulator.requests
			.filter(({ operation }) => operation === 'createWebhook')
			.map(({ body }) => (body as { secret: string }).secret);
		const leaks = leaksIn([outcome, printed], [...secrets, simulator.apiToken]);
		if (leaks.length > 0) found.push('leaked');
		if (outcome instanceof Error) {
			if (outcome.name !== 'NodeApiError') found.push(`threw ${outcome.stack}`);
			if (scene.hook === 'delete') found.push('delete threw');
			if (scene.hook === 'create' && host.staticData().secretSha256 !== undefined) {
				found.push('a secret of nothing');
			}
		} else if (scene.hook === 'create' && left().length !== (doubled ? 3 : 2)) {
			found.push('created, but it is not there');
		} else if (scene.hook === 'checkExists' && outcome && left().length !== 2) {
			found.push('exists, but it is not there');
		} else if (scene.hook === 'delete' && outcome && left().length > 0) {
			found.push('deleted, but it is there');
		}
		if (!doubled && untracked().length > 0) {
			found.push(`untracked: ${JSON.stringify(untracked())}`);
		}
		simulator.faults.clear();
		if (!(await host.deactivate())) found.push('delete failed in better times');
		if (left().length > 0) found.push(`left: ${JSON.stringify(left())}`);
		if (Object.keys(host.staticData()).length > 0) found.push('static data left');
		return found;
	} finally {
		await simulator.close();
		await host.close();
	}
}

describe('nothing is left behind', () => {
	useVirtualClock();
	let cases = 0;

	describe.each(SCENES)('$hook: $operation', (scene) => {
		it.each(KINDS.map((fault) => [JSON.stringify(fault), fault] as const))(
			'%s',
			async (_, fault) => {
				for (const times of [1, Infinity]) {
					cases++;
					expect({ times, found: await findings(scene, fault, times) }).toEqual({
						times,
						found: [],
					});
				}
			},
		);
	});

	it.each(['createWebhook', 'createPolicy'] as const)(
		'also when n8n does not keep the static data of a %s that failed',
		async (operation) => {
			for (const kind of ['reset', 'html', 'truncate', 'successFalse'] as const) {
				await stage();
				try {
					host.open();
					simulator.faults.add({ operation, kind, when: 'after' });
					simulator.faults.add({ operation: 'deleteWebhook', kind: 'reset', times: 'always' });
					simulator.faults.add({ operation: 'deletePolicy', kind: 'reset', times: 'always' });
					await expect(host.hook('create')).rejects.toThrow();
					expect(left().length).toBeGreaterThan(0);
					host.setStaticData({});
					simulator.faults.clear();
					await host.activate();
					expect(left()).toHaveLength(2);
					expect(await host.deactivate()).toBe(true);
					expect(left()).toEqual([]);
				} finally {
					await simulator.close();
					await host.close();
				}
			}
		},
	);

	afterAll(() => {
		process.stdout.write(`${cases} fault cases of the alert trigger\n`);
	});
});
