import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';
import type { CredentialReference, Execution, N8n } from '../harness/n8n';
import { outputsIn, taskIn } from '../harness/n8n';
import type { Context, Part } from '../harness/part';
import { waitFor } from '../../helpers/processes';
import type { Account, TunnelState } from '../../helpers/accountProcess';
import { NODE, runOnItems } from '../harness/workflows';
import { oldKeysWorkflow } from '../real/flow';

type Scheme = 'apiToken' | 'apiKey';

const TYPE_OF = { apiToken: 'cloudflareMagicTokenApi', apiKey: 'cloudflareMagicKeyApi' } as const;

const locator = (mode: 'id' | 'name' | 'list', value: string) => ({ __rl: true, mode, value });

/** A parameter that each item gives. */
const ITEMS_TUNNEL = locator('id', '={{ $json.tunnel }}');

const VALIDATE_ONLY = { options: { validateOnly: true } };

/** Runs operations with one credential on one account, and tells what became of it. */
class Bench {
	constructor(
		readonly n8n: N8n,
		readonly account: Account,
		private readonly scheme: Scheme,
		private readonly credential: CredentialReference,
	) {}

	async execute(
		resource: 'tunnel' | 'psk',
		operation: string,
		parameters: INodeParameters,
		items: readonly IDataObject[] = [{}],
		node: Partial<INode> = {},
	): Promise<Execution> {
		return await runOnItems(this.n8n, items, {
			parameters: { authentication: this.scheme, resource, operation, ...parameters },
			credentials: { [TYPE_OF[this.scheme]]: this.credential },
			node,
		});
	}

	/** The items of each output of a run that ended well. */
	async outputs(...run: Parameters<Bench['execute']>): Promise<IDataObject[][]> {
		const execution = await this.execute(...run);
		assert.equal(execution.status, 'success', taskIn(execution, NODE).error?.message);
		assert.equal(execution.mode, 'webhook');
		return outputsIn(execution, NODE);
	}

	/** The items of the one output of a tunnel operation. */
	async tunnels(
		operation: string,
		parameters: INodeParameters,
		items?: readonly IDataObject[],
	): Promise<IDataObject[]> {
		const [output, ...others] = await this.outputs('tunnel', operation, parameters, items);
		assert.deepEqual(others, []);
		return output!;
	}

	/** The items of the outputs Secret and Notification, the second of which never holds a key. */
	async keys(
		operation: string,
		parameters: INodeParameters,
		items?: readonly IDataObject[],
	): Promise<{ secret: IDataObject[]; notification: IDataObject[] }> {
		const outputs = await this.outputs('psk', operation, parameters, items);
		assert.equal(outputs.length, 2);
		const [secret = [], notification = []] = outputs;
		const told = JSON.stringify(notification);
		for (const { psk } of secret) assert.ok(!told.includes(String(psk)), 'a key on Notification');
		assert.ok(notification.every((item) => !('psk' in item) && item.message !== ''));
		return { secret, notification };
	}

	async names(): Promise<string[]> {
		return (await this.account.tunnels()).map(({ tunnel }) => tunnel.name);
	}

	async liveKeys(): Promise<Array<string | null>> {
		return (await this.account.tunnels()).map(({ live_key }) => live_key);
	}

	/** How often the account was asked to do something since the last reset. */
	async count(operation: string): Promise<number> {
		return (await this.account.requests()).filter((one) => one.operation === operation).length;
	}
}

const only = (items: readonly IDataObject[]): IDataObject => {
	assert.equal(items.length, 1);
	return items[0]!;
};

const pick = (items: readonly IDataObject[], field: string) => items.map((item) => item[field]);

