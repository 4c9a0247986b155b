import type { ICredentialDataDecryptedObject, INodeParameters } from 'n8n-workflow';
import type { FaultyServer } from '../stubs/faultyServer';
import type { SecretsManager } from '../stubs/secretsManager';
import { startSecretsManager } from '../stubs/secretsManager';
import type { TokenOptions, Vault } from '../stubs/vault/kv2';
import { startVault } from '../stubs/vault/kv2';

/** What the vault holds for a tunnel, by the names of its record. */
export type StoredRecord = Record<string, string | undefined>;

export type VaultName = 'kv2' | 'awsSecretsManager';

export const VAULT_NAMES: readonly VaultName[] = ['kv2', 'awsSecretsManager'];

/** A stand-in for a vault of either kind: what the node is told of it, and what a test knows. */
export interface KeptVault {
	readonly name: VaultName;
	readonly server: FaultyServer;
	readonly credentialType: string;
	/** @param origin where the node reaches it, default the server itself */
	credential(origin?: string): ICredentialDataDecryptedObject;
	/** The node's parameters that name the vault and the tunnel's place in it. */
	readonly parameters: INodeParameters;
	/** What the newest version of a tunnel's secret holds; empty if there is none. */
	record(tunnelId: string): StoredRecord;
	/** The key that a router gets that reads `current`. */
	routersKey(tunnelId: string): string | undefined;
	/** Writes a record as somebody else would. */
	put(tunnelId: string, record: StoredRecord): void;
	/** The secrets of its credential, and the tokens that it was given. */
	readonly secrets: readonly string[];
}

export interface KeptOptions {
	/** Milliseconds since 1970. */
	now?: () => number;
	/** The node logs in to the key-value engine by an AppRole, and this is what its tokens are. */
	login?: TokenOptions;
}

const FOLDER = 'magic-ipsec';

/** A copy without the fields that are not there, as JSON knows no undefined. */
const whole = (record: object): StoredRecord => JSON.parse(JSON.stringify(record)) as StoredRecord;

/** The credential of a vault, by its root token. */
export function vaultCredential(
	{ origin: own, token }: Vault,
	origin = own,
): ICredentialDataDecryptedObject {
	return { address: origin, namespace: '', method: 'token', token };
}

export function keptKv2(vault: Vault, login?: TokenOptions): KeptVault {
	const role = login === undefined ? undefined : vault.access.addRole({ token: login });
	const record = (id: string) => whole(vault.engine.versions(`${FOLDER}/${id}`).at(-1)?.data ?? {});
	return {
		name: 'kv2',
		server: vault,
		credentialType: 'cloudflareMagicVaultApi',
		credential: (origin) => ({
			...vaultCredential(vault, origin),
			...(role === undefined ? {} : { method: 'appRole', authMount: 'approle', ...role }),
		}),
		parameters: { vault: 'kv2', mount: 'secret', path: `${FOLDER}/{tunnel_id}` },
		record,
		routersKey: (id) => record(id).current,
		put: (id, data) => void vault.engine.write(`${FOLDER}/${id}`, { data: whole(data) }),
		get secrets() {
			return [...new Set([vault.token, ...vault.access.issued, ...(role ? [role.secretId] : [])])];
		},
	};
}

export function keptAws(manager: SecretsManager): KeptVault {
	const { inside, keys } = manager;
	const labelled = (id: string, label: string): StoredRecord | undefined => {
		const version = manager.versionOf(`${FOLDER}/${id}`, label);
		return version && (JSON.parse(version.SecretString) as StoredRecord);
	};
	let versions = 0;
	return {
		name: 'awsSecretsManager',
		server: manager,
		credentialType: 'cloudflareMagicAwsApi',
		credential: (origin) => ({
			sessionToken: '',
			...keys,
			endpoint: origin === undefined ? manager.url : `${origin}/`,
		}),
		parameters: { vault: 'awsSecretsManager', secretName: `${FOLDER}/{tunnel_id}` },
		record(id) {
			const fields = { ...(labelled(id, 'AWSPENDING') ?? labelled(id, 'AWSCURRENT')) };
			delete fields.magic_ipsec_version;
			return fields;
		},
		routersKey: (id) => labelled(id, 'AWSCURRENT')?.current,
		put(id, record) {
			const name = `${FOLDER}/${id}`;
			const ClientRequestToken = `by-somebody-else-${String(++versions).padStart(32, '0')}`;
			const content = { ClientRequestToken, SecretString: JSON.stringify(record) };
			if (inside.all.has(name)) inside.put({ SecretId: name, ...content });
			else inside.create({ Name: name, ...content });
		},
		secrets: [keys.secretAccessKey],
	};
}

/** Starts a stand-in of a kind. */
export async function startKeptVault(
	name: VaultName,
	{ now, login }: KeptOptions = {},
): Promise<KeptVault> {
	return name === 'kv2'
		? keptKv2(await startVault({ now }), login)
		: keptAws(await startSecretsManager({ now }));
}

/** The node's parameters for an operation of Key Rotation on all tunnels of the account. */
export function rotationParameters(
	operation: string,
	vault: KeptVault,
	changes: INodeParameters = {},
): INodeParameters {
	return {
		authentication: 'apiToken',
		resource: 'rotation',
		operation,
		scope: 'all',
		tunnelId: { __rl: true, mode: 'id', value: '={{ $json.id }}' },
		...vault.parameters,
		olderThanDays: 0,
		finish: 'atOnce',
		options: {},
		...changes,
	};
}

/** The node's credentials for the account and a vault. */
export function rotationCredentials({ credentialType }: KeptVault) {
	return {
		cloudflareMagicTokenApi: { id: '1', name: 'account' },
		[credentialType]: { id: '2', name: 'vault' },
	};
}

/** The three keys that a vault holds for a tunnel. */
export function keysIn({ current, pending, previous }: StoredRecord): string[] {
	return [current, pending, previous].filter((key) => key !== undefined);
}
