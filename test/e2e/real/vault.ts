import * as path from 'node:path';
import type { VaultFault, VaultState } from '../../stubs/vault/kv2';
import { ROOT } from '../harness/paths';
import { startProcess, temporaryFolder, waitFor } from '../harness/processes';

/** What the two-stage workflows keep of a tunnel. */
export interface TunnelSecret {
	current?: string;
	pending?: string;
	left_over?: string[];
}

/** The stand-in for a key-value vault, in a process of its own. */
export interface VaultProcess {
	/** Where the workflows keep their secrets: what their setting `vault_url` takes. */
	readonly secretsUrl: string;
	/** What n8n's credential type `httpHeaderAuth` takes. */
	readonly credential: { name: string; value: string };
	/** By tunnel id, every version of its secret with the time it was made, oldest first. */
	secrets(): Promise<Map<string, Array<{ secret: TunnelSecret; madeAt: number }>>>;
	/** The newest version of a tunnel's secret; empty while there is none. */
	secret(tunnelId: string): Promise<TunnelSecret>;
	addFault(fault: VaultFault): Promise<void>;
	clearFaults(): Promise<void>;
	stop(): Promise<void>;
}

const FOLDER = 'magic-ipsec';

export async function startVaultProcess(logFolder?: string): Promise<VaultProcess> {
	const child = startProcess({
		name: 'vault',
		command: process.execPath,
		args: [
			require.resolve('tsx/cli'),
			path.join(ROOT, 'test', 'stubs', 'vault', 'cli.ts'),
			'--directory',
			temporaryFolder('vault'),
		],
		logFolder,
	});
	const line = await waitFor(
		'The vault',
		async () =>
			child
				.tail()
				.split('\n')
				.find((text) => text.startsWith('{')),
		{ child },
	);
	const { url, token } = JSON.parse(line) as { url: string; token: string };
	const control = async (method: string, resource: string, body?: VaultFault) =>
		await fetch(new URL(`/__vault/${resource}`, url), {
			method,
			body: body === undefined ? undefined : JSON.stringify(body),
		});
	const state = async () => (await (await control('GET', 'state')).json()) as VaultState;
	return {
		secretsUrl: `${url}/${FOLDER}`,
		credential: { name: 'X-Vault-Token', value: token },
		async secrets() {
			return new Map(
				Object.entries(await state()).map(([name, versions]) => [
					name.slice(FOLDER.length + 1),
					versions.map(({ data, created_time }) => ({
						secret: (data ?? {}) as TunnelSecret,
						madeAt: Date.parse(created_time),
					})),
				]),
			);
		},
		secret: async (tunnelId) => (await state())[`${FOLDER}/${tunnelId}`]?.at(-1)?.data ?? {},
		async addFault(fault) {
			await control('POST', 'faults', fault);
		},
		async clearFaults() {
			await control('DELETE', 'faults');
		},
		stop: async () => await child.stop(),
	};
}
