import type { INode } from 'n8n-workflow';
import { NodeApiError } from 'n8n-workflow';
import { CloudflareClient } from '../../nodes/api/client';
import type { Effect } from '../../nodes/api/failure';
import { CallError, effectOf } from '../../nodes/api/failure';
import { nodeError } from '../../nodes/shared/errors';
import { transportOf } from '../../nodes/shared/transport';
import type { Simulator } from '../simulator';
import { credentialsOf } from './account';
import { contextsOf } from './context';
import { actionNode } from './node';

/** A parameter of the node that calls, which no error may show. */
export const SECRET = 'the-key-that-nobody-may-see';

/** The id of no tunnel. */
export const ID = 'd'.repeat(32);

/** A tunnel as it is sent. */
export const BODY = {
	name: 'x',
	cloudflare_endpoint: '162.159.64.9',
	interface_address: '10.9.0.0/31',
};

const PARAMETERS = { resource: 'tunnel', operation: 'get', secret: SECRET };

/** The node that calls. */
export const callingNode = (): INode => actionNode(PARAMETERS);

export interface ClientChange {
	/** Default the simulated account's. */
	baseUrl?: string;
	timeoutMs?: number;
}

/**
 * A client of a simulated account, with its token, in the action node.
 *
 * @param stopSignal stops the execution
 */
export function clientOf(
	simulator: Simulator,
	change: ClientChange = {},
	stopSignal?: AbortSignal,
): CloudflareClient {
	const { baseUrl = simulator.url } = change;
	const credentials = credentialsOf(simulator, { baseUrl });
	const type = 'cloudflareMagicTokenApi';
	const { execute } = contextsOf({ parameters: PARAMETERS, credentials, cancel: stopSignal });
	return new CloudflareClient({
		transport: transportOf(execute, { type, data: credentials[type]! }),
		baseUrl,
		accountId: simulator.accountId,
		secrets: [simulator.apiToken],
		stopSignal,
		...change,
	});
}

/**
 * The error that a call ends with, as n8n gets it, and what the call may have changed.
 *
 * @throws Error if the call succeeds
 */
export async function failing(
	promise: Promise<unknown>,
	itemIndex?: number,
): Promise<NodeApiError & { effect: Effect }> {
	const error: unknown = await promise.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	expect(error).toBeInstanceOf(CallError);
	const shown = nodeError(callingNode(), error, itemIndex);
	expect(shown).toBeInstanceOf(NodeApiError);
	return Object.assign(shown as NodeApiError, { effect: effectOf(error) });
}
