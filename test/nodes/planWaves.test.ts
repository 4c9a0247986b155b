import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { CloudflareMagicIpsec } from '../../nodes/CloudflareMagicIpsec/CloudflareMagicIpsec.node';
import { useAccount } from '../helpers/account';
import { inContext } from '../helpers/context';
import { runNode } from '../helpers/node';
import { runTunnel } from '../helpers/tunnelRun';

const DAY_MS = 86_400_000;

interface Wave {
	wave: number;
	waves: number;
	tunnels: Array<{
		ipsec_tunnel_id: string;
		tunnel_name: string;
		site: string;
		psk_age_days: number | null;
	}>;
	single_tunnel_sites: string[];
}

const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();

const idOf = (index: number) => index.toString(16).padStart(32, '0');

/** A tunnel as Get Many gives it, simplified. */
const simplified = (index: number, name: string, days: number | null, more: IDataObject = {}) => ({
	id: idOf(index),
	account_id: 'a'.repeat(32),
	name,
	customer_endpoint: `203.0.113.${index % 250}`,
	last_generated_on: days === null ? null : daysAgo(days),
	psk_age_days: days,
	...more,
});

const SITES = [
	simplified(1, 'paris-a', 10),
	simplified(2, 'paris-b', 200),
	simplified(3, 'oslo-a', 120),
	simplified(4, 'oslo-b', null),
	simplified(5, 'rome-a', 95),
];

async function plan(
	items: IDataObject[],
	parameters: INodeParameters = {},
	node: Parameters<typeof runNode>[0]['node'] = {},
) {
	const read: string[] = [];
	const result = await runNode({
		credentials: {},
		parameters: { resource: 'rotation', operation: 'plan', ...parameters },
		items,
		node: { credentials: {}, ...node },
		onCredential: (type) => read.push(type),
	});
	expect(read).toEqual([]);
	return { ...result, waves: (result.jsons[0] ?? []) as unknown as Wave[] };
}

const names = (waves: Wave[]) =>
	waves.map(({ tunnels }) => tunnels.map(({ tunnel_name: name }) => name));

const PATTERN = { sitePattern: '^(.+)-(?:a|b)$' };

