import type { IDataObject } from 'n8n-workflow';
import { useAccount } from '../helpers/account';
import { answerWith } from '../helpers/answer';
import { runTunnel } from '../helpers/tunnelRun';
import { byId, byName } from '../helpers/locators';

describe('Get Many', () => {
	const account = useAccount({ tunnels: 6, seed: 3, ageDays: [100, 10, null, 90.5, 89.9, 400] });

	const names = async (filters: IDataObject, change: IDataObject = {}) => {
		const { jsons, error } = await runTunnel(account(), 'getAll', {
			returnAll: true,
			simplify: true,
			filters,
			...change,
		});
		expect(error).toBeUndefined();
		return jsons[0]!.map(({ id }) =>
			account()
				.tunnels()
				.findIndex((known) => known.id === id),
		);
	};

	it('filters by the age of the key and by keys that are missing', async () => {
		expect(await names({ pskOlderThanDays: 90 })).toEqual([0, 3, 5]);
		expect(await names({ noPsk: true })).toEqual([2]);
		expect(await names({ noPsk: true, pskOlderThanDays: 90 })).toEqual([0, 2, 3, 5]);
		expect(await names({ noPsk: false })).toEqual([0, 1, 2, 3, 4, 5]);
		expect(await names({ pskOlderThanDays: 0 })).toEqual([0, 1, 3, 4, 5]);
	});

	it('filters by name, BGP state and health check', async () => {
		const simulator = account();
		const { name } = simulator.tunnels()[4]!;
		expect(await names({ nameContains: name.toUpperCase().slice(2) })).toEqual([4]);
		const withHealthCheck = simulator
			.tunnels()
			.flatMap(({ health_check }, index) => (health_check.enabled ? [index] : []));
		expect(await names({ healthCheck: 'on' })).toEqual(withHealthCheck);
		expect(await names({ healthCheck: 'off' })).toHaveLength(6 - withHealthCheck.length);
		const up = simulator
			.tunnels()
			.flatMap(({ bgp_status }, index) => (bgp_status?.state === 'BGP_UP' ? [index] : []));
		expect(await names({ bgpState: 'BGP_UP' })).toEqual(up);
	});

	it('a name may be given as a number', async () => {
		const [first] = account().tunnels();
		account().updateTunnel(first!.id, { name: 'site-4711' });
		expect(await names({ nameContains: '={{ 4711 }}' })).toEqual([0]);
	});

	it('a tunnel that the list holds twice is there once, and can be worked on', async () => {
		const simulator = account();
		const [first] = simulator.tunnels();
		simulator.faults.add({ kind: 'listTwice', count: 2, times: Infinity });
		expect(await names({})).toEqual([0, 1, 2, 3, 4, 5]);
		for (const tunnelId of [byId(first!.id), byName(first!.name)]) {
			const { jsons, error } = await runTunnel(simulator, 'updateMany', {
				tunnelId,
				updateFields: { description: 'once' },
			});
			expect(error).toBeUndefined();
			expect(jsons[0]![0]).toMatchObject({ id: first!.id, description: 'once' });
		}
	});

	it('an age is never negative, however far the clock lags behind', async () => {
		const simulator = account();
		simulator.faults.add({
			kind: 'rewrite',
			operation: 'list',
			times: Infinity,
			change: (body) => {
				const { result } = body as { result: { ipsec_tunnels: IDataObject[] } };
				result.ipsec_tunnels[0]!.psk_metadata = {
					last_generated_on: new Date(Date.now() + 3_600_000).toISOString(),
				};
				return body;
			},
		});
		const { jsons } = await runTunnel(simulator, 'getAll', { returnAll: true, simplify: true });
		expect(jsons[0]![0]!.psk_age_days).toBe(0);
		expect(await names({ pskOlderThanDays: 0 })).toEqual([1, 3, 4, 5]);
	});

	it('limits, simplifies, and lists once for all items', async () => {
		const simulator = account();
		const { jsons } = await runTunnel(simulator, 'getAll', {
			returnAll: false,
			limit: 2,
			simplify: true,
			filters: {},
			items: [{}, {}],
		});
		expect(jsons[0]).toHaveLength(4);
		expect(Object.keys(jsons[0]![0]!)).toEqual([
			'id',
			'account_id',
			'name',
			'cloudflare_endpoint',
			'customer_endpoint',
			'interface_address',
			'health_check_enabled',
			'bgp_state',
			'last_generated_on',
			'psk_age_days',
		]);
		expect(jsons[0]![0]!.psk_age_days).toBe(100);
		expect(simulator.requests).toHaveLength(1);
	});

	it('passes unknown fields through when it does not simplify', async () => {
		const simulator = account();
		const list = simulator
			.tunnels()
			.map((known) => ({ ...known, brand_new_field: { a: 1 }, psk: 'never' }));
		simulator.faults.add({
			kind: 'body',
			operation: 'list',
			status: 200,
			body: answerWith({ ipsec_tunnels: list }),
		});
		const { jsons } = await runTunnel(simulator, 'getAll', {
			returnAll: true,
			simplify: false,
			filters: {},
		});
		expect(jsons[0]![0]).toMatchObject({
			brand_new_field: { a: 1 },
			remote_identities: expect.anything(),
		});
		expect(JSON.stringify(jsons)).not.toContain('never');
	});

	it.each([
		[{ limit: 0 }, "'Limit'"],
		[{ limit: 'many' }, "'Limit'"],
		[{ filters: { pskOlderThanDays: -1 } }, "'PSK Older Than (Days)'"],
		[{ filters: { pskOlderThanDays: 'old' } }, "'PSK Older Than (Days)'"],
		[{ limit: '={{ NaN }}' }, "'Limit'"],
		[{ limit: '={{ 1.5 }}' }, "'Limit'"],
		[{ limit: '={{ $json.missing }}' }, "'Limit'"],
		[{ filters: { nameContains: '={{ $json.missing }}' } }, "'Name Contains'"],
		[{ filters: { nameContains: '={{ "" }}' } }, "'Name Contains'"],
		[{ filters: { nameContains: '={{ ["a"] }}' } }, "'Name Contains'"],
		[{ filters: { pskOlderThanDays: '={{ $json.missing }}' } }, "'PSK Older Than (Days)'"],
		[{ filters: { pskOlderThanDays: '={{ NaN }}' } }, "'PSK Older Than (Days)'"],
		[{ filters: { noPsk: '={{ $json.missing }}' } }, "'No PSK Yet'"],
		[{ filters: { noPsk: '={{ "true" }}' } }, "'No PSK Yet'"],
		[{ filters: { bgpState: '={{ $json.missing }}' } }, "'BGP State'"],
		[{ filters: { bgpState: '={{ "UP" }}' } }, "'BGP State'"],
		[{ filters: { healthCheck: '={{ true }}' } }, "'Health Check'"],
	])('%j is refused before anything is sent', async (change, words) => {
		const { error } = await runTunnel(account(), 'getAll', {
			returnAll: false,
			limit: 5,
			simplify: true,
			filters: {},
			...change,
		});
		expect(error?.message).toContain(words);
		expect(account().requests).toHaveLength(0);
	});

	it('a list of a wrong form is an error', async () => {
		for (const result of [
			{},
			{ ipsec_tunnels: {} },
			{ ipsec_tunnels: [{ id: 'x' }] },
			{ ipsec_tunnels: [null] },
			null,
		]) {
			account().faults.add({
				kind: 'body',
				operation: 'list',
				status: 200,
				body: answerWith(result),
			});
			const { error } = await runTunnel(account(), 'getAll', {
				returnAll: true,
				simplify: true,
				filters: {},
			});
			expect(error?.name).toBe('NodeApiError');
			expect(error?.message).toContain('unexpected form');
		}
	});
});
