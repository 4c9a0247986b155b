import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { clock } from '../../http/clock';
import type { Operation } from '../../shared/operation';
import { batchSizeOption } from '../keys/send';
import { rotationProperties } from './options';
import type { RotationOutcome } from './outcome';
import { planRollBack } from './plan';
import { rollBackAll } from './rollingBack';
import { noInput, runRotation } from './run';
import { subjectOf } from './site';

/** Roll Back: sets the former key again; after a Finish it swaps the current and the previous one. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await runRotation(context, noInput, async (sites, settings, isStopped) => {
		const planned = sites.map((site) => ({ site, plan: planRollBack(site, clock.now()) }));
		const back = planned.filter(({ plan }) => plan.step === 'rollBack').map(({ site }) => site);
		const left = planned.flatMap(({ site, plan }): RotationOutcome[] =>
			plan.step === 'rollBack'
				? []
				: [{ ...subjectOf(site), status: plan.step, reason: plan.reason }],
		);
		return { outcomes: [...left, ...(await rollBackAll(back, settings, isStopped))] };
	});
}

export const rollBack: Operation = {
	value: 'rollBack',
	name: 'Roll Back',
	action: 'Roll back rotations',
	description: 'Set the former keys again',
	properties: rotationProperties([], [batchSizeOption]),
	execute,
};
