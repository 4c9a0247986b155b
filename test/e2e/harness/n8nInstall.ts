import { existsSync } from 'node:fs';
import * as path from 'node:path';
import type { Step } from './cache';
import { installOnce } from './cache';
import { PACKAGE, ROOT } from '../../helpers/paths';

/** n8n in the release whose engine the unit tests use. */
export const N8N_VERSION = PACKAGE.devDependencies['n8n-core']!;

const hasHeaders = (folder: string): boolean =>
	existsSync(path.join(folder, 'include', 'node', 'node_api.h'));

/**
 * The folder with the headers of the Node that runs this, for native add-ons: beside its binary,
 * in the package that the npm package `node` takes its binary from, or from that package installed
 * into the cache, since npm may have put the binary alone into the tree.
 */
async function nodeHeaders(): Promise<string> {
	const name = `node-${process.platform}-${process.arch}`;
	const near = [
		path.join(path.dirname(process.execPath), '..'),
		path.join(ROOT, 'node_modules', name),
		path.join(ROOT, 'node_modules', 'node', 'node_modules', name),
	].find(hasHeaders);
	if (near !== undefined) return near;
	const version = process.versions.node;
	const folder = await installOnce({
		name: 'node-headers',
		version,
		about: `the headers of Node ${version} (some seconds)`,
		packageJson: { dependencies: { [name]: version } },
		steps: [{ command: 'npm', args: ['install', '--ignore-scripts', '--no-audit', '--no-fund'] }],
	});
	return path.join(folder, 'node_modules', name);
}

const INSTALL: Step = {
	command: 'npm',
	args: ['install', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'],
};

/**
 * The folder that holds n8n, the whole product with its editor, installed into the cache once
 * (4 minutes, 2.2 GB).
 */
export async function installN8n(): Promise<string> {
	return await installOnce({
		name: 'n8n',
		version: N8N_VERSION,
		about: `n8n ${N8N_VERSION} (about 5 minutes, 2.2 GB)`,
		packageJson: {
			// Wanted by n8n's ts-ics as a peer, which --legacy-peer-deps leaves out.
			dependencies: { n8n: N8N_VERSION, 'date-fns': '2.30.0' },
			// The ranges of these two lead npm to releases that n8n does not start with.
			overrides: { linkedom: '0.18.12', '@langchain/langgraph': '1.2.0' },
		},
		steps: [
			INSTALL,
			{
				command: 'npm',
				args: ['rebuild', 'sqlite3'],
				env: async () => ({ npm_config_nodedir: await nodeHeaders() }),
			},
		],
	});
}

/** The file that starts n8n, in the folder that `installN8n` gives. */
export function n8nBinary(folder: string): string {
	return path.join(folder, 'node_modules', 'n8n', 'bin', 'n8n');
}
