import type {
	FaultSpec,
	KeyEvent,
	Operation,
	RecordedRequest,
	Simulator,
	Tunnel,
} from '../simulator';
import { startSimulator as startTwin } from '../simulator';
import type { RunningProcess } from './processes';
import { waitFor } from './processes';
import { startServer } from './programs';

export interface AccountOptions {
	/** How many sites the account starts with, default 5. */
	tunnels?: number;
	/** Makes ids, keys and credentials repeatable, default 1. */
	seed?: number;
	/** More options of the simulator's command line. */
	options?: readonly string[];
	logFolder?: string;
}

/** Destinations and policies of the account's notifications. */
export interface AlertingState {
	webhooks: Array<{ id: string; url: string }>;
	policies: Array<{ id: string }>;
}

/** What the account tells of an alert that it sent. */
export interface Delivery {
	url: string;
	status: number | null;
}

export interface TunnelState {
	tunnel: Tunnel;
	/** The key that is live at the edge; null when there is none. */
	live_key: string | null;
	/** All keys that were live, oldest first. */
	history: KeyEvent[];
}

type Credentials = Pick<
	Simulator,
	'apiToken' | 'readToken' | 'noPermissionToken' | 'email' | 'apiKey' | 'notOnboardedAccountId'
>;

/**
 * The credentials of the account that a seed makes. The command line tells only those that may do
 * everything; the same seed makes the same ones here.
 */
async function credentialsOfSeed(seed: number): Promise<Credentials> {
	const twin = await startTwin({ seed });
	await twin.close();
	const { apiToken, readToken, noPermissionToken, email, apiKey, notOnboardedAccountId } = twin;
	return { apiToken, readToken, noPermissionToken, email, apiKey, notOnboardedAccountId };
}

/** A simulated Cloudflare account in a process of its own. */
export class Account {
	constructor(
		readonly child: RunningProcess,
		/** Base URL of the API. */
		readonly url: string,
		readonly accountId: string,
		readonly credentials: Credentials,
	) {}

	/** What the credential type `cloudflareMagicTokenApi` takes. */
	tokenCredential(changes: Record<string, string> = {}): Record<string, string> {
		const { apiToken } = this.credentials;
		return { apiToken, accountId: this.accountId, baseUrl: this.url, ...changes };
	}

	/** What the credential type `cloudflareMagicKeyApi` takes. */
	keyCredential(changes: Record<string, string> = {}): Record<string, string> {
		const { email, apiKey } = this.credentials;
		return { email, apiKey, accountId: this.accountId, baseUrl: this.url, ...changes };
	}

	async tunnels(): Promise<TunnelState[]> {
		return ((await this.control('GET', 'state')) as { tunnels: TunnelState[] }).tunnels;
	}

	/** @throws Error if the account has no such tunnel */
	async tunnel(idOrName: string): Promise<TunnelState> {
		const found = (await this.tunnels()).find(({ tunnel }) =>
			[tunnel.id, tunnel.name].includes(idOrName),
		);
		if (found === undefined) throw new Error(`The simulated account has no tunnel ${idOrName}`);
		return found;
	}

	/** Requests to the API in the order they arrived. */
	async requests(): Promise<RecordedRequest[]> {
		return (await this.control('GET', 'requests')) as RecordedRequest[];
	}

	async resetRequests(): Promise<void> {
		await this.control('DELETE', 'requests');
	}

	async addFault(fault: FaultSpec): Promise<void> {
		await this.control('POST', 'faults', fault);
	}

	async clearFaults(): Promise<void> {
		await this.control('DELETE', 'faults');
	}

	/** Settles when the account has got so many requests for an operation since they were reset. */
	async seen(operation: Operation, count: number): Promise<void> {
		await waitFor(`Request ${count} for ${operation}`, async () => {
			const requests = await this.requests();
			return requests.filter((request) => request.operation === operation).length >= count;
		});
	}

	/** Somebody else changes a key. */
	async setKey(id: string, psk: string): Promise<void> {
		await this.control('POST', 'key', { id, psk });
	}

	async alerting(): Promise<AlertingState> {
		return (await this.control('GET', 'alerting')) as AlertingState;
	}

	/** Sends an alert about a tunnel to every policy that it fits. */
	async fireAlert(alert: object): Promise<Delivery[]> {
		return (await this.control('POST', 'alerts', alert)) as Delivery[];
	}

	async stop(): Promise<void> {
		await this.child.stop();
	}

	private async control(method: string, resource: string, body?: unknown): Promise<unknown> {
		const answer = await fetch(new URL(`/__sim/${resource}`, this.url), {
			method,
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		if (answer.ok) return await answer.json();
		throw new Error(`The simulator refused ${method} ${resource}: ${await answer.text()}`);
	}
}

/** Starts a simulated account in a process of its own, by the project's command line for it. */
export async function startAccount(options: AccountOptions = {}): Promise<Account> {
	const { tunnels = 5, seed = 1, logFolder, options: more = [] } = options;
	const { child, ready } = await startServer<{ url: string; accountId: string }>({
		name: `simulator-${seed}`,
		file: 'test/simulator/cli.ts',
		args: ['--port=0', `--tunnels=${tunnels}`, `--seed=${seed}`, ...more],
		logFolder,
	});
	return new Account(child, ready.url, ready.accountId, await credentialsOfSeed(seed));
}