async function checkTunnels(context: Context, bench: Bench, title: string): Promise<void> {
	const { account } = bench;
	const check = async (name: string, run: () => Promise<void>) =>
		await context.check(`${title}, tunnel ${name}`, run);

	const fresh = {
		name: '={{ $json.name }}',
		cloudflareEndpoint: '162.159.64.41',
		interfaceAddress: '={{ $json.inside }}',
		additionalFields: {
			customerEndpoint: '203.0.113.9',
			description: 'made by n8n',
			bgpCustomerAsn: 65010,
		},
	};
	const wanted = [
		{ name: 'new-1', inside: '10.99.0.0/31' },
		{ name: 'new-2', inside: '10.99.0.2/31' },
	];

	await check('create, validate only', async () => {
		const before = await bench.names();
		const items = await bench.tunnels('create', { ...fresh, ...VALIDATE_ONLY }, wanted);
		assert.deepEqual(pick(items, 'validate_only'), [true, true]);
		assert.deepEqual(await bench.names(), before);
	});

	await check('create, for each of two items', async () => {
		const items = await bench.tunnels('create', { ...fresh, options: {} }, wanted);
		assert.deepEqual(pick(items, 'name'), ['new-1', 'new-2']);
		for (const [index, { name, inside }] of wanted.entries()) {
			const { tunnel } = await account.tunnel(name);
			assert.equal(tunnel.id, items[index]!.id);
			assert.equal(tunnel.interface_address, inside);
			assert.equal(tunnel.customer_endpoint, '203.0.113.9');
			assert.equal(tunnel.description, 'made by n8n');
			assert.equal(tunnel.bgp?.customer_asn, 65010);
		}
	});

	await check('get, by id, by name and from the list', async () => {
		const { tunnel } = await account.tunnel('new-1');
		for (const reference of [
			locator('id', tunnel.id),
			locator('name', 'new-1'),
			locator('list', tunnel.id),
		]) {
			const item = only(
				await bench.tunnels('get', { tunnelId: reference, simplify: true, options: {} }),
			);
			assert.equal(item.id, tunnel.id);
			assert.equal(item.account_id, account.accountId);
			assert.equal(item.psk_age_days, null);
		}
	});

	await check('get many, all and raw', async () => {
		const items = await bench.tunnels('getAll', {
			returnAll: true,
			simplify: false,
			filters: {},
			options: {},
		});
		const state = await account.tunnels();
		assert.deepEqual(
			pick(items, 'id'),
			state.map(({ tunnel }) => tunnel.id),
		);
		assert.deepEqual(
			pick(items, 'health_check'),
			state.map(({ tunnel }) => tunnel.health_check),
		);
	});

	await check('get many, keys older than 90 days, one of them', async () => {
		const parameters = {
			returnAll: false,
			limit: 50,
			simplify: true,
			filters: { pskOlderThanDays: 90 },
			options: {},
		};
		const items = await bench.tunnels('getAll', parameters);
		const old = (await account.tunnels()).filter(isOld).map(({ tunnel }) => tunnel.id);
		assert.ok(old.length >= 2);
		assert.deepEqual(pick(items, 'id'), old);
		const limited = await bench.tunnels('getAll', { ...parameters, limit: 1 });
		assert.deepEqual(pick(limited, 'id'), old.slice(0, 1));
	});

	await check('update, validate only', async () => {
		const before = await account.tunnel('new-1');
		const item = only(
			await bench.tunnels('update', {
				tunnelId: locator('name', 'new-1'),
				mode: 'merge',
				updateFields: { description: 'checked' },
				...VALIDATE_ONLY,
			}),
		);
		assert.equal(item.validate_only, true);
		assert.deepEqual(await account.tunnel('new-1'), before);
	});

	await check('update, merge keeps what is not given', async () => {
		const before = (await account.tunnel('new-1')).tunnel;
		await bench.tunnels('update', {
			tunnelId: locator('name', 'new-1'),
			mode: 'merge',
			updateFields: { description: 'merged', healthCheckRate: 'high' },
			options: {},
		});
		const after = (await account.tunnel('new-1')).tunnel;
		assert.equal(after.description, 'merged');
		assert.equal(after.health_check.rate, 'high');
		assert.equal(after.customer_endpoint, before.customer_endpoint);
		assert.deepEqual(after.bgp, before.bgp);
	});

	await check('update, replace sends only what is given', async () => {
		await account.resetRequests();
		await bench.tunnels('update', {
			tunnelId: locator('name', 'new-2'),
			mode: 'replace',
			updateFields: {
				name: 'new-2',
				cloudflareEndpoint: '162.159.64.41',
				interfaceAddress: '10.99.0.4/31',
			},
			options: {},
		});
		const [put] = (await account.requests()).filter(({ operation }) => operation === 'update');
		assert.deepEqual(put?.body, {
			name: 'new-2',
			cloudflare_endpoint: '162.159.64.41',
			interface_address: '10.99.0.4/31',
		});
		assert.equal((await account.tunnel('new-2')).tunnel.interface_address, '10.99.0.4/31');
	});

	const many = {
		tunnelId: locator('name', '={{ $json.name }}'),
		updateFields: { description: '={{ $json.name }} of many' },
	};

	await check('update many, validate only', async () => {
		const before = await account.tunnels();
		const items = await bench.tunnels('updateMany', { ...many, ...VALIDATE_ONLY }, wanted);
		assert.deepEqual(pick(items, 'validate_only'), [true, true]);
		assert.deepEqual(await account.tunnels(), before);
	});

	await check('update many, two items in one request', async () => {
		await account.resetRequests();
		const items = await bench.tunnels('updateMany', { ...many, options: {} }, wanted);
		assert.deepEqual(pick(items, 'name'), ['new-1', 'new-2']);
		assert.equal(await bench.count('bulkUpdate'), 1);
		for (const { name } of wanted) {
			assert.equal((await account.tunnel(name)).tunnel.description, `${name} of many`);
		}
	});

	await check('delete, validate only', async () => {
		const before = await bench.names();
		const tunnelId = locator('name', 'new-1');
		const item = only(await bench.tunnels('delete', { tunnelId, ...VALIDATE_ONLY }));
		assert.equal(item.deleted, false);
		assert.deepEqual(await bench.names(), before);
	});

	await check('delete', async () => {
		const before = await bench.names();
		const tunnelId = locator('name', '={{ $json.name }}');
		const items = await bench.tunnels('delete', { tunnelId, options: {} }, wanted);
		assert.deepEqual(pick(items, 'deleted'), [true, true]);
		assert.deepEqual(
			await bench.names(),
			before.filter((name) => !['new-1', 'new-2'].includes(name)),
		);
	});
}

