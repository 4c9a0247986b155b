import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import type { Simulator, SimulatorOptions, Tunnel } from '../simulator';
import { startSimulator } from '../simulator';
import type { Called, Caller } from '../simulator/caller';
import { createCaller } from '../simulator/caller';

/** A simulated account, and a client of it that checks nothing. */
export class Scene {
	simulator!: Simulator;

	caller!: Caller;

	/** @param defaults of every account of the scene */
	constructor(private readonly defaults: SimulatorOptions) {}

	/** Starts an account, in the place of the one that is there. */
	async start(options: SimulatorOptions = {}): Promise<void> {
		await this.simulator?.close();
		this.simulator = await startSimulator({ ...this.defaults, ...options });
		this.caller = createCaller(this.simulator);
	}

	/** The account's first tunnel as it is now. */
	first(): Tunnel {
		return this.simulator.tunnels()[0]!;
	}
}

/** A new account for each test. */
export function useScene(): Scene {
	const scene = new Scene({ tunnels: 3, seed: 7 });
	beforeEach(async () => await scene.start());
	afterAll(async () => await scene.simulator.close());
	return scene;
}

const ajv = new Ajv({ allErrors: true });
addFormats(ajv);

export function expectSchema(schema: object, value: unknown): void {
	ajv.validate(schema, value);
	expect(ajv.errors ?? []).toEqual([]);
}

/** The status of an answer and the code of its first error. */
export function errorOf({ status, body }: Called): [number, number | undefined] {
	return [status, body.errors[0]?.code];
}

/** A tunnel that the account does not have. */
export const SITE = {
	name: 'branch-bru-01',
	cloudflare_endpoint: '162.159.64.41',
	customer_endpoint: '203.0.113.77',
	interface_address: '10.10.0.2/31',
};

/** An id that nothing has. */
export const HEX = 'f'.repeat(32);
