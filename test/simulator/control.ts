import type { ServerResponse } from 'node:http';
import { alertFromJson } from './alerting/alerts';
import type { Delivery } from './alerting/types';
import { faultFromJson } from './faults';
import type { Simulator } from './simulator';
import type { OutsideTunnel, TunnelFields } from './types';

export const CONTROL_PATH = '/__sim/';

const isLoopback = (address: string | undefined): boolean =>
	address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);

interface ControlCall {
	/** What follows the resource in the path. */
	argument: string;
	/** @throws Error when the body is no JSON */
	json(): unknown;
}

type Control = (simulator: Simulator, call: ControlCall) => unknown;

/** @throws Error for a key, which would come without its history */
const tunnelFields = (json: unknown): Partial<TunnelFields> => {
	if (typeof json !== 'object' || json === null) throw new Error('a tunnel is an object');
	if ('psk' in json) throw new Error('a key is changed by POST key');
	return json;
};

const CONTROLS: Readonly<Record<string, Control>> = {
	'GET state': (simulator) => ({
		tunnels: simulator.tunnels().map((tunnel) => ({
			tunnel,
			live_key: simulator.liveKey(tunnel.id) ?? null,
			history: simulator.keyHistory(tunnel.id),
		})),
	}),
	'GET requests': ({ requests }) => requests,
	'DELETE requests'(simulator) {
		simulator.resetRequests();
		return {};
	},
	'GET faults': ({ faults }) => faults.list(),
	'POST faults'({ faults }, { json }) {
		const given = json();
		const specs = (Array.isArray(given) ? given : [given]).map((spec) =>
			faultFromJson<Simulator>(spec),
		);
		return { ids: specs.map((spec) => faults.add(spec).id) };
	},
	'DELETE faults'({ faults }) {
		faults.clear();
		return {};
	},
	'POST key'(simulator, { json }) {
		const { id, psk } = json() as { id: string; psk: string };
		simulator.setKey(id, psk);
		return {};
	},
	'POST tunnels': (simulator, { json }) => simulator.addTunnel(json() as OutsideTunnel),
	'PATCH tunnels': (simulator, { argument, json }) =>
		simulator.updateTunnel(argument, tunnelFields(json())),
	'DELETE tunnels': (simulator, { argument }) => ({ removed: simulator.removeTunnel(argument) }),
	'POST bgp'(simulator, { json }) {
		const { id, up } = json() as { id: string; up: unknown };
		if (typeof up !== 'boolean') throw new Error('up must be a boolean');
		return simulator.setBgpUp(id, up);
	},
	'POST health'({ health }, { json }) {
		const { tunnel, loss, data_centre, active } = json() as Record<string, unknown>;
		if (typeof tunnel !== 'string') throw new Error('tunnel must be an id or a name');
		const place = typeof data_centre === 'string' ? data_centre : undefined;
		if (typeof loss === 'number') health.setLoss(tunnel, loss, place);
		if (typeof active === 'boolean') health.setActive(tunnel, place ?? '', active);
		return { state: health.stateNow(tunnel, place) };
	},
	'POST routers'({ health }, { json }) {
		const { tunnel, psk, authenticate } = json() as Record<string, unknown>;
		if (typeof tunnel !== 'string') throw new Error('tunnel must be an id or a name');
		if (typeof psk === 'string') health.loadKey(tunnel, psk);
		const authenticated = authenticate === true ? health.authenticate(tunnel) : null;
		return { authenticated, authenticated_at: health.authenticatedAt(tunnel) ?? null };
	},
	'GET alerting': ({ alerts }) => ({
		webhooks: alerts.webhooks(),
		policies: alerts.policies(),
		history: alerts.history(),
	}),
	'POST alerts': ({ alerts }, { argument, json }) =>
		argument === 'replay' ? alerts.replay(json() as Delivery) : alerts.fire(alertFromJson(json())),
	'DELETE webhooks': ({ alerts }, { argument }) => ({ removed: alerts.removeWebhook(argument) }),
	'DELETE policies': ({ alerts }, { argument }) => ({ removed: alerts.removePolicy(argument) }),
};

/**
 * Control from another process; no part of Cloudflare's API. It tells live keys, so it answers
 * loopback only.
 *
 * GET state, GET requests, DELETE requests, GET faults, POST faults (one or a list), DELETE faults,
 * POST key {id, psk} (changed by somebody else), POST tunnels (made by somebody else),
 * PATCH and DELETE tunnels/{id or name}, POST bgp {id, up}, POST health {tunnel, loss?, active?, data_centre?},
 * POST routers {tunnel, psk?, authenticate?}, GET alerting (secrets included), POST alerts (an
 * `Alert`; answers the deliveries), POST alerts/replay (a delivery), DELETE webhooks/{id},
 * DELETE policies/{id}, POST close.
 */
export const control = async (
	simulator: Simulator,
	{ method, path, body }: { method: string; path: string; body: Buffer },
	response: ServerResponse,
): Promise<void> => {
	const answer = (status: number, value: unknown): void => {
		const bytes = Buffer.from(JSON.stringify(value));
		response.writeHead(status, {
			'content-type': 'application/json',
			'content-length': String(bytes.length),
		});
		response.end(bytes);
	};
	if (!isLoopback(response.socket?.remoteAddress)) return answer(403, { error: 'loopback only' });
	const [resource = '', argument = ''] = path.slice(CONTROL_PATH.length).split('/');
	const name = `${method} ${resource}`;
	if (name === 'POST close') {
		response.once('finish', () => void simulator.close());
		return answer(200, {});
	}
	const run = Object.hasOwn(CONTROLS, name) ? CONTROLS[name] : undefined;
	if (!run) return answer(404, { error: 'no such control' });
	try {
		const call: ControlCall = {
			argument: decodeURIComponent(argument),
			json: () => JSON.parse(body.toString('utf8')) as unknown,
		};
		return answer(200, await run(simulator, call));
	} catch (error) {
		return answer(400, { error: error instanceof Error ? error.message : 'failed' });
	}
};
