import type { JsonRecord } from '../http/json';
import { field, record, text } from '../http/json';
import { SecretFinder } from '../http/secrets';
import { isId } from './account';
import { keyIn } from './answeredKey';
import type { Call } from './call';
import type { CloudflareClient } from './client';
import { LEFT_OUT } from './envelope';
import { CallError } from './failure';
import type { CallOptions } from './ipsecTunnels';
import { lastGeneratedOn, tunnelPath, TUNNELS, validateOnlyQuery } from './ipsecTunnels';
import type { GeneratedPsk, PskEntry, PskSetVerdict } from './types';

/**
 * The two endpoints of Cloudflare's Magic IPsec tunnels that change pre-shared keys alone
 * (https://developers.cloudflare.com/api/resources/magic_transit/subresources/ipsec_tunnels/subresources/psks/).
 */

/** The id that Cloudflare gives a tunnel's key, if it has the form of one: a number and the tunnel's id. */
function ipsecIdIn(value: unknown): string | undefined {
	const id = text(field(value, 'ipsec_id'));
	return id !== undefined && /^\w{0,20}_[0-9a-fA-F]{32}$/.test(id) ? id : undefined;
}

/**
 * POST /ipsec_tunnels/{id}/psk_generate: Cloudflare makes a new PSK, live at once and shown this
 * once. Never repeated after a lost answer: each call replaces the key. With `validateOnly` the
 * answer may hold a key, which is live only if the server did not know the parameter.
 *
 * @throws CallError; `pskIn` gets a key out of an answer that is not one of Cloudflare's
 */
export async function generatePsk(
	client: CloudflareClient,
	id: string,
	options: CallOptions = {},
): Promise<GeneratedPsk> {
	const call: Call = {
		method: 'POST',
		path: `${tunnelPath(id.toLowerCase())}/psk_generate`,
		...validateOnlyQuery(options),
		repeat: 'once',
		answersSecret: true,
		action: `generate a PSK for the tunnel ${id}`,
	};
	const { result, body } = await client.send(call);
	const psk = text(field(result, 'psk'));
	if (options.validateOnly !== true && psk === undefined) {
		throw client.unexpected(call, 'no PSK', body);
	}
	const named = text(field(result, 'ipsec_tunnel_id'));
	if (named !== undefined && named.toLowerCase() !== id.toLowerCase()) {
		const whose = isId(named) ? `the tunnel ${named}` : 'something that is no tunnel';
		throw client.unexpected(call, `it names ${whose}`, body);
	}
	return {
		psk: psk ?? keyIn(body),
		ipsec_id: ipsecIdIn(result),
		last_generated_on: lastGeneratedOn(result),
	};
}

/** A key in the answer of a failed call: it may be live, and nobody will ever show it again. */
export function pskIn(error: unknown): string | undefined {
	return error instanceof CallError ? keyIn(error.answer) : undefined;
}

/**
 * POST /ipsec_tunnels/psk: sets the PSKs of many tunnels. Setting a known key again changes
 * nothing, so a lost answer is followed by a repetition.
 *
 * @param options with `secrets` where an answer might echo more keys than those of this call
 * @returns what Cloudflare says of each entry, by tunnel id; a tunnel that was refused after an
 * attempt whose answer was lost is `unclear`, because that attempt may have set its key
 * @throws CallError
 */
export async function setPsks(
	client: CloudflareClient,
	psks: readonly PskEntry[],
	options: CallOptions & Pick<Call, 'sendBefore' | 'sendBeforeDate' | 'secrets'> = {},
): Promise<Map<string, PskSetVerdict>> {
	const call: Call = {
		method: 'POST',
		path: `${TUNNELS}/psk`,
		...validateOnlyQuery(options),
		body: { psks: psks.map(({ id, psk }) => ({ id: id.toLowerCase(), psk })) },
		repeat: 'repeatable',
		// It may echo the former key, which nobody here knows.
		answersSecret: true,
		sendBefore: options.sendBefore,
		sendBeforeDate: options.sendBeforeDate,
		action: `${options.validateOnly === true ? 'check' : 'set'} ${psks.length} ${psks.length === 1 ? 'PSK' : 'PSKs'}`,
		secrets: options.secrets ?? new SecretFinder(psks.map(({ psk }) => psk)),
	};
	const { result, repeatedBlindly } = await client.send(call);
	if (record(result) === undefined) throw client.unexpected(call, 'no result');
	const applied = byId(field(result, 'successfully_applied_psks'));
	const unapplied = byId(field(result, 'unapplied_psks'));
	return new Map(
		psks.map((entry): [string, PskSetVerdict] => {
			const verdict = verdictOn(entry, applied, unapplied);
			if (verdict.kind !== 'unapplied') return [entry.id, verdict];
			const reason = client.mayRepeatSecret(call, verdict.reason)
				? `Cloudflare refused the key; ${LEFT_OUT}`
				: verdict.reason;
			return [
				entry.id,
				repeatedBlindly
					? { kind: 'unclear', reason: `${reason} (an earlier request may have set the key)` }
					: { kind: 'unapplied', reason },
			];
		}),
	);
}

/** A map of the answer by ids in lower case: Cloudflare's own writing of an id does not matter. */
function byId(value: unknown): Map<string, unknown> {
	const entries: JsonRecord = record(value) ?? {};
	return new Map(Object.entries(entries).map(([id, entry]) => [id.toLowerCase(), entry]));
}

function verdictOn(
	entry: PskEntry,
	applied: ReadonlyMap<string, unknown>,
	unapplied: ReadonlyMap<string, unknown>,
): PskSetVerdict {
	const id = entry.id.toLowerCase();
	if (applied.has(id) && unapplied.has(id)) {
		return {
			kind: 'unclear',
			reason: 'Cloudflare lists the key both as applied and as not applied',
		};
	}
	if (unapplied.has(id)) {
		return { kind: 'unapplied', reason: text(unapplied.get(id)) ?? 'Cloudflare gave no reason' };
	}
	const details = applied.get(id);
	if (record(details) === undefined) {
		return { kind: 'unclear', reason: 'Cloudflare did not say whether the key was applied' };
	}
	const echoed = text(field(details, 'psk'));
	if (echoed !== undefined && echoed !== entry.psk) {
		return {
			kind: 'unclear',
			reason: 'Cloudflare answered another key than the one that was sent',
		};
	}
	const named = text(field(details, 'ipsec_tunnel_id'));
	if (named !== undefined && named.toLowerCase() !== id) {
		return { kind: 'unclear', reason: 'Cloudflare answered for another tunnel' };
	}
	return {
		kind: 'applied',
		ipsec_id: ipsecIdIn(details),
		last_generated_on: lastGeneratedOn(details),
	};
}
