import { lastGeneratedOn } from '../../api/ipsecTunnels';
import type { Vault, VaultSnapshot } from '../../vaults/vault';
import type { Target } from '../keys/target';
import type { Subject } from './outcome';

/** A tunnel with its place in a vault. */
export interface Place extends Target {
	vault: Vault;
	/** The secret's path or name. */
	name: string;
	/** The IKE identity of the tunnel, where Cloudflare told it. */
	ipsecId?: string;
}

/** A tunnel with what the vault holds for it. */
export interface Site extends Place {
	snapshot: VaultSnapshot;
}

/** The subject of an outcome about a tunnel and its secret. */
export function subjectOf(place: Place & { snapshot?: VaultSnapshot }): Subject {
	return {
		itemIndex: place.itemIndex,
		accountId: place.client.accountId,
		tunnelId: place.tunnel.id,
		tunnelName: place.tunnel.name,
		ipsecId: place.ipsecId,
		lastGeneratedOn: lastGeneratedOn(place.tunnel),
		vaultPath: place.name,
		vaultVersion: place.snapshot?.version || undefined,
	};
}
