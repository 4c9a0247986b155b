import type { Vault } from '../../vaults/vault';

/**
 * A vault whose every snapshot tells what would throw its keys away: what is read before a change does
 * not show it where a write is the first to.
 *
 * @param warnings where that is put, one sentence each
 */
export function watched(vault: Vault, warnings: string[]): Vault {
	return {
		open: async () => await vault.open(),
		async read(name, purpose) {
			const reading = await vault.read(name, purpose);
			if (reading.kind === 'read') warnings.push(...reading.snapshot.warnings);
			return reading;
		},
		async write(snapshot, record) {
			const answer = await vault.write(snapshot, record);
			if (answer.kind === 'stored') warnings.push(...answer.snapshot.warnings);
			return answer;
		},
		names: async (prefix) => await vault.names(prefix),
		close: async () => await vault.close(),
	};
}
