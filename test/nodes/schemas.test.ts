import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import Ajv from 'ajv';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { resources } from '../../nodes/CloudflareMagicIpsec/resources';
import { useAccount } from '../helpers/account';
import { credentialsOf, runNode } from '../helpers/node';
import { ROOT } from '../helpers/paths';
import { vaultCredential } from '../helpers/rotation';
import type { Vault } from '../stubs/vault/kv2';
import { startVault } from '../stubs/vault/kv2';

/**
 * The schemas from which n8n's editor offers the fields of a node that has not run yet: they must
 * name what the operations really answer.
 */

const account = useAccount({ tunnels: 2, seed: 3 });

const FOLDER = path.join(ROOT, 'nodes', 'CloudflareMagicIpsec', '__schema__', 'v1.0.0');

const byId = { __rl: true, mode: 'id', value: '={{ $json.id }}' };

const FIELDS = {
	name: 'site-new',
	cloudflareEndpoint: '162.159.64.1',
	interfaceAddress: '10.250.0.0/31',
};

const PLACE = {
	scope: 'item',
	tunnelId: byId,
	vault: 'kv2',
	mount: 'secret',
	path: 'magic-ipsec/{tunnel_id}',
	olderThanDays: 0,
	finish: 'atOnce',
};

const OPERATIONS: Array<[string, string, INodeParameters]> = [
	['psk', 'prepare', { tunnelId: byId, keyLength: 43, checkWithCloudflare: true }],
	['psk', 'set', { tunnelId: byId, psk: '={{ $json.psk }}' }],
	['psk', 'generate', { tunnelId: byId }],
	['rotation', 'rotate', PLACE],
	['rotation', 'finish', PLACE],
	['rotation', 'rollBack', PLACE],
	['rotation', 'getStatus', PLACE],
	['rotation', 'plan', {}],
	['tunnel', 'create', FIELDS],
	['tunnel', 'delete', { tunnelId: byId }],
	['tunnel', 'get', { tunnelId: byId, simplify: true }],
	['tunnel', 'getHealth', { tunnelId: byId }],
	['tunnel', 'getAll', { returnAll: true, simplify: true }],
	['tunnel', 'update', { tunnelId: byId, updateFields: { description: 'x' } }],
	['tunnel', 'updateMany', { tunnelId: byId, updateFields: { description: 'x' } }],
];

interface Schema {
	type: 'object';
	version: number;
	properties: Record<string, object>;
}

it('every operation has a schema that is checked here, and no other has one', () => {
	const all = resources.flatMap(({ value, operations }) =>
		operations.map((operation) => `${value}/${operation.value}`),
	);
	const files = resources.flatMap(({ value }) =>
		readdirSync(path.join(FOLDER, value)).map((file) => `${value}/${path.parse(file).name}`),
	);
	const checked = OPERATIONS.map(([resource, operation]) => `${resource}/${operation}`);
	expect(files.sort()).toEqual(all.sort());
	expect(checked.sort()).toEqual(all);
});

let vault: Vault;
beforeEach(async () => {
	vault = await startVault();
});
afterEach(async () => {
	await vault.close();
});

describe.each(OPERATIONS)('%s %s', (resource, operation, parameters) => {
	it('answers what its schema says, and everything of it', async () => {
		const schema = JSON.parse(
			readFileSync(path.join(FOLDER, resource, `${operation}.json`), 'utf8'),
		) as Schema;
		const { jsons, error } = await runNode({
			credentials: { ...credentialsOf(account()), cloudflareMagicVaultApi: vaultCredential(vault) },
			parameters: { resource, operation, options: {}, ...parameters },
			node: {
				credentials: {
					cloudflareMagicTokenApi: { id: '1', name: 'account' },
					cloudflareMagicVaultApi: { id: '2', name: 'vault' },
				},
			},
			items: account()
				.tunnels()
				.slice(0, operation === 'create' || operation === 'getAll' ? 1 : 2)
				.map(({ id, name, psk_metadata }) => ({
					id,
					name,
					psk_metadata,
					psk: `given for ${id}`,
				})),
		});
		expect(error).toBeUndefined();
		const [first = []] = jsons;
		expect(first.length).toBeGreaterThan(0);
		const { version, properties, ...plain } = schema;
		expect(version).toBe(1);
		// The editor knows one type for a field; any of them may be empty.
		const nullable = Object.entries(properties).map(([name, of]) => [
			name,
			{ ...of, nullable: true },
		]);
		const validate = new Ajv().compile({
			...plain,
			properties: Object.fromEntries(nullable) as Schema['properties'],
			additionalProperties: false,
		});
		for (const item of first) {
			expect(validate(item) ? [] : validate.errors).toEqual([]);
		}
		const answered = new Set(first.flatMap((item: IDataObject) => Object.keys(item)));
		expect(Object.keys(properties).filter((name) => !answered.has(name))).toEqual([]);
	});
});
