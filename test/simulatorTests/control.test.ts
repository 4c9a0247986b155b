import { request } from 'undici';
import type { Tunnel } from '../simulator';
import { bearer } from '../simulator/caller';
import type { Envelope } from '../simulator/envelope';
import { startReceiver } from '../simulator/receiver';
import type { RunningProcess } from '../helpers/processes';
import { startProgram } from '../helpers/programs';
import { useScene } from './scene';

/** The account for tests: in their process, over HTTP and by the command line. */

const scene = useScene();

describe('the account beside its API', () => {
	it('adds, changes and removes tunnels and keys', () => {
		const made = scene.simulator.addTunnel({ psk: 'old', ageDays: 100, description: 'by hand' });
		expect(made).toMatchObject({ name: 'site-added-01', description: 'by hand' });
		expect(Date.parse(made.psk_metadata.last_generated_on!)).toBeLessThan(
			Date.now() - 99 * 86_400_000,
		);
		expect(scene.simulator.updateTunnel(made.name, { description: 'x' }).description).toBe('x');
		scene.simulator.setKey(made.id, 'new');
		expect(scene.simulator.keyHistory(made.id).map(({ psk, by }) => [psk, by])).toEqual([
			['old', 'outside'],
			['new', 'outside'],
		]);
		expect(() => scene.simulator.addTunnel({ id: made.id })).toThrow('already has');
		expect(scene.simulator.removeTunnel(made.name)).toBe(true);
		expect(scene.simulator.removeTunnel(made.name)).toBe(false);
		expect(() => scene.simulator.setKey(made.id, 'x')).toThrow('no tunnel');
		expect(scene.simulator.liveKey(made.id)).toBeUndefined();
	});

	it('moves the BGP state of a tunnel, and when it moved, but not modified_on', async () => {
		let time = Date.parse('2026-03-01T00:00:00Z');
		await scene.start({ now: () => time });
		const { id, modified_on: modified } = scene.simulator.addTunnel({
			bgp: { customer_asn: 65001 },
		});
		time += 60_000;
		const up = scene.simulator.setBgpUp(id, true);
		expect(up).toMatchObject({
			modified_on: modified,
			bgp_status: { state: 'BGP_UP', tcp_established: true },
		});
		expect(up.bgp_status?.updated_at).toContain('2026-03-01T00:01');
		time += 60_000;
		expect(scene.simulator.setBgpUp(id, true)).toEqual(up);
		await scene.caller.magic('PUT', `/${id}`, { body: { description: 'x' } });
		expect(scene.simulator.tunnel(id)?.bgp_status).toEqual(up.bgp_status);
		expect(scene.simulator.setBgpUp(id, false).bgp_status).toMatchObject({
			state: 'BGP_DOWN',
			tcp_established: false,
			updated_at: expect.stringContaining('2026-03-01T00:02') as string,
		});
		expect(() => scene.simulator.setBgpUp(scene.first().id, true)).toThrow('no BGP');
	});

	it('hands out copies', () => {
		scene.first().name = 'changed';
		expect(scene.first().name).toBe('site-ams-01');
	});
});

describe('control over HTTP', () => {
	const control = async (
		method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
		path: string,
		body?: unknown,
	) => {
		const answer = await request(`${scene.simulator.origin}/__sim/${path}`, {
			method,
			...(body !== undefined && { body: JSON.stringify(body) }),
		});
		return {
			status: answer.statusCode,
			body: (await answer.body.json()) as Record<string, unknown>,
		};
	};

	it('tells tunnels with live keys and their history', async () => {
		const { body } = await control('GET', 'state');
		const { id } = scene.first();
		expect(body).toMatchObject({
			tunnels: [
				{
					tunnel: { id },
					live_key: scene.simulator.liveKey(id),
					history: scene.simulator.keyHistory(id),
				},
				{},
				{},
			],
		});
	});

	it('adds, lists and removes faults', async () => {
		const one = { kind: 'status', status: 503, operation: 'list', times: 'always' };
		expect((await control('POST', 'faults', [one, { kind: 'reset' }])).body).toEqual({
			ids: [1, 2],
		});
		expect((await scene.caller.send('GET', scene.caller.tunnels)).statusCode).toBe(503);
		expect((await control('GET', 'faults')).body).toEqual([
			{ id: 1, kind: 'status', hits: 1 },
			{ id: 2, kind: 'reset', hits: 0 },
		]);
		await control('DELETE', 'faults');
		expect((await scene.caller.magic('GET')).status).toBe(200);
		expect((await control('POST', 'faults', { kind: 'hook' })).status).toBe(400);
		expect((await control('POST', 'faults', null)).status).toBe(400);
	});

	it('tells and forgets requests, and is not one itself', async () => {
		await scene.caller.magic('GET');
		expect((await control('GET', 'requests')).body).toMatchObject([{ operation: 'list' }]);
		await control('DELETE', 'requests');
		expect((await control('GET', 'requests')).body).toEqual([]);
	});

	it('adds and changes tunnels, but no key in passing', async () => {
		const made = await control('POST', 'tunnels', { name: 'branch 7', psk: 'old', ageDays: 400 });
		expect(made.body).toEqual(scene.simulator.tunnel('branch 7'));
		expect(scene.simulator.liveKey('branch 7')).toBe('old');
		const changed = await control('PATCH', 'tunnels/branch%207', { description: 'new' });
		expect(changed.body).toMatchObject({ id: made.body.id, description: 'new' });
		for (const [path, body] of [
			['tunnels/branch%207', { psk: 'x' }],
			['tunnels/branch%207', null],
			['tunnels/nowhere', {}],
		] as const) {
			expect((await control('PATCH', path, body)).status).toBe(400);
		}
		expect(scene.simulator.liveKey('branch 7')).toBe('old');
		expect((await control('POST', 'tunnels', { id: made.body.id })).status).toBe(400);
	});

	it('lets a BGP session go up and down', async () => {
		const { id } = scene.simulator.addTunnel({ bgp: { customer_asn: 65001 } });
		expect((await control('POST', 'bgp', { id, up: true })).body).toMatchObject({
			bgp_status: { state: 'BGP_UP' },
		});
		expect(scene.simulator.tunnel(id)?.bgp_status?.state).toBe('BGP_UP');
		expect((await control('POST', 'bgp', { id, up: 'yes' })).status).toBe(400);
		expect((await control('POST', 'bgp', { id: scene.first().id, up: true })).status).toBe(400);
	});

	it('changes a key, removes a tunnel, and closes', async () => {
		const { id, name } = scene.first();
		await control('POST', 'key', { id, psk: 'from outside' });
		expect(scene.simulator.liveKey(id)).toBe('from outside');
		expect((await control('DELETE', `tunnels/${name}`)).body).toEqual({ removed: true });
		expect((await control('GET', 'nothing')).status).toBe(404);
		expect((await control('GET', 'constructor')).status).toBe(404);
		expect((await control('POST', 'close')).status).toBe(200);
		await scene.simulator.closed;
	});
});

