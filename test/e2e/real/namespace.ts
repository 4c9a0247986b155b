import { readlink } from 'node:fs/promises';
import type { RunningProcess } from '../../helpers/processes';
import { runCommand, startProcess, waitFor } from '../../helpers/processes';

/**
 * A network of its own for some processes. It belongs to a process and has no name, so that nothing
 * of it is left when that process ends, however it ends.
 */
export interface Namespace {
	/** The process that holds it. */
	readonly pid: number;
	/** @returns the command line that runs a program inside */
	inside(command: string, ...args: string[]): { command: string; args: string[] };
	/** Runs `ip` inside. */
	ip(...args: string[]): Promise<string>;
	stop(): Promise<void>;
}

const LINK = 'outer';

const networkOf = async (pid: number | 'self'): Promise<string> =>
	await readlink(`/proc/${pid}/ns/net`);

/** @throws without root */
export async function startNamespace(name: string): Promise<Namespace> {
	const holder: RunningProcess = startProcess({
		name,
		command: 'unshare',
		args: ['--net', 'sleep', 'infinity'],
	});
	const pid = await waitFor(
		`the network namespace ${name}`,
		async () => {
			const { pid } = holder;
			return pid !== undefined && (await networkOf(pid)) !== (await networkOf('self')) && pid;
		},
		{ child: holder },
	);
	const inside: Namespace['inside'] = (command, ...args) => ({
		command: 'nsenter',
		args: [`--net=/proc/${pid}/ns/net`, command, ...args],
	});
	const ip: Namespace['ip'] = async (...args) =>
		await runCommand({ name: `ip ${args.join(' ')}`, ...inside('ip', ...args) });
	await ip('link', 'set', 'lo', 'up');
	return { pid, inside, ip, stop: async () => await holder.stop() };
}

/** Joins two namespaces by a cable, with one address at each end. */
export async function connect(
	one: { namespace: Namespace; address: string },
	other: { namespace: Namespace; address: string },
): Promise<void> {
	const peer = ['peer', 'name', LINK, 'netns', String(other.namespace.pid)];
	await one.namespace.ip('link', 'add', LINK, 'type', 'veth', ...peer);
	for (const [near, far] of [
		[one, other],
		[other, one],
	] as const) {
		await near.namespace.ip('addr', 'add', near.address, 'peer', far.address, 'dev', LINK);
		await near.namespace.ip('link', 'set', LINK, 'up');
	}
}
