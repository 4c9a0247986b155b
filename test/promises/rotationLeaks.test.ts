import type { IWorkflowSettings } from 'n8n-workflow';
import { VAULT_NAMES } from '../helpers/keptVault';
import { RotationWorld } from '../helpers/rotation';
import { leaksIn, textsIn } from '../helpers/scanner';

/** Executions of Key Rotation that n8n saves whole: there is nothing in them to leak, also after a fault. */

const SAVE_ALL: IWorkflowSettings = {
	saveDataErrorExecution: 'all',
	saveDataSuccessExecution: 'all',
	saveManualExecutions: true,
	saveExecutionProgress: true,
};

describe.each(VAULT_NAMES)('with everything saved (%s)', (vault) => {
	it.each(['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const)(
		'no execution holds a key or a credential (%s)',
		async (onError) => {
			const world = await RotationWorld.start({ tunnels: 2, seed: 1 }, vault);
			const { simulator, kept } = world;
			const texts: number[] = [];
			const run = async (operation: string, finish = 'atOnce') => {
				const more = { node: { onError }, settings: SAVE_ALL };
				const { run: saved, hints } = await world.run(operation, { finish }, more);
				const all = [saved, hints];
				texts.push(textsIn(all).length);
				expect(leaksIn(all, world.secrets())).toEqual([]);
			};
			try {
				await run('rotate');
				await run('rotate', 'later');
				await run('getStatus');
				await run('finish');
				await run('rollBack');
				// What a server answers may repeat what it was sent.
				const echo = ({ body }: { body?: unknown }) => `no: ${JSON.stringify(body)}`;
				simulator.faults.add({
					kind: 'status',
					operation: 'pskSet',
					status: 400,
					code: 1001,
					message: echo,
					skip: 1,
				});
				await run('rotate');
				kept.server.addFault({
					when: 'before',
					answer: {
						status: 400,
						body: { errors: world.secrets(), Message: world.secrets().join() },
					},
					skip: 4,
					times: Infinity,
				});
				await run('rotate');
				await run('getStatus');
				// Nothing was looked through in vain.
				expect(Math.min(...texts)).toBeGreaterThan(20);
			} finally {
				await world.close();
			}
		},
	);
});
