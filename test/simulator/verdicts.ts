import { Refusal } from './envelope';
import type { Selection } from './faults';
import { selected } from './faults';

export interface PskEntry {
	/** Of the tunnel. */
	id: string;
	psk: string;
}

/** A text of the answer, or how to make it from the key that it is about, for one that echoes it. */
type EntryText = string | ((entry: Readonly<PskEntry>) => string);

/** psk set only: keys that are refused, and answers that say nothing or the wrong thing of them. */
export type PskFault =
	/** Not applied, and reported with the reason. */
	| ({ kind: 'unapply'; reason?: EntryText } & Selection)
	/** In neither map, whether applied or not. */
	| ({ kind: 'omit'; applied: boolean } & Selection)
	/** In both maps, whether applied or not. */
	| ({ kind: 'bothVerdicts'; applied: boolean; reason?: EntryText } & Selection)
	/**
	 * Each one's verdict stands under the id of the next, the last one's under the first. Together with
	 * `unapply` of one of two, the answer says of each what became of the other.
	 */
	| ({ kind: 'crossVerdicts' } & Selection)
	/** Verdicts on tunnels that were not asked about; default one other tunnel of the account. */
	| { kind: 'extraVerdicts'; ids?: readonly string[]; of?: 'applied' | 'unapplied' }
	/**
	 * One faulty key, and the whole request is refused: nothing is applied, with or without validate_only.
	 * A batch without one is not touched, though it counts as hit: give `times: 'always'`. Which keys are
	 * faulty says `isFaulty` (not available over HTTP), or `pattern` (a regular expression that such a key
	 * matches), or the ids. Default 400 with 1022 and the pointer to the first one.
	 */
	| {
			kind: 'refuseBatch';
			isFaulty?: (entry: Readonly<PskEntry>) => boolean;
			pattern?: string;
			ids?: readonly string[];
			status?: number;
			code?: number;
			message?: EntryText;
	  };

const PSK_KINDS: Readonly<Record<PskFault['kind'], true>> = {
	unapply: true,
	omit: true,
	bothVerdicts: true,
	crossVerdicts: true,
	extraVerdicts: true,
	refuseBatch: true,
};

export const isPskFault = <T extends { kind: string }>(fault: T | PskFault): fault is PskFault =>
	Object.hasOwn(PSK_KINDS, fault.kind);

const textOf = (text: EntryText, entry: PskEntry): string =>
	typeof text === 'string' ? text : text(entry);

const isFaulty = (
	{ isFaulty: rule, pattern, ids }: Extract<PskFault, { kind: 'refuseBatch' }>,
	entry: PskEntry,
): boolean =>
	(rule?.(entry) ?? false) ||
	(pattern !== undefined && new RegExp(pattern).test(entry.psk)) ||
	(ids?.includes(entry.id) ?? false);

/** @throws Refusal when a fault says that one of the keys spoils the whole request */
export const refuseBatch = (faults: readonly PskFault[], entries: readonly PskEntry[]): void => {
	for (const fault of faults) {
		if (fault.kind !== 'refuseBatch') continue;
		const index = entries.findIndex((entry) => isFaulty(fault, entry));
		const entry = entries[index];
		if (!entry) continue;
		const { status = 400, code = 1022, message = 'Invalid Request: psk is not acceptable' } = fault;
		throw new Refusal(status, {
			code,
			message: textOf(message, entry),
			source: { pointer: `/psks/${index}/psk` },
		});
	}
};

/** What becomes of one key, and what the answer says of it. */
export interface Fate {
	isApplied: boolean;
	told: 'applied' | 'unapplied' | 'both' | 'nothing';
	reason: string;
}

// GUESS: no reason is published; this is one of the simulator's own.
const REASON = 'failed to persist PSK';

/** The fate of each entry, by its tunnel's id, if the account has the tunnel. */
export const fatesOf = (
	faults: readonly PskFault[],
	entries: readonly PskEntry[],
): Map<string, Fate> => {
	const fates = new Map(
		entries.map(({ id }): [string, Fate] => [
			id,
			{ isApplied: true, told: 'applied', reason: REASON },
		]),
	);
	const byId = new Map(entries.map((entry) => [entry.id, entry]));
	const change = (selection: Selection, how: (fate: Fate, entry: PskEntry) => Partial<Fate>) => {
		for (const id of selected(selection, [...byId.keys()])) {
			const fate = fates.get(id)!;
			fates.set(id, { ...fate, ...how(fate, byId.get(id)!) });
		}
	};
	// What is not applied stays so, and what is left out stays out, whatever was added last.
	for (const fault of faults) {
		if (fault.kind === 'unapply') {
			const { reason = REASON } = fault;
			change(fault, ({ told }, entry) => ({
				isApplied: false,
				told: told === 'nothing' ? told : 'unapplied',
				reason: textOf(reason, entry),
			}));
		} else if (fault.kind === 'omit') {
			change(fault, ({ isApplied }) => ({
				isApplied: isApplied && fault.applied,
				told: 'nothing',
			}));
		} else if (fault.kind === 'bothVerdicts') {
			const { reason = REASON } = fault;
			change(fault, ({ isApplied, told }, entry) => ({
				isApplied: isApplied && fault.applied,
				told: told === 'nothing' ? told : 'both',
				reason: textOf(reason, entry),
			}));
		}
	}
	return fates;
};

/** What the answer says of one tunnel; nothing, when it has neither. */
export interface Verdict {
	id: string;
	applied?: object;
	unapplied?: string;
}

const crossed = (verdicts: readonly Verdict[], selection: Selection): Verdict[] => {
	const ids = selected(
		selection,
		verdicts.map(({ id }) => id),
	);
	const next = new Map(ids.map((id, index) => [id, ids[(index + 1) % ids.length]!]));
	return verdicts.map((verdict) => ({ ...verdict, id: next.get(verdict.id) ?? verdict.id }));
};

/**
 * The two maps of the answer.
 * @param details what the first map says of a key
 * @param tunnelIds all ids of the account
 */
export const verdictMaps = (
	faults: readonly PskFault[],
	verdicts: readonly Verdict[],
	details: (entry: PskEntry) => object,
	tunnelIds: readonly string[],
): object => {
	let told: readonly Verdict[] = verdicts;
	for (const fault of faults) {
		if (fault.kind === 'crossVerdicts') {
			told = crossed(told, fault);
		} else if (fault.kind === 'extraVerdicts') {
			const other = tunnelIds.find((id) => !verdicts.some((verdict) => verdict.id === id));
			const ids = fault.ids ?? [other ?? 'f'.repeat(32)];
			const extra = ids.map(
				(id): Verdict =>
					fault.of === 'unapplied'
						? { id, unapplied: REASON }
						: { id, applied: details({ id, psk: 'a key that nobody asked for' }) },
			);
			told = [...told, ...extra];
		}
	}
	return {
		successfully_applied_psks: Object.fromEntries(
			told.flatMap(({ id, applied }) => (applied ? [[id, applied]] : [])),
		),
		unapplied_psks: Object.fromEntries(
			told.flatMap(({ id, unapplied }) => (unapplied === undefined ? [] : [[id, unapplied]])),
		),
	};
};
