import type { Operation, Resource } from '../../shared/operation';
import * as generateOperation from './generate.operation';
import * as prepareOperation from './prepare.operation';
import * as setOperation from './set.operation';

const generate: Operation = {
	value: 'generate',
	name: 'Generate',
	action: 'Generate keys',
	description: 'Have Cloudflare make new keys, live at once',
	properties: generateOperation.description,
	execute: generateOperation.execute,
};

const prepare: Operation = {
	value: 'prepare',
	name: 'Prepare',
	action: 'Prepare keys',
	description: 'Make new keys here and store them before they are set',
	properties: prepareOperation.description,
	execute: prepareOperation.execute,
};

const set: Operation = {
	value: 'set',
	name: 'Set',
	action: 'Set keys',
	description: 'Set the keys of the items, live at once',
	properties: setOperation.description,
	execute: setOperation.execute,
};

export const psk: Resource = {
	value: 'psk',
	name: 'PSK',
	description: 'The pre-shared keys of tunnels',
	outputs: ['Secret', 'Notification'],
	operations: [generate, prepare, set],
	first: prepare,
};
