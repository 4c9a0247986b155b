import type { Simulator, SimulatorOptions } from '../simulator';
import { startSimulator } from '../simulator';

/** Starts a simulated account for each test of a describe block and ends it afterwards. */
export function useAccount(options: SimulatorOptions = { tunnels: 3, seed: 1 }) {
	let simulator: Simulator;
	beforeEach(async () => {
		simulator = await startSimulator(options);
	});
	afterEach(async () => {
		await simulator.close();
	});
	return () => simulator;
}
