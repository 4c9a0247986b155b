import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';
import { CloudflareMagicVaultApi } from '../../credentials/CloudflareMagicVaultApi.credentials';
import { credentialsOf } from '../helpers/account';
import { runNode } from '../helpers/node';
import { leaksIn } from '../helpers/scanner';
import type { Simulator } from '../simulator';
import { startSimulator } from '../simulator';
import type { Vault } from '../stubs/vault/kv2';
import { startVault } from '../stubs/vault/kv2';

describe('key rotation with Vault', () => {
	let simulator: Simulator;
	let vault: Vault;
	beforeEach(async () => {
		[simulator, vault] = await Promise.all([
			startSimulator({ tunnels: 3, seed: 1, ageDays: [100, 20, null] }),
			startVault(),
		]);
	});
	afterEach(async () => {
		await Promise.all([simulator.close(), vault.close()]);
	});

	const run = async (
		operation: string,
		parameters: INodeParameters = {},
		more: { items?: IDataObject[]; node?: Partial<INode> } = {},
	) =>
		await runNode({
			credentials: {
				...credentialsOf(simulator),
				[new CloudflareMagicVaultApi().name]: {
					address: vault.origin,
					namespace: '',
					method: 'token',
					token: vault.token,
				},
			},
			mode: 'trigger',
			items: more.items ?? [{}],
			node: {
				credentials: {
					cloudflareMagicTokenApi: { id: '1', name: 'c' },
					cloudflareMagicVaultApi: { id: '2', name: 'v' },
				},
				...more.node,
			},
			parameters: {
				authentication: 'apiToken',
				resource: 'rotation',
				operation,
				scope: 'all',
				vault: 'kv2',
				mount: 'secret',
				path: 'magic-ipsec/{tunnel_id}',
				olderThanDays: 0,
				finish: 'atOnce',
				options: {},
				...parameters,
			},
		});

	it('rotates', async () => {
		const result = await run('rotate');
		console.log(
			JSON.stringify(
				[result.error?.message, result.error?.description, result.jsons, result.hints],
				null,
				1,
			),
		);
		console.log(JSON.stringify(simulator.tunnels().map(({ id }) => simulator.liveKey(id))));
		expect(
			leaksIn(
				[result.jsons],
				simulator.tunnels().map(({ id }) => simulator.liveKey(id)!),
			),
		).toEqual([]);
	});
});
