import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { clock } from '../../nodes/http/clock';
import { statusFault } from '../helpers/answer';
import { useAccount } from '../helpers/account';
import { credentialsOf } from '../helpers/node';
import { Poller } from '../helpers/poller';
import { useVirtualClock } from '../helpers/virtualClock';
import type { Tunnel } from '../simulator';

/** Tunnels that a list lacks: only they are in doubt, and only a word of Cloudflare's is a deletion. */

const CHANGES = [
	'bgpStateChanged',
	'pskChanged',
	'tunnelCreated',
	'tunnelDeleted',
	'tunnelUpdated',
];

const account = useAccount({ tunnels: 4, seed: 4, ageDays: [10, 10, 10, 10] });

const kinds = (items: IDataObject[]) => items.map(({ event, tunnel_name }) => [event, tunnel_name]);

/** Lists that lack the tunnels. */
function hide(...ids: string[]) {
	const ipsec_tunnels = () =>
		account()
			.tunnels()
			.filter(({ id }) => !ids.includes(id));
	let handle: { remove(): void };
	const body = () => JSON.stringify({ success: true, result: { ipsec_tunnels: ipsec_tunnels() } });
	const add = () => {
		handle = account().faults.add({
			operation: 'list',
			kind: 'body',
			times: Infinity,
			body: body(),
		});
	};
	add();
	return {
		/** The list as it is now, still without them. */
		refresh() {
			handle.remove();
			add();
		},
		end: () => handle.remove(),
	};
}

const asked = () => account().requests.filter(({ operation }) => operation === 'get').length;

describe.each(['legacy', 'durable'] as const)(
	'a list that lacks a tunnel (%s cursors)',
	(cursors) => {
		useVirtualClock();

		const started = async (parameters: INodeParameters = {}) => {
			const poller = new Poller({
				credentials: credentialsOf(account()),
				parameters: { events: CHANGES, ...parameters },
				cursors,
			});
			await poller.activate();
			await poller.poll();
			return poller;
		};

		it('mutes that tunnel only, until it is listed again', async () => {
			const poller = await started();
			const [first, second, third] = account().tunnels() as [Tunnel, Tunnel, Tunnel];
			account().setKey(first.id, 'somebody set this key');
			account().removeTunnel(second.id);
			account().updateTunnel(third.id, { description: 'changed behind the list' });
			const list = hide(third.id);
			expect(kinds(await poller.poll())).toEqual([
				['pskChanged', first.name],
				['tunnelDeleted', second.name],
			]);
			for (let n = 0; n < 10; n++) expect(await poller.poll()).toEqual([]);
			expect(poller.errors).toEqual([]);
			list.end();
			expect(kinds(await poller.poll())).toEqual([['tunnelUpdated', third.name]]);
		});

		it('deletes nothing by a 404 that is about the address, and not about the tunnel', async () => {
			const poller = await started();
			const answer = {
				success: false,
				errors: [{ code: 7003, message: 'No route' }],
				result: null,
			};
			account().faults.add({
				kind: 'body',
				operation: 'get',
				status: 404,
				body: JSON.stringify(answer),
				times: 'always',
			});
			hide(
				...account()
					.tunnels()
					.map(({ id }) => id),
			);
			expect(await poller.poll()).toEqual([]);
			expect(poller.warnings.join()).toContain('not known to be deleted');
		});

		it('is logged once for each tunnel, and again when it is lacked anew', async () => {
			const poller = await started();
			const [first, second] = account().tunnels() as [Tunnel, Tunnel];
			let list = hide(first.id);
			for (let n = 0; n < 10; n++) await poller.poll();
			expect(poller.warnings).toEqual([expect.stringContaining(first.id)]);
			list.end();
			list = hide(first.id, second.id);
			await poller.poll();
			await poller.poll();
			expect(poller.warnings).toEqual([
				expect.anything(),
				// Between the two lists the first one was never seen.
				expect.stringContaining(second.id),
			]);
			list.end();
			await poller.poll();
			hide(first.id);
			await poller.poll();
			expect(poller.warnings).toHaveLength(3);
			expect(poller.warnings[2]).toContain(first.id);
		});

		it('is one with an entry that has no id', async () => {
			const poller = await started();
			const [first, second, ...others] = account().tunnels() as [Tunnel, Tunnel, ...Tunnel[]];
			account().setKey(second.id, 'x');
			const body = JSON.stringify({
				success: true,
				result: {
					ipsec_tunnels: [{ ...first, id: undefined }, account().tunnel(second.id), ...others],
				},
			});
			account().faults.add({ operation: 'list', kind: 'body', body });
			expect(kinds(await poller.poll())).toEqual([['pskChanged', second.name]]);
			expect(await poller.poll()).toEqual([]);
		});

		it.each([
			[
				'another code',
				{ kind: 'status', status: 404, code: 1003, message: 'IPsec tunnel not found' },
			],
			['no code', { kind: 'body', status: 404, body: '{"success":false,"errors":[]}' }],
			[
				'its own code and another status',
				{ kind: 'status', status: 400, code: 1032, message: 'no' },
			],
		])("believes a deletion that is Cloudflare's own 404 with %s", async (_, fault) => {
			const poller = await started();
			const [first, second] = account().tunnels() as [Tunnel, Tunnel];
			account().removeTunnel(first.id);
			account().setKey(second.id, 'x');
			account().faults.add({ operation: 'get', times: Infinity, ...fault } as never);
			expect(kinds(await poller.poll())).toEqual([
				['pskChanged', second.name],
				['tunnelDeleted', first.name],
			]);
			expect(poller.errors).toEqual([]);
			expect(await poller.poll()).toEqual([]);
		});

		it.each([
			['a page of HTML', { kind: 'html', status: 404 }],
			['a text', { kind: 'status', status: 404, message: 'Not Found' }],
			['nothing', { kind: 'empty', status: 404 }],
			['JSON of somebody else', { kind: 'body', status: 404, body: '{"error":"not found"}' }],
			['JSON that claims success', { kind: 'body', status: 404, body: '{"success":true}' }],
			['a refusal', { kind: 'status', status: 403, code: 10000, message: 'Authentication error' }],
			['a fault', { kind: 'status', status: 500, code: 1001, message: 'internal' }],
			['a page of HTML that is said to be good', { kind: 'html', status: 200 }],
			['an answer without a tunnel', { kind: 'body', body: '{"success":true,"result":{}}' }],
			['a broken connection', { kind: 'reset' }],
			['a brake', { kind: 'status', status: 429, code: 10429, message: 'slow down' }],
		])('is in doubt where the tunnel itself answers %s, and asks again', async (_, fault) => {
			const poller = await started({ options: { timeout: 1 } });
			const [first, second] = account().tunnels() as [Tunnel, Tunnel];
			account().removeTunnel(first.id);
			account().setKey(second.id, 'x');
			const handle = account().faults.add({ operation: 'get', times: 'always', ...fault } as never);
			expect(kinds(await poller.poll())).toEqual([['pskChanged', second.name]]);
			account().setKey(second.id, 'y');
			expect(kinds(await poller.poll())).toEqual([['pskChanged', second.name]]);
			expect(poller.errors).toEqual([]);
			expect(poller.warnings).toHaveLength(1);
			handle.remove();
			expect(kinds(await poller.poll())).toEqual([['tunnelDeleted', first.name]]);
		});
	},
);

