import type { INodeExecutionData, IPollFunctions } from 'n8n-workflow';
import type { CloudflareClient } from '../../api/client';
import { listIpsecTunnels } from '../../api/ipsecTunnels';
import { Pacer } from '../../api/pacer';
import type { IpsecTunnel } from '../../api/types';
import { clock } from '../../http/clock';
import { clientOf, connectionOf } from '../../shared/connection';
import { asideError, errorText, inputError, nodeError } from '../../shared/errors';
import { DAY_MS, pskAge } from '../../shared/items';
import type { Found } from './events';
import { compare } from './events';
import type { HealthSight } from './health';
import { NOT_ASKED, readHealths } from './health';
import type { Missing } from './missing';
import { askForMissing } from './missing';
import { samples } from './samples';
import type { Settings } from './settings';
import { readSettings } from './settings';
import { readStoredForm, storedForm } from './storedForm';

/**
 * Milliseconds that a poll may wait, for its turn and between attempts, over all of its requests
 * together. n8n's back-off does the long waiting: it heeds Retry-After, and holds no poll open for it.
 */
const LONGEST_WAIT_MS = 10_000;

/** What this process remembers of a trigger beside what n8n stores. */
interface Place {
	/** The latest poll whose answer was stored. */
	latest: number;
	/** Tunnels that the log says are in doubt. */
	doubted: ReadonlySet<string>;
	/** Why their health can't be read, as the log says; empty if it can. */
	healthFault: string;
}

/** By workflow and node. */
const places = new Map<string, Place>();

/** Polls that started, in their order; of two at once the later one counts. */
let started = 0;

/**
 * One poll: a single list request, compared with what the last poll saw. A few more requests where
 * tunnels are missing from the list, and a query where their health is asked for.
 *
 * @returns an item for each event, or null if there is none
 * @throws NodeOperationError for a setting that can't be used, CallError if the list can't be had;
 * what is stored is left as it was. NodeOperationError if health can't be read, and nothing else is to be
 * told
 */
export async function poll(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	const settings = readSettings(context);
	const { wanted } = settings;
	const nextClient = await clientsOf(context, settings);
	const turn = ++started;
	const client = nextClient();
	const tunnels = await listIpsecTunnels(client);
	const { accountId } = client;
	const asksHealth = wanted.events.has('healthChanged');
	const askHealth = async () =>
		await readHealths(nextClient(), tunnels.filter(wanted.includes), clock.now());
	if (context.getMode() === 'manual') {
		const { healths, fault } = asksHealth ? await askHealth() : NOT_ASKED;
		if (fault !== undefined) throw nodeError(context.getNode(), fault);
		return sampleItems(context, samples(tunnels, clock.now(), wanted, healths), accountId);
	}
	const listed = new Set(tunnels.map(({ id }) => id));
	const stored = () => readStoredForm(context.getWorkflowStaticData('node'), accountId);
	let known = stored();
	const unlisted = [...(known.tunnels?.keys() ?? [])].filter((id) => !listed.has(id));
	const missing: Missing =
		unlisted.length > 0
			? await askForMissing(unlisted, nextClient)
			: { gone: new Set(), doubtful: new Map() };
	const sight = asksHealth ? await askHealth() : NOT_ASKED;
	if (unlisted.length > 0 || asksHealth) known = stored();

	// What was read last must be what is replaced, so nothing is waited for any more: polls may overlap.
	const place = placeOf(context);
	if (place.latest > turn) return null;
	const isFirst = place.latest === 0;
	place.latest = turn;
	warn(context, place, known.fault, missing, listed);
	warnOfHealth(context, place, sight.fault);
	const now = clock.now();
	const { found, after } = compare(known.tunnels, tunnels, missing, now, wanted, sight.healths);
	Object.assign(context.getWorkflowStaticData('node'), storedForm(accountId, after));
	// Not where it would keep n8n from starting the workflow, nor before there is anything to compare with.
	if (sight.fault !== undefined && found.length === 0 && !isFirst && known.tunnels !== undefined) {
		throw asideError(context.getNode(), sight.fault);
	}
	return found.length === 0 ? null : [itemsOf(found, accountId, now)];
}

/** Gives a client for each request of a poll: it may wait for as long as the others have left over. */
async function clientsOf(
	context: IPollFunctions,
	{ authentication, accountId, timeoutMs }: Settings,
): Promise<() => CloudflareClient> {
	const connection = await connectionOf(context, { authentication, accountId });
	const pacer = new Pacer();
	const until = clock.elapsed() + LONGEST_WAIT_MS;
	return () =>
		clientOf(context, connection, {
			timeoutMs,
			pacer,
			longestWaitMs: Math.max(0, until - clock.elapsed()),
		});
}

function placeOf(context: IPollFunctions): Place {
	const key = `${context.getWorkflow().id} ${context.getNode().id}`;
	const place = places.get(key) ?? { latest: 0, doubted: new Set(), healthFault: '' };
	places.set(key, place);
	return place;
}

/** Writes into n8n's log what no event tells, each tunnel that is in doubt once. */
function warn(
	{ logger }: IPollFunctions,
	place: Place,
	fault: string | undefined,
	{ gone, doubtful }: Missing,
	listed: ReadonlySet<string>,
): void {
	if (fault !== undefined) {
		logger.warn(
			`What the trigger knew of the tunnels can't be used (${fault}): it starts anew. Changes since the last poll are not told of, keys that are due are told of again.`,
		);
	}
	const fresh = [...doubtful].filter(([id]) => !place.doubted.has(id));
	if (fresh.length > 0) {
		const each = fresh.map(([id, why]) => `${id} (${why})`).join(', ');
		logger.warn(
			`Cloudflare's list of tunnels lacks some that are not known to be deleted. Nothing is told of them until they are listed again, or their deletion is sure: ${each}`,
		);
	}
	const doubted = [...place.doubted, ...doubtful.keys()];
	place.doubted = new Set(doubted.filter((id) => !listed.has(id) && !gone.has(id)));
}

/** Writes into n8n's log that health can't be read, once for each reason, and that it can again. */
function warnOfHealth({ logger }: IPollFunctions, place: Place, fault: HealthSight['fault']): void {
	// Every request has a number of its own, so the whole text is never the same twice.
	const why = fault === undefined ? '' : `${fault.failure.what} ${fault.failure.detail ?? ''}`;
	if (why === place.healthFault) return;
	place.healthFault = why;
	logger.warn(
		fault === undefined
			? "The tunnels' health can be read again."
			: `Nothing is told of the tunnels' health, other events are. ${errorText(fault)}`,
	);
}

function sampleItems(
	context: IPollFunctions,
	found: readonly Found[],
	accountId: string,
): INodeExecutionData[][] {
	if (found.length > 0) return [itemsOf(found, accountId, clock.now())];
	throw inputError(
		context.getNode(),
		'Could not show a sample of the events: no data with the current filter could be found',
		'The account has no tunnel that the chosen events and filters fit. Change them, or publish the workflow and wait for an event.',
	);
}

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

/** Whole days of a key's age, which is never below 0 while it is due; null without a key. */
function ageInDays(tunnel: Found['tunnel'], now: number): number | null {
	const age = pskAge(tunnel as unknown as IpsecTunnel, now);
	return age === undefined ? null : Math.floor(age / DAY_MS);
}
