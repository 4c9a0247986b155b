import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { isId } from '../../api/account';
import type { CloudflareClient } from '../../api/client';
import { isTunnelNotFound } from '../../api/failure';
import { getIpsecTunnel, lastGeneratedOn } from '../../api/ipsecTunnels';
import { mapLimit } from '../../http/pool';
import { errorText, inputError } from '../../shared/errors';
import type { Operation } from '../../shared/operation';
import type { VaultRecord } from '../../vaults/record';
import { rotationProperties } from './options';
import { subjectFields } from './outcome';
import type { Places, SiteFault } from './places';
import { failureText, findPlaces, readSites } from './places';
import { isCurrentStale, pendingState } from './plan';
import { allRefused, hint, noInput, settingsOf, stopFor } from './run';
import type { Site } from './site';
import { subjectOf } from './site';
import { upToDate } from './upToDate';
import type { VaultChoice } from './vaults';
import { Vaults } from './vaults';

/** What the vault holds for a tunnel, against what Cloudflare says. */
type State = 'none' | 'steady' | 'pending' | 'drift' | 'unreadable';

interface Finding {
	state: State;
	reason?: string;
}

/** Get Status: changes nothing; one item a tunnel, and in scope All one for each record that has none. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const settings = settingsOf(context);
	if ('error' in settings) {
		return [
			allRefused(context, settings.error).map(({ itemIndex, reason }) =>
				itemFor({ subject: { itemIndex }, state: 'unreadable', reason }),
			),
		];
	}
	const vaults = new Vaults(context, settings.vaultTimeoutMs);
	try {
		const found = await findPlaces(context, settings, vaults, noInput);
		stopFor(context, found.faults);
		const closed = await mapLimit(
			found.choices,
			settings.concurrency,
			async (choice) => await openFault(context, vaults, choice),
		);
		stopFor(context, closed.flat());
		const { places } = found;
		const read = await readSites(context, vaults, places, settings.concurrency, 'look');
		vaults.warnings.push(...read.sites.flatMap(({ snapshot }) => snapshot.warnings));
		const order = new Map(places.map(({ tunnel }, index) => [tunnel.id, index]));
		const items = [
			...(await upToDate(read.sites)).map((site) => ({
				rank: order.get(site.tunnel.id)!,
				item: statusItem(site),
			})),
			...[...found.faults, ...read.faults].map((fault) => ({
				rank: order.get(fault.subject.tunnelId ?? '') ?? -1,
				item: unreadableItem(fault),
			})),
		];
		const gone = settings.scope === 'all' ? await goneItems(vaults, found) : [];
		const sorted = items.sort((a, b) => byItem(a.item, b.item) || a.rank - b.rank);
		return [[...sorted.map(({ item }) => item), ...gone]];
	} finally {
		await vaults.close();
		hint(context, vaults.warnings);
	}
}

type Choice = Places['choices'][number];

async function openFault(
	context: IExecuteFunctions,
	vaults: Vaults,
	{ choice, itemIndex }: Choice,
): Promise<SiteFault[]> {
	const failure = await vaults.open(choice.vault);
	if (failure === undefined) return [];
	const what = `Could not open the vault: ${failure.what}`;
	const error = inputError(context.getNode(), what, failure.remedy, itemIndex);
	return [{ subject: { itemIndex }, error }];
}

function byItem(a: INodeExecutionData, b: INodeExecutionData): number {
	const indexOf = ({ pairedItem }: INodeExecutionData) => (pairedItem as { item: number }).item;
	return indexOf(a) - indexOf(b);
}

function findingOf({ tunnel, snapshot: { record, unfinished } }: Site): Finding {
	const date = lastGeneratedOn(tunnel);
	if (record.intent !== undefined) return { state: 'pending', reason: 'A Roll Back was cut off.' };
	if (record.pending !== undefined) {
		const says = {
			live: 'The pending key is live.',
			notSet: 'The pending key was not set yet.',
			unknown:
				"Cloudflare's date is neither the one before nor the one after the pending key was set.",
		};
		return { state: 'pending', reason: says[pendingState(record, date)] };
	}
	if (unfinished) return { state: 'pending', reason: 'A write to the vault was cut off.' };
	if (record.current === undefined) return { state: 'none' };
	if (isCurrentStale(record, date)) {
		return {
			state: 'drift',
			reason: `Cloudflare says that the key was made at ${date ?? 'no time'}, the vault's current key was set at ${dateShown(record.current.generatedOn) ?? 'no time'}: somebody changed it elsewhere, and the vault's is not the live one.`,
		};
	}
	return record.current.generatedOn === undefined
		? { state: 'steady', reason: 'The vault does not say when its current key was set.' }
		: { state: 'steady' };
}

/** A date of a record; null for what somebody else put into its place, which may be a key. */
function dateShown(value: string | undefined): string | null {
	return value !== undefined && /^\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d)$/.test(value)
		? value
		: null;
}

