import type { ServerResponse } from 'node:http';
import { faultFromJson } from './faults';
import type { Simulator } from './simulator';

export const CONTROL_PATH = '/__sim/';

const isLoopback = (address: string | undefined): boolean =>
	address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);

/**
 * Control from another process; no part of Cloudflare's API. It tells live keys, so it answers
 * loopback only.
 *
 * GET state, GET requests, DELETE requests, GET faults, POST faults (one or a list), DELETE faults,
 * POST key {id, psk} (changed by somebody else), DELETE tunnels/{id or name}, POST close.
 */
export const control = (
	simulator: Simulator,
	{ method, path, body }: { method: string; path: string; body: Buffer },
	response: ServerResponse,
): void => {
	const answer = (status: number, value: unknown): void => {
		const bytes = Buffer.from(JSON.stringify(value));
		response.writeHead(status, {
			'content-type': 'application/json',
			'content-length': String(bytes.length),
		});
		response.end(bytes);
	};
	if (!isLoopback(response.socket?.remoteAddress)) return answer(403, { error: 'loopback only' });
	const [resource = '', argument] = path.slice(CONTROL_PATH.length).split('/');
	const json = (): unknown => JSON.parse(body.toString('utf8')) as unknown;
	try {
		switch (`${method} ${resource}`) {
			case 'GET state':
				return answer(200, {
					tunnels: simulator.tunnels().map((tunnel) => ({
						tunnel,
						live_key: simulator.liveKey(tunnel.id) ?? null,
						history: simulator.keyHistory(tunnel.id),
					})),
				});
			case 'GET requests':
				return answer(200, simulator.requests);
			case 'DELETE requests':
				simulator.resetRequests();
				return answer(200, {});
			case 'GET faults':
				return answer(200, simulator.faults.list());
			case 'POST faults': {
				const given = json();
				const specs = (Array.isArray(given) ? given : [given]).map((spec) =>
					faultFromJson<Simulator>(spec),
				);
				return answer(200, { ids: specs.map((spec) => simulator.faults.add(spec).id) });
			}
			case 'DELETE faults':
				simulator.faults.clear();
				return answer(200, {});
			case 'POST key': {
				const { id, psk } = json() as { id: string; psk: string };
				simulator.setKey(id, psk);
				return answer(200, {});
			}
			case 'DELETE tunnels':
				return answer(200, { removed: simulator.removeTunnel(decodeURIComponent(argument ?? '')) });
			case 'POST close':
				response.once('finish', () => void simulator.close());
				return answer(200, {});
			default:
				return answer(404, { error: 'no such control' });
		}
	} catch (error) {
		return answer(400, { error: error instanceof Error ? error.message : 'failed' });
	}
};
