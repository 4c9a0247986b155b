import { inspect } from 'node:util';
import type { ICredentialDataDecryptedObject, IHttpRequestOptions } from 'n8n-workflow';
import { CloudflareMagicAwsApi } from '../../credentials/CloudflareMagicAwsApi.credentials';
import { CloudflareMagicVaultApi } from '../../credentials/CloudflareMagicVaultApi.credentials';
import type { Transport } from '../../nodes/http/transport';
import { awsSecretsManager } from '../../nodes/vaults/awsSecretsManager';
import { kv2 } from '../../nodes/vaults/kv2';
import type {
	RunLimits,
	Vault as Driver,
	VaultFailure,
	VaultSnapshot,
	VaultStored,
} from '../../nodes/vaults/vault';
import type { SecretsManager } from '../stubs/secretsManager';
import type { Vault } from '../stubs/vault/kv2';
import { directTransport } from './vaultTransport';

/** Drivers of the vaults over real sockets, and what tests want of their outcomes. */

export const LIMITS: RunLimits = { timeoutMs: 5_000, longestWaitMs: 60_000 };

/** The credential's data for a stand-in. */
export function kv2Credential(
	vault: Vault,
	changes: ICredentialDataDecryptedObject = {},
): ICredentialDataDecryptedObject {
	return {
		address: vault.origin,
		namespace: '',
		method: 'token',
		token: vault.token,
		roleId: '',
		secretId: '',
		authMount: 'approle',
		...changes,
	};
}

export function kv2Driver(
	vault: Vault,
	changes: ICredentialDataDecryptedObject = {},
	limits: Partial<RunLimits> = {},
	onSend?: (request: IHttpRequestOptions) => void,
	around: (transport: Transport) => Transport = (transport) => transport,
): Driver {
	const credential = kv2Credential(vault, changes);
	return kv2.connect(
		around(directTransport(new CloudflareMagicVaultApi(), credential, onSend)),
		{ credential, parameters: { mount: 'secret' } },
		{ ...LIMITS, ...limits },
	);
}

export function awsCredential(
	manager: SecretsManager,
	changes: ICredentialDataDecryptedObject = {},
): ICredentialDataDecryptedObject {
	return { sessionToken: '', ...manager.keys, endpoint: manager.url, ...changes };
}

export function awsDriver(
	manager: SecretsManager,
	changes: ICredentialDataDecryptedObject = {},
	limits: Partial<RunLimits> = {},
	onSend?: (request: IHttpRequestOptions) => void,
	around: (transport: Transport) => Transport = (transport) => transport,
): Driver {
	const credential = awsCredential(manager, changes);
	return awsSecretsManager.connect(
		around(directTransport(new CloudflareMagicAwsApi(), credential, onSend)),
		{ credential, parameters: {} },
		{ ...LIMITS, ...limits },
	);
}

/** The snapshot of a good read or write. */
export function snapshotOf(outcome: { kind: string }): VaultSnapshot {
	if (outcome.kind === 'read' || outcome.kind === 'stored') {
		return (outcome as VaultStored).snapshot;
	}
	throw new Error(`not read, but ${inspect(outcome)}`);
}

export function failureOf(outcome: { kind: string }): VaultFailure {
	if (outcome.kind === 'failed') return outcome as VaultFailure;
	throw new Error(`not failed, but ${outcome.kind}`);
}
