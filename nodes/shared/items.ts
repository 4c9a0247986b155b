import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	NodeApiError,
	NodeOperationError,
} from 'n8n-workflow';
import { errorText, nodeError } from './errors';
import type { WrittenTunnel } from '../api/ipsecTunnels';
import { lastGeneratedOn } from '../api/ipsecTunnels';
import type { IpsecTunnel } from '../api/types';

export const DAY_MS = 86_400_000;

/** Milliseconds since a tunnel's PSK was made; undefined while there is none. */
export function pskAge(tunnel: IpsecTunnel, now: number): number | undefined {
	const made = Date.parse(lastGeneratedOn(tunnel) ?? '');
	return Number.isNaN(made) ? undefined : now - made;
}

/** The ten fields that most workflows use, flat. */
export function simplified(tunnel: IpsecTunnel, accountId: string, now: number): IDataObject {
	const age = pskAge(tunnel, now);
	return {
		id: tunnel.id,
		account_id: accountId,
		name: tunnel.name,
		cloudflare_endpoint: tunnel.cloudflare_endpoint,
		customer_endpoint: tunnel.customer_endpoint ?? null,
		interface_address: tunnel.interface_address,
		health_check_enabled: tunnel.health_check?.enabled ?? null,
		bgp_state: tunnel.bgp_status?.state ?? null,
		last_generated_on: lastGeneratedOn(tunnel) ?? null,
		psk_age_days: age === undefined ? null : Math.floor(age / DAY_MS),
	};
}

/** A tunnel as Cloudflare answers it, with the account that it belongs to. */
export function whole(tunnel: WrittenTunnel, accountId: string): IDataObject {
	return { ...(tunnel as IDataObject), account_id: accountId };
}

/** Marks the answer of a write that was only checked. */
export function checkedOnly(json: IDataObject): IDataObject {
	return { validate_only: true, changed: false, ...json };
}

/**
 * Runs an operation for each item: first `prepare` for all of them, which checks and changes
 * nothing, then `send` for one after the other. A failing item becomes an item with `error` where
 * the node's On Error says to continue.
 *
 * @throws NodeOperationError or NodeApiError of the first failing item in the default On Error mode
 */
export async function forEachItem<Prepared>(
	context: IExecuteFunctions,
	prepare: (itemIndex: number) => Promise<Prepared>,
	send: (prepared: Prepared, itemIndex: number) => Promise<IDataObject[]>,
): Promise<INodeExecutionData[][]> {
	const results: INodeExecutionData[][] = [];
	const keep = (itemIndex: number, jsons: IDataObject[]) => {
		results[itemIndex] = jsons.map((json) => ({ json, pairedItem: { item: itemIndex } }));
	};
	const ready: Array<{ itemIndex: number; prepared: Prepared }> = [];
	for (let itemIndex = 0; itemIndex < context.getInputData().length; itemIndex++) {
		try {
			ready.push({ itemIndex, prepared: await prepare(itemIndex) });
		} catch (error) {
			if (!context.continueOnFail()) throw nodeError(context.getNode(), error, itemIndex);
			keep(itemIndex, [{ error: errorText(error) }]);
		}
	}
	for (const [position, { itemIndex, prepared }] of ready.entries()) {
		try {
			keep(itemIndex, await send(prepared, itemIndex));
		} catch (error) {
			if (!context.continueOnFail()) throw stoppedError(context, error, itemIndex, position);
			keep(itemIndex, [{ error: errorText(error) }]);
		}
	}
	return [results.flat()];
}

function stoppedError(
	context: IExecuteFunctions,
	error: unknown,
	itemIndex: number,
	done: number,
): NodeApiError | NodeOperationError {
	const stopped = nodeError(context.getNode(), error, itemIndex);
	if (done > 0) {
		stopped.description =
			`${stopped.description ?? ''} The ${done} ${done === 1 ? 'item' : 'items'} before this one went through.`.trim();
	}
	return stopped;
}
