import type { Tunnel } from '../simulator';
import { failureSchema } from '../simulator/schemas';
import { toMicroseconds, toNanoseconds } from '../simulator/time';
import { errorOf, expectSchema, HEX, SITE, useScene } from './scene';

const scene = useScene();

describe('pre-shared keys', () => {
	it('generates one, tells nanoseconds once and microseconds afterwards', async () => {
		const { id } = scene.first();
		const { body } = await scene.caller.magic('POST', `/${id}/psk_generate`, { body: {} });
		const result = body.result as {
			psk: string;
			ipsec_id: string;
			psk_metadata: { last_generated_on: string };
		};
		expect(result.psk).toMatch(/^[\w-]{43}$/);
		expect(result.ipsec_id).toBe(`${scene.simulator.accountNumber}_${id}`);
		expect(scene.simulator.liveKey(id)).toBe(result.psk);
		const precise = result.psk_metadata.last_generated_on;
		const shown = scene.simulator.tunnel(id)?.psk_metadata.last_generated_on;
		expect(precise).toMatch(/\.\d{9}Z$/);
		expect(shown).toMatch(/\.\d{6}Z$/);
		expect(Date.parse(shown!)).toBe(Date.parse(precise));
		expect(scene.simulator.keyHistory(id).at(-1)).toEqual({
			psk: result.psk,
			at: precise,
			by: 'pskGenerate',
		});
	});

	it('rounds to the nearest microsecond', () => {
		const instant = BigInt(Date.parse('2022-02-01T18:09:47Z')) * 1_000_000n + 54_317_925n;
		expect(toNanoseconds(instant)).toBe('2022-02-01T18:09:47.054317925Z');
		expect(toMicroseconds(instant)).toBe('2022-02-01T18:09:47.054318Z');
		expect(toMicroseconds(999_999_500n)).toBe('1970-01-01T00:00:01.000000Z');
	});

	it('moves last_generated_on with each key, also while the clock stands still', async () => {
		await scene.start({ now: () => 1_700_000_000_000 });
		const { id } = scene.first();
		const seen = new Set<string | undefined>();
		const look = () => seen.add(scene.simulator.tunnel(id)?.psk_metadata.last_generated_on);
		look();
		await scene.caller.magic('POST', `/${id}/psk_generate`);
		look();
		await scene.caller.magic('PUT', `/${id}`, { body: { psk: 'by-put' } });
		look();
		expect(scene.simulator.liveKey(id)).toBe('by-put');
		await scene.caller.magic('POST', '/psk', { body: { psks: [{ id, psk: 'by-set' }] } });
		look();
		expect(seen.size).toBe(4);
		expect(scene.simulator.keyHistory(id).map(({ by }) => by)).toEqual([
			'seed',
			'pskGenerate',
			'update',
			'pskSet',
		]);
	});

	it('sets a key at creation and by bulk update', async () => {
		const { body } = await scene.caller.magic('POST', '', {
			body: { ...SITE, psk: 'at-creation' },
		});
		const { id, psk_metadata: metadata } = body.result as Tunnel;
		expect(metadata).toHaveProperty('last_generated_on');
		expect(scene.simulator.liveKey(id)).toBe('at-creation');
		await scene.caller.magic('PUT', '', { body: { ipsec_tunnels: [{ id, psk: 'by-bulk' }] } });
		expect(scene.simulator.keyHistory(id).map(({ psk, by }) => [psk, by])).toEqual([
			['at-creation', 'create'],
			['by-bulk', 'bulkUpdate'],
		]);
	});

	it('sets many, and reports an unknown tunnel with a reason', async () => {
		const [one, two] = scene.simulator.tunnels() as [Tunnel, Tunnel];
		const psks = [
			{ id: one.id, psk: 'key one' },
			{ id: HEX, psk: 'nobody' },
			{ id: two.id, psk: 'key two' },
		];
		const { status, body } = await scene.caller.magic('POST', '/psk', { body: { psks } });
		expect(status).toBe(200);
		expect(body.result).toMatchObject({
			successfully_applied_psks: {
				[one.id]: { psk: 'key one', ipsec_tunnel_id: one.id },
				[two.id]: { psk: 'key two', ipsec_id: `${scene.simulator.accountNumber}_${two.id}` },
			},
			unapplied_psks: { [HEX]: 'IPsec tunnel not found' },
		});
		expect(scene.simulator.liveKey(one.id)).toBe('key one');
	});

	it.each([
		['no psks', {}],
		['an empty list', { psks: [] }],
		['no list', { psks: {} }],
		['null', { psks: null }],
		['a null key', { psks: [{ id: HEX, psk: null }] }],
		['an empty key', { psks: [{ id: HEX, psk: '' }] }],
		['a number as key', { psks: [{ id: HEX, psk: 1 }] }],
		['no key', { psks: [{ id: HEX }] }],
		['no id', { psks: [{ psk: 'x' }] }],
		['a null id', { psks: [{ id: null, psk: 'x' }] }],
		[
			'an id twice',
			{
				psks: [
					{ id: HEX, psk: 'x' },
					{ id: HEX, psk: 'y' },
				],
			},
		],
		['an unknown field', { psks: [{ id: HEX, psk: 'x', name: 'y' }] }],
		['an unknown field beside', { psks: [{ id: HEX, psk: 'x' }], force: true }],
		['a bare list', [{ id: HEX, psk: 'x' }]],
	])('refuses a set with %s', async (_name, body) => {
		const answer = await scene.caller.magic('POST', '/psk', { body });
		expect(errorOf(answer)).toEqual([400, 1022]);
		expectSchema(failureSchema, answer.body);
	});

	it('refuses a set without a body and with a validate_only that is no boolean', async () => {
		expect(errorOf(await scene.caller.magic('POST', '/psk'))).toEqual([400, 1022]);
		const body = { psks: [{ id: scene.first().id, psk: 'x' }] };
		const answer = await scene.caller.magic('POST', '/psk?validate_only=yes', { body });
		expect(errorOf(answer)).toEqual([400, 1022]);
		expect((await scene.caller.magic('POST', '/psk?validate_only=false', { body })).status).toBe(
			200,
		);
		expect(scene.simulator.liveKey(scene.first().id)).toBe('x');
	});
});