describe('the command', () => {
	const run = (...args: string[]) =>
		startProgram({ name: 'the simulator', file: 'test/simulator/cli.ts', args });

	const readyLine = async (child: RunningProcess): Promise<Record<string, string>> =>
		JSON.parse(await child.line((line) => line.startsWith('{'))) as Record<string, string>;

	it.each(['SIGTERM', 'SIGINT'] as const)('prints one line and serves until %s', async (signal) => {
		const child = run('--port', '0', '--tunnels', '4', '--seed', '9');
		const { url, accountId, apiToken, email, apiKey, ...rest } = await readyLine(child);
		expect(rest).toEqual({});
		expect([email, apiKey]).toEqual([expect.any(String), expect.any(String)]);
		const answer = await request(`${url}/accounts/${accountId}/magic/ipsec_tunnels`, {
			headers: bearer(apiToken!),
		});
		const { result } = (await answer.body.json()) as { result: { ipsec_tunnels: unknown[] } };
		expect(result.ipsec_tunnels).toHaveLength(4);
		child.signal(signal);
		expect(await child.ended).toBe(0);
		expect(child.tail().split('\n')).toHaveLength(1);
	});

	it('takes ages, and webhooks on loopback', async () => {
		const receiver = await startReceiver();
		const child = run(
			...['--tunnels', '4', '--age-days', '400,null,7', '--allow-loopback-webhooks'],
			...['--public-origin', `https://n8n.example.com=${receiver.origin}`],
		);
		const { url, accountId, apiToken } = await readyLine(child);
		const call = async (path: string, body?: object) => {
			const answer = await request(`${url}/accounts/${accountId}/${path}`, {
				method: body ? 'POST' : 'GET',
				headers: { ...bearer(apiToken!), 'content-type': 'application/json' },
				...(body && { body: JSON.stringify(body) }),
			});
			return { status: answer.statusCode, body: (await answer.body.json()) as Envelope };
		};
		const { result } = (await call('magic/ipsec_tunnels')).body;
		const { ipsec_tunnels: tunnels } = result as { ipsec_tunnels: Tunnel[] };
		const days = tunnels.map(({ psk_metadata: { last_generated_on: at } }) =>
			at === undefined ? null : Math.round((Date.now() - Date.parse(at)) / 86_400_000),
		);
		expect(days).toEqual([400, null, 7, 400]);
		for (const origin of [receiver.origin, 'https://n8n.example.com']) {
			const hook = { name: 'n8n', url: `${origin}/1` };
			expect((await call('alerting/v3/destinations/webhooks', hook)).status).toBe(201);
		}
		expect(receiver.received).toHaveLength(2);
		await child.stop();
		await receiver.close();
	});

	it.each([
		[['--tunnels', 'many'], '--tunnels must be a whole number'],
		[['--port', '70000'], '--port must be a whole number'],
		[['--seed', '-1'], '--seed'],
		[['--nonsense'], '--nonsense'],
		[['--age-days', '4,,5'], '--age-days'],
		[['--age-days', 'old'], '--age-days'],
		[['--public-origin', 'https://n8n.example.com'], '--public-origin'],
		[['--public-origin', 'https://n8n.example.com=http://192.0.2.1'], 'on loopback'],
	])('refuses %j', async (flags, message) => {
		const child = run(...flags);
		expect(await child.ended).toBe(2);
		expect(child.tail()).toContain(message);
		expect(child.tail()).toContain('Usage');
	});
});
