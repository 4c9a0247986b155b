import { printed } from './printed';
import { createHash } from 'node:crypto';
import type { IDataObject, IRun } from 'n8n-workflow';
import type { FaultHandle, Simulator } from '../simulator';
import type { Fault } from './faultKinds';
import { canHappen, isClear, LISTS } from './faultKinds';
import { beImpatient } from './impatience';
import type { Ages, World, WorldName } from './itemWorlds';
import { openWorld } from './itemWorlds';
import { KeyLedger } from './ledger';
import type { NodeResult } from './node';
import { NODE, runNode } from './node';
import { pskParameters } from './psk';
import { pskFindings } from './pskOutcomes';
import type { Stop } from './stops';
import { stopAt } from './stops';

/**
 * The first promise, made checkable: a run of a PSK operation under faults, and an oracle that
 * knows the live keys of each account and judges every item after it.
 */

export const MODES = ['stopWorkflow', 'continueRegularOutput', 'continueErrorOutput'] as const;

/** What a run does to the keys: its operation, its own options, and whether it only has them checked. */
export const ACTS = {
	generate: { operation: 'generate', endpoint: 'pskGenerate', isCheck: false, options: {} },
	'generate, checked only': {
		operation: 'generate',
		endpoint: 'pskGenerate',
		isCheck: true,
		options: { validateOnly: true },
	},
	prepare: { operation: 'prepare', endpoint: 'pskSet', isCheck: true, options: {} },
	'prepare, all pending': {
		operation: 'prepare',
		endpoint: 'pskSet',
		isCheck: true,
		options: { pendingKey: '={{ $json.psk }}', olderThanDays: 1_000 },
	},
	set: { operation: 'set', endpoint: 'pskSet', isCheck: false, options: {} },
	'set, checked only': {
		operation: 'set',
		endpoint: 'pskSet',
		isCheck: true,
		options: { validateOnly: true },
	},
	'set, where it is stored': {
		operation: 'set',
		endpoint: 'pskSet',
		isCheck: false,
		options: { stored: '={{ $json.stored }}' },
	},
} as const;

export type Act = keyof typeof ACTS;

/** How many requests a run makes for how many keys. */
export interface Size {
	batchSize: number;
	concurrency: number;
	stopAfterUnknown: number;
}

export interface FaultyRun {
	act: Act;
	world: WorldName;
	/** Of the keys of each account's tunnels. */
	ages: Ages;
	/** Of the endpoint that the keys go to or come from, with how often and when. */
	faults: Fault[];
	/** Of the list of tunnels. */
	lists: keyof typeof LISTS;
	stop: Stop;
	mode: (typeof MODES)[number];
	size: Size;
	/** Items besides one for each tunnel, which name no tunnel. */
	strays?: number;
}

/** True if the faults of a run can happen in it. */
export function isPossible(act: Act, fault: object): boolean {
	return canHappen(fault, ACTS[act].endpoint, ACTS[act].isCheck);
}

/** The key that the item of a tunnel holds: long, of awkward characters, and no part of an id. */
export function givenKey(account: number, id: string): string {
	return `K&<"'/ \\>${createHash('sha256').update(`${account} ${id}`).digest('base64url')}`;
}

/** One account of a run, with the items that are about it. */
interface Party {
	simulator: Simulator;
	ledger: KeyLedger;
	/** Ids of its tunnels, in the order of their items. */
	ids: string[];
	/** The keys of the items. */
	given: string[];
	/** Index of the first of its items. */
	firstItem: number;
	main: FaultHandle[];
	list: FaultHandle[];
}

function partiesOf({ simulators }: World, { faults, lists, act }: FaultyRun): Party[] {
	let firstItem = 0;
	return simulators.map((simulator, account) => {
		const ids = simulator.tunnels().map(({ id }) => id);
		const given = ids.map((id) => givenKey(account, id));
		const party = {
			simulator,
			ledger: new KeyLedger(simulator, given),
			ids,
			given,
			firstItem,
			main: faults.map((fault) =>
				simulator.faults.add({ operation: ACTS[act].endpoint, ...fault } as Fault),
			),
			list: LISTS[lists]!.map((fault) =>
				simulator.faults.add({ operation: 'list', ...fault } as Fault),
			),
		};
		firstItem += ids.length;
		return party;
	});
}

/** What is wrong with a run, one text for each finding; none when the promise was kept. */
export async function findings(run: FaultyRun): Promise<string[]> {
	printed.length = 0;
	const { operation, endpoint, options } = ACTS[run.act];
	const world = await openWorld(run.world, run.ages);
	const impatience = beImpatient();
	const stop = stopAt(run.stop, world.simulators[0]!, endpoint);
	try {
		const parties = partiesOf(world, run);
		impatience.with(
			parties.flatMap(({ main }) => main.filter((_, n) => run.faults[n]!.kind === 'timeout')),
		);
		const result = await runNode({
			credentials: world.credentials,
			parameters: pskParameters(operation, {
				...world.parameters,
				options: { ...run.size, ...options },
			}),
			items: itemsFor(run, world, parties),
			node: { ...world.node, onError: run.mode },
			stopWhen: stop.moment,
		});
		return judged(run, parties, result);
	} finally {
		stop.end();
		impatience.end();
		await world.close();
	}
}

/** What the vault says of the key of an account's nth item. */
const isStored = (index: number): boolean => index > 0;

/** True for an act that works with the keys of the items. */
const worksWithGiven = (act: Act): boolean =>
	ACTS[act].operation === 'set' || act === 'prepare, all pending';