function itemFor(
	finding: Finding & { subject: Parameters<typeof subjectFields>[0]; record?: VaultRecord },
): INodeExecutionData {
	const { subject, record, state, reason } = finding;
	const json: IDataObject = {
		state,
		...subjectFields(subject),
		current_generated_on: dateShown(record?.current?.generatedOn),
		pending_since: dateShown(record?.pending?.since),
		pending_generated_on: dateShown(record?.pending?.generatedOn),
		has_previous: record?.previous !== undefined && record.previous.rolledBackOn === undefined,
		rolled_back_on: dateShown(record?.previous?.rolledBackOn),
		reason: reason ?? null,
	};
	return { json, pairedItem: { item: subject.itemIndex } };
}

function statusItem(site: Site): INodeExecutionData {
	return itemFor({ ...findingOf(site), subject: subjectOf(site), record: site.snapshot.record });
}

function unreadableItem({ subject, error }: SiteFault): INodeExecutionData {
	return itemFor({ subject, state: 'unreadable', reason: errorText(error) });
}

/** Records whose tunnel is gone, or was renamed so that its record lies where nobody looks for it. */
async function goneItems(
	vaults: Vaults,
	{ places, choices }: Places,
): Promise<INodeExecutionData[]> {
	const used = new Set(places.map(({ name }) => name));
	const found = await mapLimit(
		choices,
		1,
		async (entry) => await goneOf(vaults, entry, places, used),
	);
	return found.flat();
}

async function goneOf(
	vaults: Vaults,
	{ choice, client, itemIndex, tunnels }: Choice,
	places: Places['places'],
	used: ReadonlySet<string>,
): Promise<INodeExecutionData[]> {
	const listed = await choice.vault.names(vaults.prefixOf(choice));
	if (listed.kind === 'failed') {
		vaults.warnings.push(`The vault's names could not be listed. ${failureText(listed)}`);
		return [];
	}
	const others = listed.names.filter((name) => !used.has(name));
	const read = await mapLimit(others, 5, async (name) => await readGone(choice, name));
	let looksLeft = MOST_SINGLE_LOOKS;
	const found = await mapLimit(read, LOOKS_AT_A_TIME, async ({ name, record }) => {
		const { accountId, tunnelId, tunnelName } = record?.owner ?? {};
		if (record === undefined || !isId(tunnelId)) return [];
		if (accountId !== undefined && accountId !== client.accountId) return [];
		const subject = { itemIndex, accountId, tunnelId, tunnelName, vaultPath: name };
		const now = tunnels.find(({ id }) => id.toLowerCase() === tunnelId.toLowerCase());
		if (now === undefined) {
			const answer = looksLeft-- > 0 ? await askFor(client, tunnelId) : 'untold';
			return [itemFor({ subject, record, ...UNLISTED[answer] })];
		}
		const place = places.find(({ tunnel }) => tunnel.id === now.id);
		const reason = `The tunnel is now named '${now.name}'${place === undefined ? '' : `, and its place is '${place.name}'`}.`;
		return [itemFor({ subject, record, state: 'drift', reason })];
	});
	return found.flat();
}

/** Tunnels that the list lacks and that are asked for by their ids; of the others nothing is known. */
const MOST_SINGLE_LOOKS = 20;
const LOOKS_AT_A_TIME = 5;

/** What becomes of a record whose tunnel the list lacks: a list may lack one that is there. */
const UNLISTED = {
	gone: {
		state: 'drift',
		reason: 'The account has no such tunnel any more: the record is of no use.',
	},
	there: {
		state: 'unreadable',
		reason:
			"Cloudflare's list lacks the tunnel, but Cloudflare still has the tunnel: keep the record, which may hold its live key.",
	},
	untold: {
		state: 'unreadable',
		reason:
			"Cloudflare's list lacks the tunnel, and it is not known whether the tunnel is still there: keep the record until it is.",
	},
} as const;

async function askFor(client: CloudflareClient, id: string): Promise<keyof typeof UNLISTED> {
	try {
		await getIpsecTunnel(client, id);
		return 'there';
	} catch (error) {
		return isTunnelNotFound(error) ? 'gone' : 'untold';
	}
}

async function readGone(
	{ vault }: VaultChoice,
	name: string,
): Promise<{ name: string; record?: VaultRecord }> {
	const reading = await vault.read(name, 'look');
	return { name, record: reading.kind === 'read' ? reading.snapshot.record : undefined };
}

export const getStatus: Operation = {
	value: 'getStatus',
	name: 'Get Status',
	action: 'Get status of keys in a vault',
	description: 'Compare what the vault holds with what Cloudflare says, and change nothing',
	properties: rotationProperties([]),
	execute,
};
