import type { CloudflareClient } from '../../api/client';
import type { HealthQuestion, HealthResult } from '../../api/tunnelHealth';
import { readTunnelHealth } from '../../api/tunnelHealth';
import type { IpsecTunnel } from '../../api/types';
import { clock } from '../../http/clock';
import { byTunnel } from './verdict';

const MINUTE_MS = 60_000;

/** What an item asks of its tunnel. */
export interface Wish {
	windowMinutes: number;
	/** In milliseconds since 1970; undefined without. */
	since: number | undefined;
	onlyActive: boolean;
}

/** An item whose tunnel is known. */
export interface Asked extends Wish {
	client: CloudflareClient;
	tunnel: IpsecTunnel;
}

/** Only whole minutes: one in which Since lies holds results of before it too. */
function windowOf({ windowMinutes, since }: Wish, now: number): { from: number; to: number } {
	const from = Math.max(now - windowMinutes * MINUTE_MS, since ?? 0);
	return { from: Math.ceil(from / MINUTE_MS) * MINUTE_MS, to: now };
}

/** Answers to questions that several items share: each is asked once, for all of their tunnels. */
export class Answers {
	private readonly names = new Map<string, Set<string>>();

	private readonly answers = new Map<string, Promise<Map<string, HealthResult[]>>>();

	private readonly clients = new Map<CloudflareClient, number>();

	private readonly now = clock.now();

	/** Notes that an item is going to ask. */
	add(asked: Asked): void {
		const key = this.keyOf(asked);
		const names = this.names.get(key) ?? new Set();
		this.names.set(key, names.add(asked.tunnel.name));
	}

	/** @throws CallError */
	async of(asked: Asked): Promise<HealthResult[]> {
		const key = this.keyOf(asked);
		let answer = this.answers.get(key);
		if (answer === undefined) {
			answer = this.ask(asked, [...(this.names.get(key) ?? [])]);
			this.answers.set(key, answer);
		}
		return (await answer).get(asked.tunnel.name) ?? [];
	}

	/** Idle data centers are hundreds: they are asked for only where a tunnel has no active one. */
	private async ask(asked: Asked, names: readonly string[]): Promise<Map<string, HealthResult[]>> {
		const { client, onlyActive } = asked;
		const question: HealthQuestion = {
			...windowOf(asked, this.now),
			names,
			byName: true,
			bucket: 'datetimeMinute',
			activeOnly: onlyActive,
		};
		const found = byTunnel(await readTunnelHealth(client, question));
		if (!onlyActive) return found;
		const idle = names.filter((name) => !found.has(name));
		const all = await readTunnelHealth(client, { ...question, names: idle, activeOnly: false });
		return new Map([...found, ...byTunnel(all)]);
	}

	private keyOf({ client, windowMinutes, since, onlyActive }: Asked): string {
		const number = this.clients.get(client) ?? this.clients.size;
		this.clients.set(client, number);
		return JSON.stringify([number, windowMinutes, since, onlyActive]);
	}
}
