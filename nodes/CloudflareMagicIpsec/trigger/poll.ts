import type { IDataObject, INodeExecutionData, IPollFunctions } from 'n8n-workflow';
import type { CloudflareClient } from '../../api/client';
import { clock } from '../../http/clock';
import { clientFor } from '../../shared/connection';
import { isTunnelNotFound } from '../../api/failure';
import { inputError, nodeError } from '../../shared/errors';
import { getIpsecTunnel, listIpsecTunnels } from '../../api/ipsecTunnels';
import { readTimeout } from '../../shared/options';
import { DAY_MS } from '../../shared/items';
import type { Found, TunnelEvent, Wish } from './events';
import { ageInDays, compare, EVENTS, samples } from './events';
import type { Snapshot } from './snapshot';
import { decode, encode } from './snapshot';

/** n8n's back-off does the long waiting: it heeds Retry-After, and holds no poll open for it. */
const LONGEST_WAIT_MS = 10_000;

const FORMAT = 1;

/** What is kept in the node's static data. */
interface Stored {
	format: typeof FORMAT;
	account_id: string;
	tunnels: string;
}

function isEvent(value: unknown): value is TunnelEvent {
	return EVENTS.includes(value as TunnelEvent);
}

function readDays(
	context: IPollFunctions,
	parameter: string,
	label: string,
	least: number,
): number {
	const days = context.getNodeParameter(parameter, least) as unknown;
	if (typeof days === 'number' && days >= least) return days * DAY_MS;
	throw inputError(
		context.getNode(),
		`${label} can't be used`,
		`Give a number of days, ${least} or more.`,
	);
}

function readWish(context: IPollFunctions): Wish {
	const events = context.getNodeParameter('events', []) as unknown;
	if (!Array.isArray(events) || events.length === 0 || !events.every(isEvent)) {
		throw inputError(
			context.getNode(),
			"The parameter 'Events' can't be used",
			'Choose at least one of the events that it offers.',
		);
	}
	const { nameContains = '', tunnelIds = [] } = context.getNodeParameter('filters', {}) as {
		nameContains?: string;
		tunnelIds?: string[];
	};
	const wanted = nameContains.trim().toLowerCase();
	return {
		events: new Set(events),
		includes: ({ id, name }) =>
			name.toLowerCase().includes(wanted) &&
			(tunnelIds.length === 0 || tunnelIds.includes(id) || tunnelIds.includes(name)),
		dueAfterMs: events.includes('pskRotationDue')
			? readDays(context, 'pskOlderThanDays', "The parameter 'PSK Older Than (Days)'", 0)
			: 0,
		remindAfterMs: readDays(
			context,
			'options.remindAfterDays',
			"The option 'Remind After (Days)'",
			0,
		),
	};
}

/** Polls that started, in their order; of two at once the later one counts. */
let started = 0;

/** The latest poll whose answer was stored, by workflow and node. */
const stored = new Map<string, number>();

function itemsOf(found: readonly Found[], accountId: string, now: number): INodeExecutionData[] {
	return found.map(({ event, tunnel, changes }) => ({
		json: {
			event,
			tunnel_id: tunnel.id,
			tunnel_name: tunnel.name,
			account_id: accountId,
			detected_at: new Date(now).toISOString(),
			...(event === 'pskRotationDue' ? { psk_age_days: ageInDays(tunnel, now) } : {}),
			changes,
			tunnel,
		},
	}));
}

/** What was stored for an account: `none` if it is another account's, `lost` if it can't be read. */
function readStored(data: IDataObject, accountId: string): Snapshot | 'none' | 'lost' {
	if (Object.keys(data).length === 0) return 'none';
	if (data.format !== FORMAT || typeof data.account_id !== 'string') return 'lost';
	if (data.account_id !== accountId) return 'none';
	return decode(data.tunnels) ?? 'lost';
}

/** Missing tunnels that one poll asks for; the others stay as they were until the next. */
const MOST_ASKED = 20;

/** What is known of tunnels that a list lacks. */
interface Missing {
	/** Cloudflare says of each that it is gone. */
	gone: Set<string>;
	/** One is still there, so the list was not whole. */
	isThere: boolean;
}

/**
 * Asks for the tunnels that a list lacks, each by its id: an empty or shortened list is no proof that
 * anything was deleted.
 *
 * @throws NodeApiError if that can't be found out
 */
async function askForMissing(
	context: IPollFunctions,
	client: CloudflareClient,
	before: Snapshot | 'none' | 'lost',
	listed: ReadonlySet<string>,
): Promise<Missing> {
	const known = typeof before === 'string' ? [] : [...before.keys()];
	const missing = known.filter((id) => !listed.has(id)).slice(0, MOST_ASKED);
	const gone = new Set<string>();
	for (const id of missing) {
		try {
			await getIpsecTunnel(client, id);
			return { gone, isThere: true };
		} catch (error) {
			if (!isTunnelNotFound(error)) throw nodeError(context.getNode(), error);
			gone.add(id);
		}
	}
	return { gone, isThere: false };
}

function sampleItems(
	context: IPollFunctions,
	found: readonly Found[],
	accountId: string,
	now: number,
): INodeExecutionData[][] {
	if (found.length > 0) return [itemsOf(found, accountId, now)];
	throw inputError(
		context.getNode(),
		'Could not show a sample of the events: no data with the current filter could be found',
		'The account has no tunnel that the chosen events and filters fit. Change them, or publish the workflow and wait for an event.',
	);
}

/**
 * One poll: a single list request, compared with what the last poll saw.
 *
 * @returns an item for each event, or null if there is none
 * @throws NodeApiError with n8n's back-off cause; what is stored is left as it was
 */
export async function poll(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	const wish = readWish(context);
	const client = await clientFor(context, {
		authentication: context.getNodeParameter('authentication', 'apiToken'),
		accountId: context.getNodeParameter('options.accountId', ''),
		timeoutMs: readTimeout(context.getNode(), context.getNodeParameter('options.timeout', 60)),
		longestWaitMs: LONGEST_WAIT_MS,
	});
	const turn = ++started;
	const tunnels = await listIpsecTunnels(client);
	const { accountId } = client;
	if (context.getMode() === 'manual') {
		const now = clock.now();
		return sampleItems(context, samples(tunnels, now, wish), accountId, now);
	}
	const listed = new Set(tunnels.map(({ id }) => id));
	const known = readStored(context.getWorkflowStaticData('node'), accountId);
	const { gone, isThere } = await askForMissing(context, client, known, listed);
	if (isThere) {
		context.logger.warn(
			"Cloudflare's list of tunnels lacks one that exists: the answer is not used, and the next poll asks again",
		);
		return null;
	}

	// From here on nothing is waited for: polls may overlap, and what is read must be what is replaced.
	const place = `${context.getWorkflow().id} ${context.getNode().id}`;
	if ((stored.get(place) ?? 0) > turn) return null;
	stored.set(place, turn);
	const data = context.getWorkflowStaticData('node');
	const before = readStored(data, accountId);
	if (before === 'lost') {
		context.logger.warn('What the trigger knew of the tunnels could not be read: it starts anew');
	}
	const now = clock.now();
	const { found, after } = compare(before, tunnels, gone, now, wish);
	const next: Stored = { format: FORMAT, account_id: accountId, tunnels: encode(after) };
	Object.assign(data, next);
	return found.length === 0 ? null : [itemsOf(found, accountId, now)];
}
