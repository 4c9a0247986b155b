import { rotationCredentials, rotationParameters } from '../helpers/keptVault';
import { credentialsOf, runNode } from '../helpers/node';
import { RotationWorld } from '../helpers/rotation';

/** A stop while the vault is read ends the reading; what a key's change still needs of the vault is done. */

describe('an execution that is stopped', () => {
	let world: RotationWorld;
	afterEach(async () => {
		await world.close();
	});

	async function stopped(operation: string, stopWhen: Promise<unknown>) {
		const { kept, simulator } = world;
		return await runNode({
			credentials: { ...credentialsOf(simulator), [kept.credentialType]: kept.credential() },
			mode: 'trigger',
			node: { credentials: rotationCredentials(kept), onError: 'continueRegularOutput' },
			parameters: rotationParameters(operation, kept, { options: { vaultConcurrency: 1 } }),
			stopWhen,
		});
	}

	const twoReads = () =>
		new Promise<void>((resolve) => {
			const { requests } = world.kept.server;
			const look = setInterval(() => {
				if (requests.length < 2) return;
				clearInterval(look);
				resolve();
			}, 5);
		});

	it.each([
		['rotate', 'kv2'],
		['getStatus', 'kv2'],
		['rotate', 'awsSecretsManager'],
		['getStatus', 'awsSecretsManager'],
	] as const)('%s reads no further in %s', async (operation, vault) => {
		world = await RotationWorld.start({ tunnels: 12, seed: 1 }, vault);
		const { server } = world.kept;
		server.addFault({ when: 'before', delayMs: 100, times: Infinity });
		await stopped(operation, twoReads());
		// What goes on behind the end of the run would arrive now.
		await new Promise((resolve) => setTimeout(resolve, 700));
		expect(server.requests.length).toBeLessThanOrEqual(3);
	});

	it.each(['kv2', 'awsSecretsManager'] as const)(
		'after the keys are set, %s is told so',
		async (vault) => {
			world = await RotationWorld.start({ tunnels: 2, seed: 1 }, vault);
			const set = world.simulator.faults.add({
				kind: 'hold',
				when: 'after',
				operation: 'pskSet',
				skip: 1,
			});
			const run = stopped('rotate', set.applied());
			await set.applied();
			await new Promise((resolve) => setTimeout(resolve, 30));
			set.release();
			await run;
			// n8n ends a stopped run before its node is done.
			await expect(settled()).resolves.toEqual([true, true]);
		},
	);

	async function settled(): Promise<boolean[]> {
		const state = () =>
			world.simulator.tunnels().map(({ id }) => {
				const { current, pending } = world.record(id);
				return current === world.simulator.liveKey(id) && pending === undefined;
			});
		for (let look = 0; look < 100 && state().includes(false); look++) {
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		return state();
	}
});
