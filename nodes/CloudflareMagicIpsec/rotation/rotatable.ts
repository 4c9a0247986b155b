import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { isId } from '../../api/account';
import { lastGeneratedOn } from '../../api/ipsecTunnels';
import { field, record, text } from '../../http/json';
import type { ItemFault } from '../../shared/errors';
import { inputError } from '../../shared/errors';

/** A tunnel as an item of Get Many tells of it, simplified or not. */
export interface Rotatable {
	itemIndex: number;
	id: string;
	name: string;
	customerEndpoint: string | undefined;
	/** Milliseconds since its key was made, never negative; undefined if that never was. */
	ageAt(now: number): number | undefined;
}

/** When the key was made, in milliseconds since 1970; null for never, undefined where it is not told. */
function madeAt(json: IDataObject): number | null | undefined {
	const metadata = record(json.psk_metadata) ?? json;
	const given = field(metadata, 'last_generated_on');
	if (given === null) return null;
	// Cloudflare leaves the date out of a tunnel's metadata while there is no key.
	if (given === undefined) return metadata === json ? undefined : null;
	const made = Date.parse(lastGeneratedOn({ psk_metadata: metadata }) ?? '');
	return Number.isNaN(made) ? undefined : made;
}

function rotatable(json: IDataObject, itemIndex: number): Rotatable | undefined {
	const { id } = json;
	const name = text(json.name);
	const made = madeAt(json);
	if (!isId(id) || name === undefined || made === undefined) return undefined;
	return {
		itemIndex,
		id,
		name,
		customerEndpoint: text(json.customer_endpoint),
		ageAt: (now) => (made === null ? undefined : Math.max(0, now - made)),
	};
}

/** The tunnels of all items, and what is wrong with the others; a tunnel is in one item only. */
export function readRotatables(context: IExecuteFunctions): {
	tunnels: Rotatable[];
	faults: ItemFault[];
} {
	const tunnels: Rotatable[] = [];
	const faults: ItemFault[] = [];
	const seen = new Map<string, number>();
	context.getInputData().forEach(({ json }, itemIndex) => {
		const tunnel = rotatable(json, itemIndex);
		const earlier = seen.get(tunnel?.id.toLowerCase() ?? '');
		if (tunnel !== undefined && earlier === undefined) {
			seen.set(tunnel.id.toLowerCase(), itemIndex);
			tunnels.push(tunnel);
			return;
		}
		const [message, remedy] =
			tunnel === undefined
				? [
						'The item is no tunnel',
						"Give the node the items of Tunnel > Get Many as they are: it needs 'id', 'name' and the date of the key.",
					]
				: [
						'The tunnel is in more than one item',
						`Items ${earlier} and ${itemIndex} are both the tunnel '${tunnel.name}'. Remove one of them, for example with Remove Duplicates.`,
					];
		const error = inputError(context.getNode(), message, remedy, itemIndex);
		faults.push({ subject: { itemIndex }, error });
	});
	return { tunnels, faults };
}
