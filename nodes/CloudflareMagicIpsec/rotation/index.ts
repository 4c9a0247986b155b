import type { Resource } from '../../shared/operation';
import { finish } from './finish.operation';
import { getStatus } from './getStatus.operation';
import { planWaves } from './planWaves.operation';
import { rollBack } from './rollBack.operation';
import { rotate } from './rotate.operation';
import { vaultProperty } from './vaults';

export const rotation: Resource = {
	value: 'rotation',
	name: 'Key Rotation',
	description: 'New pre-shared keys by way of a vault; no key ever becomes an item',
	operations: [finish, getStatus, planWaves, rollBack, rotate],
	choice: vaultProperty,
	first: rotate,
};
