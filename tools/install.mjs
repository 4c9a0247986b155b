import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Installs what the tools in a folder under tools/ need, unless what is installed is what the
 * folder's lock file says.
 */
export function installTools(folder) {
	if (isInstalled(folder)) return;
	console.log(`Installing tools/${path.basename(folder)} (npm ci)`);
	runNpm(['ci', '--no-audit', '--no-fund'], {
		cwd: folder,
		stdio: ['ignore', 'inherit', 'inherit'],
	});
}

/** Runs npm and gives what it printed; throws if it does not succeed. */
export function runNpm(parameters, options) {
	// A POSIX shell is not needed, but npm is a .cmd file on Windows and only a shell starts those.
	const { status, stdout } = spawnSync('npm', parameters, {
		stdio: ['ignore', 'pipe', 'inherit'],
		encoding: 'utf8',
		maxBuffer: 2 ** 28,
		...options,
		shell: process.platform === 'win32',
	});
	if (status !== 0) throw new Error(`npm ${parameters[0]} in ${options.cwd} did not succeed`);
	return stdout;
}

function isInstalled(folder) {
	// npm keeps here what it last installed.
	const installedLock = path.join(folder, 'node_modules/.package-lock.json');
	if (!existsSync(installedLock)) return false;
	const installed = packagesOf(installedLock);
	return Object.entries(packagesOf(path.join(folder, 'package-lock.json')))
		.filter(([location, { optional }]) => location !== '' && !optional)
		.every(([location, { version }]) => installed[location]?.version === version);
}

function packagesOf(lockFile) {
	return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}
