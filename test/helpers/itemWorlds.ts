import type { IDataObject, INode } from 'n8n-workflow';
import type { Simulator } from '../simulator';
import { startAccounts, startSimulator } from '../simulator';
import type { Credentials } from './node';
import { credentialsOf } from './node';

/** Worlds in which items differ in their credential, whose expressions n8n works out for each item. */
export interface World {
	/** One or two accounts. */
	simulators: Simulator[];
	credentials: Credentials;
	/** Fields of an item by which its credential is resolved for the nth account. */
	fields(account: number): IDataObject;
	/** Parameters of the node that belong to it. */
	parameters: IDataObject;
	/** Settings of the node that belong to it. */
	node: Partial<INode>;
	close(): Promise<void>;
}

/** Days since each tunnel's key was made; null for a tunnel without one. */
export type Ages = ReadonlyArray<number | null>;

const TYPE = 'cloudflareMagicTokenApi';

const NODE_CREDENTIALS: Pick<INode, 'credentials'> = {
	credentials: {
		cloudflareMagicTokenApi: { id: '1', name: 'Token' },
		cloudflareMagicKeyApi: { id: '2', name: 'Key' },
	},
};

async function oneAccount(ages: Ages, authentication: string): Promise<World> {
	const simulator = await startSimulator({ tunnels: ages.length, seed: 1, ageDays: ages });
	return {
		simulators: [simulator],
		credentials: credentialsOf(simulator),
		fields: () => ({}),
		parameters: { authentication },
		node: {},
		close: async () => await simulator.close(),
	};
}

/** Two accounts behind one address, and one user: the item names the account. */
async function twoAccounts(ages: Ages): Promise<World> {
	const options = { tunnels: ages.length, ageDays: ages };
	const shared = await startAccounts([
		{ ...options, seed: 1 },
		{ ...options, seed: 2 },
	]);
	const { apiToken, accounts, url: baseUrl } = shared;
	return {
		simulators: [...accounts],
		credentials: { [TYPE]: { apiToken, accountId: '={{ $json.account }}', baseUrl } },
		fields: (account) => ({ account: accounts[account]!.accountId }),
		parameters: { authentication: 'apiToken' },
		node: NODE_CREDENTIALS,
		close: async () => await shared.close(),
	};
}

/** Two accounts with the same ids, as production and a staging gateway have. */
async function twins(ages: Ages) {
	const options = { tunnels: ages.length, seed: 1, ageDays: ages };
	const simulators = [await startSimulator(options), await startSimulator(options)] as const;
	return {
		simulators: [...simulators],
		node: NODE_CREDENTIALS,
		close: async () => {
			await Promise.all(simulators.map((simulator) => simulator.close()));
		},
	};
}

async function twoBaseUrls(ages: Ages): Promise<World> {
	const both = await twins(ages);
	const [one] = both.simulators;
	return {
		...both,
		credentials: { [TYPE]: { ...credentialsOf(one!)[TYPE], baseUrl: '={{ $json.gateway }}' } },
		fields: (account) => ({ gateway: both.simulators[account]!.url }),
		parameters: { authentication: 'apiToken' },
	};
}

async function twoTypes(ages: Ages): Promise<World> {
	const both = await twins(ages);
	const [one, two] = both.simulators.map((simulator) => credentialsOf(simulator));
	return {
		...both,
		credentials: {
			cloudflareMagicTokenApi: one!.cloudflareMagicTokenApi!,
			cloudflareMagicKeyApi: two!.cloudflareMagicKeyApi!,
		},
		fields: (account) => ({ scheme: ['apiToken', 'apiKey'][account] }),
		parameters: { authentication: '={{ $json.scheme }}' },
	};
}

const WORLDS = {
	apiToken: async (ages: Ages) => await oneAccount(ages, 'apiToken'),
	apiKey: async (ages: Ages) => await oneAccount(ages, 'apiKey'),
	twoAccounts,
	twoBaseUrls,
	twoTypes,
};

export type WorldName = keyof typeof WORLDS;

/** Every way in which the items of one run may have their credentials. */
export const WORLD_NAMES = Object.keys(WORLDS) as WorldName[];

/** Those in which the items' credentials differ. */
export const MIXED: WorldName[] = ['twoAccounts', 'twoBaseUrls', 'twoTypes'];

/** Starts a world, with a tunnel in each of its accounts for each age. */
export async function openWorld(name: WorldName, ages: Ages): Promise<World> {
	return await WORLDS[name](ages);
}

/** A world of two accounts with the same tunnel names, and a run on one tunnel of each. */
export function useMixedWorld(name: WorldName) {
	let world: World;
	beforeEach(async () => {
		world = await openWorld(name, [10, 10]);
		for (const simulator of world.simulators) {
			for (const [index, { id }] of simulator.tunnels().entries()) {
				simulator.updateTunnel(id, { name: `site-${index}` });
			}
		}
	});
	afterEach(async () => {
		await world.close();
	});
	return {
		world: () => world,
		/** What the items name: the second tunnel of the second account, then the first of the first. */
		wanted: () =>
			[1, 0].map((account) => {
				const simulator = world.simulators[account]!;
				const { id, name: tunnelName } = simulator.tunnels()[account]!;
				return { simulator, account, id, name: tunnelName };
			}),
	};
}
