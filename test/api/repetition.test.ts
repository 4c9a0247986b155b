import { CloudflareClient } from '../../nodes/api/client';
import { generatePsk, setPsks } from '../../nodes/api/psks';
import {
	createIpsecTunnel,
	deleteIpsecTunnel,
	getIpsecTunnel,
	listIpsecTunnels,
	updateIpsecTunnel,
	updateIpsecTunnels,
} from '../../nodes/api/ipsecTunnels';
import { statusFault } from '../helpers/answer';
import { useAccount } from '../helpers/account';
import { useVirtualClock } from '../helpers/virtualClock';
import { startSimulator } from '../simulator';
import { BODY, clientOf, failing, ID } from '../helpers/client';

/** What the client sends again, how long it waits before, and when it gives up. */

const account = useAccount({ tunnels: 2, seed: 9 });

const virtual = useVirtualClock();

/** Nothing listens on a port that the system keeps to itself. */
const CLOSED = 'http://127.0.0.1:1/client/v4';

describe('repetition', () => {
	const client = () => clientOf(account());
	const calls: Array<[string, string, (c: CloudflareClient) => Promise<unknown>]> = [
		['list', 'list', (c) => listIpsecTunnels(c)],
		['get', 'get', (c) => getIpsecTunnel(c, account().tunnels()[0]!.id)],
		['psk set', 'pskSet', (c) => setPsks(c, [{ id: account().tunnels()[0]!.id, psk: 'k' }])],
		['create', 'create', (c) => createIpsecTunnel(c, BODY)],
		[
			'update',
			'update',
			(c) => updateIpsecTunnel(c, account().tunnels()[0]!.id, { ...BODY, name: 'y' }),
		],
		[
			'bulk update',
			'bulkUpdate',
			(c) => updateIpsecTunnels(c, [{ id: account().tunnels()[0]!.id, ...BODY, name: 'z' }]),
		],
		['delete', 'delete', (c) => deleteIpsecTunnel(c, account().tunnels()[0]!.id)],
		['psk generate', 'pskGenerate', (c) => generatePsk(c, account().tunnels()[0]!.id)],
	];
	const repeatable = ['list', 'get', 'psk set'];

	it.each(calls)('%s is repeated after 429', async (_, operation, call) => {
		account().faults.add({
			kind: 'status',
			operation: operation as 'list',
			status: 429,
			code: 10429,
			message: 'wait',
			headers: { 'retry-after': '7' },
		});
		await call(client());
		expect(virtual.slept()).toBe(7_000);
		expect(account().requests).toHaveLength(2);
	});

	it.each(calls)('%s: 500, 503, 408 and a broken connection', async (name, operation, call) => {
		const faults = [
			{ kind: 'status', status: 500, code: 1000, message: 'oops' },
			{ kind: 'status', status: 503, code: 1000, message: 'oops' },
			{ kind: 'status', status: 408, code: 1000, message: 'slow' },
			{ kind: 'reset', when: 'before' },
		];
		for (const fault of faults) {
			account().faults.add({ ...fault, operation } as never);
			account().resetRequests();
			const result = call(client());
			if (repeatable.includes(name)) await result;
			else expect((await failing(result)).effect).toBe('unknown');
			expect(account().requests).toHaveLength(repeatable.includes(name) ? 2 : 1);
		}
	});

	it.each(calls)(
		'%s is repeated after a refused connection, four times',
		async (_name, _operation, call) => {
			const error = await failing(call(clientOf(account(), { baseUrl: CLOSED })));
			expect(error.message).toContain('the connection was refused');
			expect(error.httpCode).toBe('ECONNREFUSED');
			expect(error.effect).toBe('none');
			expect(virtual.slept()).toBe(500 + 1000 + 2000 + 4000);
		},
	);

	it('psk set is repeated after a 2xx that cannot be read, a read is not', async () => {
		account().faults.add({ kind: 'html', operation: 'pskSet' });
		const verdicts = await setPsks(client(), [{ id: account().tunnels()[0]!.id, psk: 'k' }]);
		expect([...verdicts.values()][0]).toMatchObject({ kind: 'applied' });
		expect(account().requests).toHaveLength(2);
	});

	it('gives up when Retry-After asks for more than five and a half minutes', async () => {
		account().faults.add(
			statusFault('list', 429, 971, {
				message: 'wait',
				headers: { 'retry-after': '3600' },
				times: Infinity,
			}),
		);
		const error = await failing(listIpsecTunnels(client()));
		expect(virtual.slept()).toBe(0);
		expect(error.description).toContain('1,200 requests');
		expect(error.httpCode).toBe('429');
	});

	it('the total wait is bounded', async () => {
		account().faults.add(
			statusFault('list', 429, 971, {
				message: 'wait',
				headers: { 'retry-after': '200' },
				times: Infinity,
			}),
		);
		await failing(listIpsecTunnels(client()));
		expect(virtual.slept()).toBe(200_000);
	});

	it('stops waiting when the execution is stopped', async () => {
		const stop = new AbortController();
		account().faults.add(statusFault('list', 500, 1000, { message: 'oops', times: Infinity }));
		virtual.whileSleeping(() => stop.abort());
		const error = await failing(listIpsecTunnels(clientOf(account(), {}, stop.signal)));
		expect(error.message).toMatch(/no answer came in time|refused the request/);
		expect(account().requests.length).toBeLessThan(3);
	});

	it('sends nothing when the execution was stopped before', async () => {
		const stopped = clientOf(account(), {}, AbortSignal.abort());
		account().faults.add(statusFault('list', 500, 1000, { message: 'oops' }));
		expect((await failing(generatePsk(stopped, ID))).effect).toBeDefined();
	});

	it('requests keep within the Ratelimit header, and none is answered 429', async () => {
		const limited = await startSimulator({
			tunnels: 1,
			seed: 1,
			now: virtual.now,
			rateLimit: { limit: 5, windowSeconds: 60, blockSeconds: 300 },
		});
		try {
			const pacing = clientOf(limited);
			for (let n = 0; n < 12; n++) await listIpsecTunnels(pacing);
			expect(limited.requests.map(({ status }) => status)).toEqual(Array(12).fill(200));
			expect(virtual.slept()).toBeGreaterThanOrEqual(60_000);
			expect(virtual.slept()).toBeLessThanOrEqual(121_000);
		} finally {
			await limited.close();
		}
	});
});
