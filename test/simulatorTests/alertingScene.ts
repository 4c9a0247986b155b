import type { Alert, Delivery, HistoryEntry } from '../simulator';
import type { CallOptions, Called } from '../simulator/caller';
import type { Receiver } from '../simulator/receiver';
import { startReceiver } from '../simulator/receiver';
import { Scene } from './scene';

export const SECRET = 'a secret of the receiver';
export const WAN = 'magic_wan_tunnel_health';
export const TRANSIT = 'magic_tunnel_health_check_event';
export const WEBHOOKS = '/destinations/webhooks';

/** An id that nothing has. */
export const UNKNOWN_ID = '0da2b59e-f118-439d-8097-bdfb215203c9';

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Notifications of a simulated account, with a receiver of webhooks on loopback. */
export class AlertingScene extends Scene {
	receiver!: Receiver;

	/** The body of a webhook at the receiver. */
	hook(more: object = {}) {
		return { name: 'n8n', url: `${this.receiver.origin}/webhook/1`, secret: SECRET, ...more };
	}

	async createHook(more?: object, options?: CallOptions): Promise<Called> {
		return await this.caller.alerting('POST', WEBHOOKS, { body: this.hook(more), ...options });
	}

	/** The body of a policy that notifies a webhook. */
	policy(webhookId: string, more: object = {}) {
		return {
			name: 'Tunnels of the offices',
			alert_type: WAN,
			enabled: true,
			filters: { slo: ['99.9'] },
			mechanisms: { webhooks: [{ id: webhookId }] },
			...more,
		};
	}

	async createPolicy(webhookId: string, more?: object): Promise<Called> {
		return await this.caller.alerting('POST', '/policies', { body: this.policy(webhookId, more) });
	}

	/** A webhook and a policy; the receiver has forgotten the test message. */
	async subscribe(more?: object): Promise<{ webhookId: string; policyId: string }> {
		const webhookId = idOf(await this.createHook());
		const policyId = idOf(await this.createPolicy(webhookId, more));
		this.receiver.received.length = 0;
		return { webhookId, policyId };
	}

	async fire(more: Partial<Alert> = {}): Promise<Delivery[]> {
		return await this.simulator.alerts.fire({
			tunnel: this.first().name,
			status: 'down',
			...more,
		});
	}

	async history(query = ''): Promise<HistoryEntry[]> {
		return (await this.caller.alerting('GET', `/history${query}`)).body.result as HistoryEntry[];
	}
}

/** A new account and a new receiver for each test. */
export function useAlertingScene(): AlertingScene {
	const scene = new AlertingScene({ tunnels: 3, seed: 13, alerting: { allowLoopback: true } });
	beforeEach(async () => {
		scene.receiver = await startReceiver();
		await scene.start();
	});
	afterEach(async () => await scene.receiver.close());
	afterAll(async () => await scene.simulator.close());
	return scene;
}

export function idOf({ body }: Called): string {
	return (body.result as { id: string }).id;
}

/** The status of an answer, and the code and message of its first error. */
export function failureOf({
	status,
	body,
}: Called): [number, number | undefined, string | undefined] {
	return [status, body.errors[0]?.code, body.errors[0]?.message];
}
