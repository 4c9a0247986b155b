import { readWorkflow } from '../helpers/shippedWorkflows';
import { FILE, LINE } from './database';

/** The form of the workflow; what it does is in rotateWithAnyVault.postgres.ts. */

it('is one straight line of nine nodes', () => {
	const { connections } = readWorkflow(FILE);
	expect(LINE).toHaveLength(9);
	for (const [place, name] of LINE.entries()) {
		const next = (connections[name]?.main ?? []).flatMap((links) => links ?? []);
		expect(next.map(({ node }) => node)).toEqual(LINE.slice(place + 1, place + 2));
	}
});
