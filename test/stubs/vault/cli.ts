import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { startVault } from './kv2';

/** Prints one line of JSON, its address and token, and serves until a signal or POST /__vault/close. */
async function main(): Promise<void> {
	const { values } = parseArgs({ options: { directory: { type: 'string' } } });
	if (values.directory === undefined) throw new Error('Usage: cli --directory DIR');
	const vault = await startVault({
		directory: values.directory,
		token: `hvs.${randomBytes(18).toString('base64url')}`,
	});
	for (const signal of ['SIGTERM', 'SIGINT'] as const) {
		process.once(signal, () => void vault.close());
	}
	process.stdout.write(`${JSON.stringify({ url: vault.url, token: vault.token })}\n`);
	await vault.closed;
}

main().catch((error: unknown) => {
	process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
	process.exitCode = 2;
});
