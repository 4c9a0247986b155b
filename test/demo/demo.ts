import { parseArgs } from 'node:util';
import type { IDataObject } from 'n8n-workflow';
import { outputsOf, runWorkflow, typesOfBuild } from '../helpers/engine';
import { credentialsOf } from '../helpers/account';
import { print } from '../helpers/print';
import { readWorkflow } from '../helpers/shippedWorkflows';
import type { Simulator } from '../simulator';
import { startSimulator } from '../simulator';

/**
 * The main job of the package, end to end: a workflow on n8n's own engine rotates the old keys of
 * a simulated Cloudflare account, and the keys that it hands out are compared with the live ones.
 */

/** Ages in days of the seeded keys, repeated for as many tunnels as there are. */
const AGES = [400, 12, 181, 95, 3, 90.5, 45, 730, 89, 120];

const ageOf = (index: number): number => AGES[index % AGES.length]!;

function readOptions(): { tunnels: number; seed: number } {
	const { values } = parseArgs({
		options: { tunnels: { type: 'string' }, seed: { type: 'string' } },
	});
	const number = (name: 'tunnels' | 'seed', fallback: number, least: number) => {
		const value = Number(values[name] ?? fallback);
		if (!Number.isInteger(value) || value < least) {
			throw new Error(`--${name} takes a whole number, ${least} or more`);
		}
		return value;
	};
	return { tunnels: number('tunnels', 10, 1), seed: number('seed', 1, 0) };
}

function table(head: string[], rows: string[][]): string {
	const widths = head.map((title, column) =>
		Math.max(title.length, ...rows.map((row) => row[column]!.length)),
	);
	const line = (cells: string[]) =>
		`  ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd();
	return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function shown(item: IDataObject): string {
	const hidden =
		'psk' in item ? { ...item, psk: `(${String(item.psk).length} characters, hidden)` } : item;
	const { status, tunnel_name, psk, verified, message } = hidden;
	return JSON.stringify({ status, tunnel_name, psk, verified, message });
}

function printOutput(name: string, items: IDataObject[]): void {
	const most = 3;
	print(`Output ${name}: ${items.length} items${items.length > most ? `, the first ${most}` : ''}`);
	for (const item of items.slice(0, most)) print(`  ${shown(item)}`);
	print();
}

/** What is wrong with the run, one text for each tunnel. */
function faults(
	simulator: Simulator,
	secrets: IDataObject[],
	before: Map<string, string | undefined>,
): string[] {
	const found = new Map(secrets.map((item) => [String(item.ipsec_tunnel_id), item]));
	return simulator.tunnels().flatMap(({ id, name }, index) => {
		const item = found.get(id);
		const live = simulator.liveKey(id);
		if (ageOf(index) <= 90) {
			return live === before.get(id) && item === undefined
				? []
				: [`${name}: should not have changed`];
		}
		if (item === undefined) return [`${name}: no item on the Secret output`];
		if (live === before.get(id)) return [`${name}: the old key is still live`];
		if (item.psk !== live) return [`${name}: the item's key is not the live one`];
		return item.verified === true ? [] : [`${name}: not verified`];
	});
}

async function main(): Promise<number> {
	const options = readOptions();
	const started = Date.now();
	const progress = setInterval(
		() => print(`… still working after ${Math.round((Date.now() - started) / 1000)} s`),
		5_000,
	);
	const simulator = await startSimulator({
		tunnels: options.tunnels,
		seed: options.seed,
		ageDays: ageOf,
	});
	try {
		print(`A simulated Cloudflare account with ${options.tunnels} IPsec tunnels is up.`);
		const before = new Map(simulator.tunnels().map(({ id }) => [id, simulator.liveKey(id)]));
		print("Running workflows/rotate-old-keys.json on n8n's engine, with the built package:");
		print('Get Many (keys older than 90 days) → Prepare → Set');
		print();
		const run = await runWorkflow(readWorkflow('rotate-old-keys.json'), {
			types: await typesOfBuild(),
			credentials: credentialsOf(simulator),
		});
		const failed = run.data.resultData.error;
		if (failed !== undefined) throw failed;
		const due = outputsOf(run, 'Get Old Keys')[0]!.map(({ json }) => json);
		if (due.length === 0) {
			print('No key is older than 90 days: nothing to rotate.');
			return 0;
		}
		const [secret = [], notification = []] = outputsOf(run, 'Set Keys').map((items) =>
			items.map(({ json }) => json),
		);
		const ages = new Map(due.map((tunnel) => [tunnel.id, tunnel.psk_age_days]));
		print(
			table(
				['tunnel', 'key age before', 'status', 'verified', 'new key made on'],
				notification.map((item) => [
					String(item.tunnel_name),
					`${String(ages.get(item.ipsec_tunnel_id))} days`,
					String(item.status),
					item.verified === true ? 'yes' : 'no',
					String(item.last_generated_on),
				]),
			),
		);
		print();
		printOutput('Secret', secret);
		printOutput('Notification', notification);
		const wrong = faults(simulator, secret, before);
		const told = JSON.stringify(notification);
		const leaks = secret.filter(({ psk }) => told.includes(String(psk))).length;
		if (wrong.length > 0 || leaks > 0) {
			for (const fault of wrong) print(`NOT AS IT SHOULD BE: ${fault}`);
			if (leaks > 0) print(`NOT AS IT SHOULD BE: the notifications hold ${leaks} keys`);
			return 1;
		}
		print(
			`Proof: all ${secret.length} keys on the Secret output are the keys that are now live in the account,`,
		);
		print(
			`no notification holds a key, and the other ${options.tunnels - secret.length} tunnels kept theirs.`,
		);
		print(`${simulator.requests.length} requests, ${Date.now() - started} ms.`);
		return 0;
	} finally {
		clearInterval(progress);
		await simulator.close();
	}
}

main().then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		process.stderr.write(
			`The demo stopped: ${error instanceof Error ? error.message : String(error)}\n`,
		);
		process.exitCode = 1;
	},
);
