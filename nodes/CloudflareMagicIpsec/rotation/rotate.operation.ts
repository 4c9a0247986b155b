import type { IExecuteFunctions, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { lastGeneratedOn } from '../../api/ipsecTunnels';
import { clock } from '../../http/clock';
import { mapLimit } from '../../http/pool';
import { inputError, sentence } from '../../shared/errors';
import { readDays } from '../../shared/options';
import type { Operation } from '../../shared/operation';
import type { FinishMode } from '../../vaults/record';
import { restage, stage } from '../../vaults/transitions';
import { DEFAULT_KEY_LENGTH, makeKey } from '../keys/key';
import { batchSizeOption } from '../keys/send';
import type { Made, Wish } from './checking';
import { checkKeys } from './checking';
import { complete, drop } from './completing';
import { hold } from './holding';
import type { RunSettings } from './options';
import { leaseOption, rotationProperties } from './options';
import type { RotationOutcome } from './outcome';
import { mayBeSetLate, pendingState, planRotation } from './plan';
import { rollBackAll } from './rollingBack';
import { runRotation } from './run';
import type { Sending, Sent } from './sending';
import {
	MADE_BY_CHECK,
	saveAndSend,
	settle,
	SETTLE,
	storeAndSend,
	unapplied,
	withDoubt,
} from './sending';
import type { Site } from './site';
import { subjectOf } from './site';

const olderThanProperty: INodeProperties = {
	displayName: 'Older Than (Days)',
	name: 'olderThanDays',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 0,
	description:
		'Rotate only keys that are at least this old, and those that were never set; 0 rotates every key',
};

const finishProperty: INodeProperties = {
	displayName: 'Finish',
	name: 'finish',
	type: 'options',
	options: [
		{
			name: 'At Once',
			value: 'atOnce',
			description: 'The new key becomes current in the vault as soon as it is live',
		},
		{
			name: 'Later',
			value: 'later',
			description:
				'The new key stays pending until Finish or Roll Back, so that its router can be seen to',
		},
	],
	default: 'atOnce',
	description: 'When the new key becomes the current one in the vault',
};

const properties = rotationProperties(
	[olderThanProperty, finishProperty],
	[batchSizeOption, leaseOption],
);

function readWish(context: IExecuteFunctions, itemIndex: number): Wish {
	const { name, displayName } = olderThanProperty;
	const olderThanDays = readDays(context, name, `parameter '${displayName}'`, itemIndex);
	const finish = context.getNodeParameter('finish', itemIndex, 'atOnce') as unknown;
	if (finish !== 'atOnce' && finish !== 'later') {
		throw inputError(
			context.getNode(),
			"The parameter 'Finish' has no such choice",
			'Choose one from the list.',
			itemIndex,
		);
	}
	return { olderThanDays, finish };
}

/** Rotate: each tunnel from its old key to a new one that is live, verified and in the vault. */
async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const wishes = new Map<number, Wish>();
	const readItem = (itemIndex: number) => {
		wishes.set(itemIndex, readWish(context, itemIndex));
	};
	return await runRotation(context, readItem, async (sites, settings, isStopped) => {
		const planned = sites.map((site) => {
			const wish = wishes.get(site.itemIndex)!;
			return { site, wish, plan: planRotation(site, { ...settings, ...wish }, clock.now()) };
		});
		const left: RotationOutcome[] = planned.flatMap(({ site, plan }) =>
			plan.step === 'kept' || plan.step === 'busy'
				? [{ ...subjectOf(site), status: plan.step, reason: plan.reason }]
				: [],
		);
		const made = planned.flatMap(({ site, wish, plan }) =>
			plan.step === 'make' ? [{ ...site, wish, psk: makeKey(DEFAULT_KEY_LENGTH) }] : [],
		);
		const checked = await checkKeys(context, made, settings.batchSize);
		const resumed = planned.flatMap(({ site, plan }) =>
			plan.step === 'resume' ? [resumption(site, settings)] : [],
		);
		const staged = checked.accepted.map((site) => staging(site, settings));
		const madeLive = checked.mayBeLive.length > 0;
		const mustStop = checked.faults.length > 0 && !madeLive && !context.continueOnFail();
		if (mustStop) return { outcomes: [], faults: checked.faults };
		const urgent = checked.mayBeLive.map((site) => ({
			...staging(site, settings),
			mayBeLive: true,
		}));
		const saved = await saveAndSend(urgent, settings);
		const done = await mapLimit(planned, settings.concurrency, async ({ site, wish, plan }) =>
			plan.step === 'complete'
				? [await complete(site, plan.generatedOn, modeOf(site, wish.finish))]
				: [],
		);
		const back = planned.flatMap(({ site, plan }) => (plan.step === 'rollBack' ? [site] : []));
		const rolledBack = await rollBackAll(back, settings, isStopped);
		const { sent, outcomes } = await storeAndSend([...resumed, ...staged], settings, isStopped);
		const ended = await mapLimit([...saved.sent, ...sent], settings.concurrency, end);
		return {
			outcomes: [
				...[...left, ...checked.refused, ...done.flat(), ...rolledBack],
				...[...saved.outcomes, ...outcomes, ...ended],
			],
			faults: madeLive ? [] : checked.faults,
			unchecked: madeLive ? checked.faults : [],
		};
	});
}

