import type { IDataObject, INodeParameters, INodeProperties } from 'n8n-workflow';
import { NodeHelpers } from 'n8n-workflow';
import { CloudflareMagicIpsec } from '../../nodes/CloudflareMagicIpsec/CloudflareMagicIpsec.node';
import { refuseWhole } from '../../nodes/shared/collections';
import { useAccount } from '../helpers/account';
import { inContext } from '../helpers/context';
import { credentialsOf } from '../helpers/node';
import { Poller } from '../helpers/poller';
import { itemsOf, liveKeys, psk, statuses } from '../helpers/psk';
import { RotationWorld } from '../helpers/rotation';
import { byId, NEW, runTunnel } from '../helpers/tunnelRun';

/** Collections that are one expression: n8n hands on an empty one, and nothing of it may be guessed. */

const account = useAccount();

const CHECK_ELSEWHERE =
	'={{ { validateOnly: true, requireUnsaved: true, stored: $json.answer.stored, accountId: "0".repeat(32) } }}';

const changes = () => account().requests.filter(({ method }) => method !== 'GET');

describe('options that are one expression', () => {
	it.each(['generate', 'prepare', 'set'])(
		'let %s change nothing, and say why',
		async (operation) => {
			const before = liveKeys(account());
			for (const options of [CHECK_ELSEWHERE, '={{ $json.options }}', 'typed in']) {
				const { error, jsons } = await psk(account(), operation, { options });
				expect(error?.description).toContain("The collection 'Options' can't be used");
				expect(error?.description).toContain('one by one');
				expect(jsons.flat()).toEqual([]);
			}
			expect(liveKeys(account())).toEqual(before);
			expect(account().requests).toEqual([]);
		},
	);

	it('are an outcome of each item where the run goes on', async () => {
		const node = { onError: 'continueRegularOutput' } as const;
		const { jsons } = await psk(account(), 'set', { options: CHECK_ELSEWHERE, node });
		expect(jsons[0]).toEqual([]);
		expect(statuses(jsons[1])).toEqual(['unapplied', 'unapplied', 'unapplied']);
		expect(account().requests).toEqual([]);
	});

	it.each(['create', 'delete', 'get', 'getAll', 'getHealth', 'update', 'updateMany'])(
		'let %s of tunnels ask nothing',
		async (operation) => {
			const { error } = await runTunnel(account(), operation, {
				...NEW,
				tunnelId: byId('={{ $json.id }}'),
				items: itemsOf(account()),
				mode: 'merge',
				updateFields: { description: 'new' },
				options: CHECK_ELSEWHERE,
			});
			expect(error?.message).toBe("The collection 'Options' can't be used");
			expect(account().requests).toEqual([]);
		},
	);

	it.each(['rotate', 'finish', 'rollBack', 'getStatus'])(
		'let %s ask nothing',
		async (operation) => {
			const world = await RotationWorld.start({ tunnels: 1, seed: 1 });
			try {
				const options = '={{ { leaseMinutes: 60 } }}';
				const { error } = await world.run(operation, { options });
				expect(`${error?.message} ${error?.description}`).toContain(
					"The collection 'Options' can't be used",
				);
				expect(world.simulator.requests).toEqual([]);
			} finally {
				await world.close();
			}
		},
	);

	it('are refused after the editor has stored what n8n made of them', async () => {
		const { error } = await psk(account(), 'set', { options: { length: 54 } });
		expect(error?.description).toContain("The collection 'Options' can't be used");
	});

	it.each([[{}], [[]], ['']])('are not what %j is', async (options) => {
		const { error } = await psk(account(), 'set', { options: options as IDataObject });
		expect(error).toBeUndefined();
		expect(changes()).toHaveLength(1);
	});
});

describe('another collection that is one expression', () => {
	it.each([
		['create', 'additionalFields', 'Additional Fields'],
		['update', 'updateFields', 'Update Fields'],
		['updateMany', 'updateFields', 'Update Fields'],
		['getAll', 'filters', 'Filters'],
	])('lets %s change nothing by its %s', async (operation, name, shown) => {
		const { error } = await runTunnel(account(), operation, {
			...NEW,
			tunnelId: byId('={{ $json.id }}'),
			items: itemsOf(account()),
			returnAll: true,
			[name]: '={{ { description: "x", nameContains: "x", psk: $json.psk } }}',
		});
		expect(error?.message).toBe(`The collection '${shown}' can't be used`);
		expect(changes()).toEqual([]);
	});

	it('of fields keeps a key that may be among them from the error output', async () => {
		const { jsons } = await runTunnel(account(), 'update', {
			tunnelId: byId('={{ $json.id }}'),
			items: itemsOf(account()).map(({ id }) => ({ id, given: { secret: 'key-of-the-item' } })),
			updateFields: '={{ { psk: $json.given.secret } }}',
			node: { onError: 'continueErrorOutput' },
		});
		expect(jsons.flat()).toHaveLength(3);
		expect(JSON.stringify(jsons)).not.toContain('key-of-the-item');
	});

	it.each(['options', 'filters'])('keeps the polling trigger from asking: %s', async (name) => {
		const poller = new Poller({
			credentials: credentialsOf(account()),
			parameters: { events: ['pskChanged'], [name]: '={{ { nameContains: "x" } }}' },
		});
		await poller.activate().catch((error: Error) => poller.errors.push(error as never));
		expect(poller.errors.map(({ message }) => message).join()).toMatch(
			/The collection '(Options|Filters)' can't be used/,
		);
		expect(account().requests).toEqual([]);
	});

	it('adds nothing to what the lists of the panel offer', () => {
		const { description } = new CloudflareMagicIpsec();
		const collections = description.properties.filter(({ type }) => type === 'collection');
		expect(collections.length).toBeGreaterThan(15);
		for (const { options } of collections) {
			const mark = (options as INodeProperties[]).find(({ name }) => name === 'length')!;
			const isShown = (given: INodeParameters) =>
				NodeHelpers.displayParameter(given, mark, null, description);
			expect([isShown({}), isShown({ timeout: 5 }), isShown({ length: 5 })]).toEqual([
				false,
				false,
				true,
			]);
		}
	});

	it('would be refused as well if n8n handed on the expression', async () => {
		const parameters = { resource: 'psk', operation: 'set', options: '={{ {} }}' };
		await expect(
			inContext(parameters as INodeParameters, [{}], (context) =>
				refuseWhole(context, { name: 'options', displayName: 'Options' }, 0),
			),
		).rejects.toThrow("The collection 'Options' can't be used");
	});
});
