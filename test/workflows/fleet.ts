import type { INodeExecutionData, IRun } from 'n8n-workflow';
import type { TypeSource } from '../helpers/engine';
import { useShiftedDate } from '../helpers/shiftedDate';
import type { Settings } from '../helpers/shippedWorkflows';
import type { Example } from './run';
import { runExample } from './run';
import type { Services } from './services';
import { startServices } from './services';
import { waitsThat } from './waits';

/** What a router of the fleet does wrong. */
export type RouterFault =
	/** It can't reach the vault. */
	| 'noVault'
	/** It loads something else than the pending key, so that its authentication fails. */
	| 'wrongKey'
	/** It loads the pending key, and does not authenticate anew. */
	| 'oldSa'
	/** It authenticates, and its line is dead from then on. */
	| 'deadLine';

/** One change of a key at Cloudflare. */
interface Change {
	tunnel: string;
	/** Number of the wave that it was made in, counted over all runs. */
	wave: number;
}

/** A fleet of routers, two for a site, whose keys the vault knows. */
export interface Fleet {
	services: Services;
	/** By name of the tunnel. */
	faults: Map<string, RouterFault>;
	/** Names of tunnels, in the order in which their routers were called. */
	called: string[];
	/** Called before a router does anything. */
	beforeRouter: (tunnel: string) => Promise<void>;
	/** Types that stand before n8n's own. */
	types: TypeSource[];
	/** Lets minutes go by. */
	pass(minutes: number): void;
	run(more?: Partial<Example>, settings?: Settings): Promise<IRun>;
	/** Cuts a run off after a node was there so many times. */
	runUntil(node: string, times: number): Promise<IRun>;
	/** Keys that were set at Cloudflare since the fleet was made. */
	changes(): Change[];
	/** Sites of which two keys were changed in one wave. */
	crowded(): string[];
	/** What was found after some node: a live key that the vault did not hold, a site without an SA. */
	broken: Set<string>;
	/** What a person wants to know of a tunnel in the end. */
	stateOf(name: string): Promise<TunnelState>;
	/** Everything that the runs left: keys must not be in it. */
	kept: unknown[];
}

export interface TunnelState {
	/** Which of the vault's keys is live at Cloudflare. */
	live: 'current' | 'pending' | 'previous' | 'none of them';
	/** Whether the key is another than when the fleet was made. */
	isNew: boolean;
	/** Whether the router has an IKE SA made with the key that is live. */
	isUp: boolean;
	isOpen: boolean;
}

const MINUTE_MS = 60_000;

/** Cloudflare's own times: results five minutes late, five minutes in a bad state at least, an SA spread in 120 s. */
const HEALTH = { delayMs: 5 * MINUTE_MS, minimumMs: 5 * MINUTE_MS, spreadMs: 120_000 };

/** A fleet for each test of a describe block: tunnels `NAME-a` and `NAME-b` of every site, with keys of 120 days. */
export function useFleet(sites: readonly string[]): () => Fleet {
	const date = useShiftedDate();
	let fleet: Fleet;
	beforeEach(async () => {
		fleet = await makeFleet(sites, (minutes) => date.pass(minutes * MINUTE_MS));
	});
	afterEach(async () => {
		await fleet.services.close();
	});
	return () => fleet;
}

