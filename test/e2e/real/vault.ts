import * as path from 'node:path';
import type { VaultFault, VaultState } from '../../vault/kv2';
import { ROOT } from '../harness/paths';
import type { RunningProcess } from '../harness/processes';
import { startProcess, temporaryFolder, waitFor } from '../harness/processes';

const FOLDER = 'magic-ipsec';

/** The stand-in for HashiCorp Vault in a process of its own. */
export class VaultProcess {
	constructor(
		readonly child: RunningProcess,
		private readonly url: string,
		readonly token: string,
	) {}

	/** What the workflows' setting `vault_url` takes. */
	get secretsUrl(): string {
		return `${this.url}/${FOLDER}`;
	}

	/** What n8n's credential type `httpHeaderAuth` takes. */
	get credential(): { name: string; value: string } {
		return { name: 'X-Vault-Token', value: this.token };
	}

	/** The newest version of a tunnel's secret. */
	async secret(tunnelId: string): Promise<{ current?: string; pending?: string }> {
		const state = (await (await this.control('GET', 'state')).json()) as VaultState;
		return state[`${FOLDER}/${tunnelId}`]?.at(-1)?.data ?? {};
	}

	async addFault(fault: VaultFault): Promise<void> {
		await this.control('POST', 'faults', fault);
	}

	async clearFaults(): Promise<void> {
		await this.control('DELETE', 'faults');
	}

	private async control(method: string, resource: string, body?: unknown): Promise<Response> {
		return await fetch(new URL(`/__vault/${resource}`, this.url), {
			method,
			body: body === undefined ? undefined : JSON.stringify(body),
		});
	}
}

/** Starts the stand-in on a free port of loopback; its files are removed with the run. */
export async function startVaultProcess(logFolder?: string): Promise<VaultProcess> {
	const child = startProcess({
		name: 'vault',
		command: process.execPath,
		args: [
			require.resolve('tsx/cli'),
			path.join(ROOT, 'test', 'vault', 'cli.ts'),
			`--directory=${temporaryFolder('vault')}`,
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
	return new VaultProcess(child, url, token);
}
