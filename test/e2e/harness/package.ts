import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { PACKAGE, ROOT } from '../../helpers/paths';
import { runCommand, temporaryFolder } from '../../helpers/processes';

/** Builds the package; dist/ is made anew. */
export async function buildPackage(): Promise<void> {
	await runCommand({ name: 'npm run build', command: 'npm', args: ['run', 'build'], cwd: ROOT });
}

/** Packs the built package as it would be published, and gives the tarball's path. */
export async function packPackage(): Promise<string> {
	const folder = temporaryFolder('pack');
	await runCommand({
		name: 'npm pack',
		command: 'npm',
		args: ['pack', '--ignore-scripts', '--pack-destination', folder],
		cwd: ROOT,
	});
	return path.join(folder, readdirSync(folder)[0]!);
}

const nodesFolder = (userFolder: string): string => path.join(userFolder, '.n8n', 'nodes');

/** Installs a tarball into a user folder, the way n8n does it for Settings > Community Nodes. */
export async function installPackage(userFolder: string, tarball: string): Promise<void> {
	const folder = nodesFolder(userFolder);
	mkdirSync(folder, { recursive: true });
	writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
	await runCommand({
		name: 'npm install of the package',
		command: 'npm',
		args: ['install', tarball, '--ignore-scripts', '--no-audit', '--no-fund'],
		cwd: folder,
	});
}

/** Lays the present dist/ over that of the installed package, for an n8n that reloads nodes. */
export function refreshPackage(userFolder: string): void {
	const installed = path.join(nodesFolder(userFolder), 'node_modules', PACKAGE.name, 'dist');
	cpSync(path.join(ROOT, 'dist'), installed, { recursive: true, force: true });
}