async function makeFleet(
	sites: readonly string[],
	pass: (minutes: number) => void,
): Promise<Fleet> {
	const names = sites.flatMap((site) => [`${site}-a`, `${site}-b`]);
	const services = await startServices(
		names.map(() => 120),
		HEALTH,
	);
	const { simulator, vaultServer, notify, credentials } = services;
	const ids = new Map(simulator.tunnels().map(({ id }, index) => [names[index]!, id]));
	for (const [name, id] of ids) simulator.updateTunnel(id, { name });
	for (const [name, id] of ids) {
		const { psk_metadata } = simulator.tunnel(id)!;
		await store(vaultServer, id, {
			current: simulator.liveKey(id),
			current_generated_on: psk_metadata?.last_generated_on,
			tunnel_id: id,
			tunnel_name: name,
			account_id: simulator.accountId,
		});
		simulator.health.loadKey(id, simulator.liveKey(id)!);
		simulator.health.authenticate(id);
	}
	// Long enough for Cloudflare to find the tunnels healthy.
	pass(60);
	const first = new Map([...ids.values()].map((id) => [id, simulator.liveKey(id)]));
	const waves: Array<{ from: number }> = [];
	const routerOf = async (item: INodeExecutionData): Promise<INodeExecutionData> => {
		const { ipsec_tunnel_id, tunnel_name, vault_path } = item.json as Record<string, string>;
		const id = ipsec_tunnel_id!;
		const name = tunnel_name!;
		fleet.called.push(name);
		await fleet.beforeRouter(name);
		const answer = (ok: boolean, reason: string, at?: number) => ({
			json: {
				ipsec_tunnel_id: id,
				ok,
				reason,
				ike_sa_made_at: at === undefined ? '' : new Date(at).toISOString(),
			},
		});
		const fault = fleet.faults.get(name);
		const read = fault === 'noVault' ? undefined : await readKey(vaultServer, vault_path!);
		if (read === undefined) return answer(false, 'The vault can not be reached.');
		const before = simulator.health.authenticatedAt(id);
		simulator.health.loadKey(id, fault === 'wrongKey' && read.isPending ? 'another' : read.key);
		if (fault === 'oldSa' && read.isPending) return answer(true, '', before);
		if (!simulator.health.authenticate(id)) return answer(false, 'AUTHENTICATION_FAILED');
		simulator.health.setLoss(id, fault === 'deadLine' && read.isPending ? 1 : 0);
		return answer(true, '', simulator.health.authenticatedAt(id));
	};
	const look = (node: string) => {
		if (simulator.tunnels().length < names.length) return;
		const state = vaultServer.state();
		for (const [name, id] of ids) {
			const held = Object.values(state[`magic-ipsec/${id}`]?.at(-1)?.data ?? {});
			if (!held.includes(simulator.liveKey(id))) {
				fleet.broken.add(`The vault does not hold the live key of ${name} after ${node}`);
			}
		}
		for (const site of sites) {
			const isUp = ['a', 'b'].some(
				(end) => simulator.health.authenticatedAt(ids.get(`${site}-${end}`)!) !== undefined,
			);
			if (!isUp) fleet.broken.add(`${site} has no tunnel after ${node}`);
		}
	};
	const fleet: Fleet = {
		services,
		faults: new Map(),
		called: [],
		beforeRouter: async () => {},
		kept: [],
		types: [waitsThat((ms) => pass(ms / MINUTE_MS))],
		pass,
		async run(more = {}, settings = {}) {
			const { onStep, ...others } = more;
			const run = await runExample({
				file: 'fleet-rotation.json',
				settings: {
					...notify,
					site_pattern: '^(.+)-[ab]$',
					canary: 1,
					wave_size: 2,
					window_start: '00:00',
					window_end: '00:00',
					...settings,
				},
				credentials,
				types: fleet.types,
				subWorkflow: async (items) => {
					const answers: INodeExecutionData[] = [];
					for (const item of items) answers.push(await routerOf(item));
					fleet.kept.push(items, answers);
					return answers;
				},
				onStep: async (when, node) => {
					if (when === 'before' && node === 'Rotate') waves.push({ from: Date.now() });
					if (when === 'after') look(node);
					await onStep?.(when, node);
				},
				...others,
			});
			fleet.kept.push(run);
			return run;
		},
		async runUntil(node, times) {
			let count = 0;
			let stop = () => {};
			const stopWhen = new Promise<void>((resolve) => {
				stop = resolve;
			});
			return await fleet.run({
				stopWhen,
				onStep: async (when, name) => {
					if (when === 'after' && name === node && ++count === times) stop();
				},
			});
		},
		broken: new Set(),
		crowded: () => {
			const seen = new Map<string, Set<string>>();
			for (const { tunnel, wave } of fleet.changes()) {
				const place = `${tunnel.replace(/-[ab]$/, '')} in wave ${wave}`;
				seen.set(place, (seen.get(place) ?? new Set()).add(tunnel));
			}
			return [...seen].filter(([, tunnels]) => tunnels.size > 1).map(([place]) => place);
		},
		changes: () =>
			[...ids].flatMap(([tunnel, id]) =>
				simulator
					.keyHistory(id)
					.slice(1)
					.map(({ at }) => ({
						tunnel,
						wave: waves.filter(({ from }) => from <= Date.parse(at)).length,
					})),
			),
		async stateOf(name) {
			const id = ids.get(name)!;
			const live = simulator.liveKey(id)!;
			const record: Record<string, string | undefined> = {
				...(await services.vault.secret(id)),
			};
			const found = (['current', 'pending', 'previous'] as const).find(
				(part) => record[part] === live,
			);
			return {
				live: found ?? 'none of them',
				isNew: live !== first.get(id),
				isUp: simulator.health.authenticatedAt(id) !== undefined,
				isOpen: record.pending !== undefined || record.intent !== undefined,
			};
		},
	};
	return fleet;
}

type VaultServer = Services['vaultServer'];

async function store(server: VaultServer, id: string, record: object): Promise<void> {
	const answer = await fetch(`${server.url}/magic-ipsec/${id}`, {
		method: 'POST',
		headers: { 'x-vault-token': server.token },
		body: JSON.stringify({ data: record }),
	});
	expect(answer.status).toBe(200);
}

/** The key that a router takes from the vault; undefined if the vault does not give it. */
async function readKey(
	server: VaultServer,
	name: string,
): Promise<{ key: string; isPending: boolean } | undefined> {
	const answer = await fetch(`${server.url}/${name}`, {
		headers: { 'x-vault-token': server.token },
	});
	if (answer.status !== 200) return undefined;
	const { data } = (await answer.json()) as { data: { data: Record<string, string> } };
	const { pending, current } = data.data;
	return { key: pending ?? current!, isPending: pending !== undefined };
}
