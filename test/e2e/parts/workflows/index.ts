import type { Part } from '../../harness/part';
import { checkAlerts } from './alerts';
import { checkOnDemand } from './forms';
import { checkOnboarding } from './onboarding';
import { checkRotations } from './rotations';
import { checkSchedules } from './schedules';
import { startInstallation } from './installation';

/** Every file of workflows/ in the real n8n, as it ships: what it saves, it does not. */
export const part: Part = {
	name: 'workflows',
	about: 'every shipped workflow, started as a user starts it; what arrives where, and what stays',
	apart: true,
	async run(context) {
		const installation = await startInstallation(context);
		await checkSchedules(context, installation);
		await checkRotations(context, installation);
		await checkAlerts(context, installation);
		await checkOnDemand(context, installation);
		await checkOnboarding(context, installation);
	},
};
