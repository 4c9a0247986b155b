import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

/** What became of one tunnel's rotation; no form of it ever holds a key. */

/** The tunnel and the secret that an outcome is about, as far as they are known. */
export interface Subject {
	/** Index of the input item. */
	itemIndex: number;
	accountId?: string;
	tunnelId?: string;
	tunnelName?: string;
	ipsecId?: string;
	/** When the key that is live was made, as Cloudflare last said; RFC 3339. */
	lastGeneratedOn?: string;
	/** The secret's path or name, and its version for people. */
	vaultPath?: string;
	vaultVersion?: string;
}

/** Statuses whose key is live and verified. */
type Verified =
	/** The new key is live, and `current` in the vault. */
	| 'rotated'
	/** The new key is live; the vault holds it as `pending`. */
	| 'live'
	/** The former key is live again. */
	| 'rolled_back';

type Unverified =
	/** Not due: nothing was done. */
	| 'kept'
	/** Another run is at work on this tunnel. */
	| 'busy'
	/** Nothing was changed. */
	| 'unapplied'
	/** The live key may be either; the reason tells what the vault holds, and what settles it. */
	| 'unknown';

export type RotationOutcome = Subject &
	({ status: Verified; reason?: string } | { status: Unverified; reason: string });

export type RotationStatus = RotationOutcome['status'];

function isVerified({ status }: RotationOutcome): boolean {
	return status === 'rotated' || status === 'live' || status === 'rolled_back';
}

/** One sentence for a chat. */
function message(outcome: RotationOutcome): string {
	const { tunnelName, tunnelId, vaultPath, reason } = outcome;
	const tunnel = `tunnel ${tunnelName === undefined ? (tunnelId ?? '(not known)') : `'${tunnelName}'`}`;
	const why = reason === undefined ? '' : ` ${reason}`;
	switch (outcome.status) {
		case 'rotated':
			return `The new PSK of ${tunnel} is live and current in the vault at '${vaultPath}': its router has to fetch it.${why}`;
		case 'live':
			return `The new PSK of ${tunnel} is live and pending in the vault at '${vaultPath}': Finish or Roll Back comes next.${why}`;
		case 'rolled_back':
			return `The former PSK of ${tunnel} is live again and current in the vault at '${vaultPath}'.${why}`;
		case 'kept':
			return `The PSK of ${tunnel} was kept:${why}`;
		case 'busy':
			return `Another run is at work on ${tunnel}, so nothing was done:${why}`;
		case 'unapplied':
			return `The PSK of ${tunnel} was not changed:${why}`;
		case 'unknown':
			return `It is not known which PSK of ${tunnel} is live:${why}`;
	}
}

/** The item of an outcome. */
export function itemOf(outcome: RotationOutcome): INodeExecutionData {
	const json: IDataObject = {
		status: outcome.status,
		...subjectFields(outcome),
		verified: isVerified(outcome),
		reason: outcome.reason ?? null,
		message: message(outcome),
	};
	return { json, pairedItem: { item: outcome.itemIndex } };
}

/** The fields by which an item names its tunnel and its secret. */
export function subjectFields(subject: Subject): IDataObject {
	return {
		account_id: subject.accountId ?? null,
		ipsec_tunnel_id: subject.tunnelId ?? null,
		tunnel_name: subject.tunnelName ?? null,
		ipsec_id: subject.ipsecId ?? null,
		last_generated_on: subject.lastGeneratedOn ?? null,
		vault_path: subject.vaultPath ?? null,
		vault_version: subject.vaultVersion ?? null,
	};
}
