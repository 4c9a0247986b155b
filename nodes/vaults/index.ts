import { awsSecretsManager } from './awsSecretsManager';
import { kv2 } from './kv2';
import type { VaultKind } from './vault';

/** All vaults, by the value of the node's parameter `vault`. A new one is one file and one line here. */
export const VAULTS = {
	kv2,
	awsSecretsManager,
} as const satisfies Record<string, VaultKind>;

export type VaultName = keyof typeof VAULTS;
