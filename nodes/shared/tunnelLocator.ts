import type { IExecuteFunctions, INode, INodeProperties } from 'n8n-workflow';
import { ID_PATTERN, isId } from '../api/account';
import { inputError } from './errors';
import type { IpsecTunnel } from '../api/types';

/** How a tunnel was named in the parameter `tunnelId`. */
export type TunnelReference = { by: 'id'; id: string } | { by: 'name'; name: string };

/** The parameter `tunnelId`: From List, By ID, By Name. */
export const tunnelLocator: INodeProperties = {
	displayName: 'Tunnel',
	name: 'tunnelId',
	type: 'resourceLocator',
	default: { mode: 'list', value: '' },
	required: true,
	description: 'The IPsec tunnel to work on',
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			placeholder: 'Choose a tunnel…',
			typeOptions: { searchListMethod: 'searchTunnels', searchable: true },
		},
		{
			displayName: 'By ID',
			name: 'id',
			type: 'string',
			placeholder: 'e.g. 023e105f4ecef8ad9ca31a8372d0c353',
			validation: [
				{
					type: 'regex',
					properties: {
						regex: ID_PATTERN,
						errorMessage: 'A tunnel ID is 32 hexadecimal digits',
					},
				},
			],
		},
		{
			displayName: 'By Name',
			name: 'name',
			type: 'string',
			placeholder: 'e.g. IPsec_1',
		},
	],
};

/**
 * Reads the parameter `tunnelId` of an item.
 *
 * @throws NodeOperationError if it is empty or an id is not one
 */
export function tunnelReference(context: IExecuteFunctions, itemIndex: number): TunnelReference {
	const parameter = context.getNodeParameter('tunnelId', itemIndex, '') as unknown;
	const locator =
		typeof parameter === 'object' && parameter !== null
			? (parameter as { mode?: unknown; value?: unknown })
			: { mode: 'id', value: parameter };
	// A name may be all digits, and an expression gives those as a number.
	const given = typeof locator.value === 'number' ? String(locator.value) : locator.value;
	const value = typeof given === 'string' ? given.trim() : '';
	if (value === '') {
		throw inputError(
			context.getNode(),
			"The parameter 'Tunnel' is empty",
			'Choose a tunnel from the list, or give its ID or name.',
			itemIndex,
		);
	}
	if (locator.mode === 'name') return { by: 'name', name: value };
	if (isId(value)) return { by: 'id', id: value.toLowerCase() };
	throw inputError(
		context.getNode(),
		"The parameter 'Tunnel' holds no tunnel ID",
		"A tunnel ID is 32 hexadecimal digits. To give a name, choose 'By Name'.",
		itemIndex,
	);
}

/** The tunnels of an account, found by id or name without a search through all of them. */
export class TunnelIndex {
	private readonly byId = new Map<string, IpsecTunnel[]>();

	private readonly byName = new Map<string, IpsecTunnel[]>();

	constructor(readonly all: readonly IpsecTunnel[]) {
		for (const tunnel of all) {
			enter(this.byId, tunnel.id.toLowerCase(), tunnel);
			enter(this.byName, tunnel.name, tunnel);
		}
	}

	/** True if there is a tunnel with the id of this one. */
	has({ id }: IpsecTunnel): boolean {
		return this.byId.has(id.toLowerCase());
	}

	matches(reference: TunnelReference): IpsecTunnel[] {
		const found =
			reference.by === 'id' ? this.byId.get(reference.id) : this.byName.get(reference.name);
		return found ?? [];
	}
}

function enter(map: Map<string, IpsecTunnel[]>, key: string, tunnel: IpsecTunnel): void {
	const known = map.get(key);
	if (known === undefined) map.set(key, [tunnel]);
	else known.push(tunnel);
}

/**
 * The tunnel that a reference names in an account.
 *
 * @throws NodeOperationError if none or two match
 */
export function findTunnel(
	node: INode,
	tunnels: TunnelIndex,
	reference: TunnelReference,
	itemIndex: number,
): IpsecTunnel {
	const matches = tunnels.matches(reference);
	const [tunnel, second] = matches;
	if (tunnel !== undefined && second === undefined) return tunnel;
	const shown =
		reference.by === 'id'
			? `with the ID ${reference.id}`
			: tunnel === undefined
				? 'with the name that the item gives'
				: `named '${reference.name}'`;
	throw inputError(
		node,
		"The parameter 'Tunnel' names no single tunnel",
		tunnel === undefined
			? `The account has no tunnel ${shown} among its ${tunnels.all.length} tunnels.`
			: `The account has ${matches.length} tunnels ${shown}: choose one by its ID.`,
		itemIndex,
	);
}