/** Every item holds a key, so that none may be copied to where n8n copies items. */
function itemsFor({ strays = 0 }: FaultyRun, world: World, parties: Party[]): IDataObject[] {
	const stray = (_: unknown, n: number) => ({
		id: `no tunnel ${n}`,
		psk: givenKey(9, String(n)),
		...world.fields(0),
	});
	return [
		...parties.flatMap(({ ids, given }, account) =>
			ids.map((id, index) => ({
				id,
				psk: given[index],
				stored: isStored(index),
				...world.fields(account),
			})),
		),
		...Array.from({ length: strays }, stray),
	];
}

function judged(run: FaultyRun, parties: readonly Party[], result: NodeResult): string[] {
	const { error, jsons } = result;
	const [, notification = [], ...others] = jsons;
	const items = parties.reduce((sum, { ids }) => sum + ids.length, run.strays ?? 0);
	const hit = (handles: FaultHandle[], faults: readonly object[]) =>
		faults.filter((_, index) => handles[index]!.hits > 0);
	// A fault of one account may be felt in the other, where they share a brake.
	const mayBeUnknown = parties
		.flatMap(({ main, list }) => [...hit(main, run.faults), ...hit(list, LISTS[run.lists]!)])
		.some((fault) => !isClear(fault));
	const found = [
		...parties.flatMap((party) => outcomesJudged(run, party, result, mayBeUnknown)),
		...parties.flatMap((party) => leaked(party, result)),
		...parties.flatMap((party) => sentElsewhere(run, party)),
		...keysLost(run, parties, result),
	];
	if (printed.length === 0) found.push('nothing was logged, so the log was not looked at');
	if (error !== undefined && run.mode !== 'stopWorkflow') found.push('threw in a continue mode');
	if (others.flat().length > 0) found.push('an item on the error output');
	if (error === undefined && notification.length !== items) {
		found.push(`${notification.length} notifications for ${items} items`);
	}
	return [...new Set(found)];
}

/** The items of an output that are about the tunnels of an account. */
function itemsAbout({ firstItem, ids }: Party, outputs: NodeResult['outputs'], output: number) {
	return (outputs[output] ?? [])
		.filter(({ pairedItem }) => {
			const { item } = pairedItem as { item: number };
			return item >= firstItem && item < firstItem + ids.length;
		})
		.map(({ json, pairedItem }) => ({
			json,
			index: (pairedItem as { item: number }).item - firstItem,
		}));
}

function outcomesJudged(
	{ act }: FaultyRun,
	party: Party,
	{ outputs, error }: NodeResult,
	mayBeUnknown: boolean,
): string[] {
	const { operation, isCheck } = ACTS[act];
	const secret = itemsAbout(party, outputs, 0);
	const notification = itemsAbout(party, outputs, 1);
	const found = pskFindings(
		party.ledger,
		{
			secret: secret.map(({ json }) => json),
			notification: notification.map(({ json }) => json),
			stopped: error !== undefined,
		},
		party.ids,
		{ checks: isCheck, makesKeys: operation === 'prepare', mayBeUnknown },
	);
	if (worksWithGiven(act) && secret.some(({ json, index }) => json.psk !== party.given[index])) {
		found.push('another key than the given one');
	}
	// Only Generate may be without a key that is not known.
	for (const { json, index } of notification.filter(
		({ json: { status } }) => status === 'unknown',
	)) {
		const key = secret.find((item) => item.index === index)?.json.psk;
		if (operation === 'set' && key !== party.given[index])
			found.push('a given key is not handed on');
		if (operation === 'prepare' && key === undefined) found.push('a made key is not handed on');
		if (json.ipsec_tunnel_id === null) found.push('an unknown outcome without its tunnel');
	}
	return found;
}

function leaked({ ledger }: Party, { jsons, error, hints, run }: NodeResult): string[] {
	const [secret = [], ...shown] = jsons;
	const leaks = ledger.leaked(
		[shown, error?.message, error?.description, hints],
		[keptByN8n(run), error, printed],
		secret.map(({ psk }) => String(psk)),
	);
	return leaks.map((key) => `leaked: ${key}`);
}

/** Generate may lose no more keys than its option says, whatever became of their answers. */
function keysLost(
	{ act, size }: FaultyRun,
	parties: readonly Party[],
	{ jsons: [secret = []] }: NodeResult,
): string[] {
	if (ACTS[act].operation !== 'generate') return [];
	const held = secret.map(({ psk }) => psk);
	const lost = parties
		.flatMap(({ ids, ledger }) => ids.map((id) => ledger.facts(id)))
		.filter(({ isChanged, live }) => isChanged && !held.includes(live));
	return lost.length > size.stopAfterUnknown ? [`${lost.length} keys are lost`] : [];
}

/** A key that was given goes to the account and the tunnel of its own item only, and only if it is stored. */
function sentElsewhere({ act }: FaultyRun, { simulator, ids, given }: Party): string[] {
	if (!worksWithGiven(act)) return [];
	const maySend = (index: number) => act !== 'set, where it is stored' || isStored(index);
	const own = new Set(
		ids.flatMap((id, index) => (maySend(index) ? [`${id} ${given[index]!}`] : [])),
	);
	return simulator.requests
		.flatMap(({ body }) => (body as { psks?: Array<{ id: string; psk: string }> })?.psks ?? [])
		.map(({ id, psk }) => `${id} ${psk}`)
		.filter((sent) => !own.has(sent))
		.map((sent) => `sent elsewhere: ${sent}`);
}

/**
 * What n8n keeps of a run, without what holds keys by design: the Secret output, the items of the node
 * before, and the copy of them that a failed run keeps.
 */
function keptByN8n(run: IRun): unknown {
	const { resultData, ...rest } = run.data;
	const [task] = resultData.runData[NODE]!;
	const outputs = (task!.data?.main ?? []).slice(1);
	return {
		rest: { ...rest, executionData: undefined },
		task: { ...task, data: outputs },
		error: resultData.error,
	};
}
