import { isId } from '../../nodes/api/account';
import type { RateLimits } from './rateLimits';

/**
 * A Cloudflare account whose answers cost as little as they can and the same for everyone: the texts
 * that don't change are made once. It keeps the live keys, so that a contender's result can be compared
 * with them. It judges nothing but the credential: what Cloudflare refuses is the simulator's business.
 */

export const ACCOUNT_ID = '0123456789abcdef0123456789abcdef';
export const API_TOKEN = 'a-token-of-the-benchmarks';

const ROOT = `/accounts/${ACCOUNT_ID}/magic/ipsec_tunnels`;

export interface Answer {
	status: number;
	headers: Record<string, string>;
	body: string;
}

/** What came and went since the last reset. */
export interface Traffic {
	requests: number;
	/** Requests that were answered 429. */
	throttled: number;
	/** The most times that one path was answered 429. */
	mostRefusals: number;
	/** Bytes of the bodies, received and sent. */
	bytes: number;
	/** Bytes of the last list of tunnels. */
	listBytes: number;
}

export interface Request {
	method: string;
	/** Path with its query. */
	path: string;
	authorization: string | undefined;
	body: string;
}

interface StoredTunnel {
	id: string;
	psk: string;
	lastGeneratedOn: string;
	/** The tunnel's JSON around the date. */
	before: string;
	after: string;
}

export function tunnelId(index: number): string {
	return index.toString(16).padStart(32, '0');
}

function storedTunnel(index: number): StoredTunnel {
	const id = tunnelId(index);
	const created = '2026-01-02T03:04:05.678901Z';
	const fqdn = `${id}.1234567.ipsec.cloudflare.com`;
	const octets = `${(index >> 8) & 255}.${index & 255}`;
	const fields = JSON.stringify({
		id,
		name: `site-${index}`,
		cloudflare_endpoint: '162.159.64.1',
		interface_address: `10.${octets}.0/31`,
		customer_endpoint: `203.0.${octets}`,
		description: `Branch office number ${index}`,
		health_check: {
			enabled: true,
			rate: 'mid',
			type: 'request',
			direction: 'bidirectional',
			target: { saved: '', effective: `10.${octets}.1` },
		},
		remote_identities: { hex_id: id, fqdn_id: fqdn, user_id: `ipsec@${fqdn}` },
		replay_protection: true,
		allow_null_cipher: false,
		created_on: created,
		modified_on: created,
	});
	return {
		id,
		psk: `the old key of site ${index}`,
		lastGeneratedOn: created,
		before: `${fields.slice(0, -1)},"psk_metadata":{"last_generated_on":"`,
		after: '"}}',
	};
}

const envelope = (result: string) =>
	`{"success":true,"errors":[],"messages":[],"result":${result}}`;

const refusal = (status: number, code: number, message: string): Answer => ({
	status,
	headers: {},
	body: JSON.stringify({
		success: false,
		errors: [{ code, message }],
		messages: [],
		result: null,
	}),
});

export class Account {
	private readonly tunnels: Map<string, StoredTunnel>;

	private readonly throttledTunnels = new Map<string, number>();

	private readonly traffic = { requests: 0, throttled: 0, bytes: 0, listBytes: 0 };

	private list: string | undefined;

	private made = 0;

	constructor(
		tunnels: number,
		private readonly limits?: RateLimits,
	) {
		const stored = Array.from({ length: tunnels }, (_, index) => storedTunnel(index));
		this.tunnels = new Map(stored.map((tunnel) => [tunnel.id, tunnel]));
		this.list = this.listText();
	}

	/** The live key of each tunnel, in the order of the tunnels. */
	liveKeys(): string[] {
		return [...this.tunnels.values()].map(({ psk }) => psk);
	}

	trafficSoFar(): Traffic {
		const mostRefusals = Math.max(0, ...this.throttledTunnels.values());
		return { ...this.traffic, mostRefusals };
	}

	answer(request: Request): Answer {
		this.traffic.requests += 1;
		const answer = this.limited(request) ?? this.routed(request);
		this.traffic.bytes += Buffer.byteLength(request.body) + Buffer.byteLength(answer.body);
		return this.limits === undefined
			? answer
			: { ...answer, headers: { ...answer.headers, ...this.limits.headers() } };
	}

	private limited({ path }: Request): Answer | undefined {
		const wait = this.limits?.take();
		if (wait === undefined) return undefined;
		this.traffic.throttled += 1;
		this.throttledTunnels.set(path, (this.throttledTunnels.get(path) ?? 0) + 1);
		const answer = refusal(429, 971, 'Please wait and consider throttling your request speed');
		return { ...answer, headers: { 'retry-after': String(wait) } };
	}

	private routed({ method, path, authorization, body }: Request): Answer {
		if (authorization !== `Bearer ${API_TOKEN}`) return refusal(401, 10000, 'Authentication error');
		if (!path.startsWith(ROOT)) return refusal(404, 7003, 'Could not route');
		const rest = path.slice(ROOT.length);
		if (method === 'GET' && rest === '') return this.ok(this.listAnswer());
		if (method === 'POST' && rest === '/psk') return this.ok(this.setKeys(body));
		const id = rest.slice(1, 33);
		const tunnel = this.tunnels.get(id);
		if (method !== 'POST' || rest.slice(33) !== '/psk_generate' || !isId(id)) {
			return refusal(404, 7003, 'Could not route');
		}
		if (tunnel === undefined) return refusal(404, 1032, 'IPsec tunnel not found');
		return this.ok(this.generateKey(tunnel));
	}

	private ok(result: string): Answer {
		return { status: 200, headers: {}, body: envelope(result) };
	}

	private listAnswer(): string {
		this.list ??= this.listText();
		this.traffic.listBytes = Buffer.byteLength(this.list);
		return this.list;
	}

	private listText(): string {
		const texts = [...this.tunnels.values()].map(
			({ before, lastGeneratedOn, after }) => before + lastGeneratedOn + after,
		);
		return `{"ipsec_tunnels":[${texts.join(',')}]}`;
	}

	private store(tunnel: StoredTunnel, psk: string, date: string): string {
		tunnel.psk = psk;
		tunnel.lastGeneratedOn = date;
		this.list = undefined;
		return `{"ipsec_tunnel_id":"${tunnel.id}","ipsec_id":"${tunnel.id}","psk":${JSON.stringify(psk)},"psk_metadata":{"last_generated_on":"${date}"}}`;
	}

	private setKeys(body: string): string {
		const { psks } = JSON.parse(body) as { psks: Array<{ id: string; psk: string }> };
		const date = dateNow();
		const applied: string[] = [];
		const unapplied: string[] = [];
		for (const { id, psk } of psks) {
			const tunnel = this.tunnels.get(id);
			if (tunnel === undefined) unapplied.push(`"${id}":"IPsec tunnel not found"`);
			else applied.push(`"${id}":${this.store(tunnel, psk, date)}`);
		}
		return `{"successfully_applied_psks":{${applied.join(',')}},"unapplied_psks":{${unapplied.join(',')}}}`;
	}

	private generateKey(tunnel: StoredTunnel): string {
		this.made += 1;
		return this.store(tunnel, `generated-key-${String(this.made).padStart(29, '0')}`, dateNow());
	}
}

/** With microseconds, as Cloudflare writes dates. */
function dateNow(): string {
	return new Date().toISOString().replace('Z', '000Z');
}
