import { omit } from 'lodash';
import type { ICredentialDataDecryptedObject, IHttpRequestOptions } from 'n8n-workflow';
import type { Transport } from '../../nodes/http/transport';
import type { RunLimits, Vault as Driver } from '../../nodes/vaults/vault';
import type { FaultyServer } from '../stubs/faultyServer';
import { startSecretsManager } from '../stubs/secretsManager';
import { startVault } from '../stubs/vault/kv2';
import { awsDriver, kv2Driver } from './vaults';

type Fields = Record<string, unknown>;

/** A vault and its driver, so that one test holds for every kind of vault. */
export interface VaultWorld {
	readonly server: FaultyServer;
	driver(options?: DriverOptions): Driver;
	/** The fields that the vault truly holds: those of the newest version; undefined without one. */
	truth(name: string): Fields | undefined;
	/** The key that a router gets where it reads `current`. */
	routersKey(name: string): unknown;
	/** Stores fields as somebody else would, in the way of this vault. */
	store(name: string, fields: Fields): void;
	/** How many changes of the secret were made. */
	changes(name: string): number;
	/** Everything that must never be seen in a failure, beside the keys. */
	secrets(): string[];
	close(): Promise<void>;
}

export interface DriverOptions {
	limits?: Partial<RunLimits>;
	credential?: ICredentialDataDecryptedObject;
	onSend?: (request: IHttpRequestOptions) => void;
	/** Stands between the driver and the network. */
	around?: (transport: Transport) => Transport;
}

async function kv2World(appRole: boolean): Promise<VaultWorld> {
	const vault = await startVault();
	const ids = appRole ? vault.access.addRole({ token: { ttl: 600 } }) : undefined;
	const role = ids === undefined ? {} : { method: 'appRole', ...ids };
	const newest = (name: string) => {
		const data = vault.engine.versions(name).at(-1)?.data;
		return data === null ? undefined : data;
	};
	return {
		server: vault,
		driver: ({ limits, credential, onSend, around } = {}) =>
			kv2Driver(vault, { ...role, ...credential }, limits, onSend, around),
		truth: newest,
		routersKey: (name) => newest(name)?.current,
		store: (name, data) => void vault.engine.write(name, { data }),
		changes: (name) => vault.engine.secret(name)?.current ?? 0,
		secrets: () => [...vault.access.issued, ...(ids === undefined ? [] : [ids.secretId])],
		close: async () => await vault.close(),
	};
}

async function awsWorld(): Promise<VaultWorld> {
	const manager = await startSecretsManager();
	const labelled = (name: string, label: string): Fields | undefined => {
		const version = manager.versionOf(name, label);
		return version && (JSON.parse(version.SecretString) as Fields);
	};
	const { inside } = manager;
	let ids = 0;
	return {
		server: manager,
		driver: ({ limits, credential, onSend, around } = {}) =>
			awsDriver(manager, credential, limits, onSend, around),
		truth(name) {
			const fields = labelled(name, 'AWSPENDING') ?? labelled(name, 'AWSCURRENT');
			if (fields === undefined) return undefined;
			return omit(fields, 'magic_ipsec_version');
		},
		routersKey: (name) => labelled(name, 'AWSCURRENT')?.current,
		store(name, fields) {
			const ClientRequestToken = String(++ids).padStart(32, '0');
			const content = { ClientRequestToken, SecretString: JSON.stringify(fields) };
			if (inside.all.has(name)) inside.put({ SecretId: name, ...content });
			else inside.create({ Name: name, ...content });
		},
		changes: (name) => inside.all.get(name)?.versions.size ?? 0,
		secrets: () => [manager.keys.secretAccessKey],
		close: async () => await manager.close(),
	};
}

export const WORLDS: ReadonlyArray<readonly [string, () => Promise<VaultWorld>]> = [
	['Vault by token', async () => await kv2World(false)],
	['Vault by AppRole', async () => await kv2World(true)],
	['AWS', awsWorld],
];
