import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
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

export type Credentials = Record<string, ICredentialDataDecryptedObject>;

/** Both credential types for an account of the simulator. */
export function credentialsOf(
	simulator: Simulator,
	changes: ICredentialDataDecryptedObject = {},
): Credentials {
	const shared = { accountId: simulator.accountId, baseUrl: simulator.url };
	return {
		cloudflareMagicTokenApi: { apiToken: simulator.apiToken, ...shared, ...changes },
		cloudflareMagicKeyApi: {
			email: simulator.email,
			apiKey: simulator.apiKey,
			...shared,
			...changes,
		},
	};
}
