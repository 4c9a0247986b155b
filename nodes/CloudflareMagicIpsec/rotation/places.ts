import type { IExecuteFunctions } from 'n8n-workflow';
import { isId } from '../../api/account';
import type { CloudflareClient } from '../../api/client';
import type { IpsecTunnel } from '../../api/types';
import { mapLimit } from '../../http/pool';
import { Accounts } from '../../shared/accounts';
import { inputError, sentence } from '../../shared/errors';
import { findTunnel, tunnelReference } from '../../shared/tunnelLocator';
import type { ReadPurpose, VaultFailure } from '../../vaults/vault';
import type { RunSettings } from './options';
import type { Subject } from './outcome';
import type { Place, Site } from './site';
import { subjectOf } from './site';
import type { VaultChoice, Vaults } from './vaults';

/** A tunnel that can't be worked on, found before anything was changed. */
export interface SiteFault {
	subject: Subject;
	error: unknown;
}

/** The tunnels that the items name with their places in the vaults, and what is wrong with the others. */
export interface Places {
	places: Place[];
	faults: SiteFault[];
	/** The vaults and accounts that were named, for an audit. */
	choices: Array<{
		choice: VaultChoice;
		client: CloudflareClient;
		itemIndex: number;
		tunnels: readonly IpsecTunnel[];
	}>;
}

interface Named {
	itemIndex: number;
	client: CloudflareClient;
	tunnel: IpsecTunnel;
}

/** Resolves what the items name. Never rejects; nothing is asked of a vault. */
export async function findPlaces(
	context: IExecuteFunctions,
	{ scope }: RunSettings,
	vaults: Vaults,
	readItem: (itemIndex: number) => void,
): Promise<Places> {
	const accounts = new Accounts(context);
	const found: Places = { places: [], faults: [], choices: [] };
	const seen = new Map<string, Named>();
	const items = scope === 'all' ? [0] : context.getInputData().map((_, index) => index);
	for (const itemIndex of items) {
		try {
			readItem(itemIndex);
			const client = await accounts.client(itemIndex);
			const choice = await vaults.of(itemIndex);
			const tunnels = await tunnelsOf(accounts, client, itemIndex, scope);
			found.choices.push({ choice, client, itemIndex, tunnels });
			for (const tunnel of tunnels) {
				const named = { itemIndex, client, tunnel };
				addPlace(context, vaults, choice, named, found, seen);
			}
		} catch (error) {
			found.faults.push({ subject: { itemIndex }, error });
		}
	}
	return found;
}

async function tunnelsOf(
	accounts: Accounts,
	client: CloudflareClient,
	itemIndex: number,
	scope: RunSettings['scope'],
): Promise<readonly IpsecTunnel[]> {
	const { context } = accounts;
	if (scope === 'all') return (await accounts.tunnels(client)).all;
	const reference = tunnelReference(context, itemIndex);
	const index = await accounts.tunnels(client);
	return [findTunnel(context.getNode(), index, reference, itemIndex)];
}

/** Adds the place of a tunnel, or a fault where another item has the tunnel or the secret already. */
function addPlace(
	context: IExecuteFunctions,
	vaults: Vaults,
	choice: VaultChoice,
	named: Named,
	found: Places,
	seen: Map<string, Named>,
): void {
	const { itemIndex, client, tunnel } = named;
	const subject = {
		itemIndex,
		accountId: client.accountId,
		tunnelId: tunnel.id,
		tunnelName: tunnel.name,
	};
	try {
		const parts = { tunnelId: tunnel.id, tunnelName: tunnel.name, accountId: client.accountId };
		const name = vaults.nameOf(choice, parts, itemIndex);
		const marks = [
			`tunnel ${client.accountKey} ${tunnel.id.toLowerCase()}`,
			`secret ${choice.key} ${name}`,
		];
		const other = marks.map((mark) => seen.get(mark)).find((earlier) => earlier !== undefined);
		marks.forEach((mark) => seen.set(mark, seen.get(mark) ?? named));
		if (other !== undefined) {
			throw inputError(
				context.getNode(),
				other.tunnel.id === tunnel.id
					? 'The tunnel is in more than one item'
					: 'Two tunnels have the same place in the vault',
				other.tunnel.id === tunnel.id
					? `Items ${other.itemIndex} and ${itemIndex} both name the tunnel '${tunnel.name}'. Remove one of them, for example with Remove Duplicates.`
					: `The tunnels '${other.tunnel.name}' and '${tunnel.name}' would both be stored at '${name}'. Use {tunnel_id} in it.`,
				itemIndex,
			);
		}
		found.places.push({ ...named, validateOnly: false, vault: choice.vault, name });
	} catch (error) {
		found.faults.push({ subject, error });
	}
}

/** What a failure of a vault says to a person. */
export function failureText({ what, remedy }: VaultFailure): string {
	return `${sentence(upper(what))} ${remedy}`;
}

function upper(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Reads what the vaults hold for the places, and refuses what belongs to another tunnel. Never rejects. */
export async function readSites(
	context: IExecuteFunctions,
	vaults: Vaults,
	places: readonly Place[],
	concurrency: number,
	purpose: ReadPurpose,
): Promise<{ sites: Site[]; faults: SiteFault[] }> {
	const read = await mapLimit(places, concurrency, async (place) => {
		const reading =
			(await vaults.open(place.vault)) ?? (await place.vault.read(place.name, purpose));
		return { place, reading };
	});
	const sites: Site[] = [];
	const faults: SiteFault[] = [];
	for (const { place, reading } of read) {
		const words = reading.kind === 'failed' ? reading : faultOf({ ...place, ...reading });
		if (reading.kind === 'read' && words === undefined) {
			sites.push({ ...place, snapshot: reading.snapshot });
		} else if (words !== undefined) {
			const what = `Could not use '${place.name}' in the vault: ${words.what}`;
			const error = inputError(context.getNode(), what, words.remedy, place.itemIndex);
			faults.push({ subject: subjectOf(place), error });
		}
	}
	return { sites, faults };
}

/** Why what the vault holds is not to be written over, or undefined. */
function faultOf({ snapshot, tunnel }: Site): { what: string; remedy: string } | undefined {
	if (snapshot.state === 'deleted') {
		return {
			what: 'its newest version was deleted',
			remedy:
				'It may have held the key that is live. Recover that version, or delete the secret for good if its keys are of no more use.',
		};
	}
	const { tunnelId } = snapshot.record.owner;
	if (tunnelId === undefined || tunnelId.toLowerCase() === tunnel.id.toLowerCase())
		return undefined;
	return {
		what: `it belongs to another tunnel${isId(tunnelId) ? ` (${tunnelId})` : ''}`,
		remedy:
			'A tunnel may have been made anew under an old name. Choose another place, or remove the record if that tunnel is gone.',
	};
}
