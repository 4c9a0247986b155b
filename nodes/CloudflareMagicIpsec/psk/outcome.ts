import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeProperties,
} from 'n8n-workflow';
import { inputError } from '../../shared/errors';
import { readFlag } from '../../shared/options';
import { keyFault } from './key';

/**
 * What became of one tunnel's PSK, and the only code that takes a key out of an item or puts one
 * into an item. A key leaves by the field `psk` of the Secret output and by nothing else.
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
		| /** Made here, not sent to Cloudflare's edge. */ { status: 'prepared'; psk: string }
		| /** Checked by Cloudflare, nothing changed; with a key only if it was made here. */ {
				status: 'validated';
				psk?: string;
		  }
		| /** Live at Cloudflare. */ { status: 'applied'; psk: string; verified: boolean }
		| /** Refused; the old key is still live. */ { status: 'unapplied'; reason: string }
		| /** The answer was lost; with the key if it is one that was given. */ {
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

function verification(verified: boolean): string {
	return verified
		? "and Cloudflare's tunnel list confirms it"
		: "but Cloudflare's tunnel list does not confirm it: somebody else may have changed the key, or the list could not be read";
}

/** One sentence for a chat, which names the tunnel and never a key. */
function message(outcome: PskOutcome): string {
	const tunnel = tunnelShown(outcome);
	switch (outcome.status) {
		case 'prepared':
			return `A new PSK for ${tunnel} is ready; it is not live yet.`;
		case 'validated':
			return outcome.psk === undefined
				? `Cloudflare checked the PSK change of ${tunnel}; nothing was changed.`
				: `A new PSK for ${tunnel} is ready and passed Cloudflare's check; it is not live yet.`;
		case 'applied':
			return `The new PSK of ${tunnel} is live at Cloudflare, ${verification(outcome.verified)}.`;
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
	const json = { ...shared(outcome), message: message(outcome) };
	const key = keyOf(outcome);
	return {
		json: key === undefined ? json : withoutKey(json, key),
		pairedItem: { item: outcome.itemIndex },
	};
}

/** Replaces a key in texts that came from elsewhere, such as a name or a reason. */
function withoutKey(json: IDataObject, key: string): IDataObject {
	for (const [field, value] of Object.entries(json)) {
		if (typeof value === 'string' && field !== 'status') json[field] = value.replaceAll(key, '***');
	}
	return json;
}

/** The two outputs of every psk operation: Secret and Notification, in the order of the items. */
export function toOutputs(outcomes: readonly PskOutcome[]): INodeExecutionData[][] {
	const ordered = [...outcomes].sort((a, b) => a.itemIndex - b.itemIndex);
	return [ordered.flatMap(secretItem), ordered.map(notificationItem)];
}

export const allowLiteralOption: INodeProperties = {
	displayName: 'Allow Literal Key',
	name: 'allowLiteral',
	type: 'boolean',
	default: false,
	description:
		"Whether to accept a key that is typed into 'Pre-Shared Key': n8n stores it in the workflow in clear text",
};

/** What is wrong with the key that an item gives; the text never holds it. */
function faultOfKey(context: IExecuteFunctions, itemIndex: number, psk: unknown) {
	const typed = context.getNode().parameters.psk;
	const literal = typeof typed === 'string' && typed !== '' && !typed.startsWith('=');
	if (literal && !readFlag(context, allowLiteralOption, itemIndex)) {
		return 'holds a key that was typed in, which n8n stores in the workflow in clear text';
	}
	return keyFault(psk);
}

/**
 * The key that an item gives to `set`.
 *
 * @throws NodeOperationError if there is none that can be set; its text never holds the value
 */
export function readKey(context: IExecuteFunctions, itemIndex: number): string {
	const psk = context.getNodeParameter('psk', itemIndex, '') as unknown;
	const fault = faultOfKey(context, itemIndex, psk);
	if (fault === undefined) return psk as string;
	throw inputError(
		context.getNode(),
		`The parameter 'Pre-Shared Key' ${fault}`,
		"Give the key by an expression such as {{ $json.psk }}, from the Secret output of 'Prepare' or from a vault. The option 'Allow Literal Key' accepts one that is typed in.",
		itemIndex,
	);
}
