import { parseArgs } from 'node:util';
import { print, reasonOf } from '../helpers/print';
import { rotateAsItems } from './itemWay';
import { rotateInTheVault } from './vaultWay';
import { DemoWorld } from './world';

/**
 * The main job of the package, end to end: a workflow on n8n's own engine rotates the old keys of a
 * simulated Cloudflare account into a simulated vault, and what came of it is looked at from outside.
 */

interface Options {
	tunnels: number;
	seed: number;
	items: boolean;
}

/** @throws Error for an option that it does not know, or that is no number */
function readOptions(): Options {
	const { values } = parseArgs({
		options: {
			tunnels: { type: 'string' },
			seed: { type: 'string' },
			items: { type: 'boolean', default: false },
		},
	});
	const number = (name: 'tunnels' | 'seed', fallback: number, least: number) => {
		const value = Number(values[name] ?? fallback);
		if (!Number.isInteger(value) || value < least) {
			throw new Error(`--${name} takes a whole number, ${least} or more`);
		}
		return value;
	};
	return {
		tunnels: number('tunnels', 10, 1),
		seed: number('seed', 1, 0),
		items: values.items,
	};
}

async function main(): Promise<number> {
	const { tunnels, seed, items } = readOptions();
	const started = Date.now();
	const progress = setInterval(
		() => print(`… still working after ${Math.round((Date.now() - started) / 1000)} s`),
		5_000,
	);
	const world = await DemoWorld.start(tunnels, seed);
	try {
		print(
			`Simulated, on this machine only: a Cloudflare account with ${tunnels} IPsec tunnels, an empty vault, a chat and a mailbox.`,
		);
		const wrong = await (items ? rotateAsItems(world) : rotateInTheVault(world));
		for (const fault of wrong) print(`NOT AS IT SHOULD BE: ${fault}`);
		return wrong.length > 0 ? 1 : 0;
	} finally {
		clearInterval(progress);
		await world.close();
	}
}

main().then(
	(code) => {
		process.exitCode = code;
	},
	(error: unknown) => {
		process.stderr.write(`The demo stopped: ${reasonOf(error)}\n`);
		process.exitCode = 1;
	},
);
