import { printed } from './printed';
import type { IDataObject } from 'n8n-workflow';
import type { Alert, Delivery, Simulator, SimulatorOptions } from '../simulator';
import type { WebhookHost } from './webhook';
import { startAccountFor, startWebhookHost } from './webhook';

/** The alert trigger in an n8n of its own, and an account whose notifications reach it. */
export class AlertScene {
	host!: WebhookHost;

	simulator!: Simulator;

	/** @param options of every account of the scene */
	constructor(private readonly options: SimulatorOptions) {}

	async start(): Promise<void> {
		this.host = await startWebhookHost();
		this.simulator = await startAccountFor(this.host, this.options);
		printed.length = 0;
	}

	/** Puts another account in the place of the one that is there. */
	async startAccount(options: SimulatorOptions): Promise<void> {
		await this.simulator.close();
		this.simulator = await startAccountFor(this.host, { ...this.options, ...options });
	}

	async close(): Promise<void> {
		await this.simulator.close();
		await this.host.close();
	}

	setOptions(options: IDataObject): void {
		this.host.parameters.options = options as never;
	}

	/** The name of a tunnel of the account. */
	tunnel(index = 0): string {
		return this.simulator.tunnels()[index]!.name;
	}

	async fire(alert: Partial<Alert> = {}): Promise<Delivery[]> {
		return await this.simulator.alerts.fire({ tunnel: this.tunnel(), status: 'down', ...alert });
	}

	/** The items of all executions that were started. */
	jsons(): IDataObject[] {
		return this.host.started.flat().map(({ json }) => json);
	}

	/** The requests to Cloudflare by their operations, oldest first. */
	operations(): string[] {
		return this.simulator.requests.map(({ operation }) => operation);
	}

	/** Everything of this trigger at Cloudflare. */
	left() {
		return [...this.simulator.alerts.webhooks(), ...this.simulator.alerts.policies()];
	}

	/** The secrets that were ever sent to Cloudflare for its notifications. */
	secretsSent(): string[] {
		return this.simulator.requests
			.filter(({ operation }) => operation === 'createWebhook')
			.map(({ body }) => (body as { secret: string }).secret);
	}

	/** The secret as Cloudflare has it: n8n stores its hash only. */
	secretText(): string {
		return this.simulator.alerts.webhooks()[0]!.secret!;
	}

	/** The header that Cloudflare proves itself with. */
	secret() {
		return { 'cf-webhook-auth': this.secretText() };
	}

	/** All that was printed or logged. */
	log(): string {
		return printed.map((text) => (text instanceof Error ? text.stack : String(text))).join('\n');
	}
}

/** A new scene for each test, by default with three tunnels. */
export function useAlertScene(options: SimulatorOptions = {}): AlertScene {
	const scene = new AlertScene({ tunnels: 3, seed: 5, ...options });
	beforeEach(async () => await scene.start());
	afterEach(async () => await scene.close());
	return scene;
}

/** Statuses with which the host answered an alert, by delivery. */
export function statusesOf(deliveries: Delivery[]): number[] {
	return deliveries.map(({ status }) => status);
}

/** @throws Error if it does not fail */
export async function failureOf(promise: Promise<unknown>): Promise<Error & IDataObject> {
	return await promise.then(
		() => {
			throw new Error('It did not fail');
		},
		(error: unknown) => error as Error & IDataObject,
	);
}
