import type { CloudflareClient } from '../../api/client';
import { CallError, isTunnelNotFound } from '../../api/failure';
import { getIpsecTunnel } from '../../api/ipsecTunnels';
import { ACCOUNT_CODES } from '../../api/remedies';
import { clock } from '../../http/clock';
import { field } from '../../http/json';

/** Tunnels that one poll asks for; the next one asks for others. */
const MOST_ASKED = 20;

/** Milliseconds after which a poll asks for no other tunnel, however few it has asked for. */
const LONGEST_ASKING_MS = 10_000;

/** What is known of the tunnels that a list lacks and that were asked for. */
export interface Missing {
	/** Cloudflare says of each that it does not exist. */
	gone: ReadonlySet<string>;
	/** Of each it is not known; why, in a few words, by its id. */
	doubtful: ReadonlyMap<string, string>;
}

/**
 * Asks for tunnels that a list lacks, each by its id: an empty or shortened list is no proof that
 * anything was deleted. What can't be found out of one is no matter of the others.
 *
 * @param ids those to be asked for first come first
 * @param nextClient gives the client for the next request, since all of them share one time for waiting
 */
export async function askForMissing(
	ids: readonly string[],
	nextClient: () => CloudflareClient,
): Promise<Missing> {
	const until = clock.elapsed() + LONGEST_ASKING_MS;
	const gone = new Set<string>();
	const doubtful = new Map<string, string>();
	for (const id of ids.slice(0, MOST_ASKED)) {
		if (clock.elapsed() > until) break;
		const fault = await faultOf(getIpsecTunnel(nextClient(), id));
		if (isNoTunnel(fault)) gone.add(id);
		else doubtful.set(id, fault?.failure.what ?? 'it answers by its ID');
		// Further requests would only lengthen the block.
		if (fault?.failure.httpCode === '429') break;
	}
	return { gone, doubtful };
}

/** How a call failed; undefined if it did not. */
async function faultOf(call: Promise<unknown>): Promise<CallError | undefined> {
	return await call.then(
		() => undefined,
		(error: unknown) => {
			if (error instanceof CallError) return error;
			throw error;
		},
	);
}

/**
 * True where Cloudflare itself says that a tunnel does not exist: by its code, or by a 404 in its own
 * form, because the code is known from its clients only (1032, Terraform provider). A page or a text
 * with 404 comes from something on the way, and one that is about the account or the address says
 * nothing of the tunnel either.
 */
function isNoTunnel(fault: CallError | undefined): boolean {
	if (fault === undefined) return false;
	const isRefusal =
		field(fault.answer, 'success') === false && !ACCOUNT_CODES.has(fault.failure.code ?? -1);
	return isTunnelNotFound(fault) || (fault.failure.httpCode === '404' && isRefusal);
}
