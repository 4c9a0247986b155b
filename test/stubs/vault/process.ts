import { startServer } from '../../helpers/programs';
import { temporaryFolder } from '../../helpers/processes';
import type { RunningProcess } from '../../helpers/processes';
import { VaultClient } from './client';

/** The stand-in for a key-value vault, in a process of its own. */
export class VaultProcess extends VaultClient {
	constructor(
		private readonly child: RunningProcess,
		{ url, token }: { url: string; token: string },
	) {
		super(url, token);
	}

	async stop(): Promise<void> {
		await this.child.stop();
	}
}

export async function startVaultProcess(logFolder?: string): Promise<VaultProcess> {
	const { child, ready } = await startServer<{ url: string; token: string }>({
		name: 'vault',
		file: 'test/stubs/vault/cli.ts',
		args: ['--directory', temporaryFolder('vault')],
		logFolder,
	});
	return new VaultProcess(child, ready);
}
