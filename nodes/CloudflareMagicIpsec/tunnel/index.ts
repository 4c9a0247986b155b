import type { Resource } from '../../shared/operation';
import { create } from './create.operation';
import { del } from './delete.operation';
import { get } from './get.operation';
import { getAll } from './getAll.operation';
import { getHealth } from './getHealth.operation';
import { update } from './update.operation';
import { updateMany } from './updateMany.operation';

export const tunnel: Resource = {
	value: 'tunnel',
	name: 'Tunnel',
	description: 'The IPsec tunnels of an account',
	operations: [create, del, get, getHealth, getAll, update, updateMany],
	first: getAll,
};