async function checkKeys(context: Context, bench: Bench, title: string): Promise<void> {
	const { account } = bench;
	const check = async (name: string, run: () => Promise<void>) =>
		await context.check(`${title}, psk ${name}`, run);
	const chosen = (await account.tunnels()).slice(0, 3).map(({ tunnel }) => tunnel.id);
	const items = chosen.map((tunnel, index) => ({
		tunnel,
		key: `key-${title.length}-of-tunnel-${index}`,
	}));
	const liveOfChosen = async () =>
		await Promise.all(chosen.map(async (id) => (await account.tunnel(id)).live_key));

	for (const checked of [true, false]) {
		const status = checked ? 'validated' : 'prepared';
		await check(`prepare, ${checked ? 'checked by Cloudflare' : 'without a request'}`, async () => {
			const before = await bench.liveKeys();
			await account.resetRequests();
			const { secret, notification } = await bench.keys(
				'prepare',
				{ tunnelId: ITEMS_TUNNEL, keyLength: 43, checkWithCloudflare: checked, options: {} },
				items,
			);
			assert.deepEqual(pick(secret, 'ipsec_tunnel_id'), chosen);
			assert.deepEqual(pick(notification, 'ipsec_tunnel_id'), chosen);
			assert.ok([...secret, ...notification].every((item) => item.status === status));
			assert.equal(new Set(pick(secret, 'psk')).size, 3);
			for (const psk of pick(secret, 'psk'))
				assert.match(String(psk), /^[A-Za-z1-9][A-Za-z0-9]{42}$/);
			assert.equal(await bench.count('pskSet'), checked ? 1 : 0);
			assert.deepEqual(await bench.liveKeys(), before);
		});
	}

	const set = { tunnelId: ITEMS_TUNNEL, psk: '={{ $json.key }}' };

	await check('set, validate only', async () => {
		const before = await bench.liveKeys();
		const { secret, notification } = await bench.keys('set', { ...set, ...VALIDATE_ONLY }, items);
		assert.deepEqual(secret, []);
		assert.deepEqual(pick(notification, 'status'), ['validated', 'validated', 'validated']);
		assert.deepEqual(await bench.liveKeys(), before);
	});

	await check('set, three keys in one request', async () => {
		await account.resetRequests();
		const { secret, notification } = await bench.keys('set', { ...set, options: {} }, items);
		assert.ok([...secret, ...notification].every((item) => item.status === 'applied'));
		assert.ok([...secret, ...notification].every((item) => item.verified === true));
		assert.deepEqual(pick(secret, 'psk'), pick(items, 'key'));
		assert.deepEqual(await liveOfChosen(), pick(items, 'key'));
		assert.equal(await bench.count('pskSet'), 1);
	});

	await check('set, a key that Cloudflare refuses is unapplied', async () => {
		const [refused] = chosen;
		await account.addFault({ kind: 'unapply', operation: 'pskSet', ids: [refused!] });
		const again = items.map(({ tunnel, key }) => ({ tunnel, key: `${key}-again` }));
		const { secret, notification } = await bench.keys('set', { ...set, options: {} }, again);
		assert.deepEqual(pick(notification, 'status'), ['unapplied', 'applied', 'applied']);
		assert.deepEqual(pick(secret, 'psk'), pick(again.slice(1), 'key'));
		assert.deepEqual(await liveOfChosen(), [items[0]!.key, again[1]!.key, again[2]!.key]);
	});

	await check('generate, validate only', async () => {
		const before = await bench.liveKeys();
		const { secret, notification } = await bench.keys(
			'generate',
			{ tunnelId: ITEMS_TUNNEL, ...VALIDATE_ONLY },
			items,
		);
		assert.deepEqual(secret, []);
		assert.deepEqual(pick(notification, 'status'), ['validated', 'validated', 'validated']);
		assert.deepEqual(await bench.liveKeys(), before);
	});

	await check('generate', async () => {
		const before = await liveOfChosen();
		const { secret, notification } = await bench.keys(
			'generate',
			{ tunnelId: ITEMS_TUNNEL, options: {} },
			items,
		);
		assert.ok([...secret, ...notification].every((item) => item.status === 'applied'));
		const live = await liveOfChosen();
		assert.deepEqual(pick(secret, 'psk'), live);
		assert.ok(live.every((key, index) => key !== before[index]));
	});

	await check('generate refuses to start while Retry On Fail is on', async () => {
		const before = await bench.liveKeys();
		const execution = await bench.execute(
			'psk',
			'generate',
			{ tunnelId: ITEMS_TUNNEL, options: {} },
			items,
			{ retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
		);
		assert.equal(execution.status, 'error');
		assert.match(taskIn(execution, NODE).error?.description ?? '', /Retry On Fail/);
		assert.deepEqual(await bench.liveKeys(), before);
	});
}

const isOld = ({ tunnel: { psk_metadata: made } }: TunnelState): boolean =>
	Date.parse(made.last_generated_on ?? '') < Date.now() - 90 * 86_400_000;

/** Everything in a folder, as bytes. */
function contentOf(folder: string): Buffer {
	const files = readdirSync(folder, { recursive: true, withFileTypes: true });
	return Buffer.concat(
		files
			.filter((file) => file.isFile() && !file.parentPath.includes('node_modules'))
			.map((file) => readFileSync(path.join(file.parentPath, file.name))),
	);
}

/** Runs a rotation with keys as items that n8n is not to save, and looks for its keys in all that n8n keeps. */
async function checkOldKeys(n8n: N8n, account: Account): Promise<void> {
	const credential = await n8n.createCredential(
		TYPE_OF.apiToken,
		account.tokenCredential(),
		'Cloudflare Magic',
	);
	const before = await account.tunnels();
	const keyOf = new Map(before.map(({ tunnel, live_key }) => [tunnel.id, live_key]));
	const id = await n8n.importWorkflow(oldKeysWorkflow(credential));
	await n8n.runManually(id, 'Start');
	const due = before.filter(isOld).map(({ tunnel }) => tunnel.id);
	const after = await waitFor('The rotation', async () => {
		const now = await account.tunnels();
		const verified = (await account.requests()).at(-1)?.operation === 'list';
		return verified && now.some(({ tunnel, live_key }) => live_key !== keyOf.get(tunnel.id)) && now;
	});
	await waitFor('The end of the run', async () => (await n8n.executions(id)).length === 0);
	assert.deepEqual(
		after
			.filter(({ tunnel, live_key }) => live_key !== keyOf.get(tunnel.id))
			.map(({ tunnel }) => tunnel.id),
		due,
	);
	const kept = contentOf(n8n.userFolder);
	assert.ok(kept.includes(due[0]!) || kept.includes(id), 'the database was looked through');
	for (const { live_key } of after) {
		if (live_key !== null) assert.ok(!kept.includes(live_key), 'n8n stored a key');
	}
}

export const part: Part = {
	name: 'operations',
	about: 'every operation with both schemes, in production runs of imported workflows',
	async run(context) {
		const n8n = await context.n8n();
		for (const [index, scheme] of (['apiToken', 'apiKey'] as const).entries()) {
			const account = await context.account({ tunnels: 8, seed: 10 + index });
			const credential = await n8n.createCredential(
				TYPE_OF[scheme],
				scheme === 'apiToken' ? account.tokenCredential() : account.keyCredential(),
			);
			const bench = new Bench(n8n, account, scheme, credential);
			await checkTunnels(context, bench, scheme);
			await checkKeys(context, bench, scheme);
		}

		await context.check('a wrong token stops the run with words of what to do', async () => {
			const account = await context.account({ tunnels: 1, seed: 20 });
			const credential = await n8n.createCredential(
				TYPE_OF.apiToken,
				account.tokenCredential({ apiToken: 'x'.repeat(40) }),
			);
			const execution = await new Bench(n8n, account, 'apiToken', credential).execute(
				'tunnel',
				'getAll',
				{ returnAll: true, simplify: true, filters: {}, options: {} },
			);
			assert.equal(execution.status, 'error');
			const { message, description } = taskIn(execution, NODE).error!;
			assert.match(message, /^Could not list the tunnels/);
			assert.match(description ?? '', /The token is not valid/);
		});

		await context.check('a key of a run that is saved is found in what n8n keeps', async () => {
			const account = await context.account({ tunnels: 1, seed: 21 });
			const credential = await n8n.createCredential(TYPE_OF.apiToken, account.tokenCredential());
			const bench = new Bench(n8n, account, 'apiToken', credential);
			const { tunnel } = (await account.tunnels())[0]!;
			const { secret } = await bench.keys('generate', {
				tunnelId: locator('id', tunnel.id),
				options: {},
			});
			assert.ok(contentOf(n8n.userFolder).includes(String(only(secret).psk)));
		});

		await context.check(
			'keys as items, in a workflow that n8n does not save, are not in what n8n keeps',
			async () => {
				await checkOldKeys(n8n, await context.account({ tunnels: 10, seed: 22 }));
			},
		);
	},
};
