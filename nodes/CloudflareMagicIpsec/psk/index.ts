import type { Resource } from '../../shared/operation';
import { generate } from './generate.operation';
import { prepare } from './prepare.operation';
import { set } from './set.operation';

export const psk: Resource = {
	value: 'psk',
	name: 'PSK',
	description: 'The pre-shared keys of tunnels',
	outputs: ['Secret', 'Notification'],
	operations: [generate, prepare, set],
	first: prepare,
};
