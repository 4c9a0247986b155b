import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

/**
 * What became of one tunnel's PSK, and the only code that puts a key into an item. A key leaves by
 * the field `psk` of the Secret output and by nothing else.
 */

/** The tunnel that an outcome is about, as far as it is known. */
export interface Subject {
	/** Index of the input item. */
	itemIndex: number;
	accountId?: string;
	tunnelId?: string;
	tunnelName?: string;
	ipsecId?: string;
	/** When the key that is live was made, as Cloudflare last said; RFC 3339. */
	lastGeneratedOn?: string;
}

export type PskOutcome = Subject &
	(
		| /** Made here, not sent to Cloudflare's edge. */ {
				status: 'prepared';
				psk: string;
				/** True for a key that a vault still held of another run, which may have set it. */
				isPending?: boolean;
		  }
		| /** Checked by Cloudflare, and a look afterwards shows that nothing changed; with a key only if it was made here. */ {
				status: 'validated';
				psk?: string;
				/** As above. */
				isPending?: boolean;
				/** False where Cloudflare shows no date of any key, so that a look shows nothing. */
				seen: boolean;
		  }
		| /** Live at Cloudflare, by its own word; verified by the date of the key. */ {
				status: 'applied';
				psk: string;
				verified: true;
		  }
		| {
				status: 'applied';
				psk: string;
				verified: false;
				/** Why it is not verified. */
				reason: string;
		  }
		| /** The old key is still live. */ { status: 'unapplied'; reason: string }
		| /** The live key may be either; with the new one if it is known. */ {
				status: 'unknown';
				psk?: string;
				reason: string;
		  }
	);

/** The key that an outcome puts on the Secret output. */
function keyOf(outcome: PskOutcome): string | undefined {
	return outcome.status === 'unapplied' ? undefined : outcome.psk;
}

function tunnelShown({ tunnelName, tunnelId }: Subject): string {
	return tunnelName === undefined
		? `tunnel ${tunnelId ?? '(not known)'}`
		: `tunnel '${tunnelName}'`;
}

function readiness(isPending: boolean | undefined, tunnel: string): { key: string; live: string } {
	return isPending === true
		? { key: `The pending PSK of ${tunnel} is used again`, live: 'it may be live already' }
		: { key: `A new PSK for ${tunnel} is ready`, live: 'it is not live yet' };
}

function validation(
	{ psk, seen, isPending }: PskOutcome & { status: 'validated' },
	tunnel: string,
): string {
	const { key, live } = readiness(isPending, tunnel);
	const checked =
		psk === undefined
			? `Cloudflare checked the PSK change of ${tunnel}`
			: `${key} and passed Cloudflare's check`;
	if (!seen) {
		return `${checked}. Cloudflare shows no date of any key of the account, so only its word says that the check changed nothing.`;
	}
	return `${checked}; ${psk === undefined ? 'nothing was changed' : live}.`;
}

/** One sentence for a chat, which names the tunnel and never a key. */
function message(outcome: PskOutcome): string {
	const tunnel = tunnelShown(outcome);
	switch (outcome.status) {
		case 'prepared': {
			const { key, live } = readiness(outcome.isPending, tunnel);
			return `${key}; ${live}.`;
		}
		case 'validated':
			return validation(outcome, tunnel);
		case 'applied':
			return outcome.verified
				? `The new PSK of ${tunnel} is live at Cloudflare, and Cloudflare's tunnel list confirms it.`
				: `Cloudflare says that the new PSK of ${tunnel} is live, but its tunnel list does not confirm it: ${outcome.reason}`;
		case 'unapplied':
			return `The PSK of ${tunnel} was not changed, and the old one is still live: ${outcome.reason}`;
		case 'unknown':
			return `It is not known whether the PSK of ${tunnel} was changed: ${outcome.reason}`;
	}
}

function shared(outcome: PskOutcome): IDataObject {
	return {
		status: outcome.status,
		account_id: outcome.accountId ?? null,
		ipsec_tunnel_id: outcome.tunnelId ?? null,
		tunnel_name: outcome.tunnelName ?? null,
		ipsec_id: outcome.ipsecId ?? null,
		last_generated_on: outcome.lastGeneratedOn ?? null,
		verified: outcome.status === 'applied' && outcome.verified,
		reason: 'reason' in outcome ? outcome.reason : null,
	};
}

function secretItem(outcome: PskOutcome): INodeExecutionData[] {
	const psk = keyOf(outcome);
	if (psk === undefined) return [];
	return [{ json: { ...shared(outcome), psk }, pairedItem: { item: outcome.itemIndex } }];
}

function notificationItem(outcome: PskOutcome): INodeExecutionData {
	return {
		json: { ...shared(outcome), message: message(outcome) },
		pairedItem: { item: outcome.itemIndex },
	};
}

/** The two outputs of every psk operation: Secret and Notification, in the order of the items. */
export function toOutputs(outcomes: readonly PskOutcome[]): INodeExecutionData[][] {
	const sorted = [...outcomes].sort((a, b) => a.itemIndex - b.itemIndex);
	return [sorted.flatMap(secretItem), sorted.map(notificationItem)];
}
