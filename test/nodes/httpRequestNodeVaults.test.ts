import type { ICredentialDataDecryptedObject, IDataObject, INode, ITaskData } from 'n8n-workflow';
import { runWorkflow, taskOf, typesOfAll, typesOfN8n } from '../helpers/engine';
import { keptAws, keptKv2 } from '../helpers/keptVault';
import { sources } from '../helpers/node';
import { leaksIn } from '../helpers/scanner';
import { awsCredential, kv2Credential } from '../helpers/vaults';
import type { SecretsManager } from '../stubs/secretsManager';
import { startSecretsManager } from '../stubs/secretsManager';
import type { Vault } from '../stubs/vault/kv2';
import { startVault } from '../stubs/vault/kv2';

/**
 * The vaults' credentials in the hands of n8n's HTTP Request node: they are of no use to it, not even
 * at their own vault, because what a vault answers holds its tokens and the keys.
 */

const ID = '0123456789abcdef0123456789abcdef';
const KEY = 'k3y-of-the-tunnel-that-must-not-come-out';

let vault: Vault;
let manager: SecretsManager;
let role: { roleId: string; secretId: string };
beforeAll(async () => {
	vault = await startVault();
	manager = await startSecretsManager();
	role = vault.access.addRole({ token: { ttl: 600 } });
	keptKv2(vault).put(ID, { current: KEY });
	keptAws(manager).put(ID, { current: KEY });
});
beforeEach(() => {
	vault.requests.length = 0;
	manager.requests.length = 0;
});
afterAll(async () => {
	await vault.close();
	await manager.close();
});

interface Way {
	type: string;
	data: () => ICredentialDataDecryptedObject;
	request: () => IDataObject;
}

const vaultWay = (
	path: string,
	changes: () => ICredentialDataDecryptedObject = () => ({}),
	others: IDataObject = {},
): Way => ({
	type: 'cloudflareMagicVaultApi',
	data: () => kv2Credential(vault, changes()),
	request: () => ({ url: `${vault.origin}/v1/${path}`, ...others }),
});

const header = (name: string, value: string) => ({
	sendHeaders: true,
	headerParameters: { parameters: [{ name, value }] },
});

const awsWay = (action: string, body: IDataObject): Way => ({
	type: 'cloudflareMagicAwsApi',
	data: () => awsCredential(manager),
	request: () => ({
		url: manager.url,
		method: 'POST',
		...header('x-amz-target', `secretsmanager.${action}`),
		sendBody: true,
		contentType: 'raw',
		rawContentType: 'application/x-amz-json-1.1',
		body: JSON.stringify(body),
	}),
});

const appRole = () => ({ method: 'appRole', token: '', ...role });

const WAYS: Array<[string, Way]> = [
	["the vault's own token", vaultWay('auth/token/lookup-self')],
	[
		"the vault's own token, whatever the status is",
		vaultWay('auth/token/lookup-self', undefined, {
			options: { response: { response: { neverError: true, fullResponse: true } } },
		}),
	],
	['a key of the vault', vaultWay(`secret/data/magic-ipsec/${ID}`)],
	['an AppRole’s token', vaultWay('auth/approle/login', appRole, { method: 'POST' })],
	[
		'an AppRole’s request with a token of one’s own',
		vaultWay('auth/token/lookup-self', appRole, header('X-Vault-Token', 'own')),
	],
	['a key in AWS', awsWay('GetSecretValue', { SecretId: `magic-ipsec/${ID}` })],
	['a secret’s settings in AWS', awsWay('DescribeSecret', { SecretId: `magic-ipsec/${ID}` })],
];

async function run({ type, data, request }: Way): Promise<ITaskData> {
	const node: INode = {
		id: 'http',
		name: 'HTTP Request',
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		position: [0, 0],
		parameters: {
			method: 'GET',
			authentication: 'predefinedCredentialType',
			nodeCredentialType: type,
			options: {},
			...request(),
		} as never,
		credentials: { [type]: { id: '1', name: 'Vault' } },
	};
	const done = await runWorkflow(
		{ nodes: [node], connections: {} },
		{
			types: typesOfAll(sources, typesOfN8n()),
			credentials: { [type]: data() },
		},
	);
	return taskOf(done, node.name);
}

describe("n8n's HTTP Request node", () => {
	it.each(WAYS)('does not get %s', async (_, way) => {
		const task = await run(way);
		const { error } = task;
		expect(
			`${error?.message} ${(error as { description?: string } | undefined)?.description}`,
		).toContain('Only the nodes of this package');
		expect([...vault.requests, ...manager.requests]).toEqual([]);
		const secrets = [vault.token, role.secretId, KEY, manager.keys.secretAccessKey];
		expect(leaksIn([task], [...secrets, ...vault.access.issued])).toEqual([]);
	});
});