/** How the run that stored a pending key wanted to end. */
function modeOf({ snapshot }: Site, own: FinishMode): FinishMode {
	return snapshot.record.pending?.finish ?? own;
}

/** A new key on its way into the vault. */
function staging({ wish, psk, ...site }: Made, { by }: RunSettings): Sending {
	const { tunnel, client, snapshot } = site;
	const owner = { tunnelId: tunnel.id, tunnelName: tunnel.name, accountId: client.accountId };
	const replacesGeneratedOn = lastGeneratedOn(tunnel);
	const { finish } = wish;
	return {
		...site,
		key: psk,
		notLiveOn: replacesGeneratedOn,
		staged: () =>
			stage(snapshot.record, { key: psk, replacesGeneratedOn, since: nowIso(), by, finish, owner }),
	};
}

/** The pending key of an earlier run, with its lease begun anew. */
function resumption(site: Site, { by }: RunSettings): Sending {
	const { record } = site.snapshot;
	const { key, replacesGeneratedOn } = record.pending!;
	return {
		...site,
		key,
		notLiveOn: replacesGeneratedOn,
		mayBeSetLate: mayBeSetLate(record, clock.now()),
		staged: () => restage(record, nowIso(), by),
	};
}

function nowIso(): string {
	return new Date(clock.now()).toISOString();
}

async function end(sent: Sent): Promise<RotationOutcome> {
	const settled = settle(sent);
	switch (settled.kind) {
		case 'live':
			return await complete(sent, settled.generatedOn, modeOf(sent, 'atOnce'));
		case 'refused': {
			const reason = `Cloudflare does not take the new key: ${settled.reason}`;
			const doubt = doubtOfEarlier(sent);
			if (doubt !== undefined) return await doubtful(sent, withDoubt(reason, doubt));
			// An earlier run may have set this very key: while the date does not rule that out, it stays.
			const state = pendingState(sent.snapshot.record, lastGeneratedOn(sent.tunnel));
			if (state === 'notSet') return await drop(sent, reason);
			return await doubtful(sent, reason);
		}
		case 'notSet':
			if (sent.mayBeLive === true) {
				return await doubtful(sent, `${MADE_BY_CHECK} ${sentence(settled.reason)} ${SETTLE}`);
			}
			return unapplied(sent, `${settled.reason} The new key stays pending: the next run sets it.`);
		case 'unknown':
			return await doubtful(sent, settled.reason);
	}
}

/** Why an earlier request may have set the key, or may still set it; undefined where none may. */
function doubtOfEarlier({ mayBeLive, mayBeSetLate: isOut }: Sent): string | undefined {
	if (mayBeLive === true) return `${MADE_BY_CHECK} ${SETTLE}`;
	return isOut === true
		? `An earlier run has stored it not long ago, and a request of that run may still be on its way. ${SETTLE}`
		: undefined;
}

/** The outcome of a key that may be live; the vault is made to hold it whatever others did meanwhile. */
async function doubtful(sent: Sent, reason: string): Promise<RotationOutcome> {
	const lost = await hold(sent, sent.key);
	const more = lost === undefined ? '' : ` ${lost}`;
	return { ...subjectOf(sent), status: 'unknown', reason: `${reason}${more}` };
}

export const rotate: Operation = {
	value: 'rotate',
	name: 'Rotate',
	action: 'Rotate keys into a vault',
	description: 'Give tunnels new keys that the vault holds before they are live',
	properties,
	execute,
};
