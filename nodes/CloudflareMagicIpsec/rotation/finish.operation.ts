import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { mapLimit } from '../../http/pool';
import type { Operation } from '../../shared/operation';
import { batchSizeOption } from '../keys/send';
import { complete } from './completing';
import { rotationProperties } from './options';
import { planFinish } from './plan';
import { rollBackAll } from './rollingBack';
import { noInput, runRotation } from './run';
import { unapplied } from './sending';

/** Finish: what is live and pending becomes current, and what was current becomes previous. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	return await runRotation(context, noInput, async (sites, settings, isStopped) => {
		const planned = sites.map((site) => ({ site, plan: planFinish(site) }));
		const back = planned.filter(({ plan }) => plan.step === 'rollBack').map(({ site }) => site);
		const rolledBack = await rollBackAll(back, settings, isStopped);
		const others = await mapLimit(planned, settings.concurrency, async ({ site, plan }) => {
			if (plan.step === 'complete') return [await complete(site, plan.generatedOn, 'atOnce')];
			return plan.step === 'unapplied' ? [unapplied(site, plan.reason)] : [];
		});
		return { outcomes: [...rolledBack, ...others.flat()] };
	});
}

export const finish: Operation = {
	value: 'finish',
	name: 'Finish',
	action: 'Finish rotations',
	description: 'Make the keys that are live current in the vault',
	properties: rotationProperties([], [batchSizeOption]),
	execute,
};