describe('Plan Waves', () => {
	it('gives an item a wave: a canary with the oldest key, then waves without two tunnels of a site', async () => {
		const { waves, outputs } = await plan(SITES, { ...PATTERN, waveSize: 2 });
		expect(names(waves)).toEqual([['oslo-b'], ['paris-b', 'oslo-a'], ['rome-a', 'paris-a']]);
		expect(waves.map(({ wave, waves: all }) => [wave, all])).toEqual([
			[1, 3],
			[2, 3],
			[3, 3],
		]);
		expect(waves[1]!.tunnels).toEqual([
			{ ipsec_tunnel_id: idOf(2), tunnel_name: 'paris-b', site: 'paris', psk_age_days: 200 },
			{ ipsec_tunnel_id: idOf(3), tunnel_name: 'oslo-a', site: 'oslo', psk_age_days: 120 },
		]);
		expect(waves[0]!.tunnels[0]!.psk_age_days).toBeNull();
		expect(outputs[0]!.map(({ pairedItem }) => pairedItem)).toEqual([
			[{ item: 3 }],
			[{ item: 1 }, { item: 2 }],
			[{ item: 4 }, { item: 0 }],
		]);
	});

	it('plans what is due only, a key that was never set always, and warns of sites by all items', async () => {
		const { waves, hints } = await plan(SITES, { ...PATTERN, olderThanDays: 90 });
		expect(names(waves)).toEqual([['oslo-b'], ['paris-b', 'oslo-a', 'rome-a']]);
		expect(waves.map(({ single_tunnel_sites: single }) => single)).toEqual([[], ['rome']]);
		expect(hints.map(({ message }) => message)).toEqual([
			"Sites with a single tunnel among the items: 'rome'. Nothing carries their traffic should the new key fail; 'single_tunnel_sites' of each wave names them.",
		]);
	});

	it('takes the customer endpoint for the site without a pattern, and the tunnel alone without an endpoint', async () => {
		const { waves } = await plan(
			[
				simplified(1, 'one', 5, { customer_endpoint: '198.51.100.1' }),
				simplified(2, 'two', 4, { customer_endpoint: '198.51.100.1' }),
				simplified(3, 'three', 3, { customer_endpoint: null }),
				simplified(4, 'four', 2, { customer_endpoint: null }),
			],
			{ canary: 0 },
		);
		expect(waves.map(({ tunnels }) => tunnels.map(({ site }) => site))).toEqual([
			['198.51.100.1', 'three', 'four'],
			['198.51.100.1'],
		]);
		expect(waves[0]!.single_tunnel_sites).toEqual(['three', 'four']);
	});

	it('says which names the pattern does not fit', async () => {
		const strange = simplified(6, 'gateway', 1, { customer_endpoint: '198.51.100.9' });
		const { waves, hints } = await plan([...SITES, strange], PATTERN);
		expect(waves.flatMap(({ tunnels }) => tunnels).map(({ site }) => site)).toContain(
			'198.51.100.9',
		);
		expect(hints.map(({ message }) => message)).toContain(
			"The Site Pattern finds no site in these names: 'gateway'. The customer endpoint counts as their site.",
		);
	});

	describe('behind Get Many', () => {
		const account = useAccount({ tunnels: 12, seed: 4 });

		it.each([true, false])('plans every tunnel once (Simplify: %s)', async (simplify) => {
			const { jsons } = await runTunnel(account(), 'getAll', { returnAll: true, simplify });
			const { waves } = await plan(jsons[0]!);
			const planned = waves.flatMap(({ tunnels }) => tunnels);
			expect(planned.map(({ ipsec_tunnel_id: id }) => id).sort()).toEqual(
				account()
					.tunnels()
					.map(({ id }) => id)
					.sort(),
			);
			const known = new Map(
				account()
					.tunnels()
					.map(({ id, psk_metadata: made }) => [id, made.last_generated_on]),
			);
			for (const { ipsec_tunnel_id: id, psk_age_days: days } of planned) {
				const made = known.get(id);
				expect(days).toBe(
					made === undefined ? null : Math.floor((Date.now() - Date.parse(made)) / DAY_MS),
				);
			}
		});
	});

	it.each([
		['an item of another kind', { name: 'paris-a' }],
		['a tunnel whose key has a date that is none', { ...SITES[0]!, last_generated_on: 'lately' }],
		['a tunnel without a word of its key', { id: idOf(9), name: 'paris-a' }],
		['a tunnel without a name', { ...SITES[0]!, name: '' }],
		['an id that is none', { ...SITES[0]!, id: 'paris' }],
	])('refuses %s before anything', async (_, item) => {
		const { error, waves } = await plan([...SITES.slice(1), item]);
		expect(waves).toEqual([]);
		expect(error?.message).toBe('The item is no tunnel');
		expect(error?.description).toMatch(/^Give the node the items of Tunnel > Get Many/);
	});

	it('refuses a tunnel that is in two items, whatever the case of its id', async () => {
		const twice = { ...SITES[0]!, id: `AB${'0'.repeat(30)}` };
		const { error } = await plan([twice, { ...twice, id: twice.id.toLowerCase() }]);
		expect(error?.message).toBe('The tunnel is in more than one item');
	});

	it('plans nothing where On Error says to continue and an item is no tunnel', async () => {
		const { jsons, error } = await plan(
			[...SITES, { name: 'x' }],
			{},
			{ onError: 'continueRegularOutput' },
		);
		expect(error).toBeUndefined();
		expect(jsons[0]).toEqual([{ error: expect.stringMatching(/^The item is no tunnel\./) }]);
	});

	it.each([
		[{ sitePattern: '^(a' }, "The parameter 'Site Pattern' can't be used", /Unterminated group/],
		[{ sitePattern: 'paris' }, "The parameter 'Site Pattern' can't be used", /no group/],
		[{ sitePattern: '={{ 7 }}' }, "The parameter 'Site Pattern' can't be used", /text/],
		[{ canary: -1 }, "The parameter 'Canary' can't be used", /0 to 10000/],
		[{ canary: 1.5 }, "The parameter 'Canary' can't be used", /whole number/],
		[{ waveSize: 0 }, "The parameter 'Wave Size' can't be used", /from 1/],
		[{ olderThanDays: -1 }, "The parameter 'Older Than (Days)' can't be used", /0 or more/],
	])('refuses %j with its reason', async (parameters, message, remedy) => {
		const { error } = await plan(SITES, parameters);
		expect(error?.message).toBe(message);
		expect(error?.description).toMatch(remedy);
		const { jsons } = await plan(SITES, parameters, { onError: 'continueRegularOutput' });
		expect(jsons[0]).toEqual([{ error: expect.stringContaining(message) }]);
	});

	it('plans 5,000 tunnels in less than 50 ms', async () => {
		const many = Array.from({ length: 5_000 }, (_, index) =>
			simplified(index, `site-${Math.floor(index / 2)}-${index % 2 ? 'a' : 'b'}`, index % 400),
		);
		const parameters = { resource: 'rotation', operation: 'plan', ...PATTERN };
		const node = new CloudflareMagicIpsec();
		const context = await inContext(parameters, many, (one) => one);
		const times: number[] = [];
		for (let run = 0; run < 10; run++) {
			// Of this process alone: the machine may be busy with something else.
			const before = process.cpuUsage();
			const [waves = []] = await node.execute.call(context);
			const { user, system } = process.cpuUsage(before);
			times.push((user + system) / 1_000);
			expect(waves.length).toBeGreaterThan(500);
		}
		expect(Math.min(...times)).toBeLessThan(50);
	});
});