describe.each(['legacy', 'durable'] as const)('many missing tunnels (%s cursors)', (cursors) => {
	useVirtualClock();

	const MORE = 46;

	const started = async () => {
		for (let n = 0; n < MORE; n++) account().addTunnel({ name: `more-${n}` });
		const poller = new Poller({
			credentials: credentialsOf(account()),
			parameters: { events: CHANGES },
			cursors,
		});
		await poller.activate();
		await poller.poll();
		return poller;
	};

	it('are all asked for, though the first ones stay in doubt', async () => {
		const poller = await started();
		const all = account().tunnels();
		const stubborn = new Set(all.slice(0, 30).map(({ id }) => id));
		for (const { id } of all) account().removeTunnel(id);
		account().faults.add({
			operation: 'get',
			times: Infinity,
			kind: 'html',
			status: 404,
			predicate: ({ path }) => stubborn.has(path.slice(-32)),
		});
		const told: IDataObject[] = [];
		for (let n = 0; n < 4; n++) {
			account().resetRequests();
			told.push(...(await poller.poll()));
			expect(asked()).toBeLessThanOrEqual(20);
		}
		expect(told.map(({ event }) => event)).toEqual(Array(20).fill('tunnelDeleted'));
		expect(told.some(({ tunnel_id }) => stubborn.has(String(tunnel_id)))).toBe(false);
		const doubted = poller.warnings.join().match(/[0-9a-f]{32}/g) ?? [];
		expect(new Set(doubted)).toEqual(stubborn);
		expect(doubted).toHaveLength(stubborn.size);
		account().faults.clear();
		const rest = [...(await poller.poll()), ...(await poller.poll())];
		expect(new Set(rest.map(({ tunnel_id }) => tunnel_id))).toEqual(stubborn);
	});

	it('do not hold a poll up where each takes long', async () => {
		const poller = await started();
		const all = account().tunnels();
		for (const { id } of all) account().removeTunnel(id);
		account().faults.add({
			operation: 'get',
			times: Infinity,
			kind: 'hook',
			before: async () => await clock.sleep(4_000),
		});
		account().resetRequests();
		const told = await poller.poll();
		expect(asked()).toBe(3);
		expect(told).toHaveLength(3);
		for (let n = 0; n < 16; n++) told.push(...(await poller.poll()));
		expect(new Set(told.map(({ tunnel_id }) => tunnel_id)).size).toBe(all.length);
	});

	it('are not asked for any further after a 429', async () => {
		const poller = await started();
		for (const { id } of account().tunnels()) account().removeTunnel(id);
		account().faults.add(
			statusFault('get', 429, 10429, {
				message: 'slow down',
				headers: { 'retry-after': '300' },
				skip: 2,
				times: Infinity,
			}),
		);
		account().resetRequests();
		expect(await poller.poll()).toHaveLength(2);
		expect(asked()).toBe(3);
	});
});
