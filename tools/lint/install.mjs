import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;

/** Installs what the tools in this folder need, unless what is installed is what the lock file says. */
export function installTools() {
	if (isInstalled()) return;
	console.log('Installing the lint tools (npm ci in tools/lint)');
	// A POSIX shell is not needed, but npm is a .cmd file on Windows and only a shell starts those.
	const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
		cwd: here,
		stdio: ['ignore', 'inherit', 'inherit'],
		shell: process.platform === 'win32',
	});
	if (status !== 0) throw new Error('npm ci in tools/lint did not succeed');
}

function isInstalled() {
	// npm keeps here what it last installed.
	const installedLock = path.join(here, 'node_modules/.package-lock.json');
	if (!existsSync(installedLock)) return false;
	const installed = packagesOf(installedLock);
	return Object.entries(packagesOf(path.join(here, 'package-lock.json')))
		.filter(([location, { optional }]) => location !== '' && !optional)
		.every(([location, { version }]) => installed[location]?.version === version);
}

function packagesOf(lockFile) {
	return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}
