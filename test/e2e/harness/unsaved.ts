import type { N8n } from './n8n';
import { waitFor } from '../../helpers/processes';

/** Settles when no run of the workflows is going on; those that are over are not there any more. */
export async function settled(n8n: N8n, ...workflows: string[]): Promise<void> {
	for (const id of workflows) {
		await waitFor('The end of the runs', async () =>
			(await n8n.executions(id)).every(({ status }) => !['new', 'running'].includes(status)),
		);
	}
}
