import { useFleet } from './fleet';
import { errorOf, itemsOf } from './run';

describe('workflows/fleet-rotation.json', () => {
	const fleet = useFleet(['lyon', 'oslo', 'paris']);
	const names = ['lyon-a', 'lyon-b', 'oslo-a', 'oslo-b', 'paris-a', 'paris-b'];

	it('rotates every tunnel at both ends, wave by wave', async () => {
		const { services, run, stateOf } = fleet();
		const done = await run();
		console.log(errorOf(done), services.chat.messages, fleet().called, fleet().changes());
		for (const n of names) console.log(n, await stateOf(n));
		console.log(JSON.stringify(Object.fromEntries(Object.entries(done.data.resultData.runData).map(([k, v]) => [k, v.length]))));
		if (errorOf(done)) console.log(JSON.stringify(done.data.resultData.error, null, 1).slice(0, 3000));
		console.log(JSON.stringify(itemsOf(done, 'Next Wave')));
	});
});
