import { execFile } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { print, reasonOf } from '../../helpers/print';
import { runCommand } from '../../helpers/processes';

const execute = promisify(execFile);

/** Debian's packages ask this file whether they may start their services. */
const POLICY = '/usr/sbin/policy-rc.d';

async function isInstalled(name: string): Promise<boolean> {
	try {
		const { stdout } = await execute('dpkg-query', ['--show', '--showformat=${Status}', name]);
		return stdout === 'install ok installed';
	} catch {
		return false;
	}
}

async function missingOf(names: readonly string[]): Promise<string[]> {
	const installed = await Promise.all(names.map(isInstalled));
	return names.filter((_, index) => !installed[index]);
}

async function install(names: readonly string[]): Promise<void> {
	const noServices = !existsSync(POLICY);
	if (noServices) {
		writeFileSync(POLICY, '#!/bin/sh\nexit 101\n');
		chmodSync(POLICY, 0o755);
	}
	const env = { DEBIAN_FRONTEND: 'noninteractive' };
	try {
		await runCommand({ name: 'apt-get update', command: 'apt-get', args: ['update'], env });
		await runCommand({
			name: 'apt-get install',
			command: 'apt-get',
			args: ['install', '--yes', '--no-install-recommends', ...names],
			env,
		});
	} finally {
		if (noServices) rmSync(POLICY, { force: true });
	}
}

/** apt-get works for one at a time. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Installs those of the Debian packages that are missing, without starting any service of theirs.
 *
 * @returns why they can't be had, or undefined if they are there
 */
export async function aptMissing(names: readonly string[]): Promise<string | undefined> {
	const mine = last.then(async () => await installMissing(names));
	last = mine;
	return await mine;
}

async function installMissing(names: readonly string[]): Promise<string | undefined> {
	const missing = await missingOf(names);
	if (missing.length === 0) return undefined;
	const wanted = `needs the Debian packages ${missing.join(', ')}`;
	if (!existsSync('/usr/bin/apt-get')) return `${wanted}, and this is not a Debian system`;
	if (process.getuid?.() !== 0) return `${wanted}; install them, or run this as root`;
	print(`Installing the Debian packages ${missing.join(', ')} …`);
	try {
		await install(missing);
		return undefined;
	} catch (error) {
		return `${wanted}, and apt-get failed: ${reasonOf(error)}`;
	}
}
